"""Calibration: curves that keep the order of scores, and figures that tell how far scores are probabilities."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss

from narratives.data import Floats, Matrix, Scores
from narratives.metrics.reliability import bin_scores, brier_score, expected_calibration_error
from narratives.models.calibration import LEAST_ISOTONIC, Calibration, Curve, fit_calibration

FEW = [0.0, 1e-12, 0.1, 0.25, 0.5, 0.75, 0.9, 1 - 2**-24, 1.0]  # few values, so that ties are common
GRID = np.concatenate([np.linspace(0, 1, 1001), np.logspace(-40, -1, 200), 1 - np.logspace(-8, -1, 200)])
GRID = np.unique(GRID.astype(np.float32))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Scores, Matrix]:
    """Scores with exact zeros, ones and ties in half of the cases; supports on both sides of both limits.

    Labels follow the scores, or have nothing to do with them, or go against them.
    """
    n, narratives = draw(st.sampled_from([1, 12, 60, 150, 1600])), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = n, narratives
    scores = rng.choice(FEW, shape) if draw(st.booleans()) else rng.random(shape) ** draw(st.sampled_from([1, 8]))
    chance = draw(st.sampled_from([scores, 1 - scores, 0.0, 0.1, 0.7, 1.0]))
    return scores.astype(np.float32), rng.random(shape) < chance


def draw_overconfident(n: int, rate: float, seed: int) -> tuple[Scores, Matrix]:
    """Labels drawn with known chances, and scores whose log-odds are three times too far out, and shifted."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(np.log(rate / (1 - rate)), 1.5, (n, 1))
    gold = rng.random((n, 1)) < 1 / (1 + np.exp(-odds))
    return (1 / (1 + np.exp(-3 * odds - 1))).astype(np.float32), gold


def error(scores: Scores, gold: Matrix) -> float:
    return expected_calibration_error(bin_scores(scores, gold))


def fit(scores: Scores, gold: Matrix) -> Calibration:
    """All narratives were taught."""
    return fit_calibration(scores, gold, np.ones(gold.shape[1], dtype=np.bool_))


@settings(deadline=None)
@given(cases(), st.integers(0, 7))
def test_which_curve_is_fitted_depends_on_teaching_and_positives(case: tuple[Scores, Matrix], mask: int) -> None:
    scores, gold = case
    taught = (mask >> np.arange(gold.shape[1])) % 2 == 1
    curves = fit_calibration(scores, gold, taught).curves
    expected = np.where(taught, np.where(gold.sum(0) < LEAST_ISOTONIC, "sigmoid", "isotonic"), "identity")
    assert [curve.method for curve in curves] == expected.tolist()
    if taught.any():  # the untaught stay as they are, and nothing leans on them
        assert [c for c, yes in zip(curves, taught, strict=True) if yes] == list(fit(scores[:, taught], gold[:, taught]).curves)


@pytest.mark.parametrize(("positives", "method"), [(0, "sigmoid"), (999, "sigmoid"), (1000, "isotonic"), (1500, "isotonic")])
def test_the_limits_themselves(positives: int, method: str) -> None:
    scores = np.linspace(0.1, 0.9, 1500, dtype=np.float32)[:, None]
    assert fit(scores, np.arange(1500)[:, None] >= 1500 - positives).curves[0].method == method


@pytest.mark.filterwarnings("error")
@settings(deadline=None)
@given(cases())
def test_no_score_leaves_its_range_and_no_two_change_places(case: tuple[Scores, Matrix]) -> None:
    calibration = fit(*case)
    for curve in calibration.curves:
        calibrated = curve.apply(GRID)
        assert calibrated.dtype == np.float32
        assert np.all((calibrated >= 0) & (calibrated <= 1))
        assert np.all(np.diff(calibrated) >= 0)
    calibrated = calibration.apply(case[0])
    assert calibrated.dtype == np.float32 and calibrated.shape == case[0].shape


@settings(deadline=None)
@given(cases())
def test_scores_that_differ_visibly_still_differ_unless_they_point_the_wrong_way(case: tuple[Scores, Matrix]) -> None:
    visible = np.linspace(0.01, 0.99, 99, dtype=np.float32)
    for curve in fit(*case).curves:
        if curve.method != "sigmoid":
            assert np.all(np.diff(curve.apply(visible)) > 0)
        elif curve.slope == 0:
            assert len(set(curve.apply(visible).tolist())) == 1


@settings(deadline=None)
@given(cases())
def test_a_text_gets_the_same_score_whatever_stands_beside_it(case: tuple[Scores, Matrix]) -> None:
    calibration = fit(*case)
    whole = calibration.apply(case[0])
    rows = [calibration.apply(case[0][k : k + 1])[0] for k in range(min(5, len(whole)))]
    np.testing.assert_allclose(rows, whole[:5], rtol=1e-6, atol=1e-9)
    assert calibration.apply(case[0][:0]).shape == (0, whole.shape[1])


