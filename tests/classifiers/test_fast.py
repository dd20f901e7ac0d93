"""The fast form of a transformer: the same answers without torch, the same bits whatever else is read."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.toy import Toy

from narratives.classifiers.interface import hyperparameters
from narratives.classifiers.transformer import classifier as module
from narratives.classifiers.transformer.classifier import TransformerClassifier
from narratives.classifiers.transformer.onnx import FastNetwork
from narratives.classifiers.transformer.onnx_export import make_forms

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
FORMS = ["onnxruntime int8", "onnxruntime int8, some layers float32", "onnxruntime float32"]


def take(wanted: str) -> Callable[[str], bool]:
    return lambda inference: inference == wanted


@pytest.fixture(scope="module")
def fitted(tiny_encoder: Path, toy_texts: Toy) -> TransformerClassifier:
    settings: dict[str, Any] = {"epochs": 8, "learning_rate": 5e-3, "head_learning_rate": 2e-2, "frozen": 0.0}
    return TransformerClassifier(encoder=str(tiny_encoder), **settings).fit(*toy_texts)


@pytest.fixture(scope="module")
def texts(toy_texts: Toy) -> list[str]:
    return [*toy_texts.texts, "", "river " * 400, "a toll", "\x00 \u4e2d"]


@pytest.fixture(scope="module")
def saved(fitted: TransformerClassifier, toy_texts: Toy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    assert fitted.speed_up(toy_texts.texts, take(FORMS[0])) == ""
    fitted.save(folder)
    fitted.fast_ = None
    return folder


def load(folder: Path, like: TransformerClassifier) -> TransformerClassifier:
    return TransformerClassifier.load(folder, hyperparameters(like))


def test_forms_are_tried_from_fastest_to_safest(fitted: TransformerClassifier, toy_texts: Toy) -> None:
    tried: list[str] = []

    def refuse(inference: str) -> bool:
        tried.append(inference)
        return False

    assert fitted.speed_up(toy_texts.texts[:8], refuse) == ""
    assert tried == FORMS
    assert fitted.inference == "torch"


@pytest.mark.parametrize(("form", "tolerance"), list(zip(FORMS, [0.05, 0.05, 1e-5], strict=True)))
def test_each_form_scores_as_torch_does(form: str, tolerance: float, fitted: TransformerClassifier, texts: list[str]) -> None:
    exact = fitted.predict_proba(texts)
    try:
        fitted.speed_up(texts[:16], take(form))
        assert fitted.inference == form
        np.testing.assert_allclose(fitted.predict_proba(texts), exact, atol=tolerance)
    finally:
        fitted.fast_ = None


@pytest.mark.parametrize("fast", [True, False])
def test_a_score_has_the_same_bits_whatever_else_is_read(
    fast: bool, fitted: TransformerClassifier, saved: Path, texts: list[str]
) -> None:
    classifier = load(saved, fitted) if fast else fitted
    scores = classifier.predict_proba(texts)
    assert np.array_equal(classifier.predict_proba(texts[::-1])[::-1], scores)
    assert np.array_equal(np.vstack([classifier.predict_proba([text]) for text in texts]), scores)


def test_it_loads_and_scores_without_torch_in_another_process_with_the_same_bits(
    fitted: TransformerClassifier, saved: Path, texts: list[str]
) -> None:
    code = (
        "import sys, json\nfrom pathlib import Path\n"
        "from narratives.classifiers.transformer.classifier import TransformerClassifier\n"
        f"classifier = TransformerClassifier.load(Path({str(saved)!r}), {hyperparameters(fitted)!r})\n"
        f"print(classifier.predict_proba({texts!r}).tobytes().hex())\n"
        "print([name for name in ('torch', 'transformers', 'datasets', 'sklearn', 'onnx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    scores, loaded = done.stdout.splitlines()
    assert loaded == "[]"
    assert scores == load(saved, fitted).predict_proba(texts).tobytes().hex()


def test_without_onnxruntime_torch_computes(
    fitted: TransformerClassifier, saved: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narratives.classifiers.transformer.onnx.find_spec", lambda package: None)
    classifier = load(saved, fitted)
    assert classifier.inference == "torch"
    np.testing.assert_allclose(classifier.predict_proba(texts), fitted.predict_proba(texts), atol=1e-6)


def test_where_it_is_not_installed_nothing_is_tried(fitted: TransformerClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda package: None)
    note = fitted.speed_up(["a toll"], lambda _: True)
    assert note == "onnx and onnxruntime not installed; to compute faster: pip install '.[fast]'"
    assert fitted.inference == "torch"


def test_an_encoder_that_cannot_be_exported_stays_on_torch(
    fitted: TransformerClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(network: Any, outputs: int, max_length: int) -> None:
        raise RuntimeError("no such operator\nand much more")

    monkeypatch.setattr("narratives.classifiers.transformer.onnx_export.export_network", fail)
    note = fitted.speed_up(["a toll"], lambda _: True)
    assert note == "the encoder cannot be exported: no such operator"
    assert fitted.inference == "torch"


def test_an_error_in_judging_is_no_error_in_exporting(fitted: TransformerClassifier) -> None:
    def judge(inference: str) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fitted.speed_up(["a toll"], judge)
    fitted.fast_ = None


def test_training_anew_leaves_the_fast_form_behind(saved: Path, fitted: TransformerClassifier, toy_texts: Toy) -> None:
    classifier = load(saved, fitted)
    assert classifier.inference == FORMS[0]
    assert classifier.fit(toy_texts.texts[:8], toy_texts.y[:8]).inference == "torch"


def test_a_fast_classifier_saves_all_it_was_loaded_from(saved: Path, fitted: TransformerClassifier, tmp_path: Path) -> None:
    load(saved, fitted).save(tmp_path)
    assert (tmp_path / "fast.onnx").read_bytes() == (saved / "fast.onnx").read_bytes()
    assert (tmp_path / "weights.safetensors").read_bytes() == (saved / "weights.safetensors").read_bytes()


def test_layers_are_held_as_the_form_says(fitted: TransformerClassifier, toy_texts: Toy) -> None:
    import onnx

    counts = []
    outputs = fitted.network_.head.out_features
    for form in make_forms(fitted.network_, outputs, 128, fitted.tokenizer_.backend_tokenizer, toy_texts.texts[:4]):
        assert isinstance(form, FastNetwork) and isinstance(form.model, bytes)
        nodes = onnx.load_model_from_string(form.model).graph.node
        counts.append(sum(node.op_type == "MatMulIntegerToFloat" for node in nodes))
    assert counts == [12, 10, 0]  # six linear layers in each of two blocks, one of them the sensitive one


def test_a_gpu_is_asked_for_only_where_a_driver_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from narratives.classifiers.transformer import onnx as fast

    asked: list[str] = []
    monkeypatch.setattr(fast, "which", lambda program: asked.append(program))
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it would raise
    assert fast.can_run()
    assert asked == ["nvidia-smi"]
