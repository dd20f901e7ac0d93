"""Thresholds: from calibrated scores to answers."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from narratives.data import Floats, Matrix, Scores
from narratives.metrics.counts import count
from narratives.models.thresholds import DEFAULT, decide, tune_thresholds

FEW = [0.0, 1e-7, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]  # few values, so that ties are common


@st.composite
def cases(draw: st.DrawFn) -> Scores:
    """Scores, in half of the cases with many ties and with exact zeros and ones, all low in some."""
    shape = draw(st.integers(1, 15)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = rng.choice(FEW, shape) if draw(st.booleans()) else rng.random(shape) ** draw(st.sampled_from([0.2, 1, 5, 30]))
    return scores.astype(np.float32)


def expected_f1(scores: Scores, raised: Matrix) -> Floats:
    """For each narrative twice the hits expected, over the passages raised and those expected to carry it."""
    chance = scores.astype(np.float64)
    return np.asarray(2 * (chance * raised).sum(0) / np.maximum(raised.sum(0) + chance.sum(0), 1e-300))


def differ(scores: Scores) -> Matrix:
    """The narratives whose scores are not all alike."""
    return np.asarray(np.ptp(scores, axis=0) > 0)


@settings(deadline=None)
@given(cases())
def test_thresholds_lie_above_zero_and_not_above_a_half(scores: Scores) -> None:
    thresholds = tune_thresholds(scores)
    assert thresholds.shape == (scores.shape[1],)
    assert np.all((thresholds > 0) & (thresholds <= 0.5))


@settings(deadline=None)
@given(cases())
def test_no_other_cut_promises_a_larger_f1(scores: Scores) -> None:
    promised = expected_f1(scores, decide(scores, tune_thresholds(scores)))
    for k in differ(scores).nonzero()[0]:
        column = scores[:, [k]]
        best = max(expected_f1(column, column >= cut)[0] for cut in column)
        assert promised[k] == pytest.approx(best)


@settings(deadline=None)
@given(cases())
def test_the_threshold_is_half_the_f1_that_it_promises(scores: Scores) -> None:
    thresholds = tune_thresholds(scores)
    promised = expected_f1(scores, decide(scores, thresholds))
    np.testing.assert_allclose(thresholds[differ(scores)], promised[differ(scores)] / 2)


@settings(deadline=None)
@given(cases(), st.integers(0, 2**32 - 1))
def test_order_and_number_of_passages_and_other_narratives_do_not_matter(scores: Scores, seed: int) -> None:
    thresholds = tune_thresholds(scores)
    mixed = np.random.default_rng(seed).permutation(np.concatenate([scores, scores]))
    np.testing.assert_allclose(tune_thresholds(mixed), thresholds)
    np.testing.assert_array_equal(np.concatenate([tune_thresholds(scores[:, [k]]) for k in range(scores.shape[1])]), thresholds)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_sure_scores_are_taken_at_their_word(seed: int) -> None:
    gold = np.random.default_rng(seed).random((30, 4)) < [0.05, 0.2, 0.5, 0.8]
    gold[0], gold[1] = True, False
    scores = np.where(gold, 0.99, 0.01).astype(np.float32)
    np.testing.assert_array_equal(decide(scores, tune_thresholds(scores)), gold)


def test_a_rare_narrative_is_raised_at_scores_that_are_not_enough_for_a_frequent_one() -> None:
    falling = np.linspace(1, 0, 200)
    scores = np.column_stack([falling**0.3, 0.3 * falling**8]).astype(np.float32)
    frequent, rare = tune_thresholds(scores)
    assert rare < 0.2 < frequent
    assert decide(scores, np.array([frequent, rare]))[:, 1].any()


@pytest.mark.parametrize("shape", [1.0, 3.0])
def test_the_cut_is_good_where_labels_are_drawn_with_those_chances(shape: float) -> None:
    rng = np.random.default_rng(0)
    scores = (rng.random((20_000, 1)) ** shape).astype(np.float32)
    gold = rng.random(scores.shape) < scores
    reached = count(gold, decide(scores, tune_thresholds(scores)), axis=0).f1[0]
    best = max(count(gold, scores >= cut, axis=0).f1[0] for cut in np.linspace(0.01, 0.99, 99))
    assert reached > best - 0.005


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("alike", [0.0, 1e-4, 0.5, 1.0])
@pytest.mark.parametrize("n", [0, 1, 7])
def test_scores_that_are_all_alike_leave_the_default(n: int, alike: float) -> None:
    np.testing.assert_array_equal(tune_thresholds(np.full((n, 2), alike, dtype=np.float32)), [DEFAULT, DEFAULT])


def test_a_score_at_the_threshold_is_raised() -> None:
    scores = np.array([[0.5, 0.499]], dtype=np.float32)
    np.testing.assert_array_equal(decide(scores, np.array([0.5, 0.5])), [[True, False]])


@settings(deadline=None)
@given(cases(), st.floats(1.1, 50))
@example(np.array([[7.5569388e-04, 4.7803578e-06], [1.9327562e-10, 2.2443821e-05]], dtype=np.float32), 23.0)
def test_where_narratives_are_rarer_no_other_cut_promises_a_larger_f1(scores: Scores, rarer: float) -> None:
    """What does not carry a narrative stands for so many texts: F1 counts it so often."""
    thresholds = tune_thresholds(scores, rarer)
    for k in differ(scores).nonzero()[0]:
        chance = scores[:, k].astype(np.float64)

        def promise(cut: float, chance: Floats = chance) -> float:
            raised = chance >= cut - 1e-9
            hits = (chance * raised).sum()
            return float(2 * hits / (hits + rarer * ((1 - chance) * raised).sum() + chance.sum()))

        assert promise(thresholds[k]) == pytest.approx(max(promise(cut) for cut in chance), abs=1e-6)
    assert np.all(thresholds[differ(scores)] >= tune_thresholds(scores)[differ(scores)])
