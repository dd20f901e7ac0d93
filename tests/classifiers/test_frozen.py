"""What the frozen layers make of the training windows is computed once."""

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.toy import Toy
from torch import nn
from transformers import AutoConfig, AutoModel

from narratives.classifiers.transformer.batches import pad, tokenise
from narratives.classifiers.transformer.encoder import load_encoder
from narratives.classifiers.transformer.frozen import FrozenStates
from narratives.classifiers.transformer.network import PooledClassifier, freeze

ROWS = [3, 41, 7, 12]


def prepare(tiny_encoder: Path, toy: Toy, share: float = 0.5) -> tuple[PooledClassifier, Any]:
    torch.manual_seed(0)
    tokenizer, encoder = load_encoder(str(tiny_encoder))
    freeze(encoder, share)
    return PooledClassifier(encoder, 2, 0.1).eval(), tokenise(toy.texts, tokenizer, 64)


def batch(windows: Any) -> tuple[torch.Tensor, torch.Tensor]:
    ids = windows["input_ids"][:]
    return pad([ids[row] for row in ROWS], 0)


def check_alike(network: PooledClassifier, windows: Any, near: float) -> FrozenStates:
    """Answers that go on from the kept states are those of the whole network, which afterwards computes as before."""
    kept = FrozenStates.compute(network, windows, 0, None)
    assert kept
    ids, mask = batch(windows)
    whole = network(ids, mask)
    kept.recall(ROWS, ids.shape[1])
    with kept.standing_in():
        assert torch.allclose(network(ids, mask), whole, atol=near)
    assert torch.equal(network(ids, mask), whole)
    return kept


def test_going_on_from_the_kept_states_gives_the_same_answers(tiny_encoder: Path, toy_texts: Toy) -> None:
    network, windows = prepare(tiny_encoder, toy_texts)
    kept = check_alike(network, windows, 2e-3)
    ids, mask = batch(windows)
    whole = network(ids, mask)
    kept.recall(ROWS[::-1], ids.shape[1])
    with kept.standing_in():
        assert not torch.allclose(network(ids, mask), whole, atol=2e-3)  # it is the states that count


def test_the_layers_above_learn_as_they_did(tiny_encoder: Path, toy_texts: Toy) -> None:
    network, windows = prepare(tiny_encoder, toy_texts)
    kept = FrozenStates.compute(network, windows, 0, None)
    assert kept
    ids, mask = batch(windows)
    learning = [weights for weights in network.parameters() if weights.requires_grad]
    expected = torch.autograd.grad(network(ids, mask).sum(), learning)
    kept.recall(ROWS, ids.shape[1])
    with kept.standing_in():
        gradients = torch.autograd.grad(network(ids, mask).sum(), learning)
    for gradient, whole in zip(gradients, expected, strict=True):
        assert torch.allclose(gradient, whole, atol=1e-2 * float(whole.norm()) + 1e-6)


def test_an_error_leaves_the_layers_as_they_were(tiny_encoder: Path, toy_texts: Toy) -> None:
    network, windows = prepare(tiny_encoder, toy_texts)
    kept = FrozenStates.compute(network, windows, 0, None)
    assert kept
    ids, mask = batch(windows)
    whole = network(ids, mask)
    with pytest.raises(KeyboardInterrupt), kept.standing_in():
        raise KeyboardInterrupt
    assert torch.equal(network(ids, mask), whole)
    assert not any("forward" in vars(layer) for layer in network.encoder.encoder.layer)


@pytest.mark.parametrize("kind", ["mpnet", "deberta-v2", "electra", "distilbert"])
def test_encoders_whose_layers_answer_in_other_ways_go_on_alike(kind: str, tiny_encoder: Path, toy_texts: Toy) -> None:
    sizes = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 3000}
    old = {"dim": 32, "n_heads": 2, "hidden_dim": 64, "n_layers": 4} if kind == "distilbert" else {"num_hidden_layers": 4}
    torch.manual_seed(0)
    make: Any = AutoModel.from_config
    encoder = make(AutoConfig.for_model(kind, **sizes | old))
    freeze(encoder, 0.5)
    network = PooledClassifier(encoder, 2, 0.1).eval()
    windows = tokenise(toy_texts.texts, load_encoder(str(tiny_encoder))[0], 64)
    check_alike(network, windows, 5e-3)


def test_nothing_is_kept_where_all_layers_learn(tiny_encoder: Path, toy_texts: Toy) -> None:
    assert FrozenStates.compute(*prepare(tiny_encoder, toy_texts, share=0.0), 0, None) is None


def test_nothing_is_kept_where_only_word_vectors_are_frozen(tiny_encoder: Path, toy_texts: Toy) -> None:
    assert FrozenStates.compute(*prepare(tiny_encoder, toy_texts, share=0.4), 0, None) is None


def test_nothing_is_kept_beyond_the_bound_of_memory(tiny_encoder: Path, toy_texts: Toy) -> None:
    network, windows = prepare(tiny_encoder, toy_texts)
    size = 2 * sum(windows["length"][:]) * network.encoder.config.hidden_size
    assert FrozenStates.compute(network, windows, 0, None, most=size - 1) is None
    assert FrozenStates.compute(network, windows, 0, None, most=size)


class Odd(nn.Module):
    """A layer that leaves something beside its answer."""

    extra = 0.0

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, states: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
        """As its layer."""
        answer: torch.Tensor = self.layer(states, *arguments, **options)
        Odd.extra = float(states.norm())
        return answer


class Next(Odd):
    """A layer whose answer hangs on what the one below left beside its own."""

    def forward(self, states: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
        """As its layer, and what was left."""
        answer: torch.Tensor = self.layer(states, *arguments, **options)
        extra, Odd.extra = Odd.extra, 0.0
        return answer + extra


def test_nothing_is_kept_where_an_encoder_would_answer_otherwise(tiny_encoder: Path, toy_texts: Toy) -> None:
    network, windows = prepare(tiny_encoder, toy_texts)
    layers = network.encoder.encoder.layer
    layers[0], layers[1] = Odd(layers[0]), Next(layers[1])
    assert FrozenStates.compute(network, windows, 0, None) is None


class Wide(nn.Module):
    """A layer that lays its states out in another order."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, states: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
        """One token more than it was given."""
        answer: torch.Tensor = self.layer(states, *arguments, **options)
        return torch.cat([answer, answer[:, :1]], 1)


def test_nothing_is_kept_where_states_are_laid_out_otherwise(tiny_encoder: Path, toy_texts: Toy) -> None:
    network, windows = prepare(tiny_encoder, toy_texts)
    layers = network.encoder.encoder.layer
    layers[0] = Wide(layers[0])
    layers[1].forward = lambda states, *arguments, **options: states[:, :-1]
    assert FrozenStates.compute(network, windows, 0, None) is None


def test_only_the_frozen_layers_are_computed(tiny_encoder: Path, toy_texts: Toy) -> None:
    network, windows = prepare(tiny_encoder, toy_texts)
    seen: list[int] = []
    for k, layer in enumerate(network.encoder.encoder.layer):
        layer.attention.register_forward_hook(lambda *_, k=k: seen.append(k))
    assert FrozenStates.compute(network, windows, 0, None)
    assert seen.count(1) == 2  # in the first batch alone: as a whole, and going on from the states
    assert seen.count(0) >= 2
