"""What a GPU is given, tried on a CPU: batches of many windows, the order of answers, and bf16 only where it was accepted."""

from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from helpers.toy import Toy
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from torch.nn.attention import SDPBackend, sdpa_kernel

from narratives.classifiers.interface import hyperparameters
from narratives.classifiers.transformer import gpu, network
from narratives.classifiers.transformer.batches import find_multiple, pad, round_up
from narratives.classifiers.transformer.classifier import TransformerClassifier
from narratives.classifiers.transformer.gpu import one_ahead, score_in_batches
from narratives.classifiers.transformer.network import halve
from narratives.data import Scores, Texts

ODD = ["", "toll", "river " * 3000, " ", "dam flood " * 10, "toll", "\U0001f600 \u0640", "river " * 127]


@pytest.fixture(scope="module")
def trained(tiny_encoder: Path, toy_texts: Toy) -> TransformerClassifier:
    classifier = TransformerClassifier(
        encoder=str(tiny_encoder), epochs=8, learning_rate=5e-3, head_learning_rate=2e-2, frozen=0.0
    )
    return classifier.fit(*toy_texts)


@pytest.fixture
def fitted(trained: TransformerClassifier) -> TransformerClassifier:
    """Fresh from training: no way of computing chosen."""
    trained.fast_ = trained.bf16_ = trained.halved_ = None
    return trained


