"""TF-IDF learns long texts as a whole and by the part that says a narrative most."""

from typing import Any

import numpy as np
import pytest
from helpers.toy import TOPICS, Toy

from narratives.classifiers.tfidf import parts as learning
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.classifiers.tfidf.folds import score_by_folds
from narratives.classifiers.tfidf.parts import cut_long, fit_by_parts


@pytest.fixture(scope="module")
def long(toy_texts: Toy) -> Toy:
    """Texts of several sentences: every second says something in one of them, the others are of those that say nothing."""
    said = [text for text, row in zip(*toy_texts, strict=True) if row.any()]
    unsaid = [text for text, row in zip(*toy_texts, strict=True) if not row.any()]
    y = toy_texts.y[toy_texts.y.any(1)]
    texts = [
        ". ".join(f"{words.capitalize()}" for words in [*(unsaid[(row + k) % len(unsaid)] for k in range(4)), text]) + "."
        for row, text in enumerate(said)
    ]
    plain = [". ".join(unsaid[(row + k) % len(unsaid)].capitalize() for k in range(5)) + "." for row in range(15)]
    return Toy([*texts, *plain], np.vstack([y, np.zeros((15, y.shape[1]), dtype=np.bool_)]))


def test_only_long_texts_have_parts_and_these_hold_all_of_them(long: Toy, toy_texts: Toy) -> None:
    assert not cut_long(toy_texts.texts, 300).texts
    assert not cut_long(long.texts, 0).texts
    parts = cut_long(["", *long.texts, "short"], 200)
    assert set(parts.owners.tolist()) == set(range(1, len(long.texts) + 1))
    first = [text for text, owner in zip(parts.texts, parts.owners.tolist(), strict=True) if owner == 1]
    assert len(first) > 1
    assert " ".join(" ".join(first).split()) == " ".join(long.texts[0].split())


def test_short_texts_are_learned_as_ever(toy_texts: Toy) -> None:
    scores = [TfidfClassifier(part=part).fit(*toy_texts).predict_proba(toy_texts.texts) for part in (0, 300)]
    assert np.array_equal(*scores)


def test_the_second_round_learns_the_mean_of_a_text_and_its_best_part(monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy.sparse import csr_array

    seen: list[Any] = []
    coefficients = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])

    def pretend(x: Any, y: Any, *, rows: Any = None, **_: Any) -> Any:
        seen.append([rows(k).toarray() for k in range(2)] if rows else x)
        return coefficients, np.zeros(2)

    monkeypatch.setattr(learning, "fit_logistic", pretend)
    x = csr_array(np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]))
    parts = csr_array(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))  # both of the first text
    fit_by_parts(x, parts, np.array([0, 0]), np.zeros((2, 2), dtype=np.bool_))
    assert len(seen) == 2
    np.testing.assert_allclose(seen[1][0], [[0.75, 0.25, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(seen[1][1], [[0.25, 0.75, 0.0], [0.0, 0.0, 1.0]])


def test_a_claim_in_one_sentence_of_many_is_learned(long: Toy) -> None:
    classifier = TfidfClassifier(min_df=1, part=100).fit(*long)
    scores = classifier.predict_proba([" ".join(words) for words in TOPICS.values()])
    assert np.array_equal(scores >= 0.9, np.eye(len(TOPICS), dtype=np.bool_))


def test_scores_by_folds_learn_parts_too(long: Toy) -> None:
    folds = np.arange(len(long.texts)) % 3
    scores = score_by_folds(long.texts, long.y, folds, model=TfidfClassifier(part=100))
    for fold in range(3):
        out = folds == fold
        taught = [text for text, left in zip(long.texts, out, strict=True) if not left]
        expected = TfidfClassifier(part=100).fit(taught, long.y[~out]).predict_proba(long.texts)
        np.testing.assert_allclose(scores[out], expected[out], atol=2e-3)


def test_progress_counts_both_rounds_as_one(long: Toy) -> None:
    told: list[tuple[int, int]] = []
    TfidfClassifier(min_df=1, part=100).fit(*long, progress=lambda done, total, note: told.append((done, total)))
    assert told == [(k + 1, 6) for k in range(6)]
