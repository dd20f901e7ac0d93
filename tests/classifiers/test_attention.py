"""How the vectors of a window's tokens become a logit for each narrative."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.toy import Toy
from safetensors.torch import load_file, save_file
from torch import Tensor

from narratives.classifiers.transformer.classifier import TransformerClassifier
from narratives.classifiers.transformer.encoder import load_encoder
from narratives.classifiers.transformer.network import SPAN, PooledClassifier

IDS = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])


@pytest.fixture(scope="module")
def encoder(tiny_encoder: Path) -> Any:
    return load_encoder(str(tiny_encoder))[1]


def make_network(encoder: Any, attends: bool = True, span: int = SPAN) -> PooledClassifier:
    torch.manual_seed(0)
    return PooledClassifier(encoder, 3, 0.0, attends=attends, span=span).eval()


def look_elsewhere(network: PooledClassifier) -> PooledClassifier:
    """The network with an attention that is no longer the mean."""
    assert network.attention is not None
    torch.nn.init.normal_(network.attention.weight, std=2.0)
    return network


def test_it_starts_as_the_mean(encoder: Any) -> None:
    with torch.no_grad():
        torch.testing.assert_close(make_network(encoder)(IDS, MASK), make_network(encoder, attends=False)(IDS, MASK))


def test_what_fills_up_a_batch_is_not_attended_to(encoder: Any) -> None:
    network = look_elsewhere(make_network(encoder))
    with torch.no_grad():
        together, alone = network(IDS, MASK), network(IDS[1:, :3])
    torch.testing.assert_close(together[1:], alone)


def test_the_span_that_says_most_decides(encoder: Any) -> None:
    ids = torch.arange(2, 40)[None]
    network = look_elsewhere(make_network(encoder, span=7))
    assert network.attention is not None
    with torch.no_grad():
        hidden = encoder(input_ids=ids).last_hidden_state[0]
        looks, evidence = network.attention(hidden), hidden @ network.head.weight.T
        spans = [slice(start, start + 7) for start in range(len(hidden) - 6)]
        means = torch.stack([(looks[span].softmax(0) * evidence[span]).sum(0) for span in spans])
        torch.testing.assert_close(network(ids)[0], means.amax(0) + network.head.bias)


def test_a_text_no_longer_than_a_span_is_read_whole(encoder: Any) -> None:
    with torch.no_grad():
        for span in (5, 64):
            whole, spans = (look_elsewhere(make_network(encoder, span=each)) for each in (0, span))
            torch.testing.assert_close(spans(IDS, MASK), whole(IDS, MASK))


def test_filling_up_adds_no_span(encoder: Any) -> None:
    ids = torch.arange(2, 22)[None]
    network = look_elsewhere(make_network(encoder, span=6))
    filled, mask = torch.nn.functional.pad(ids, (0, 9)), torch.nn.functional.pad(torch.ones_like(ids), (0, 9))
    with torch.no_grad():
        torch.testing.assert_close(network(filled, mask), network(ids))


def test_it_learns_from_whole_windows_and_by_lot_from_their_best_spans(encoder: Any) -> None:
    ids = torch.arange(2, 40).repeat(40, 1)
    whole, spans = (look_elsewhere(make_network(encoder, span=each)) for each in (0, 7))
    of_whole, of_span = whole(ids), spans(ids)
    assert not torch.allclose(of_whole, of_span)
    spans.training = True  # by itself: the encoder's dropout stays off
    learned = spans(ids)
    by_span = torch.isclose(learned, of_span).all(1)
    assert 0 < by_span.sum() < 40
    torch.testing.assert_close(learned, torch.where(by_span[:, None], of_span, of_whole))


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


def test_a_model_that_was_saved_before_spans_reads_whole_windows(tiny_encoder: Path, toy_texts: Toy, tmp_path: Path) -> None:
    fitted = train(tiny_encoder, toy_texts, pooling="attention")
    fitted.save(tmp_path)
    weights = load_file(tmp_path / "weights.safetensors")
    save_file(weights, tmp_path / "weights.safetensors")  # without notes, as it was then
    long = [" ".join([*toy_texts.texts])]
    loaded = TransformerClassifier.load(tmp_path, {})  # its settings do not speak of pooling
    assert np.array_equal(loaded.predict_proba(long), fitted.predict_proba(long))
    spans = TransformerClassifier.load(tmp_path, {})
    spans.network_.span = 4
    assert not np.array_equal(spans.predict_proba(long), fitted.predict_proba(long))


def test_a_model_that_was_saved_without_attention_averages_as_it_did(
    tiny_encoder: Path, toy_texts: Toy, tmp_path: Path
) -> None:
    fitted = train(tiny_encoder, toy_texts, pooling="mean")
    fitted.save(tmp_path)
    assert not [name for name in load_file(tmp_path / "weights.safetensors") if name == "attention.weight"]
    loaded = TransformerClassifier.load(tmp_path, {})  # its settings do not speak of pooling
    assert loaded.network_.attention is None
    assert np.array_equal(loaded.predict_proba(toy_texts.texts), fitted.predict_proba(toy_texts.texts))
