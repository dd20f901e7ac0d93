"""Precision against recall: average precision as scikit-learn has it, curves that keep their ends."""

import random
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_curve

from narratives.metrics.curves import POINTS, average_precision, thin_out, trace

pytestmark = pytest.mark.filterwarnings("error")


class Case(NamedTuple):
    """Scores of some passages, and which of them carry the narrative."""

    scores: NDArray[np.float32]
    gold: NDArray[np.bool_]


@st.composite
def draw_cases(draw: st.DrawFn) -> Case:
    """1 to 200 passages with at least one positive; scores of few values, so that ties are common, or of many."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size, values = draw(st.integers(1, 200)), draw(st.sampled_from([1, 2, 5, 20, 10**6]))
    gold = rng.random(size) < draw(st.sampled_from([0.02, 0.3, 0.9]))
    gold[rng.integers(size)] = True
    return Case((rng.integers(0, values + 1, size) / values).astype(np.float32), gold)


@settings(deadline=None, max_examples=300)
@given(draw_cases())
def test_average_precision_agrees_with_sklearn(case: Case) -> None:
    expected = average_precision_score(case.gold, case.scores)
    assert average_precision(case.scores, case.gold) == pytest.approx(expected, abs=5.1e-5)  # rounded to 4 digits


@settings(deadline=None)
@given(draw_cases())
def test_the_curve_agrees_with_sklearn(case: Case) -> None:
    precision, recall, _ = precision_recall_curve(case.gold, case.scores)
    ours = trace(case.scores, case.gold)
    np.testing.assert_allclose(ours[0], recall[-2::-1])  # theirs rises with the score and ends in a point of no score
    np.testing.assert_allclose(ours[1], precision[-2::-1])


@settings(deadline=None)
@given(draw_cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_passages_does_not_matter(case: Case, rng: random.Random) -> None:
    order = list(range(len(case.gold)))
    rng.shuffle(order)
    assert average_precision(case.scores[order], case.gold[order]) == average_precision(*case)


def test_average_precision_worked_by_hand() -> None:
    scores = np.array([0.9, 0.8, 0.8, 0.1], dtype=np.float32)
    gold = np.array([True, True, False, True])
    # Precision 1 at recall 1/3, the tied pair together 2/3 at 2/3, at last 3/4 at 1.
    assert average_precision(scores, gold) == round((1 + 2 / 3 + 3 / 4) / 3, 4)


def test_without_a_positive_average_precision_is_undefined() -> None:
    assert average_precision(np.array([0.1, 0.9], dtype=np.float32), np.zeros(2, dtype=np.bool_)) is None


@settings(deadline=None)
@given(draw_cases())
def test_points_lie_within_bounds_and_recall_rises_to_one(case: Case) -> None:
    points = thin_out(*trace(*case))
    assert 1 <= len(points) <= POINTS
    assert all(0 <= recall <= 1 and 0 <= precision <= 1 for recall, precision in points)
    recalls = [recall for recall, _ in points]
    assert recalls == sorted(recalls)
    assert recalls[-1] == 1


@settings(deadline=None)
@given(draw_cases())
def test_the_ends_of_a_curve_are_kept(case: Case) -> None:
    recall, precision = trace(*case)
    points = thin_out(recall, precision)
    assert points[0] == (round(float(recall[0]), 4), round(float(precision[0]), 4))
    assert points[-1] == (1, round(float(case.gold.mean()), 4))


@pytest.mark.parametrize(("size", "kept"), [(1, 1), (POINTS - 1, POINTS - 1), (POINTS, POINTS), (1000, POINTS)])
def test_only_a_long_curve_loses_points(size: int, kept: int) -> None:
    recall = np.arange(1, size + 1) / size
    points = thin_out(recall, np.ones(size))
    assert len(points) == len(set(points)) == kept