@pytest.fixture
def texts(toy_texts: Toy) -> list[str]:
    return [*toy_texts.texts[:12], *ODD, *toy_texts.texts[12:]]


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every network is taken to be on a GPU that computes in bf16."""
    monkeypatch.setattr(TransformerClassifier, "_is_on_gpu", lambda self: self.network_ is not None)
    monkeypatch.setattr("narratives.classifiers.transformer.classifier.can_run", lambda: False)
    monkeypatch.setattr(network, "has_bf16", lambda device: True)


def score(classifier: TransformerClassifier, texts: Texts, budget: int = gpu.BUDGET) -> Scores:
    return score_in_batches(classifier.network_, texts, classifier.tokenizer_.backend_tokenizer, 128, 0, budget=budget)


@pytest.mark.parametrize(("budget", "stretch"), [(1, 4096), (200, 4096), (gpu.BUDGET, 4096), (300, 7), (gpu.BUDGET, 1)])
def test_many_at_once_score_as_one_by_one(
    budget: int, stretch: int, fitted: TransformerClassifier, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "STRETCH", stretch)
    np.testing.assert_allclose(score(fitted, texts, budget), fitted.predict_proba(texts), rtol=0, atol=1e-5)


def test_each_score_stands_beside_its_text(fitted: TransformerClassifier, texts: list[str]) -> None:
    order = np.random.default_rng(0).permutation(len(texts))
    turned = score(fitted, [texts[k] for k in order])
    np.testing.assert_allclose(turned, score(fitted, texts)[order], rtol=0, atol=1e-5)
    assert np.abs(turned - score(fitted, texts)).max() > 0.1


def test_no_texts_have_no_scores(fitted: TransformerClassifier) -> None:
    assert score(fitted, []).shape == (0, 3)


@pytest.mark.parametrize("multiple", [1, 8])
def test_no_batch_is_over_the_budget(
    multiple: int, fitted: TransformerClassifier, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "find_multiple", lambda device: multiple)
    sizes: list[tuple[int, int]] = []
    handle = fitted.network_.register_forward_pre_hook(lambda _, tensors: sizes.append(tuple(tensors[0].shape)))
    scores = score(fitted, texts, 400)
    handle.remove()
    assert max(rows * width for rows, width in sizes) <= 400
    assert any(rows > 1 for rows, _ in sizes) and len(sizes) > 5
    assert all(width % multiple == 0 for _, width in sizes)
    np.testing.assert_allclose(scores, fitted.predict_proba(texts), rtol=0, atol=1e-5)


def test_progress_reaches_the_number_of_texts(
    fitted: TransformerClassifier, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "STRETCH", 16)
    seen: list[tuple[int, int]] = []
    fitted._predict_in_batches(texts, lambda done, total, _: seen.append((done, total)))
    assert seen == sorted(seen) and seen[-1] == (len(texts), len(texts))


@given(lengths=st.lists(st.integers(1, 600), max_size=50), multiple=st.integers(1, 16))
def test_widths_hold_their_rows_and_never_pass_the_longest(lengths: list[int], multiple: int) -> None:
    for length, width in zip(lengths, round_up(lengths, multiple), strict=True):
        assert length <= width < length + multiple
        assert width <= max(lengths)
        assert width % multiple == 0 or width == max(lengths)


def test_only_a_gpu_gets_wider_rows() -> None:
    assert [find_multiple(torch.device(name)) for name in ("cpu", "cuda")] == [1, 8]


def test_the_next_input_is_prepared_meanwhile() -> None:
    begun = [Event() for _ in range(3)]

    def make(k: int) -> int:
        begun[k].set()
        return k * k

    for k, made in enumerate(one_ahead(make, range(3))):
        assert made == k * k
        assert begun[min(k + 1, 2)].wait(timeout=30)


def test_an_error_while_preparing_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(one_ahead(lambda k: 1 // k, [1, 0, 2]))


def test_attention_is_fused_though_rows_are_padded(fitted: TransformerClassifier) -> None:
    assert fitted.network_.encoder.config._attn_implementation == "sdpa"
    for net in (fitted.network_, halve(fitted.network_)):
        with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION]):  # any other would raise
            assert torch.isfinite(net(*pad([[2, 5, 6, 3], [2, 3]], 0, 8))).all()


def test_in_bf16_the_encoder_changes_and_the_head_does_not(fitted: TransformerClassifier, texts: list[str]) -> None:
    halved = halve(fitted.network_)
    assert {p.dtype for p in halved.encoder.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in (*halved.head.parameters(), *fitted.network_.parameters())} == {torch.float32}
    near = score_in_batches(halved, texts, fitted.tokenizer_.backend_tokenizer, 128, 0)
    assert 0 < np.abs(near - fitted.predict_proba(texts)).max() < 0.1


def accept(classifier: TransformerClassifier, answer: bool) -> list[str]:
    """Try what is faster; the ways that were asked for."""
    asked: list[str] = []

    def judge(inference: str) -> bool:
        asked.append(inference)
        return answer

    classifier.speed_up(["a toll"], judge)
    return asked


@pytest.mark.usefixtures("card")
def test_bf16_is_used_on_a_gpu_once_accepted(fitted: TransformerClassifier, texts: list[str]) -> None:
    assert fitted.inference == "torch cuda"
    exact = fitted.predict_proba(texts)
    assert accept(fitted, True)[0] == "torch cuda bf16"  # then the first form for a CPU
    fitted.fast_ = None  # as on a GPU that form is not loaded
    assert fitted.inference == "torch cuda bf16"
    assert 0 < np.abs(fitted.predict_proba(texts) - exact).max() < 0.1


@pytest.mark.usefixtures("card")
def test_where_bf16_is_refused_the_scores_stay_exact(fitted: TransformerClassifier, texts: list[str]) -> None:
    exact = fitted.predict_proba(texts)
    asked = accept(fitted, False)
    assert asked[0] == "torch cuda bf16" and all(name.startswith("onnxruntime") for name in asked[1:])
    assert fitted.inference == "torch cuda"
    assert np.array_equal(fitted.predict_proba(texts), exact)


def test_a_card_without_bf16_is_not_asked_for_it(
    fitted: TransformerClassifier, card: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "has_bf16", lambda device: False)
    assert "torch cuda bf16" not in accept(fitted, False)


def test_a_cpu_is_not_asked_for_bf16(fitted: TransformerClassifier) -> None:
    assert "torch cuda bf16" not in accept(fitted, False)


@pytest.mark.parametrize("taken", [True, False])
def test_what_a_gpu_may_do_stays_with_the_model_on_machines_without_one(
    taken: bool, fitted: TransformerClassifier, texts: list[str], tmp_path: Path
) -> None:
    exact = fitted.predict_proba(texts)
    fitted.bf16_ = taken
    for name in ("trained", "saved again"):
        (tmp_path / name).mkdir()
        fitted.save(tmp_path / name)
        fitted = TransformerClassifier.load(tmp_path / name, hyperparameters(fitted))
        assert (fitted.bf16_, fitted.inference) == (taken, "torch")
        assert np.array_equal(fitted.predict_proba(texts), exact)
        with safe_open(tmp_path / name / "weights.safetensors", framework="pt") as file:
            assert {file.get_tensor(key).dtype for key in file.keys()} == {torch.float32}  # noqa: SIM118


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize(("taken", "inference"), [(True, "torch cuda bf16"), (False, "torch cuda")])
def test_a_model_loaded_on_a_gpu_computes_as_was_accepted(
    taken: bool, inference: str, fitted: TransformerClassifier, texts: list[str], tmp_path: Path
) -> None:
    fitted.bf16_ = taken
    scores = fitted.predict_proba(texts)
    fitted.save(tmp_path)
    loaded = TransformerClassifier.load(tmp_path, hyperparameters(fitted))
    assert loaded.inference == inference
    assert np.array_equal(loaded.predict_proba(texts), scores)
