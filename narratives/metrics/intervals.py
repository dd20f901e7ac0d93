"""An interval for every figure, from sums by document; how well each holds: `experiments/studies/intervals/`."""

import numpy as np

from narratives.data import Floats
from narratives.metrics.cases import bound_f1, bound_shares, find_design_effect, wilson
from narratives.metrics.counts import Counts, macro_f1
from narratives.metrics.documents import Sums
from narratives.metrics.figures import Figures, leave_out
from narratives.metrics.jackknife import find_bias, find_error, find_reach

INTERVALS = (
    "95 %, the document is the unit; no random number is drawn. Shares of cases (precision, recall, F1, micro F1, exact match, "
    "coverage): Wilson's interval on the cases divided by a design effect, 1 + c (sum n^2 / sum n - 1) with n the cases of a "
    "document and c the correlation of two cases of one document, pooled over narratives; F1 = 2 J / (1 + J) of the share J of "
    "right cases among found, missed and wrongly raised ones. Means of several figures (macro F1, samples F1): Student's t on "
    "the jackknife's standard error over documents, around macro F1 less the jackknife's bias (F1 of few cases is too low); "
    "where no document differs, Wilson's on as many cases as the mean is worth"
)


def bound(sums: Sums, level: float = 0.95) -> tuple[Figures, Figures]:
    """The lower and the upper bounds of all figures; NaN where a figure is undefined."""
    counts, passages = sums.counts, sums.passages[:, None]
    pooled = Counts(*(cells.sum(1, keepdims=True) for cells in (counts.tp, counts.fp, counts.fn)))
    pairs = (
        bound_shares(counts.tp, counts.tp + counts.fp, level),
        bound_shares(counts.tp, counts.tp + counts.fn, level),
        bound_f1(counts, level),
        bound_macro(counts, level),
        tuple(side[0] for side in bound_f1(pooled, level)),
        _bound_mean(sums.shares[:, 0], sums.passages, level),
        *(tuple(side[0] for side in bound_shares(sums.shares[:, [k]], passages, level)) for k in (1, 2)),
    )
    low, high = zip(*pairs, strict=True)
    return Figures(*low), Figures(*high)


def bound_macro(counts: Counts, level: float = 0.95) -> tuple[Floats, Floats]:
    """The interval of macro F1, from counts by document (documents, narratives)."""
    total = counts.sum(0)
    value = macro_f1(total)
    without = macro_f1(leave_out(counts))
    error = find_error(value, without)
    if error > 0:
        middle, reach = value - find_bias(value, without), find_reach(error, len(counts.tp) - 1, level)
        low, high = _clip(middle, reach)
        return np.minimum(low, value), np.maximum(high, value)
    cases = counts.union
    worth = cases.sum(0) / find_design_effect(counts.tp, cases)
    counted = worth > 0
    if not counted.any():
        return value, value
    equal = counted.sum() ** 2 / (1 / worth[counted]).sum()  # cases whose share varies as much as the mean of these shares
    low, high = wilson(value / (2 - value) * equal, np.asarray(equal), level)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def _bound_mean(sums: Floats, passages: Floats, level: float) -> tuple[Floats, Floats]:
    """The interval of a mean over passages of figures between 0 and 1, from sums by document."""
    value = np.asarray(sums.sum() / passages.sum()) if passages.sum() else np.asarray(np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = find_error(value, (sums.sum() - sums) / (passages.sum() - passages))
    if error > 0:
        return _clip(value, find_reach(error, len(sums) - 1, level))
    units = np.asarray(float(len(sums)))
    return wilson(value * units, units, level)


def _clip(value: Floats, reach: Floats) -> tuple[Floats, Floats]:
    return np.clip(value - reach, 0, 1), np.clip(value + reach, 0, 1)
