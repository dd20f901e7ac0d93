"""TF-IDF learns long texts as a whole and by the part that says a narrative most."""

from typing import Any

import numpy as np
import pytest
from helpers.toy import TOPICS, Toy
from scipy.sparse import csr_array

from narratives.classifiers.tfidf import folds
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.classifiers.tfidf.parts import cut_long, join_parts


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


def test_a_long_text_counts_as_the_mean_of_itself_and_the_part_that_says_most() -> None:
    x = csr_array(np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]))
    parts = csr_array(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))  # both of the first text
    rows = join_parts(x, parts, np.array([0, 0]), np.array([[2.0, -2.0], [1.0, -1.0]]))
    np.testing.assert_allclose(rows(0).toarray(), [[0.75, 0.25, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(rows(1).toarray(), [[0.25, 0.75, 0.0], [0.0, 0.0, 1.0]])


def test_a_claim_in_one_sentence_of_many_is_learned(long: Toy) -> None:
    classifier = TfidfClassifier(min_df=1, part=100).fit(*long)
    scores = classifier.predict_proba([" ".join(words) for words in TOPICS.values()])
    assert np.array_equal(scores >= 0.9, np.eye(len(TOPICS), dtype=np.bool_))


def test_scores_by_folds_learn_by_the_parts_that_a_fitted_model_chooses(long: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    texts, number = long.texts, np.arange(len(long.texts)) % 3
    fitted = TfidfClassifier(part=100).fit(*long)
    seen = []

    def spy(x: Any, parts: Any, owners: Any, says: Any) -> Any:
        seen.append((owners, says))
        assert (x.shape[0], parts.shape[0]) == ((number != len(seen) - 1).sum(), len(owners))
        return join_parts(x, parts, owners, says)

    monkeypatch.setattr(folds, "join_parts", spy)
    scores = folds.score_by_folds(texts, long.y, number, model=fitted)
    for fold, (owners, says) in enumerate(seen):
        parts = cut_long([text for text, own in zip(texts, number, strict=True) if own != fold], 100)
        assert np.array_equal(owners, parts.owners)
        assert np.array_equal(says, fitted.scorer_.score(parts.texts))
    assert len(seen) == 3
    without = folds.score_by_folds(texts, long.y, number, model=TfidfClassifier(part=100))
    assert len(seen) == 3
    assert not np.allclose(scores, without, atol=1e-3)


def test_progress_counts_both_rounds_as_one(long: Toy) -> None:
    told: list[tuple[int, int]] = []
    TfidfClassifier(min_df=1, part=100).fit(*long, progress=lambda done, total, note: told.append((done, total)))
    assert told == [(k + 1, 6) for k in range(6)]
