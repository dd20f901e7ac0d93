"""How far scores can be read as probabilities: the reliability diagram, ECE and the Brier score."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from narratives.data import Floats, Matrix, Scores
from narratives.metrics.documents import Owners
from narratives.metrics.jackknife import find_bias, find_error, find_reach

_SCALES = np.linspace(0, 3, 601)  # of the gaps seen, that are tried as the true ones


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


def bin_scores(scores: Scores | Floats, gold: Matrix, bins: int = 10, chosen: Matrix | None = None) -> list[Bin]:
    """The reliability diagram: decisions sorted by score into `bins` bins of equal width, empty ones included.

    A decision is one narrative of one passage; all are pooled, or those that `chosen` marks. Calibrated scores have `share`
    near `mean` in each bin.
    """
    n, total, hits = np.zeros((3, bins))
    for k, (column, carried) in enumerate(zip(scores.T, gold.T, strict=True)):  # one at a time: a million passages fit
        if chosen is not None:
            column, carried = column[chosen[:, k]], carried[chosen[:, k]]
        place = _place(column, bins)
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


def bound_calibration_error(
    scores: Scores | Floats, gold: Matrix, owners: Owners, chosen: Matrix | None = None, level: float = 0.95, bins: int = 10
) -> tuple[float, float]:
    """The interval of ECE: all values with which the one seen agrees.

    Chance alone makes gaps, so ECE is above 0 where scores are perfectly calibrated, and a bootstrap would add chance to
    chance. True gaps in proportion to those seen are tried; of each trial the mean and the variance of ECE follow from the
    folded normal distribution (Leone, Nelson and Nottingham, 1961), given how much the gap of each bin varies over documents:
    around what a document of its size would have, since ECE is a mean over decisions (Taylor, as for any ratio).
    """
    gaps, sizes = _find_gaps(scores, gold, owners, chosen, bins)
    decisions = sizes.sum()
    observed = np.abs(gaps.sum(0))
    if not decisions or not observed.any():
        return (0.0, 0.0) if decisions else (float("nan"), float("nan"))
    units = len(gaps)
    residuals = gaps - sizes[:, None] * gaps.sum(0) / decisions
    deviations = np.sqrt((residuals**2).sum(0) * units / max(units - 1, 1))
    sure, deviation = observed[deviations == 0].sum(), deviations[deviations > 0]
    true = _SCALES[:, None] * observed[deviations > 0]
    mean = deviation * np.sqrt(2 / np.pi) * np.exp(-(true**2) / (2 * deviation**2)) + true * (1 - 2 * ndtr(-true / deviation))
    variance = true**2 + deviation**2 - mean**2
    reach = find_reach(_tie(residuals, gaps), units - 1, level) * np.sqrt(np.maximum(variance, 0).sum(1))
    agreeing = _SCALES[np.abs(observed.sum() - sure * _SCALES - mean.sum(1)) <= np.maximum(reach, 1e-9)]
    if not len(agreeing):
        return (float(observed.sum() / decisions),) * 2
    low, high = agreeing.min(), max(agreeing.max(), 1.0)
    return float(low * observed.sum() / decisions), min(1.0, float(high * observed.sum() / decisions))


def _tie(residuals: Floats, gaps: Floats) -> Floats:
    """How many times more the gaps of all bins vary together than they would if each went its own way; 1 at least."""
    apart = float((residuals**2).sum())
    together = float(((residuals * np.sign(gaps.sum(0))).sum(1) ** 2).sum())
    return np.asarray(np.sqrt(max(together / apart, 1.0)) if apart else 1.0)


def _find_gaps(
    scores: Scores | Floats, gold: Matrix, owners: Owners, chosen: Matrix | None, bins: int
) -> tuple[Floats, Floats]:
    """Labels less scores, summed by document and bin: shape (units, bins); and the number of decisions by document."""
    gaps, sizes = np.zeros(owners.size * bins), np.zeros(owners.size)
    for k, (column, carried) in enumerate(zip(scores.T, gold.T, strict=True)):
        unit = owners.unit
        if chosen is not None:
            column, carried, unit = column[chosen[:, k]], carried[chosen[:, k]], unit[chosen[:, k]]
        place = unit * bins + _place(column, bins)
        gaps += np.bincount(place, weights=carried - column.astype(np.float64), minlength=len(gaps))
        sizes += np.bincount(unit, minlength=owners.size)
    return gaps.reshape(owners.size, bins), sizes


def _place(column: Scores | Floats, bins: int) -> Any:
    return np.minimum((column.astype(np.float32) * np.float32(bins)).astype(np.int64), bins - 1)


def find_brier_skill(scores: Scores | Floats, gold: Matrix, owners: Owners, level: float = 0.95) -> tuple[float, float, float]:
    """1 - Brier score / that of giving every passage each narrative's share in this gold; and its interval.

    0 says that the scores are worth no more than the base rates, 1 is best, below 0 is worse than base rates. NaN where no
    narrative is carried by some passages and not by others. The interval is the jackknife's over documents, less its bias.
    """
    passages = np.bincount(owners.unit, minlength=owners.size).astype(np.float64)
    squares, carried = np.zeros(owners.size), owners.total(gold)
    for column, labels in zip(scores.T, gold.T, strict=True):
        squares += np.bincount(owners.unit, weights=(column - labels.astype(np.float64)) ** 2, minlength=owners.size)
    value = _skill(squares.sum(), carried.sum(0), passages.sum())
    without = _skill(squares.sum() - squares, carried.sum(0) - carried, (passages.sum() - passages)[:, None])
    reach = float(find_reach(find_error(value, without), owners.size - 1, level))
    middle = float(value - find_bias(value, without))
    return float(value), min(float(value), middle - reach), max(float(value), min(1.0, middle + reach))


def _skill(squares: Floats, carried: Floats, passages: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        base = (carried * (1 - carried / passages)).sum(-1)
        return np.asarray(np.where(base > 0, 1 - squares / base, np.nan))


def brier_score(scores: Scores | Floats, gold: Matrix) -> float:
    """Mean squared difference of score and label (1 carried, 0 not) over all decisions (Brier, 1950); 0 is best.

    It rewards both calibration and telling apart. NaN where there is no decision.
    """
    pairs = zip(scores.T, gold.T, strict=True)
    squares = [float(((column - carried.astype(np.float64)) ** 2).sum()) for column, carried in pairs]
    return sum(squares) / gold.size if gold.size else float("nan")
