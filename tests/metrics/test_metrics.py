"""Precision, recall and F1: worked by hand, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from narratives.data import Floats, Matrix
from narratives.metrics.counts import Counts, count, macro_f1, micro_f1, samples_f1

# Five passages, four narratives: the first is found in part, the second always, the third never, the fourth is not there.
GOLD = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]], dtype=np.bool_)
PREDICTED = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]], dtype=np.bool_)

THOROUGH = settings(deadline=None, max_examples=1000)


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Matrix, Matrix]:
    """Gold and predicted labels of one shape; sparse enough that empty rows and columns are common."""
    shape = draw(st.integers(1, 12)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rates = draw(st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0])), draw(st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0]))
    return rng.random(shape) < rates[0], rng.random(shape) < rates[1]


def by_narrative(gold: Matrix, predicted: Matrix) -> Counts:
    return count(gold, predicted, axis=0)


def sklearn_figures(gold: Matrix, predicted: Matrix, average: str | None, zero_division: float) -> list[Floats]:
    if gold.shape[1] == 1:  # a single column would be taken for binary labels; one that is always empty adds nothing
        gold, predicted = (np.hstack([matrix, np.zeros_like(matrix)]) for matrix in (gold, predicted))
    figures = precision_recall_fscore_support(gold, predicted, average=average, zero_division=zero_division)
    return [np.asarray(values, dtype=np.float64) for values in figures[:3]]


def test_precision_recall_and_f1_of_an_example_worked_by_hand() -> None:
    counts = by_narrative(GOLD, PREDICTED)
    np.testing.assert_allclose(counts.precision, [2 / 3, 1, np.nan, np.nan])
    np.testing.assert_allclose(counts.recall, [2 / 3, 1, 0, np.nan])
    np.testing.assert_allclose(counts.f1, [2 / 3, 1, 0, np.nan])


def test_averages_of_an_example_worked_by_hand() -> None:
    counts = by_narrative(GOLD, PREDICTED)
    assert macro_f1(counts) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert micro_f1(counts) == pytest.approx(2 * 4 / (2 * 4 + 1 + 2))
    np.testing.assert_allclose(samples_f1(GOLD, PREDICTED), [1, 0, 2 / 3, 2 / 3, 1])


@THOROUGH
@given(matrices())
def test_figures_of_each_narrative_agree_with_sklearn(both: tuple[Matrix, Matrix]) -> None:
    counts = by_narrative(*both)
    expected = sklearn_figures(*both, average=None, zero_division=np.nan)
    for ours, theirs in zip((counts.precision, counts.recall, counts.f1), expected, strict=True):
        np.testing.assert_allclose(ours, theirs[: both[0].shape[1]])


@THOROUGH
@given(matrices())
def test_macro_f1_agrees_with_sklearn_that_leaves_undefined_out(both: tuple[Matrix, Matrix]) -> None:
    expected = sklearn_figures(*both, average="macro", zero_division=np.nan)[2]
    np.testing.assert_allclose(macro_f1(by_narrative(*both)), expected)


@THOROUGH
@given(matrices())
def test_micro_f1_agrees_with_sklearn(both: tuple[Matrix, Matrix]) -> None:
    expected = sklearn_figures(*both, average="micro", zero_division=np.nan)[2]
    np.testing.assert_allclose(micro_f1(by_narrative(*both)), expected)


@THOROUGH
@given(matrices())
def test_samples_f1_agrees_with_sklearn_where_nothing_to_find_counts_one(both: tuple[Matrix, Matrix]) -> None:
    expected = sklearn_figures(*both, average="samples", zero_division=1.0)[2]
    np.testing.assert_allclose(samples_f1(*both).mean(), expected)


@settings(deadline=None)
@given(matrices())
def test_swapping_gold_and_predicted_swaps_precision_and_recall(both: tuple[Matrix, Matrix]) -> None:
    gold, predicted = both
    here, there = by_narrative(gold, predicted), by_narrative(predicted, gold)
    np.testing.assert_array_equal(here.precision, there.recall)
    np.testing.assert_array_equal(here.f1, there.f1)


def test_a_narrative_never_raised_has_no_precision_but_an_f1_of_zero() -> None:
    counts = by_narrative(np.array([[True], [False]]), np.array([[False], [False]]))
    assert np.isnan(counts.precision[0])
    assert counts.recall[0] == 0
    assert counts.f1[0] == 0


def test_a_false_alarm_for_a_narrative_without_support_counts_in_macro_f1() -> None:
    gold = np.array([[True, False], [True, False]])
    assert macro_f1(by_narrative(gold, gold)) == 1
    assert macro_f1(by_narrative(gold, np.array([[True, True], [True, False]]))) == 0.5


def test_nothing_to_find_and_nothing_raised_leaves_macro_and_micro_f1_undefined() -> None:
    empty = np.zeros((3, 2), dtype=np.bool_)
    assert np.isnan(macro_f1(by_narrative(empty, empty)))
    assert np.isnan(micro_f1(by_narrative(empty, empty)))
    np.testing.assert_array_equal(samples_f1(empty, empty), [1, 1, 1])


@pytest.mark.filterwarnings("error")
def test_undefined_figures_raise_no_warning() -> None:
    empty = np.zeros((2, 2), dtype=np.bool_)
    counts = by_narrative(empty, empty)
    assert all(np.isnan(values).all() for values in (counts.precision, counts.recall, counts.f1, macro_f1(counts)))


def test_counts_cover_every_cell_that_is_not_a_true_negative() -> None:
    counts = by_narrative(GOLD, PREDICTED)
    np.testing.assert_array_equal(counts.tp + counts.fn, GOLD.sum(0))
    np.testing.assert_array_equal(counts.tp + counts.fp, PREDICTED.sum(0))