@settings(deadline=None)
@given(cases())
def test_a_trip_through_json_changes_no_digit(case: tuple[Scores, Matrix]) -> None:
    calibration = fit(*case)
    again = Calibration.from_json(json.loads(json.dumps(calibration.to_json(), allow_nan=False)))
    assert again == calibration
    np.testing.assert_array_equal(again.apply(case[0]), calibration.apply(case[0]))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_isotonic_curve_is_sklearns_with_one_per_cent_of_the_score_mixed_in(seed: int, ties: bool) -> None:
    scores, gold = draw_overconfident(3000, 0.5, seed)
    scores = np.round(scores, 2) if ties else scores
    [curve] = fit(scores, gold).curves
    assert curve.method == "isotonic"
    fitted = IsotonicRegression(out_of_bounds="clip").fit(scores[:, 0].astype(np.float64), gold[:, 0])
    expected = 0.99 * fitted.predict(GRID.astype(np.float64)) + 0.01 * GRID
    np.testing.assert_allclose(curve.apply(GRID), expected, atol=1e-6)


@pytest.mark.parametrize(("rate", "method"), [(0.02, "sigmoid"), (0.5, "isotonic")])
@pytest.mark.parametrize("seed", range(5))
def test_overconfident_scores_are_put_right_on_texts_not_fitted_on(rate: float, method: str, seed: int) -> None:
    calibration = fit(*draw_overconfident(3000, rate, seed))
    assert calibration.curves[0].method == method
    scores, gold = draw_overconfident(20_000, rate, seed + 100)
    after = calibration.apply(scores)
    assert error(after, gold) < 0.5 * error(scores, gold)
    assert brier_score(after, gold) < brier_score(scores, gold)


@settings(deadline=None)
@given(cases())
def test_brier_score_agrees_with_sklearn(case: tuple[Scores, Matrix]) -> None:
    scores, gold = case
    expected = brier_score_loss(gold.ravel(), scores.ravel().astype(np.float64), pos_label=True)
    assert brier_score(scores.astype(np.float64), gold) == pytest.approx(expected)
    assert brier_score(scores, gold) == pytest.approx(expected, abs=1e-7)


@settings(deadline=None)
@given(cases(), st.sampled_from([1, 2, 7, 10, 15]))
def test_bins_hold_every_decision_once_and_give_its_figures(case: tuple[Scores, Matrix], bins: int) -> None:
    scores, gold = case
    diagram = bin_scores(scores, gold, bins)
    assert [(bin_.low, bin_.high) for bin_ in diagram] == [(k / bins, (k + 1) / bins) for k in range(bins)]
    assert sum(bin_.n for bin_ in diagram) == gold.size
    assert sum(bin_.n * (bin_.share or 0) for bin_ in diagram) == pytest.approx(gold.sum())
    assert sum(bin_.n * (bin_.mean or 0) for bin_ in diagram) == pytest.approx(scores.sum(), rel=1e-4)
    for bin_ in diagram:
        assert (bin_.n == 0) == (bin_.mean is None) == (bin_.share is None)
        assert bin_.mean is None or bin_.low - 1e-6 <= bin_.mean <= bin_.high + 1e-6
        assert json.loads(json.dumps(bin_.to_json()))["n"] == bin_.n


def test_the_figures_of_an_example_worked_by_hand() -> None:
    scores = np.array([[0.1, 0.3], [0.7, 0.9], [0.7, 1.0]])
    gold = np.array([[False, True], [True, True], [False, True]])
    low, high = bin_scores(scores, gold, bins=2)
    assert list(low.to_json().values()) == pytest.approx([0, 0.5, 2, 0.2, 0.5])
    assert list(high.to_json().values()) == pytest.approx([0.5, 1, 4, 0.825, 0.75])
    assert expected_calibration_error([low, high]) == pytest.approx((2 * 0.3 + 4 * 0.075) / 6)
    assert brier_score(scores, gold) == pytest.approx((0.01 + 0.49 + 0.09 + 0.01 + 0.49 + 0) / 6)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_score_on_an_edge_belongs_to_the_bin_above(kind: Callable[[Floats], NDArray[np.floating]]) -> None:
    edges = np.array([[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]])
    diagram = bin_scores(np.asarray(kind(edges)), np.zeros((1, 11), dtype=np.bool_))
    assert [bin_.n for bin_ in diagram] == [1] * 9 + [2]


@settings(deadline=None)
@given(cases())
def test_labels_given_as_scores_have_no_error(case: tuple[Scores, Matrix]) -> None:
    sure = case[1].astype(np.float32)
    assert error(sure, case[1]) == brier_score(sure, case[1]) == 0
    assert error(1 - sure, case[1]) == brier_score(1 - sure, case[1]) == 1


def test_the_base_rate_for_every_text_has_no_calibration_error_but_a_brier_score() -> None:
    gold = np.arange(100)[:, None] < 30
    scores = np.full((100, 1), 0.3, dtype=np.float32)
    assert error(scores, gold) == pytest.approx(0, abs=1e-7)
    assert brier_score(scores, gold) == pytest.approx(0.3 * 0.7)


@pytest.mark.filterwarnings("error")
def test_no_decisions_have_no_error_to_give() -> None:
    scores, gold = np.zeros((0, 2), dtype=np.float32), np.zeros((0, 2), dtype=np.bool_)
    assert np.isnan(error(scores, gold)) and np.isnan(brier_score(scores, gold))


def test_a_curve_of_each_kind_by_hand() -> None:
    curves = (Curve("identity"), Curve("sigmoid", 2.0, 1.0), Curve("isotonic", knots=((0.0, 0.1), (0.5, 0.1), (1.0, 0.7))))
    scores = np.array([[0.25, 0.5, 0.75]], dtype=np.float32)
    np.testing.assert_allclose(Calibration(curves).apply(scores), [[0.25, 1 / (1 + np.exp(-1)), 0.4]], rtol=1e-6)
