"""From scores to answers: one threshold per narrative, where answers are expected to be best."""

import numpy as np

from narratives.classifiers import to_log_odds, to_share
from narratives.data import Floats, Matrix, Scores
from narratives.metrics import highest_share

DEFAULT = 0.5


def tune_thresholds(scores: Scores, rarer: float = 1.0) -> Floats:
    """Thresholds of shape (narratives,) from calibrated scores (passages, narratives), NaN where there is none.

    For each narrative the cut with the largest expected F1 over these passages, if scores are probabilities: of the `n`
    highest scores, 2 * their sum / (n + the sum of all). Labels are not asked again: calibration has read them, with more
    restraint than a cut that is fitted to a few positives. The best cut lies at half the F1 expected of it: raising one more
    passage helps as long as its score is above that (Lipton, Elkan and Naryanaswamy, "Optimal thresholding of classifiers
    to maximize F1 measure", ECML PKDD 2014, theorem 1). So no threshold exceeds a half.

    `rarer`: for one passage here that does not carry a narrative, the texts to be read hold so many. A wrong alarm then counts
    so many times, and scores are read as they would be there (Elkan, "The foundations of cost-sensitive learning", IJCAI
    2001, theorem 2): above 1, thresholds rise.

    Where scores are all alike there is nothing to cut between, and the threshold is `DEFAULT`.
    """
    falling = -np.sort(-np.nan_to_num(np.asarray(scores, dtype=np.float64)), axis=0)
    if not falling.size:
        return np.full(scores.shape[1], DEFAULT)
    hits = falling.cumsum(0)
    raised = np.arange(1, len(falling) + 1)[:, None] + (rarer - 1) * (1 - falling).cumsum(0)
    thresholds = (2 * hits / (raised + hits[-1])).max(0) / 2
    if rarer != 1:
        thresholds = rarer * thresholds / (1 + (rarer - 1) * thresholds)  # odds times `rarer`, exact for the smallest ones, too
    return np.where(falling[0] > falling[-1], thresholds, DEFAULT)


def tune_together(scores: Scores, rarer: float = 1.0) -> Floats:
    """The same for all answers in one pot: one threshold for all narratives, where the expected micro F1 is largest."""
    return np.full(scores.shape[1], tune_thresholds(scores.reshape(-1, 1), rarer)[0])


def cap_alarms(thresholds: Floats, scores: Scores, max_alarms: float) -> Floats:
    """Thresholds that are high enough for background texts, whose calibrated scores are (texts, narratives).

    All rise by the same step in log-odds, the smallest with which the share of texts in which anything is raised is at most
    `max_alarms`: the upper 95 % bound of that share, not the share itself (Clopper and Pearson, 1934). So with fewer than
    about 3 / `max_alarms` texts nothing can be promised: then thresholds rise above every score there is.
    """
    step = _find_step(thresholds, scores, max_alarms)
    return thresholds if step < 0 else _move(thresholds, step)


def spend_alarms(thresholds: Floats, scores: Scores, max_alarms: float) -> Floats:
    """The same, but thresholds fall, too, as far as the alarms allow: what may be raised is raised."""
    step = _find_step(thresholds, scores, max_alarms)
    return thresholds if np.isneginf(step) else _move(thresholds, step)


def _find_step(thresholds: Floats, scores: Scores, max_alarms: float) -> float:
    """The margin of the first text that must not raise anything; -inf where all may."""
    margins = (to_log_odds(scores) - to_log_odds(thresholds))[:, thresholds < 1].max(1, initial=-np.inf)
    n = len(margins)
    allowed = max((k for k in range(n) if highest_share(k, n) <= max_alarms), default=-1)
    return -np.inf if not n or allowed >= n else float(np.sort(margins)[::-1][max(allowed, 0)])


def _move(thresholds: Floats, step: float) -> Floats:
    moved = to_share(to_log_odds(thresholds) + np.nextafter(step, np.inf) + 1e-6)
    return np.where(thresholds < 1, moved, thresholds)


def decide(scores: Scores, thresholds: Floats) -> Matrix:
    """Which narratives are raised: scores at or above the threshold."""
    return np.asarray(scores >= thresholds, dtype=np.bool_)
