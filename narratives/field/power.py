"""What a sample could have noticed, and how many labels it takes: by normal and Poisson approximations, on known shares."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, ndtri

from narratives.data import Floats
from narratives.field.chain import Cells

POWER = 0.8  # "noticed" means four times in five
MOST = 1_000_000  # labels beyond which nobody labels
_COUNTS = 400  # expected counts above which a normal approximation takes over


def find_variance(raised: Cells, others: Cells) -> Floats:
    """The variance of the prevalence times the number of labels, shape (...), at posterior means of both shares."""
    total = raised.size + others.size
    variance = np.zeros_like(total)
    for cells in (raised, others):
        share = (cells.hits + 0.5) / (cells.worth + 1)
        variance += cells.size / total * share * (1 - share)
    return np.asarray(variance)


def find_needed(raised: Cells, others: Cells, width: float) -> Floats:
    """Labels drawn by lot with which the 95 % interval of the prevalence reaches about `width` to its longer side.

    n width = 1.25 + 1.96 sqrt(n v + 0.4), v the variance of one label: what Jeffreys' interval reaches upwards with a count of
    n v, 2.5 of n where none carries it.
    """
    z2, v = 1.96**2, find_variance(raised, others)
    middle = 2.5 * width + z2 * v
    needed = (middle + np.sqrt(middle**2 - 4 * width**2 * (1.25**2 - 0.4 * z2))) / (2 * width**2)
    return np.minimum(np.ceil(needed), MOST)


def find_power(before: float, after: float, spread: tuple[float, float], labels: tuple[float, float], alpha: float) -> float:
    """How often a change from one prevalence to another is noticed.

    `spread` are the variances of one label in both periods, `labels` how many there are. A prevalence p with variance v of
    one label is as sure as a Poisson count of n p^2 / v; two counts are compared by the posterior probability that one rate
    is above the other, under the priors of `compare_periods`: a beta (Przyborowski and Wilenski, 1940, for the conditional
    test that it corrects). Above some hundreds a normal approximation says the same.
    """
    rates = (before, after)
    if min(rates) <= 0:
        return 0.0
    counts = [n * rate * rate / v if v > 0 else math.inf for rate, v, n in zip(rates, spread, labels, strict=True)]
    scales = [count / rate for count, rate in zip(counts, rates, strict=True)]
    if max(counts) > _COUNTS:
        error = math.sqrt(sum(v / n for v, n in zip(spread, labels, strict=True)))
        return float(_normal(abs(after - before) / error - float(ndtri(1 - alpha / 2)))) if error else 1.0
    seen = [np.arange(int(count + 8 * math.sqrt(count) + 10)) for count in counts]
    chances = [_poisson(k, count) for k, count in zip(seen, counts, strict=True)]
    a, b, place = seen[0][:, None], seen[1][None, :], scales[0] / sum(scales)
    rise = betainc(a + 0.5, b + 0.25, place)  # the probability that the rate after is above the rate before
    fall = 1 - betainc(a + 0.25, b + 0.5, place)
    p = 2 * np.minimum(1 - rise, 1 - fall)
    noticed = (p < alpha) & (seen[0][:, None] + seen[1][None, :] > 0)
    return float((chances[0][:, None] * chances[1][None, :] * noticed).sum())


def find_noticeable(prevalence: float, variance: float, labels: tuple[float, float], alpha: float) -> float | None:
    """The smallest rise of a prevalence that is noticed four times in five; `None` where none would be.

    What carries it is taken to rise in both cells alike, so that the variance of a label rises with the prevalence.
    """
    low, high = prevalence, min(1.0, max(prevalence * 2, 1e-4))
    if prevalence <= 0 or min(labels) <= 0:
        return None

    def notices(after: float) -> bool:
        spread = (variance, min(variance * after / prevalence, 0.25))
        return find_power(prevalence, after, spread, labels, alpha) >= POWER

    while not notices(high):
        if high >= 1:
            return None
        low, high = high, min(1.0, 2 * high)
    while high - low > 0.01 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if notices(middle) else (middle, high)
    return high - prevalence


def find_labels_for_change(before: float, after: float, spread: tuple[float, float], alpha: float) -> int | None:
    """Labels in each of two periods with which a change of this size is noticed four times in five; `None`: out of reach."""
    if before == after:
        return None
    reach = float(ndtri(1 - alpha / 2)) + float(ndtri(POWER))
    needed = math.ceil(reach**2 * sum(spread) / (after - before) ** 2)
    return needed if needed <= MOST else None


def _poisson(counts: NDArray[np.int64], mean: float) -> Floats:
    from scipy.stats import poisson

    return np.asarray(poisson.pmf(counts, mean))


def _normal(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))
