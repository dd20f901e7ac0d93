"""From scores to answers: one threshold per narrative, tuned where there is enough to tune on."""

import numpy as np
from numpy.typing import NDArray

from narratives.metrics import Floats, Matrix, count, micro_f1
from narratives.odds import to_log_odds, to_share

Scores = NDArray[np.float32]
DEFAULT = 0.5
_RATIOS = np.linspace(0.3, 2.0, 18)  # passages raised for each passage that carries the narrative


def tune_thresholds(scores: Scores, gold: Matrix, shrinkage: float) -> Floats:
    """Thresholds of shape (narratives,) from validation scores and labels, both (passages, narratives).

    Each narrative's own best threshold (largest F1) is drawn, in log-odds, towards a shared rule, with weight
    `n / (n + shrinkage)` for its `n` positives: a few positives would else fit noise. The shared rule is one ratio of
    passages raised to passages that carry the narrative, chosen for the largest micro-F1. A ratio carries over where a
    score would not: a rare narrative's scores may all be low, yet rightly ordered (measured in `experiments/LOG.md`).
    """
    if not gold.any():
        return np.full(gold.shape[1], DEFAULT)
    clipped = np.clip(np.asarray(scores, dtype=np.float64), 1e-6, 1 - 1e-6)
    support = gold.sum(0)
    candidates = [_raise_share(clipped, ratio * support) for ratio in _RATIOS]
    shared = max(candidates, key=lambda cuts: float(np.nan_to_num(micro_f1(count(gold, clipped >= cuts, axis=0)))))
    own = np.array([_best_cut(clipped[:, k], gold[:, k]) if n else shared[k] for k, n in enumerate(support)])
    weight = np.divide(support, support + shrinkage, out=np.zeros(len(support)), where=support > 0)
    odds = weight * to_log_odds(own) + (1 - weight) * to_log_odds(shared)
    return to_share(odds)


def decide(scores: Scores, thresholds: Floats) -> Matrix:
    """Which narratives are raised: scores at or above the threshold."""
    return np.asarray(scores >= thresholds, dtype=np.bool_)


def _raise_share(scores: Floats, wanted: Floats) -> Floats:
    """For each narrative the cut that raises about `wanted` passages; at least one, at most all but one."""
    falling = -np.sort(-scores, axis=0)
    if len(falling) < 2:
        return np.full(scores.shape[1], DEFAULT)
    last = np.clip(np.round(wanted).astype(int), 1, len(falling) - 1)
    columns = np.arange(scores.shape[1])
    return np.asarray((falling[last - 1, columns] + falling[last, columns]) / 2)


def _best_cut(scores: Floats, gold: NDArray[np.bool_]) -> float:
    """The cut with the largest F1. Cuts lie between scores; of several that are equally good, the median."""
    order = np.argsort(-scores, kind="stable")
    falling, hits = scores[order], np.cumsum(gold[order])
    ends = np.flatnonzero(falling[:-1] > falling[1:])  # a cut can only lie where the score changes
    if not len(ends):
        return DEFAULT
    f1 = 2 * hits[ends] / (ends + 1 + gold.sum())
    best = ends[f1 >= f1.max() - 1e-12]
    middle = best[len(best) // 2]  # not their mean: it may lie on a worse cut between two good ones
    return float((falling[middle] + falling[middle + 1]) / 2)
