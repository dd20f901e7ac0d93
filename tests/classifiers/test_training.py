"""The training loop: it can be stopped and goes on, and it keeps the best epoch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.toy import Toy
from numpy.typing import NDArray
from torch import Tensor

from narratives.classifiers.transformer.batches import tokenise
from narratives.classifiers.transformer.classifier import TransformerClassifier
from narratives.classifiers.transformer.encoder import load_encoder
from narratives.classifiers.transformer.network import PooledClassifier
from narratives.classifiers.transformer.training import Schedule, State, train_network

STEPS = 4  # batches of 16 in 60 texts
Report = Callable[[int, int, str], None]


def make(tiny_encoder: Path, **options: Any) -> TransformerClassifier:
    given = {"encoder": str(tiny_encoder), "epochs": 4, "learning_rate": 3e-3, "head_learning_rate": 1e-2, **options}
    return TransformerClassifier(**given)


def weights(classifier: TransformerClassifier) -> dict[str, Tensor]:
    state: dict[str, Tensor] = classifier.network_.state_dict()
    return state


def assert_equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert list(a) == list(b)
    assert [name for name in a if not torch.equal(a[name], b[name])] == []


def count_steps(look: Callable[[int], None]) -> Report:
    """Progress that tells `look` which step of the epochs was done; what comes before them does not count."""
    ahead = 0

    def report(done: int, total: int, note: str) -> None:
        nonlocal ahead
        if note.startswith("epoch"):
            look(done - ahead)
        else:
            ahead = done

    return report


def stop_at(step: int) -> Report:
    def look(done: int) -> None:
        if done == step:
            raise KeyboardInterrupt

    return count_steps(look)


def interrupt(classifier: TransformerClassifier, toy: Toy, checkpoint: Path, epochs: int = 2, **arguments: Any) -> None:
    """Train, and be stopped in the epoch after `epochs`."""
    with pytest.raises(KeyboardInterrupt):
        classifier.fit(*toy, progress=stop_at(epochs * STEPS + 2), checkpoint=checkpoint, **arguments)


def first_step(seen: list[int]) -> Report:
    return count_steps(seen.append)


@pytest.mark.parametrize("validated", [True, False])
def test_a_stopped_run_goes_on_and_ends_with_the_weights_of_one_that_was_not(
    validated: bool, tiny_encoder: Path, toy_texts: Toy, tmp_path: Path
) -> None:
    validation = (toy_texts.texts[:20], toy_texts.y[:20]) if validated else None
    whole = make(tiny_encoder).fit(*toy_texts, validation=validation)
    interrupt(make(tiny_encoder), toy_texts, tmp_path / "state", validation=validation)
    seen: list[int] = []
    going_on = make(tiny_encoder)
    going_on.fit(*toy_texts, validation=validation, progress=first_step(seen), checkpoint=tmp_path / "state")
    assert seen[0] == 2 * STEPS + 1
    assert_equal(weights(going_on), weights(whole))


def test_a_run_that_was_stopped_twice_goes_on_twice(tiny_encoder: Path, toy_texts: Toy, tmp_path: Path) -> None:
    whole = make(tiny_encoder).fit(*toy_texts)
    interrupt(make(tiny_encoder), toy_texts, tmp_path / "state", epochs=1)
    interrupt(make(tiny_encoder), toy_texts, tmp_path / "state", epochs=3)
    going_on = make(tiny_encoder).fit(*toy_texts, checkpoint=tmp_path / "state")
    assert_equal(weights(going_on), weights(whole))


def test_a_checkpoint_changes_nothing_where_no_run_was_stopped(tiny_encoder: Path, toy_texts: Toy, tmp_path: Path) -> None:
    kept = make(tiny_encoder).fit(*toy_texts, checkpoint=tmp_path / "state")
    assert_equal(weights(kept), weights(make(tiny_encoder).fit(*toy_texts)))


def test_a_checkpoint_of_other_texts_is_ignored(tiny_encoder: Path, toy_texts: Toy, tmp_path: Path) -> None:
    assert_begins_anew(tiny_encoder, toy_texts, tmp_path, {}, Toy([*toy_texts.texts[:-1], "other"], toy_texts.y), None)


def test_a_checkpoint_of_other_labels_is_ignored(tiny_encoder: Path, toy_texts: Toy, tmp_path: Path) -> None:
    y = toy_texts.y.copy()
    y[3, 1] = not y[3, 1]
    assert_begins_anew(tiny_encoder, toy_texts, tmp_path, {}, Toy(toy_texts.texts, y), None)


def test_a_checkpoint_rated_on_other_validation_texts_is_ignored(tiny_encoder: Path, toy_texts: Toy, tmp_path: Path) -> None:
    assert_begins_anew(tiny_encoder, toy_texts, tmp_path, {}, toy_texts, (toy_texts.texts[:20], toy_texts.y[:20]))


@pytest.mark.parametrize(
    "options",
    [
        {"seed": 1},
        {"epochs": 5},
        {"learning_rate": 1e-3},
        {"dropout": 0.5},
        {"max_length": 10},
        {"frozen": 0.0},
        {"max_class_weight": 1.0},
    ],
)
def test_a_checkpoint_of_other_settings_is_ignored(
    options: dict[str, Any], tiny_encoder: Path, toy_texts: Toy, tmp_path: Path
) -> None:
    assert_begins_anew(tiny_encoder, toy_texts, tmp_path, options, toy_texts, None)


def assert_begins_anew(
    tiny_encoder: Path,
    toy: Toy,
    folder: Path,
    options: dict[str, Any],
    other: Toy,
    validation: tuple[list[str], NDArray[np.bool_]] | None,
) -> None:
    """With a checkpoint of `toy` in the way, training on `other` with `options` goes as if there were none."""
    interrupt(make(tiny_encoder), toy, folder / "state")
    seen: list[int] = []
    trained = make(tiny_encoder, **options)
    trained.fit(*other, validation=validation, progress=first_step(seen), checkpoint=folder / "state")
    assert seen[0] == 1
    assert_equal(weights(trained), weights(make(tiny_encoder, **options).fit(*other, validation=validation)))


def train(
    tiny_encoder: Path, toy: Toy, ratings: list[float], patience: int
) -> tuple[State, list[dict[str, Tensor]], dict[str, Tensor]]:
    """Train where epoch k is rated `ratings[k]`: how it ended, the weights after each epoch, the weights kept."""
    torch.manual_seed(0)
    tokenizer, encoder = load_encoder(str(tiny_encoder))
    network = PooledClassifier(encoder, toy.y.shape[1], 0.1)
    schedule = Schedule(
        epochs=len(ratings),
        patience=patience,
        batch_size=16,
        learning_rate=1e-3,
        head_learning_rate=1e-2,
        weight_decay=0.01,
        warmup=0.1,
        max_class_weight=4.0,
        bf16=False,
        seed=0,
    )
    after: list[dict[str, Tensor]] = []

    def rate(rated: PooledClassifier) -> float:
        after.append({name: tensor.clone() for name, tensor in rated.state_dict().items()})
        return ratings[len(after) - 1]

    windows = tokenise(toy.texts, tokenizer, 128)
    state = train_network(network, windows, toy.y, 0, schedule, rate, progress=None, checkpoint=None)
    return state, after, network.state_dict()


def test_the_best_epoch_is_kept(tiny_encoder: Path, toy_texts: Toy) -> None:
    state, after, kept = train(tiny_encoder, toy_texts, [0.2, 0.9, 0.5, 0.4], patience=9)
    assert (state.epoch, state.best_epoch, state.best_score) == (4, 2, 0.9)
    assert_equal(kept, after[1])


def test_training_stops_when_it_no_longer_gets_better(tiny_encoder: Path, toy_texts: Toy) -> None:
    state, after, kept = train(tiny_encoder, toy_texts, [0.2, 0.9, 0.5, 0.9, 0.95, 0.99], patience=2)
    assert (state.epoch, state.best_epoch) == (4, 2)  # the second 0.9 is no better
    assert_equal(kept, after[1])


def test_without_validation_the_last_epoch_is_kept(tiny_encoder: Path, toy_texts: Toy) -> None:
    after: list[dict[str, Tensor]] = []
    classifier = make(tiny_encoder, epochs=3, patience=1)

    def report(done: int, total: int, note: str) -> None:
        if note.startswith("epoch"):
            after.append({name: tensor.clone() for name, tensor in weights(classifier).items()})

    classifier.fit(*toy_texts, progress=report)
    assert len(after) == 3 * STEPS
    assert_equal(weights(classifier), after[-1])
