"""How far scores can be read as probabilities: the reliability diagram, ECE and the Brier score."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from narratives.data import Floats, Matrix, Scores


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


def bin_scores(scores: Scores | Floats, gold: Matrix, bins: int = 10) -> list[Bin]:
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
