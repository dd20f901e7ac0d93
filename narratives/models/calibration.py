"""Scores that can be read as probabilities, and how far they can: one curve per narrative, fitted on what was not learned."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import to_log_odds, to_share
from narratives.data import Floats, Matrix, Scores

LEAST_ISOTONIC = 1000  # positives from which a curve may have any rising shape; from 200 on it was a little worse (in the log)
_TILT = 0.01  # share of the score itself in an isotonic curve
_SPREAD = np.array([[0.1], [1.0]])  # variances: how far slopes and intercepts lie from the shared ones (measured, in the log)
_WEAK = 10.0  # variance of the shared slope and intercept: felt only where passages tell nothing, or separate perfectly


@dataclass(frozen=True, slots=True)
class Curve:
    """A map of scores in [0, 1] to scores in [0, 1] that never falls; `method` says which of the fields count."""

    method: str  # identity | sigmoid | isotonic
    slope: float = 1.0  # sigmoid: log-odds become slope * log-odds + intercept
    intercept: float = 0.0
    knots: tuple[tuple[float, float], ...] = ()  # isotonic: (score, calibrated score), joined by straight lines

    def apply(self, scores: Scores) -> Scores:
        """Calibrated scores, of the same shape."""
        if self.method == "sigmoid":
            odds = self.slope * to_log_odds(scores) + self.intercept
            return to_share(odds).astype(np.float32)
        if self.method == "isotonic":
            x, y = np.array(self.knots).T
            return np.asarray(np.interp(scores, x, y), dtype=np.float32)
        return scores


@dataclass(frozen=True, slots=True)
class Calibration:
    """A curve for each narrative, in codebook order."""

    curves: tuple[Curve, ...]

    def apply(self, scores: Scores) -> Scores:
        """Calibrated scores of shape (texts, narratives). No two texts change places under a narrative; some may tie.

        Sigmoids are applied together: one by one they took a fifth of the time of a single text.
        """
        sigmoids = [k for k, curve in enumerate(self.curves) if curve.method == "sigmoid"]
        slopes, intercepts = np.array([(self.curves[k].slope, self.curves[k].intercept) for k in sigmoids]).reshape(-1, 2).T
        calibrated = scores.astype(np.float32)
        calibrated[:, sigmoids] = to_share(slopes * to_log_odds(scores[:, sigmoids]) + intercepts)
        for k, curve in enumerate(self.curves):
            if curve.method == "isotonic":
                calibrated[:, k] = curve.apply(scores[:, k])
        return calibrated

    def to_json(self) -> list[dict[str, Any]]:
        """Plain data from which `from_json` rebuilds it to the last digit."""
        return [asdict(curve) for curve in self.curves]

    @classmethod
    def from_json(cls, value: Sequence[Mapping[str, Any]]) -> Self:
        """Rebuild after a trip through JSON, which turns tuples into lists."""
        return cls(tuple(Curve(**{**curve, "knots": tuple((x, y) for x, y in curve["knots"])}) for curve in value))


def fit_calibration(scores: Scores, gold: Matrix, taught: NDArray[np.bool_]) -> Calibration:
    """A curve for each narrative from scores and labels of passages that were not learned from, both (passages, narratives).

    A score is NaN where no model could give one. `taught`, of shape (narratives,), says which have training positives: the
    scores of the others tell likeness to the codebook, not chance, and stay as they are. The taught ones get sigmoids that
    are fitted together; from `LEAST_ISOTONIC` positives on, isotonic regression takes a sigmoid's place (Zadrozny and Elkan,
    2002), which needs so many to find a shape of its own.

    Thresholds are tuned, and some classifiers choose their best epoch, on the same passages. So how well the scores are
    calibrated can be read from test passages only; on these they look better than they are.
    """
    curves = [Curve("identity")] * len(taught)
    if not np.isnan(scores[:, taught]).all():
        for k, sigmoid in zip(taught.nonzero()[0], _fit_sigmoids(scores[:, taught], gold[:, taught]), strict=True):
            rows = ~np.isnan(scores[:, k])
            few = gold[rows, k].sum() < LEAST_ISOTONIC
            curves[k] = sigmoid if few else _fit_isotonic(scores[rows, k], gold[rows, k])
    return Calibration(tuple(curves))


def _fit_sigmoids(scores: Scores, gold: Matrix) -> list[Curve]:
    """Logistic regressions of labels on the scores' log-odds (Platt, 1999), one for each narrative, partially pooled.

    All narratives share a slope and an intercept, from which each departs as far as its passages insist: Gaussian priors,
    the posterior's mode (Gelman and Hill, "Data analysis using regression and multilevel models", 2007, chapter 14). So the
    fewer its positives, the nearer a narrative's curve is to the shared one; slopes are held closer together than
    intercepts. Log-odds are brought to mean 0 and deviation 1, all narratives together, so that the priors mean the same
    for every classifier. Without evidence, scores stay as they are. A slope may not fall below 0, where all scores become
    the base rate: a narrative whose scores point the wrong way says nothing, it is not turned round.
    """
    from scipy.optimize import minimize

    scored = ~np.isnan(scores)
    odds = to_log_odds(scores)
    spread = float(np.std(odds, where=scored))
    middle, width = float(np.mean(odds, where=scored)), spread if np.ptp(odds[scored]) else 1.0
    unit = np.where(scored, (odds - middle) / width, 0.0)
    unchanged = np.array([[width], [middle]])  # the slope and intercept that leave scores as they are

    def loss(parameters: Floats) -> tuple[float, Floats]:
        lines = parameters.reshape(2, -1)  # slopes and intercepts: the shared one first, then each narrative's
        shared, by_narrative = lines[:, :1], lines[:, 1:]
        z = by_narrative[0] * unit + by_narrative[1]
        slack = (to_share(z) - gold) * scored
        pull, hold = (by_narrative - shared) / _SPREAD, (shared - unchanged) / _WEAK
        misfit = np.sum(np.logaddexp(0, z) - gold * z, where=scored)
        priors = np.sum(pull * (by_narrative - shared)) / 2 + np.sum(hold * (shared - unchanged)) / 2
        slopes = np.stack([np.sum(slack * unit, axis=0), np.sum(slack, axis=0)]) + pull
        gradient = np.concatenate([hold - pull.sum(1, keepdims=True), slopes], axis=1)
        return float(misfit + priors), gradient.ravel()

    count = 1 + scores.shape[1]
    bounds = [(0, None)] * count + [(None, None)] * count
    options = {"ftol": 1e-15, "gtol": 1e-6, "maxiter": 5000, "maxfun": 10_000}
    start = np.repeat(unchanged, count)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    slopes, intercepts = best.x.reshape(2, -1)[:, 1:]
    slopes = slopes / width
    return [Curve("sigmoid", *pair) for pair in zip(slopes.tolist(), (intercepts - slopes * middle).tolist(), strict=True)]


def _fit_isotonic(scores: Scores, gold: Matrix) -> Curve:
    """Isotonic regression ("Transforming classifier scores into accurate probability estimates", 2002).

    It is flat in places, and passages there would tie; mixing in 1 % of the score keeps them in order.
    """
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores.astype(np.float64), gold)
    x = np.union1d(fitted.X_thresholds_, [0.0, 1.0])
    y = (1 - _TILT) * np.interp(x, fitted.X_thresholds_, fitted.y_thresholds_) + _TILT * x
    return Curve("isotonic", knots=tuple(zip(x.tolist(), y.tolist(), strict=True)))
