"""The baseline: what is its own, beyond what every classifier promises."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from conftest import Toy
from skops.io.exceptions import UntrustedTypesFoundException

from narratives.classifiers import hyperparameters
from narratives.classifiers.tfidf import TfidfClassifier


def test_a_file_with_a_foreign_type_is_refused(tmp_path: Path, toy_texts: Toy) -> None:
    classifier = TfidfClassifier().fit(*toy_texts)
    state = {"vectorizer": Fraction(1, 2), "coef": classifier.coef_, "intercept": classifier.intercept_}
    skops.io.dump(state, tmp_path / "tfidf.skops")
    with pytest.raises(UntrustedTypesFoundException, match=r"fractions\.Fraction"):
        TfidfClassifier.load(tmp_path, hyperparameters(classifier))


def weights(monkeypatch: pytest.MonkeyPatch, positives: int, texts: int, cap: float) -> dict[bool, float]:
    """The class weights that the logistic regression is given."""
    import sklearn.linear_model

    seen: list[dict[bool, float]] = []

    class Spy(sklearn.linear_model.LogisticRegression):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            seen.append(options["class_weight"])
            super().__init__(**options)

    monkeypatch.setattr(sklearn.linear_model, "LogisticRegression", Spy)
    y = (np.arange(texts) < positives)[:, None]
    TfidfClassifier(min_df=1, max_class_weight=cap).fit([f"text number {k}" for k in range(texts)], y)
    return seen[0]


@pytest.mark.parametrize(
    ("positives", "texts", "cap", "weight"),
    [
        (1, 41, 10.0, 10.0),  # 40 negatives to a positive: capped
        (10, 50, 10.0, 4.0),  # 4 to 1: balanced
        (30, 40, 10.0, 1.0),  # more positives than negatives: a positive never counts less than a negative
    ],
)
def test_a_rare_narratives_positives_weigh_more_up_to_a_cap(
    monkeypatch: pytest.MonkeyPatch, positives: int, texts: int, cap: float, weight: float
) -> None:
    assert weights(monkeypatch, positives, texts, cap) == {False: 1.0, True: weight}


def test_a_higher_cap_raises_the_scores_of_a_rare_narrative(toy_texts: Toy) -> None:
    y = toy_texts.y & (np.arange(len(toy_texts.y)) < 12)[:, None]
    low, high = (TfidfClassifier(max_class_weight=cap).fit(toy_texts.texts, y) for cap in (1.0, 10.0))
    assert high.predict_proba(toy_texts.texts).mean() > low.predict_proba(toy_texts.texts).mean()


def test_a_narrative_that_every_text_carries_is_scored_1_and_one_that_none_carries_0() -> None:
    y = np.array([[True, False]] * 3)
    classifier = TfidfClassifier(min_df=1).fit(["one", "two", "three"], y)
    np.testing.assert_allclose(classifier.predict_proba(["one", "words never seen"]), [[1, 0], [1, 0]], atol=1e-12)


def test_accents_and_capitals_make_no_difference(toy_texts: Toy) -> None:
    classifier = TfidfClassifier().fit(*toy_texts)
    plain, dressed = classifier.predict_proba(["the teacher of the pupil", "THE TÉACHER of the pùpil"])
    assert np.array_equal(plain, dressed)
