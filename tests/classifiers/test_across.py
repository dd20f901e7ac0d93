"""Scores by classifiers that did not learn from what they score: those that a training for each fold would give."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.toy import Toy

from narratives.classifiers.across import FoldedLesson, score_across
from narratives.classifiers.blend import BlendClassifier
from narratives.classifiers.odds import to_log_odds, to_share
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.classifiers.tfidf.folds import ALWAYS, score_by_folds
from narratives.classifiers.transformer.classifier import TransformerClassifier
from narratives.data import Scores, Texts

NUMBER = 3
Make = Any


@pytest.fixture
def lesson(toy_texts: Toy) -> FoldedLesson:
    """45 texts in three folds; the other 15 are validation."""
    y = toy_texts.y[:45]
    return FoldedLesson(toy_texts.texts[:45], y, np.arange(45) % NUMBER, (toy_texts.texts[45:], toy_texts.y[45:]))


def train_each(make: Make, lesson: FoldedLesson, texts: Texts, folds: Any) -> Scores:
    """The scores of a classifier for each fold, trained by hand."""
    scores = np.zeros((len(texts), lesson.y.shape[1]), dtype=np.float32)
    for fold in range(NUMBER):
        rows, wanted = np.flatnonzero(lesson.folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
        fitted = make().fit([lesson.texts[row] for row in rows], lesson.y[rows], validation=lesson.validation)
        scores[wanted] = fitted.predict_proba([texts[row] for row in wanted])
    return scores


def test_tfidf_is_scored_with_its_own_settings_and_windows_of_a_text_in_its_fold(lesson: FoldedLesson) -> None:
    fitted = TfidfClassifier(min_df=1, C=3.0, seed=2).fit(lesson.texts, lesson.y)
    texts = [*lesson.texts, *(text[: len(text) // 2] for text in lesson.texts)]
    folds = np.tile(lesson.folds, 2)
    scores = score_across(fitted, lesson, texts, folds)
    expected = train_each(lambda: TfidfClassifier(min_df=1, C=3.0, seed=2), lesson, texts, folds)
    np.testing.assert_allclose(scores, expected, atol=2e-3)


def test_an_encoder_is_trained_again_for_each_fold(lesson: FoldedLesson, tiny_encoder: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"encoder": str(tiny_encoder), "epochs": 1, "seed": 3}
    fitted = TransformerClassifier(**settings).fit(lesson.texts, lesson.y, validation=lesson.validation)
    notes: list[str] = []
    scores = score_across(
        fitted,
        lesson,
        lesson.texts,
        lesson.folds,
        progress=lambda done, total, note: notes.append(note),
        checkpoint=tmp_path / "checkpoint",
    )
    assert np.array_equal(scores, train_each(lambda: TransformerClassifier(**settings), lesson, lesson.texts, lesson.folds))
    assert notes[0].startswith("fold 1 of 3, ") and notes[-1].startswith("fold 3 of 3, ")
    assert sorted(path.name for path in (tmp_path / "checkpoint").iterdir()) == ["fold-0", "fold-1", "fold-2"]


def test_only_the_folds_that_are_asked_for_cost_a_training(lesson: FoldedLesson, tiny_encoder: Path) -> None:
    asked = [text for text, fold in zip(lesson.texts, lesson.folds, strict=True) if fold == 1]
    fitted = BlendClassifier(encoder=str(tiny_encoder), epochs=1).fit(lesson.texts, lesson.y, validation=lesson.validation)
    notes: list[str] = []
    scores = score_across(fitted, lesson, asked, np.ones(15, dtype=np.int64), progress=lambda *state: notes.append(state[2]))
    whole = score_across(fitted, lesson, lesson.texts, lesson.folds)
    np.testing.assert_allclose(scores, whole[lesson.folds == 1], atol=1e-6)
    assert {note.split(",")[0] for note in notes} == {"fold 1 of 1"}


def test_a_blend_joins_the_scores_of_its_parts_with_its_weights(lesson: FoldedLesson, tiny_encoder: Path) -> None:
    fitted = BlendClassifier(encoder=str(tiny_encoder), epochs=1).fit(lesson.texts, lesson.y, validation=lesson.validation)
    scores = score_across(fitted, lesson, lesson.texts, lesson.folds)
    words, sense = (
        to_log_odds(score_across(part, lesson, lesson.texts, lesson.folds)) for part in (fitted.tfidf_, fitted.sense_)
    )
    np.testing.assert_allclose(scores, to_share(fitted.weights_ * words + (1 - fitted.weights_) * sense), atol=1e-6)


def test_what_the_other_folds_never_saw_is_named(lesson: FoldedLesson) -> None:
    y = lesson.y.copy()
    y[:, 0] &= lesson.folds == 1
    alone = FoldedLesson(lesson.texts, y, lesson.folds, lesson.validation)
    assert [alone.find_untaught(fold).tolist() for fold in range(NUMBER)] == [[False] * 3, [True, False, False], [False] * 3]


def test_texts_that_are_always_learned_are_not_scored_and_texts_that_are_not_taught_teach_nothing(toy_texts: Toy) -> None:
    folds = np.where(np.arange(60) < 30, ALWAYS, 0)
    scores = score_by_folds(toy_texts.texts, toy_texts.y, folds)
    expected = TfidfClassifier().fit(toy_texts.texts[:30], toy_texts.y[:30]).predict_proba(toy_texts.texts[30:])
    np.testing.assert_allclose(scores[30:], expected, atol=2e-3)
    assert not scores[:30].any()
    with_strangers = score_by_folds(
        [*toy_texts.texts, *toy_texts.texts[:10]],
        np.concatenate([toy_texts.y, ~toy_texts.y[:10]]),
        np.concatenate([folds, np.full(10, 1)]),
        taught=np.arange(70) < 60,
    )
    np.testing.assert_allclose(with_strangers[30:60], scores[30:], atol=1e-6)
