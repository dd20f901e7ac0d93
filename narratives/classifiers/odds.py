"""Between shares and log-odds, in which scores of different classifiers add up."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

EDGE = 1e-6  # a share no nearer to 0 and 1 than this: a sure score must not outweigh all others for good


def to_log_odds(shares: ArrayLike) -> NDArray[np.float64]:
    """Log-odds of shares in [0, 1], clipped at `EDGE`."""
    clipped = np.clip(np.asarray(shares, dtype=np.float64), EDGE, 1 - EDGE)
    return np.asarray(np.log(clipped / (1 - clipped)), dtype=np.float64)


def to_share(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logistic function, which neither overflows nor underflows; NaN stays NaN."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.exp(-np.logaddexp(0, -log_odds)), dtype=np.float64)
