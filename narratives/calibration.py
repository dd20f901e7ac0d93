"""Scores that can be read as probabilities, and how far they can: one curve per narrative, fitted on validation."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from narratives.classifiers import Scores
from narratives.metrics import Floats, Matrix
from narratives.odds import to_log_odds, to_share

LEAST_SIGMOID = 10  # validation positives from which a sigmoid is fitted: it has two parameters
LEAST_ISOTONIC = 200  # and from which an isotonic curve is: it has as many as it likes
_TILT = 0.01  # share of the score itself in an isotonic curve


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
        """Calibrated scores of shape (texts, narratives). No two texts change places under a narrative; some may tie."""
        columns = [curve.apply(column) for curve, column in zip(self.curves, scores.T, strict=True)]
        return np.stack(columns, axis=1, dtype=np.float32)

    def to_json(self) -> list[dict[str, Any]]:
        """Plain data from which `from_json` rebuilds it to the last digit."""
        return [asdict(curve) for curve in self.curves]

    @classmethod
    def from_json(cls, value: Sequence[Mapping[str, Any]]) -> Self:
        """Rebuild after a trip through JSON, which turns tuples into lists."""
        return cls(tuple(Curve(**{**curve, "knots": tuple((x, y) for x, y in curve["knots"])}) for curve in value))


@dataclass(frozen=True, slots=True)
class Bin:
    """The decisions whose scores lie in [low, high); the last bin takes in its upper end."""

    low: float
    high: float
    n: int
    mean: float | None  # score; `None` in an empty bin
    share: float | None  # of the decisions for which gold carries the narrative

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def fit_calibration(scores: Scores, gold: Matrix) -> Calibration:
    """A curve for each narrative from validation scores and labels, both (passages, narratives).

    From 10 positives on a sigmoid (Platt, 1999); from 200 on isotonic regression (Zadrozny and Elkan, 2002), which fits
    any rising shape and needs the data for it; below 10 the scores stay as they are, and are not calibrated.

    Thresholds are tuned, and some classifiers choose their best epoch, on the same validation passages. So how well the
    scores are calibrated can be read from test passages only; on validation they look better than they are.
    """
    return Calibration(tuple(_fit_curve(scores[:, k], gold[:, k]) for k in range(gold.shape[1])))


def reliability(scores: Scores | Floats, gold: Matrix, bins: int = 10) -> list[Bin]:
    """The reliability diagram: decisions sorted by score into `bins` bins of equal width, empty ones included.

    A decision is one narrative of one passage; all are pooled. Calibrated scores have `share` near `mean` in each bin.
    """
    n, total, hits = np.zeros((3, bins))
    for column, carried in zip(scores.T, gold.T, strict=True):  # one at a time: a million passages fit into memory
        place = np.minimum((column.astype(np.float32) * np.float32(bins)).astype(np.int64), bins - 1)
        n += np.bincount(place, minlength=bins)
        total += np.bincount(place, weights=column, minlength=bins)
        hits += np.bincount(place, weights=carried, minlength=bins)
    return [
        Bin(k / bins, (k + 1) / bins, int(n[k]), *((float(total[k] / n[k]), float(hits[k] / n[k])) if n[k] else (None, None)))
        for k in range(bins)
    ]


def expected_calibration_error(diagram: Sequence[Bin]) -> float:
    """ECE of a reliability diagram: the mean over decisions of |share - mean score| of their bin; 0 is best, NaN without any.

    Guo, Pleiss, Sun and Weinberger (ICML 2017), equation 3. They bin the confidence in the one class predicted; here
    narratives exclude none another, so each decision's score is binned against whether the narrative is carried. Most
    decisions are easy noes, which makes ECE small: 0 for a model that gives all texts the base rate. Read it beside Brier
    score, and compare it between models on the same passages only.
    """
    decisions = sum(bin_.n for bin_ in diagram)
    gaps = [bin_.n * abs(bin_.share - bin_.mean) for bin_ in diagram if bin_.share is not None and bin_.mean is not None]
    return sum(gaps) / decisions if decisions else float("nan")


def brier_score(scores: Scores | Floats, gold: Matrix) -> float:
    """Mean squared difference of score and label (1 carried, 0 not) over all decisions (Brier, 1950); 0 is best.

    It rewards both calibration and telling apart. NaN where there is no decision.
    """
    pairs = zip(scores.T, gold.T, strict=True)
    squares = [float(((column - carried.astype(np.float64)) ** 2).sum()) for column, carried in pairs]
    return sum(squares) / gold.size if gold.size else float("nan")


def _fit_curve(scores: Scores, gold: Matrix) -> Curve:
    positives = int(gold.sum())
    if positives < LEAST_SIGMOID:
        return Curve("identity")
    return _fit_sigmoid(scores, gold) if positives < LEAST_ISOTONIC else _fit_isotonic(scores, gold)


def _fit_sigmoid(scores: Scores, gold: Matrix) -> Curve:
    """Platt scaling ("Probabilistic outputs for support vector machines", 1999) of the score's log-odds.

    The targets are his: (n+ + 1) / (n+ + 2) for positives and 1 / (n- + 2) for negatives in place of 1 and 0, so that a
    few passages that happen to be separated do not make scores certain. The slope may not fall below 0, where all scores
    become the base rate: a narrative whose validation scores point the wrong way says nothing, it is not turned round.
    """
    from scipy.optimize import minimize

    odds = to_log_odds(scores)
    positives = gold.sum()
    targets = np.where(gold, (positives + 1) / (positives + 2), 1 / (len(gold) - positives + 2))
    low, width = odds.min(), np.ptp(odds) or 1.0
    unit = (odds - low) / width  # in [0, 1], all 0 where scores are all alike: then the slope stays 0

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z = parameters[0] * unit + parameters[1]
        slack = to_share(z) - targets
        return float(np.mean(np.logaddexp(0, z) - targets * z)), np.array([np.mean(slack * unit), np.mean(slack)])

    options = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000}
    best = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(0, None), (None, None)], options=options)
    slope = float(best.x[0] / width)
    return Curve("sigmoid", slope, float(best.x[1] - slope * low))


def _fit_isotonic(scores: Scores, gold: Matrix) -> Curve:
    """Isotonic regression ("Transforming classifier scores into accurate probability estimates", 2002).

    It is flat in places, and passages there would tie; mixing in 1 % of the score keeps them in order.
    """
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores.astype(np.float64), gold)
    x = np.union1d(fitted.X_thresholds_, [0.0, 1.0])
    y = (1 - _TILT) * np.interp(x, fitted.X_thresholds_, fitted.y_thresholds_) + _TILT * x
    return Curve("isotonic", knots=tuple(zip(x.tolist(), y.tolist(), strict=True)))
