"""The blend lies between its two parts, and at the ends of its weight it is one of them."""

from pathlib import Path

import numpy as np
import pytest
from conftest import Toy

from narratives.classifiers.blend import BlendClassifier


@pytest.fixture(scope="module")
def blend(tiny_encoder: Path, toy_texts: Toy) -> BlendClassifier:
    return BlendClassifier(encoder=str(tiny_encoder), epochs=1).fit(toy_texts.texts, toy_texts.y)


def test_a_score_lies_between_those_of_its_parts(blend: BlendClassifier, toy_texts: Toy) -> None:
    parts = np.stack([blend.tfidf_.predict_proba(toy_texts.texts), blend.transformer_.predict_proba(toy_texts.texts)])
    scores = blend.predict_proba(toy_texts.texts)
    assert (scores >= parts.min(0) - 1e-5).all()
    assert (scores <= parts.max(0) + 1e-5).all()


@pytest.mark.parametrize(("weight", "part"), [(1.0, "tfidf_"), (0.0, "transformer_")])
def test_with_all_the_weight_on_one_part_it_is_that_part(
    blend: BlendClassifier, toy_texts: Toy, weight: float, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blend, "tfidf_weight", weight)
    alone = getattr(blend, part).predict_proba(toy_texts.texts)
    np.testing.assert_allclose(blend.predict_proba(toy_texts.texts), alone, atol=1e-5)
