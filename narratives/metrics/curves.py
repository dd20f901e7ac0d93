"""Precision against recall as the threshold moves: average precision, and points to draw."""

import numpy as np
from numpy.typing import NDArray

from narratives.data import Floats

POINTS = 40  # points kept of a curve


def average_precision(scores: NDArray[np.float32], gold: NDArray[np.bool_]) -> float | None:
    """Sum of precision times the step in recall, over falling scores (as scikit-learn); `None` without a positive."""
    if not gold.any():
        return None
    recall, precision = trace(scores, gold)
    return round(float(np.sum(np.diff(recall, prepend=0.0) * precision)), 4)


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
