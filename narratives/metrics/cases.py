"""Intervals of shares of cases (precision, recall, F1) that hold on few cases and where cases of one document are alike."""

import numpy as np
from scipy.special import ndtri

from narratives.data import Floats
from narratives.metrics.counts import Counts


def wilson(hits: Floats, cases: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson's interval of a share, arrays of one shape; `cases` need not be whole. NaN where there is no case.

    It is never of no width: 15 of 15 is 0.80 to 1. Method: Wilson (1927), Journal of the American Statistical Association
    22, 209-212.
    """
    z = float(ndtri((1 + level) / 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / cases
        middle = (share + z * z / (2 * cases)) / (1 + z * z / cases)
        reach = z / (1 + z * z / cases) * np.sqrt(share * (1 - share) / cases + z * z / (4 * cases * cases))
    return np.where(cases > 0, np.clip(middle - reach, 0, 1), np.nan), np.where(
        cases > 0, np.clip(middle + reach, 0, 1), np.nan
    )


def find_design_effect(hits: Floats, cases: Floats) -> Floats:
    """How many times fewer independent cases each column is worth: shape (columns,), 1 or more.

    `hits` and `cases` have shape (documents, columns). The correlation of two cases of a document is one figure for all
    columns (one alone has too few pairs to tell), by analysis of variance, as 0 where negative; each column has its own
    sizes of documents: 1 + correlation (sum n^2 / sum n - 1). One document that holds all cases counts as one case.
    Method: Kish (1965), Survey Sampling, section 5.4; Donner and Klar (2000), Design and Analysis of Cluster Randomization
    Trials, for the correlation.
    """
    totals = cases.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.where(totals > 0, (cases**2).sum(0) / totals, 1.0)
        share, rates = hits.sum(0) / totals, np.where(cases > 0, hits / cases, 0.0)
    return np.asarray(np.maximum(1 + _correlate(cases, rates, share, size, totals) * (size - 1), 1.0))


def _correlate(cases: Floats, rates: Floats, share: Floats, size: Floats, totals: Floats) -> Floats:
    present = cases > 0
    documents = present.sum(0)
    varied = (share > 0) & (share < 1) & (documents > 1)
    spread = (cases * (rates - share) ** 2)[:, varied].sum()
    within = (cases * rates * (1 - rates))[:, varied].sum()
    free, remaining = (documents - 1)[varied].sum(), (totals - documents)[varied].sum()
    alone = np.where(documents == 1, 1.0, 0.0)
    if free <= 0 or remaining <= 0:
        return alone
    typical = (totals - size)[varied].sum() / free
    between, residual = spread / free, within / remaining
    below = between + (typical - 1) * residual
    pooled = min(max((between - residual) / below, 0.0), 1.0) if below > 0 else 0.0
    return np.where(documents == 1, 1.0, pooled)


def bound_shares(hits: Floats, cases: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """The interval of each column's share: Wilson's, on cases divided by the design effect.

    Hits and cases are by document, shape (documents, columns).
    """
    effect = find_design_effect(hits, cases)
    return wilson(hits.sum(0) / effect, cases.sum(0) / effect, level)


def bound_f1(counts: Counts, level: float = 0.95) -> tuple[Floats, Floats]:
    """The interval of each column's F1, from counts by document.

    It is that of the share J = tp / (tp + fp + fn), since F1 = 2 J / (1 + J) rises with it.
    """
    low, high = bound_shares(counts.tp, counts.union, level)
    return 2 * low / (1 + low), 2 * high / (1 + high)
