"""Precision against recall as the threshold moves: average precision, and points to draw."""

import numpy as np
from numpy.typing import NDArray

from narratives.data import Floats
from narratives.metrics.cases import wilson
from narratives.metrics.documents import Owners

POINTS = 40  # points kept of a curve


def average_precision(scores: NDArray[np.float32], gold: NDArray[np.bool_]) -> float | None:
    """Sum of precision times the step in recall, over falling scores (as scikit-learn); `None` without a positive."""
    if not gold.any():
        return None
    recall, precision = trace(scores, gold)
    return round(float(np.sum(np.diff(recall, prepend=0.0) * precision)), 4)


def bound_average_precision(
    scores: NDArray[np.float32], gold: NDArray[np.bool_], owners: Owners, level: float = 0.95
) -> tuple[float, float]:
    """The interval of average precision: Wilson's, on the cases whose share would vary as much. `gold` must hold a positive.

    The variance is the infinitesimal jackknife's over documents (Jaeckel, 1972), that is what average precision gains or loses
    per weight of each passage, added up by document. Positives of one document count as alike: p in all, n by document, are
    worth p^2 / sum n^2 (Kish, 1965, section 5.4). As these are few, the cases lose one in so many; they are at most twice as
    many, since near 1 the variance is hardly seen.
    """
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    carried = gold[order].astype(np.float64)
    last = np.append(np.flatnonzero(falling[:-1] > falling[1:]), len(falling) - 1)
    end = last[np.searchsorted(last, np.arange(len(falling)))]  # tied scores rise together
    hits, ranks = np.cumsum(carried)[end], end + 1.0
    start = np.concatenate([[0], last[:-1] + 1])[np.searchsorted(last, np.arange(len(falling)))]
    value = float((carried * hits / ranks).sum() / hits[-1])
    gain, loss = (np.cumsum(part[::-1])[::-1][start] for part in (carried / ranks, carried * hits / ranks**2))
    influence = np.empty(len(scores))
    influence[order] = (carried * (hits / ranks - value) + carried * gain - loss) / hits[-1]
    variance = float((np.bincount(owners.unit, weights=influence) ** 2).sum())
    holders = np.bincount(owners.unit[gold]).astype(np.float64)
    independent = float(hits[-1]) ** 2 / float((holders**2).sum())
    if independent <= 1:  # one document holds them all
        return 0.0, 1.0
    most = 2 * independent
    cases = min(value * (1 - value) / variance, most) if variance > 0 else most
    worth = np.asarray(cases * max(independent - 1, 0.5) / independent)
    low, high = wilson(value * worth, worth, level)
    return float(low), float(high)


def trace(scores: NDArray[np.float32], gold: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Recall and precision at each distinct score, highest first. `gold` must hold a positive."""
    order = np.argsort(-scores, kind="stable")
    falling, hits = scores[order], np.cumsum(gold[order])
    ends = np.append(np.flatnonzero(falling[:-1] > falling[1:]), len(falling) - 1)  # tied scores rise together
    return hits[ends] / hits[-1], hits[ends] / (ends + 1)


def thin_out(recall: Floats, precision: Floats) -> list[tuple[float, float]]:
    """At most `POINTS` points of a curve: those where it turns, evenly spread, the ends among them.

    Few passages carry a narrative, so most points only lower precision a little: spread over all of them, the points
    kept would miss nearly every rise of recall.
    """
    rises = np.flatnonzero(np.diff(recall, prepend=0.0) > 0)
    turns = np.union1d(np.concatenate([rises, rises[rises > 0] - 1]), [0, len(recall) - 1])
    keep = turns[np.unique(np.linspace(0, len(turns) - 1, POINTS).round().astype(int))]
    return [(round(float(recall[k]), 4), round(float(precision[k]), 4)) for k in keep]
