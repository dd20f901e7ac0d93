"""How the vectors of a window's tokens become a logit for each narrative."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.toy import Toy
from safetensors.torch import load_file
from torch import Tensor

from narratives.classifiers.transformer.classifier import TransformerClassifier
from narratives.classifiers.transformer.encoder import load_encoder
from narratives.classifiers.transformer.network import PooledClassifier

IDS = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])


@pytest.fixture(scope="module")
def encoder(tiny_encoder: Path) -> Any:
    return load_encoder(str(tiny_encoder))[1]


def make_network(encoder: Any, attends: bool = True) -> PooledClassifier:
    torch.manual_seed(0)
    return PooledClassifier(encoder, 3, 0.0, attends=attends).eval()


def look_elsewhere(network: PooledClassifier) -> PooledClassifier:
    """The network with an attention that is no longer the mean."""
    assert network.attention is not None
    torch.nn.init.normal_(network.attention.weight, std=5.0)
    return network


def test_it_starts_as_the_mean(encoder: Any) -> None:
    with torch.no_grad():
        torch.testing.assert_close(make_network(encoder)(IDS, MASK), make_network(encoder, attends=False)(IDS, MASK))


def test_what_fills_up_a_batch_is_not_attended_to(encoder: Any) -> None:
    network = look_elsewhere(make_network(encoder))
    with torch.no_grad():
        together, alone = network(IDS, MASK), network(IDS[1:, :3])
    torch.testing.assert_close(together[1:], alone)


def test_each_narrative_attends_by_itself(encoder: Any) -> None:
    network = look_elsewhere(make_network(encoder))
    assert network.attention is not None
    with torch.no_grad():
        before = network(IDS, MASK)
        network.attention.weight[1] = 0
        after = network(IDS, MASK)
    torch.testing.assert_close(after[:, [0, 2]], before[:, [0, 2]])
    assert not torch.allclose(after[:, 1], before[:, 1])


def train(tiny_encoder: Path, toy: Toy, **settings: Any) -> TransformerClassifier:
    classifier = TransformerClassifier(encoder=str(tiny_encoder), epochs=2, head_learning_rate=0.5, frozen=0.0, **settings)
    return classifier.fit(*toy)


def test_attention_is_learned_saved_and_loaded(tiny_encoder: Path, toy_texts: Toy, tmp_path: Path) -> None:
    fitted = train(tiny_encoder, toy_texts)
    weight: Tensor = fitted.network_.attention.weight
    assert weight.abs().max() > 0.01
    fitted.save(tmp_path)
    loaded = TransformerClassifier.load(tmp_path, {})
    assert np.array_equal(loaded.predict_proba(toy_texts.texts), fitted.predict_proba(toy_texts.texts))


def test_a_model_that_was_saved_without_attention_averages_as_it_did(
    tiny_encoder: Path, toy_texts: Toy, tmp_path: Path
) -> None:
    fitted = train(tiny_encoder, toy_texts, pooling="mean")
    fitted.save(tmp_path)
    assert not [name for name in load_file(tmp_path / "weights.safetensors") if name == "attention.weight"]
    loaded = TransformerClassifier.load(tmp_path, {})  # its settings do not speak of pooling
    assert loaded.network_.attention is None
    assert np.array_equal(loaded.predict_proba(toy_texts.texts), fitted.predict_proba(toy_texts.texts))
