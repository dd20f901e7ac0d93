"""Training texts, scored without having been learned from: whole or in windows, and only those whose labels count."""

import numpy as np
import pytest
from helpers.toy import Toy

from narratives.classifiers.across import FoldedLesson
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.models.calibration import fit_calibration
from narratives.models.held_out import HeldOut, hold_out
from narratives.models.inference import read_texts
from narratives.models.twofold import Reading, Twofold

EVERY = np.ones(60, dtype=np.bool_)


def make_lesson(toy: Toy) -> FoldedLesson:
    return FoldedLesson(toy.texts, toy.y, np.arange(60) % 3, (toy.texts[:5], toy.y[:5]))


def hold(lesson: FoldedLesson, judged: np.ndarray, window: int = 600, detail: int = 0) -> HeldOut:
    return hold_out(TfidfClassifier(min_df=1).fit(lesson.texts, lesson.y), lesson, judged, 3, Reading(window, detail))


def test_a_text_in_several_windows_has_its_highest_score(toy_texts: Toy) -> None:
    held_out = hold(make_lesson(toy_texts), EVERY, window=40)
    scores = read_texts(held_out.scorer, held_out.texts, 3, 40)[0]
    rows = np.flatnonzero(np.arange(60) % 3 != 0).tolist()
    fitted = TfidfClassifier(min_df=1).fit([toy_texts.texts[row] for row in rows], toy_texts.y[rows])
    expected = read_texts(fitted, toy_texts.texts[::3], 3, 40)[0]
    assert len(held_out.scorer.rows) > 60
    np.testing.assert_allclose(scores[::3], expected, atol=2e-3)


def test_windows_are_held_out_with_their_parts(toy_texts: Toy) -> None:
    held_out = hold(make_lesson(toy_texts), EVERY, window=60, detail=20)
    twofold = Twofold(held_out.scorer, 3, 20)
    scores = read_texts(twofold, held_out.texts, 3, 60)[0]
    assert np.isfinite(scores).all() and not np.array_equal(scores, read_texts(held_out.scorer, held_out.texts, 3, 60)[0])


def test_labels_that_nobody_vouches_for_teach_and_do_not_judge(toy_texts: Toy) -> None:
    held_out, whole = (hold(make_lesson(toy_texts), judged) for judged in (np.arange(60) < 20, EVERY))
    assert held_out.texts == toy_texts.texts[:20] and np.array_equal(held_out.gold, toy_texts.y[:20])
    scores, expected = (read_texts(each.scorer, toy_texts.texts[:20], 3, 600)[0] for each in (held_out, whole))
    assert np.array_equal(scores, expected)


def test_a_fold_of_which_nothing_counts_is_only_learned_from(toy_texts: Toy) -> None:
    first = np.arange(60) % 3 == 0
    held_out, whole = (hold(make_lesson(toy_texts), judged) for judged in (first, EVERY))
    assert held_out.texts == toy_texts.texts[::3] and held_out.folds == 3
    scores, expected = (read_texts(each.scorer, toy_texts.texts[::3], 3, 600)[0] for each in (held_out, whole))
    np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_where_all_positives_are_in_one_fold_their_scores_are_not_asked(toy_texts: Toy) -> None:
    y = toy_texts.y.copy()
    y[:, 1] &= np.arange(60) % 3 == 2
    held_out = hold(make_lesson(Toy(toy_texts.texts, y)), EVERY)
    scores = read_texts(held_out.scorer, held_out.texts, 3, 600)[0]
    assert np.isnan(scores[2::3, 1]).all()
    assert np.isnan(scores).sum() == 20


@pytest.mark.parametrize("holes", [0.3, 0.9])
def test_calibration_leaves_out_what_has_no_score(holes: float) -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((300, 1)).astype(np.float32)
    gold = rng.random((300, 1)) < scores
    missing = rng.random(300) < holes
    holed = np.where(missing[:, None], np.float32(np.nan), scores)
    [curve], [expected] = (
        fit_calibration(some, labels, np.array([True])).curves
        for some, labels in ((holed, gold), (scores[~missing], gold[~missing]))
    )
    assert (curve.slope, curve.intercept) == pytest.approx((expected.slope, expected.intercept), rel=1e-3)
