"""Thresholds: from scores to answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.metrics import Floats, Matrix, count
from narratives.thresholds import DEFAULT, Scores, decide, tune_thresholds

FEW = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]  # few values, so that ties are common


@st.composite
def cases(draw: st.DrawFn) -> tuple[Scores, Matrix]:
    """Scores, in half of the cases with many ties and with exact zeros and ones, and gold labels."""
    shape = draw(st.integers(1, 15)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = rng.choice(FEW, shape) if draw(st.booleans()) else rng.random(shape)
    gold = rng.random(shape) < draw(st.sampled_from([0.0, 0.1, 0.4, 0.9, 1.0]))
    return scores.astype(np.float32), gold


def log_odds(thresholds: Floats) -> Floats:
    return np.asarray(np.log(thresholds / (1 - thresholds)))


def f1(gold: Matrix, raised: Matrix) -> Floats:
    return count(gold, raised, axis=0).f1


def largest_f1(scores: Scores, gold: Matrix) -> list[float]:
    """For each narrative the best F1 of all cuts between two scores, by trying every one."""
    best = []
    for k in range(gold.shape[1]):
        values = np.unique(scores[:, k])
        cuts = (values[1:] + values[:-1]) / 2
        best.append(max((f1(gold[:, [k]], scores[:, [k]] >= cut)[0] for cut in cuts), default=np.nan))
    return best


@settings(deadline=None)
@given(cases(), st.sampled_from([0.0, 1.0, 10.0]))
def test_thresholds_lie_between_zero_and_one(case: tuple[Scores, Matrix], shrinkage: float) -> None:
    thresholds = tune_thresholds(*case, shrinkage)
    assert thresholds.shape == (case[1].shape[1],)
    assert np.all((thresholds > 0) & (thresholds < 1))


@settings(deadline=None)
@given(cases())
def test_without_shrinkage_each_narrative_gets_the_cut_with_the_largest_f1(case: tuple[Scores, Matrix]) -> None:
    scores, gold = case
    raised = decide(scores, tune_thresholds(scores, gold, shrinkage=0.0))
    for k, best in enumerate(largest_f1(scores, gold)):
        if gold[:, k].any() and not np.isnan(best):
            assert f1(gold, raised)[k] == pytest.approx(best)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 3.0, 10.0, 1000.0]))
def test_scores_that_separate_are_separated(seed: int, shrinkage: float) -> None:
    rng = np.random.default_rng(seed)
    gold = rng.random((30, 4)) < [0.05, 0.2, 0.5, 0.8]
    gold[0], gold[1] = True, False  # each narrative is carried by some passage, and not by every one
    scores = np.where(gold, rng.uniform(0.6, 1, gold.shape), rng.uniform(0, 0.4, gold.shape)).astype(np.float32)
    np.testing.assert_array_equal(decide(scores, tune_thresholds(scores, gold, shrinkage)), gold)


@pytest.mark.parametrize("shrinkage", [0.0, 10.0, 1000.0])
def test_a_rare_narrative_with_low_scores_in_the_right_order_is_still_raised(shrinkage: float) -> None:
    rng = np.random.default_rng(0)
    gold = np.zeros((100, 2), dtype=np.bool_)
    gold[:40, 0], gold[:3, 1] = True, True
    frequent = np.where(gold[:, 0], rng.uniform(0.6, 0.9, 100), rng.uniform(0.1, 0.4, 100))
    rare = np.where(gold[:, 1], rng.uniform(0.08, 0.1, 100), rng.uniform(0.01, 0.05, 100))
    scores = np.column_stack([frequent, rare]).astype(np.float32)
    np.testing.assert_array_equal(decide(scores, tune_thresholds(scores, gold, shrinkage)), gold)


def test_without_any_positive_every_threshold_is_the_default() -> None:
    scores = np.random.default_rng(0).random((10, 3)).astype(np.float32)
    np.testing.assert_array_equal(tune_thresholds(scores, np.zeros((10, 3), dtype=np.bool_), 10.0), [DEFAULT] * 3)


def test_a_single_passage_tells_nothing_so_the_threshold_is_the_default() -> None:
    thresholds = tune_thresholds(np.array([[0.9, 0.2]], dtype=np.float32), np.array([[True, False]]), 10.0)
    np.testing.assert_allclose(thresholds, [DEFAULT, DEFAULT])


def test_scores_that_are_all_alike_raise_no_error() -> None:
    gold = np.array([[True], [False], [True]])
    assert tune_thresholds(np.full((3, 1), 0.3, dtype=np.float32), gold, 0.0) == pytest.approx([DEFAULT])


def make_noisy_case() -> tuple[Scores, Matrix]:
    """Scores that tell something; the support of the narratives is 12, 40 and 90 of 200."""
    rng = np.random.default_rng(3)
    gold = np.zeros((200, 3), dtype=np.bool_)
    for k, support in enumerate((12, 40, 90)):
        gold[rng.permutation(200)[:support], k] = True
    return np.clip(rng.normal(0.3 + 0.2 * gold, 0.15), 0.01, 0.99).astype(np.float32), gold


def test_a_narrative_with_as_many_positives_as_the_shrinkage_is_half_way_to_the_shared_rule() -> None:
    scores, gold = make_noisy_case()
    own, shared = (log_odds(tune_thresholds(scores, gold, shrinkage)) for shrinkage in (0.0, 1e12))
    for k, support in enumerate(gold.sum(0)):
        half = log_odds(tune_thresholds(scores, gold, float(support)))[k]
        assert half == pytest.approx((own[k] + shared[k]) / 2)


def test_more_shrinkage_pulls_every_threshold_nearer_to_the_shared_rule() -> None:
    scores, gold = make_noisy_case()
    shared = log_odds(tune_thresholds(scores, gold, 1e12))
    far = [np.abs(log_odds(tune_thresholds(scores, gold, shrinkage)) - shared) for shrinkage in (0.0, 5.0, 20.0, 100.0)]
    assert np.all(np.diff(far, axis=0) < 0)


def test_fewer_positives_are_pulled_further() -> None:
    scores, gold = make_noisy_case()
    own, tuned, shared = (log_odds(tune_thresholds(scores, gold, shrinkage)) for shrinkage in (0.0, 10.0, 1e12))
    pulled = (tuned - own) / (shared - own)
    np.testing.assert_allclose(pulled, [10 / 22, 10 / 50, 10 / 100])


def test_a_narrative_without_positives_takes_the_shared_rule() -> None:
    scores, gold = make_noisy_case()
    gold[:, 0] = False
    assert tune_thresholds(scores, gold, 0.0)[0] == pytest.approx(tune_thresholds(scores, gold, 1e12)[0])


def test_of_several_cuts_that_are_equally_good_the_middle_one_is_taken() -> None:
    falling = np.linspace(0.95, 0.05, 10, dtype=np.float32)[:, None]
    gold = np.isin(np.arange(10), [0, 4, 8])[:, None]  # F1 is 0.5 for cuts after the first, the fifth and the ninth
    assert tune_thresholds(falling, gold, 0.0) == pytest.approx([0.5])


def test_of_two_cuts_that_are_equally_good_one_is_taken_and_not_a_worse_one_between() -> None:
    falling = np.linspace(0.7, 0.1, 7, dtype=np.float32)[:, None]
    gold = np.isin(np.arange(7), [1, 5])[:, None]  # F1 is 0.5 for cuts after the second and the sixth, less between them
    assert f1(gold, decide(falling, tune_thresholds(falling, gold, 0.0))) == pytest.approx([0.5])


def test_a_score_at_the_threshold_is_raised() -> None:
    scores = np.array([[0.5, 0.499]], dtype=np.float32)
    np.testing.assert_array_equal(decide(scores, np.array([0.5, 0.5])), [[True, False]])
