"""Sigmoids fitted together: what a narrative owes to the others, and what is left where there is little to go by."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.classifiers.odds import to_log_odds, to_share
from narratives.data import Floats, Matrix, Scores
from narratives.metrics.reliability import brier_score
from narratives.models.calibration import Calibration, Curve, fit_calibration

HALF = np.array([0.5], dtype=np.float32)
GRID = np.linspace(0, 1, 1001, dtype=np.float32)


def draw(n: int, rates: list[float], seed: int, steep: float = 3.0, shift: float = 1.0) -> tuple[Scores, Matrix]:
    """Labels with known chances, and scores three times too far out; those of the last narrative are bent in another way."""
    rng = np.random.default_rng(seed)
    odds = to_log_odds(rates) + rng.normal(0, 1.5, (n, len(rates)))
    gold = rng.random(odds.shape) < to_share(odds)
    bent = 3 * odds + 1
    bent[:, -1] = steep * odds[:, -1] + shift
    return to_share(bent).astype(np.float32), gold


def fit(scores: Scores, gold: Matrix) -> tuple[Curve, ...]:
    return fit_calibration(scores, gold, np.ones(gold.shape[1], dtype=np.bool_)).curves


def middle(curve: Curve) -> float:
    """Log-odds of what becomes of a half."""
    return float(to_log_odds(curve.apply(HALF))[0])


def posterior(scores: Scores, gold: Matrix, lines: Floats) -> float:
    """Minus its logarithm, at the shared slope and intercept and those of each narrative, (2, 1 + narratives)."""
    clipped = np.clip(scores.astype(np.float64), 1e-6, 1 - 1e-6)
    odds = np.log(clipped / (1 - clipped))
    mean, deviation = odds.mean(), odds.std()
    slopes, intercepts = lines[0] * deviation, lines[1] + lines[0] * mean  # on log-odds of mean 0 and deviation 1
    chance = 1 / (1 + np.exp(-(slopes[1:] * (odds - mean) / deviation + intercepts[1:])))
    priors = [((slopes[1:] - slopes[0]) ** 2).sum() / 0.1, ((intercepts[1:] - intercepts[0]) ** 2).sum() / 1]
    priors += [(slopes[0] - deviation) ** 2 / 10, (intercepts[0] - mean) ** 2 / 10]
    return float(sum(priors) / 2 - np.log(np.where(gold, chance, 1 - chance)).sum())


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_no_other_curves_are_likelier(seed: int, narratives: int) -> None:
    rng = np.random.default_rng(seed)
    scores, gold = draw(60, [0.05, 0.1, 0.3, 0.5][:narratives], seed)
    own = np.array([[curve.slope, curve.intercept] for curve in fit(scores, gold)]).T
    odds = to_log_odds(scores)
    slopes, intercepts = own[0] * odds.std(), own[1] + own[0] * odds.mean()
    slope = (slopes.sum() / 0.1 + odds.std() / 10) / (narratives / 0.1 + 1 / 10)  # the best shared ones, given each own one
    intercept = (intercepts.sum() + odds.mean() / 10) / (narratives + 1 / 10)
    lines = np.column_stack([[slope / odds.std(), intercept - slope / odds.std() * odds.mean()], own])
    best = posterior(scores, gold, lines)
    for step in (1e-1, 1e-2, 1e-3):
        other = lines + rng.normal(0, step, lines.shape)
        other[0] = np.maximum(other[0], 0)
        assert posterior(scores, gold, other) > best - 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_a_narrative_with_few_positives_lies_near_the_others_and_one_with_many_near_its_own(seed: int) -> None:
    moved = {}
    for rate in (0.005, 0.4):
        scores, gold = draw(400, [0.1] * 7 + [rate], seed, steep=0.7)
        [*others, last], [alone] = fit(scores, gold), fit(scores[:, -1:], gold[:, -1:])
        shared = float(np.mean([curve.slope for curve in others]))
        moved[rate] = (last.slope - shared) / (alone.slope - shared)
    assert abs(moved[0.005]) < 0.1 < moved[0.4] < 1
    scores, gold = draw(400, [0.1] * 7 + [0.4], seed, shift=5)
    [*others, last], [alone] = fit(scores, gold), fit(scores[:, -1:], gold[:, -1:])
    assert abs(middle(last) - middle(alone)) < 0.2 * abs(middle(last) - float(np.mean([middle(curve) for curve in others])))


@pytest.mark.parametrize("seed", range(5))
def test_narratives_with_few_positives_are_put_right_together(seed: int) -> None:
    scores, gold = draw(300, [0.01] * 30, seed)
    assert gold.sum(0).max() < 20
    together = Calibration(fit(scores, gold))
    alone = Calibration(tuple(fit(scores[:, [k]], gold[:, [k]])[0] for k in range(30)))
    scores, gold = draw(5000, [0.01] * 30, seed + 100)
    assert brier_score(together.apply(scores), gold) < brier_score(alone.apply(scores), gold) < brier_score(scores, gold)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 5), st.sampled_from([0.0, 0.1, 0.5, 1.0]))
@pytest.mark.filterwarnings("error")
def test_nothing_but_noise_is_borne(seed: int, n: int, narratives: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.choice(np.array([0, 1e-7, 0.3, 0.3000001, 1], dtype=np.float32), (n, narratives))
    gold = rng.random(scores.shape) < rate
    curves = fit(scores, gold)
    assert curves == fit(scores, gold)
    for curve in curves:
        assert np.isfinite([curve.slope, curve.intercept]).all() and curve.slope >= 0
        assert np.all(np.diff(curve.apply(GRID)) >= 0)


def test_no_passages_and_no_teaching_leave_scores_as_they_are() -> None:
    scores, gold = np.zeros((0, 2), dtype=np.float32), np.zeros((0, 2), dtype=np.bool_)
    assert fit(scores, gold) == (Curve("identity"),) * 2
    scores = np.full((3, 2), 0.2, dtype=np.float32)
    assert fit_calibration(scores, scores > 0, np.zeros(2, dtype=np.bool_)).curves == (Curve("identity"),) * 2


def test_scores_that_point_the_wrong_way_become_the_base_rate() -> None:
    scores = np.linspace(0.1, 0.9, 100, dtype=np.float32)[:, None]
    [curve] = fit(scores, np.arange(100)[:, None] < 20)
    assert curve.slope == 0
    np.testing.assert_allclose(curve.apply(GRID), 0.2, atol=0.005)


def test_among_others_that_point_the_right_way_the_wrong_one_loses_slope() -> None:
    scores, gold = draw(300, [0.2] * 5, seed=0)
    gold[:, 0] = scores[:, 0] < np.quantile(scores[:, 0], 0.2)
    first, *others = fit(scores, gold)
    assert 0 <= first.slope < min(curve.slope for curve in others) / 2


def test_scores_that_are_all_alike_become_the_base_rate() -> None:
    scores = np.full((100, 1), 0.3, dtype=np.float32)
    [curve] = fit(scores, np.arange(100)[:, None] < 20)
    assert curve.apply(scores[:1, 0]) == pytest.approx(0.2, abs=0.005)


@pytest.mark.parametrize("narratives", [1, 20])
def test_passages_that_happen_to_be_separated_make_no_score_certain(narratives: int) -> None:
    gold = np.tile(np.arange(40)[:, None] >= 30, narratives)
    calibrated = fit(scores := np.where(gold, 0.6, 0.4).astype(np.float32), gold)[0].apply(scores[:, 0])
    assert 0.9 < calibrated[-1] < 0.9995 and 0.0005 < calibrated[0] < 0.1


def test_where_no_passage_carries_any_narrative_scores_fall_and_keep_their_order() -> None:
    scores = np.random.default_rng(0).random((50, 3)).astype(np.float32)
    for column, curve in zip(scores.T, fit(scores, np.zeros((50, 3), dtype=np.bool_)), strict=True):
        calibrated = curve.apply(column)
        assert 0 < calibrated.max() < 0.05
        assert np.all(np.diff(calibrated[np.argsort(column)]) >= 0)
