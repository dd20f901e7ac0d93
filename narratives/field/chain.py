"""The chain rule: what a feed holds, from the labelled texts among those that were raised and among the others.

The share of the feed that is raised is known, since all of it was answered. What is not known is which part of it carries the
narrative, and which part of the rest. Both get a posterior under Jeffreys' prior, Beta(1/2, 1/2), independent of each other;
prevalence, recall and F1 are sums and ratios of the two. Method for each share: Brown, Cai and DasGupta (2001), Statistical
Science 16, 101-133; for weighted labels and whole documents on as many labels as they are worth: Franco, Little, Louis and
Slud (2019), Journal of Survey Statistics and Methodology 7, 334-364. How well it holds: `experiments/studies/prevalence/`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, betaln, ndtr, ndtri

from narratives.data import Floats

LEVEL = 0.95
_JEFFREYS, _LEAN = (0.5, 0.5), (0.25, 0.75)  # texts that carry it and texts that do not, before any label
_POINTS = 1597  # of a Fibonacci lattice, at which both posteriors are looked at together
_TURN = 987 / 1597
_NODES = 61  # at which one posterior is computed; between them it is interpolated
_REACH = 4.2  # standard normal quantiles between which all of this lies


@dataclass(frozen=True, slots=True)
class Cells:
    """Labelled texts among those raised (or among the others), arrays of one shape (...)."""

    size: Floats  # texts of the feed
    seen: Floats  # of these, labelled
    worth: Floats  # independent labels that those are worth
    hits: Floats  # of these, how many carry it; need not be whole

    @property
    def share(self) -> Floats:
        """The share of labelled texts that carries it; 0 where none is labelled."""
        return np.divide(self.hits, self.worth, out=np.zeros_like(self.hits), where=self.worth > 0)


@dataclass(frozen=True, slots=True)
class Bounds:
    """A figure with its interval, arrays of shape (...); NaN where it is undefined."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Chain:
    """What the labels say of the feed."""

    prevalence: Bounds
    precision: Bounds
    recall: Bounds
    f1: Bounds


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution by its points, each with a weight: shape (..., points), points ascending."""

    points: Floats
    weights: Floats

    def find(self, share: float) -> Floats:
        """The quantile at `share`, of shape (...)."""
        flat = self.points.reshape(-1, self.points.shape[-1])
        weights = self.weights.reshape(flat.shape)
        middle = np.cumsum(weights, axis=-1) - weights / 2
        hit = [np.interp(share, row, points) for row, points in zip(middle, flat, strict=True)]
        return np.array(hit).reshape(self.points.shape[:-1])


def estimate(raised: Cells, others: Cells, level: float = LEVEL) -> Chain:
    """Prevalence, precision, recall and F1 in the feed, with intervals of `level`.

    A cell in which no labelled text carries it may hold none at all: it adds nothing to the lower bound of prevalence, as
    Brown, Cai and DasGupta advise for Jeffreys' interval. Else two priors of half a text each would lift what is very rare.
    In the same way recall reaches 0 and 1, and so does F1.
    """
    total = raised.size + others.size
    raised_share, other_share = raised.size / total, others.size / total
    a, b, weights = _look(raised, others, _JEFFREYS)
    hit, missed = raised_share[..., None] * a, other_share[..., None] * b
    nothing, complete = raised.hits <= 0, others.hits <= 0
    right, left = raised_share * raised.share, other_share * others.share
    with np.errstate(invalid="ignore", divide="ignore"):
        carried = hit + missed
        recall, f1 = hit / carried, 2 * hit / (raised_share[..., None] + carried)
        values = (right + left, np.where(raised.worth > 0, raised.share, np.nan), right / (right + left))
        mean = 2 * right / (raised_share + right + left)
    prevalence = _bound(values[0], carried, weights, level)
    least = np.where(nothing[..., None], 0, hit) + np.where(complete[..., None], 0, missed)
    low = np.fmin(_sort(least, weights).find((1 - level) / 2), prevalence.low)
    high = np.where(nothing & complete, np.fmax(prevalence.high, _reach_unseen(raised, others, level)), prevalence.high)
    full = (raised.hits >= raised.worth) & (raised.worth > 0)
    return Chain(
        prevalence=Bounds(prevalence.value, low, high),
        precision=_blank(_bound_share(raised, values[1], level), raised.size <= 0),
        recall=_open(_bound(values[2], recall, weights, level), nothing, complete),
        f1=_open(_bound(mean, f1, weights, level), nothing, full & complete),
    )


def compare_periods(before: tuple[Cells, Cells], after: tuple[Cells, Cells]) -> Floats:
    """Two-sided p-values, shape (...), of no change: twice the smaller posterior probability of no rise and of no fall.

    The side that would have to be higher gets half of the prior text that carries it, Beta(1/4, 3/4), so that the prior alone,
    which weighs more in the smaller sample, is no change. Method: Agresti and Min (2005), Biometrics 61, 515-523, there with
    Jeffreys' prior on both sides, which called changes in 6 % of families where the second sample was a quarter of the first.
    """
    sides = [[_spread(cells, prior) for prior in (_JEFFREYS, _LEAN)] for cells in (before, after)]
    no_rise = _find_above(sides[0][0], sides[1][1])
    no_fall = _find_above(sides[1][0], sides[0][1])
    return np.asarray(np.minimum(1.0, 2 * np.minimum(no_rise, no_fall)))


def _spread(cells: tuple[Cells, Cells], prior: tuple[float, float]) -> Spread:
    """The posterior of the prevalence."""
    raised, others = cells
    total = raised.size + others.size
    a, b, weights = _look(raised, others, prior)
    return _sort((raised.size / total)[..., None] * a + (others.size / total)[..., None] * b, weights)


def _find_above(one_side: Spread, other_side: Spread) -> Floats:
    """The probability that the first is at least the second, equal points shared between both; shape (...)."""
    shape = one_side.points.shape[:-1]
    sides = (one_side.points, one_side.weights, other_side.points, other_side.weights)
    above = []
    for points, weights, others, others_weights in zip(*(x.reshape(-1, x.shape[-1]) for x in sides), strict=True):
        below = np.concatenate([[0.0], np.cumsum(others_weights)])
        low, high = (below[np.searchsorted(others, points, side)] for side in ("left", "right"))
        above.append(float((weights * (low + high) / 2).sum()))
    return np.array(above).reshape(shape)


def _look(raised: Cells, others: Cells, prior: tuple[float, float]) -> tuple[Floats, Floats, Floats]:
    """Both posteriors at the points of a lattice, shapes (..., points), and the points' weights.

    Standard normal quantiles are spread evenly over a square, no two points with the same of either posterior, so that sums of
    both have no steps. Method: Niederreiter (1992), Random Number Generation and Quasi-Monte Carlo Methods, section 5.1.
    """
    grid = np.linspace(-_REACH, _REACH, _NODES)
    shares = ndtr(grid)
    k = np.arange(_POINTS)
    spots = ((k + 0.5) / _POINTS, (k * _TURN + 0.5 / _POINTS) % 1)
    weights = np.exp(-sum((_REACH * (2 * spot - 1)) ** 2 for spot in spots) / 2)
    pairs = zip((raised, others), spots, strict=True)
    a, b = (_add_known(cells, _interpolate(_find_unread(cells, shares, prior), spot)) for cells, spot in pairs)
    return a, b, weights / weights.sum()


def _interpolate(values: Floats, spots: NDArray[np.floating[Any]]) -> Floats:
    """Values on an even grid (..., nodes) at places in [0, 1) of it."""
    place = spots * (values.shape[-1] - 1)
    below = place.astype(int)
    part = place - below
    return np.asarray(values[..., below] * (1 - part) + values[..., below + 1] * part)


def _find_unread(cells: Cells, shares: Floats, prior: tuple[float, float]) -> Floats:
    """Quantiles of the share among the texts of a cell that nobody has read, which follows a beta-binomial.

    It is taken as a beta of the same mean and variance: of M texts left with posterior Beta(a, b) it has
    a + b = M (a + b + 1) / (a + b + M) - 1 instead. How likely none of them carries it, or every one, is computed exactly:
    of a small feed whose few texts were all seen, that is what the bounds hang on.
    """
    a, b = cells.hits + prior[0], np.maximum(cells.worth - cells.hits, 0) + prior[1]
    left = np.maximum(cells.size - cells.seen, 1e-9)
    strength = np.maximum(left * (a + b + 1) / (a + b + left) - 1, 1e-3)
    mean = a / (a + b)
    some = betaincinv((mean * strength)[..., None], ((1 - mean) * strength)[..., None], shares)
    none, every = (np.exp(betaln(*more) - betaln(a, b))[..., None] for more in ((a, b + left), (a + left, b)))
    single = 1 / left[..., None]  # a text more than none, or less than every one
    some = np.where(left[..., None] > 2, np.clip(some, single, 1 - single), some)
    return np.where(shares <= none, 0.0, np.where(shares >= 1 - every, 1.0, some))


def _add_known(cells: Cells, unread: Floats) -> Floats:
    """The share among all texts of a cell: those that were read are known, and of the others a whole number carries it.

    So there is no doubt left of a cell that was read whole, and it may be that no further text carries it.
    """
    left = np.maximum(cells.size - cells.seen, 0)[..., None]
    carried = (cells.seen * cells.share)[..., None] + np.round(unread * left)
    return np.asarray(np.minimum(carried / np.maximum(cells.size, 1)[..., None], 1))


def _sort(points: Floats, weights: Floats) -> Spread:
    order = np.argsort(points, axis=-1)
    return Spread(np.take_along_axis(points, order, -1), weights[order])


def _bound(value: Floats, points: Floats, weights: Floats, level: float) -> Bounds:
    spread = _sort(points, weights)
    return Bounds(value, np.fmin(spread.find((1 - level) / 2), value), np.fmax(spread.find((1 + level) / 2), value))


def _open(bounds: Bounds, zero: NDArray[np.bool_], saturated: NDArray[np.bool_]) -> Bounds:
    return Bounds(bounds.value, np.where(zero, 0.0, bounds.low), np.where(saturated, 1.0, bounds.high))


def _reach_unseen(raised: Cells, others: Cells, level: float) -> Floats:
    """How much a feed may hold of what no labelled text carries: as much as leaves a sample without it one time in forty.

    Jeffreys' interval is too short there, by a third (Brown, Cai and DasGupta, section 4.1.3). Where what is raised may hold
    as many texts as that third, the second prior makes up for it, and nothing is added: 0.
    """
    size, worth = raised.size + others.size, raised.worth + others.worth
    part = np.clip(worth / np.maximum(size, 1), 1e-12, 1 - 1e-12)
    texts = np.log((1 - level) / 2) / np.log1p(-part)
    unread = np.maximum(size - raised.seen - others.seen, 0)
    second = _find_unread(raised, np.array([(1 + level) / 2]), _JEFFREYS)[..., 0] * np.maximum(raised.size - raised.seen, 0)
    return np.where(second < texts / 2, np.minimum(texts, unread) / np.maximum(size, 1), 0.0)


def _bound_share(cells: Cells, value: Floats, level: float) -> Bounds:
    """The share of one cell; 0 and 1 are within reach where no labelled text, or every one, carries it."""
    sides = _add_known(cells, _find_unread(cells, np.array([(1 - level) / 2, (1 + level) / 2]), _JEFFREYS))
    open_ = cells.seen < cells.size
    low = np.where((cells.hits <= 0) & open_, 0.0, np.fmin(sides[..., 0], value))
    high = np.where((cells.hits >= cells.worth) & open_, 1.0, np.fmax(sides[..., 1], value))
    return Bounds(value, low, high)


def _blank(bounds: Bounds, where: NDArray[np.bool_]) -> Bounds:
    return Bounds(*(np.where(where, np.nan, side) for side in (bounds.value, bounds.low, bounds.high)))


def find_reach(level: float = LEVEL) -> float:
    """How many standard errors an interval reaches."""
    return float(ndtri((1 + level) / 2))
