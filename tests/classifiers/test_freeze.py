"""Layers that stay as they were pretrained."""

from pathlib import Path

import numpy as np
import pytest
import torch

from narratives.classifiers.transformer.classifier import TransformerClassifier
from narratives.classifiers.transformer.encoder import load_encoder
from narratives.classifiers.transformer.network import PooledClassifier, freeze, start_learning

TEXTS = ["the toll was lifted", "the ferry is late", "a toll again", "rain at noon"]
Y = np.array([[True], [False], [True], [False]])


def fit(encoder: Path, frozen: float) -> dict[str, torch.Tensor]:
    """Weights of the encoder after an epoch."""
    classifier = TransformerClassifier(str(encoder), epochs=1, learning_rate=0.1, frozen=frozen, bf16=False)
    return dict(classifier.fit(TEXTS, Y).network_.encoder.state_dict())


def test_frozen_layers_stay_and_those_above_learn(tiny_encoder: Path) -> None:
    before = dict(load_encoder(str(tiny_encoder))[1].state_dict())
    after = fit(tiny_encoder, 0.5)
    moved = {name for name, weights in after.items() if not torch.equal(weights, before[name])}
    assert moved
    assert all(name.startswith("encoder.layer.1.") for name in moved)


def test_without_frozen_layers_all_learn_the_word_vectors_too(tiny_encoder: Path) -> None:
    before = dict(load_encoder(str(tiny_encoder))[1].state_dict())
    after = fit(tiny_encoder, 0.0)
    for name in ("embeddings.word_embeddings.weight", "encoder.layer.0.output.dense.weight"):
        assert not torch.equal(after[name], before[name])


@pytest.mark.parametrize(("share", "free"), [(0.0, [0, 1]), (0.4, [0, 1]), (0.5, [1]), (0.95, [1])])
def test_at_least_the_highest_layer_learns(tiny_encoder: Path, share: float, free: list[int]) -> None:
    encoder = load_encoder(str(tiny_encoder))[1]
    freeze(encoder, share)
    layers = encoder.encoder.layer
    assert [k for k in range(2) if all(weights.requires_grad for weights in layers[k].parameters())] == free
    assert encoder.get_input_embeddings().weight.requires_grad == (share == 0)


def test_what_is_frozen_computes_without_dropout_while_the_rest_learns(tiny_encoder: Path) -> None:
    encoder = load_encoder(str(tiny_encoder))[1]
    freeze(encoder, 0.5)
    start_learning(PooledClassifier(encoder, 1, 0.1))
    dropouts = {name: part.training for name, part in encoder.named_modules() if isinstance(part, torch.nn.Dropout)}
    assert {training for name, training in dropouts.items() if name.startswith("encoder.layer.1.")} == {True}
    assert {training for name, training in dropouts.items() if not name.startswith("encoder.layer.1.")} == {False}


def test_where_nothing_is_frozen_all_of_it_learns(tiny_encoder: Path) -> None:
    network = PooledClassifier(load_encoder(str(tiny_encoder))[1], 1, 0.1)
    start_learning(network)
    assert all(part.training for part in network.modules())


def test_attention_is_never_thinned(tiny_encoder: Path) -> None:
    assert load_encoder(str(tiny_encoder))[1].config.attention_probs_dropout_prob == 0
