"""From scores to answers: one threshold per narrative, where answers are expected to be best."""

import numpy as np

from narratives.data import Floats, Matrix, Scores

DEFAULT = 0.5


def tune_thresholds(scores: Scores) -> Floats:
    """Thresholds of shape (narratives,) from calibrated scores of validation passages (passages, narratives).

    For each narrative the cut with the largest expected F1 over these passages, if scores are probabilities: of the `n`
    highest scores, 2 * their sum / (n + the sum of all). Labels are not asked again: calibration has read them, with more
    restraint than a cut that is fitted to a few positives. The best cut lies at half the F1 expected of it: raising one more
    passage helps as long as its score is above that (Lipton, Elkan and Naryanaswamy, "Optimal thresholding of classifiers
    to maximize F1 measure", ECML PKDD 2014, theorem 1). So no threshold exceeds a half.

    Where scores are all alike there is nothing to cut between, and the threshold is `DEFAULT`.
    """
    falling = -np.sort(-np.asarray(scores, dtype=np.float64), axis=0)
    if not falling.size:
        return np.full(scores.shape[1], DEFAULT)
    found = falling.cumsum(0)
    f1 = 2 * found / (np.arange(1, len(falling) + 1)[:, None] + found[-1])
    return np.where(falling[0] > falling[-1], f1.max(0) / 2, DEFAULT)


def decide(scores: Scores, thresholds: Floats) -> Matrix:
    """Which narratives are raised: scores at or above the threshold."""
    return np.asarray(scores >= thresholds, dtype=np.bool_)
