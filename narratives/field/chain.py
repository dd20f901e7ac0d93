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
from scipy.special import betaincinv, ndtr, ndtri

from narratives.data import Floats

LEVEL = 0.95
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
    a, b, weights = _look(raised, others)
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


def spread_prevalence(raised: Cells, others: Cells) -> Spread:
    """The posterior of the prevalence."""
    total = raised.size + others.size
    a, b, weights = _look(raised, others)
    points = (raised.size / total)[..., None] * a + (others.size / total)[..., None] * b
    return _sort(points, weights)


def compare_spreads(before: Spread, after: Spread) -> Floats:
    """Two-sided p-values, shape (...), of no change: twice the smaller posterior probability of a rise and of a fall.

    Method: a posterior under Jeffreys' prior as a test of two shares: Agresti and Min (2005), Biometrics 61, 515-523.
    """
    shape = before.points.shape[:-1]
    rows = [x.reshape(-1, x.shape[-1]) for x in (before.points, before.weights, after.points, after.weights)]
    rises = []
    for points, weights, others, others_weights in zip(*rows, strict=True):
        above = np.concatenate([[0.0], np.cumsum(others_weights)])
        low, high = (above[np.searchsorted(others, points, side)] for side in ("left", "right"))
        rises.append(float((weights * (1 - (low + high) / 2)).sum()))
    rise = np.array(rises).reshape(shape)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(rise, 1 - rise)))


def _look(raised: Cells, others: Cells) -> tuple[Floats, Floats, Floats]:
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
    a, b = (_add_known(cells, _interpolate(_find_unread(cells, shares), spot)) for cells, spot in pairs)
    return a, b, weights / weights.sum()


def _interpolate(values: Floats, spots: NDArray[np.floating[Any]]) -> Floats:
    """Values on an even grid (..., nodes) at places in [0, 1) of it."""
    place = spots * (values.shape[-1] - 1)
    below = place.astype(int)
    part = place - below
    return np.asarray(values[..., below] * (1 - part) + values[..., below + 1] * part)


def _find_unread(cells: Cells, shares: Floats) -> Floats:
    """Quantiles of the share among the texts of a cell that nobody has read, which follows a beta-binomial.

    It is taken as a beta of the same mean and variance: of M texts left with posterior Beta(a, b) it has
    a + b = M (a + b + 1) / (a + b + M) - 1 instead.
    """
    a, b = cells.hits + 0.5, np.maximum(cells.worth - cells.hits, 0) + 0.5
    left = np.maximum(cells.size - cells.seen, 1e-9)
    strength = np.maximum(left * (a + b + 1) / (a + b + left) - 1, 1e-3)
    mean = a / (a + b)
    return np.asarray(betaincinv((mean * strength)[..., None], ((1 - mean) * strength)[..., None], shares))


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

    Jeffreys' interval is too short there (Brown, Cai and DasGupta, section 4.1.3). Where the model raises something that is
    labelled too, the second prior makes up for it, and nothing is added: 0.
    """
    size, worth = raised.size + others.size, raised.worth + others.worth
    part = np.clip(worth / np.maximum(size, 1), 1e-12, 1 - 1e-12)
    texts = np.log((1 - level) / 2) / np.log1p(-part)
    unread = np.maximum(size - raised.seen - others.seen, 0)
    return np.where(raised.size / np.maximum(size, 1) * worth < 1, np.minimum(texts, unread) / np.maximum(size, 1), 0.0)


def _bound_share(cells: Cells, value: Floats, level: float) -> Bounds:
    """The share of one cell; 0 and 1 are within reach where no labelled text, or every one, carries it."""
    sides = _add_known(cells, _find_unread(cells, np.array([(1 - level) / 2, (1 + level) / 2])))
    open_ = cells.seen < cells.size
    low = np.where((cells.hits <= 0) & open_, 0.0, np.fmin(sides[..., 0], value))
    high = np.where((cells.hits >= cells.worth) & open_, 1.0, np.fmax(sides[..., 1], value))
    return Bounds(value, low, high)


def _blank(bounds: Bounds, where: NDArray[np.bool_]) -> Bounds:
    return Bounds(*(np.where(where, np.nan, side) for side in (bounds.value, bounds.low, bounds.high)))


def find_reach(level: float = LEVEL) -> float:
    """How many standard errors an interval reaches."""
    return float(ndtri((1 + level) / 2))
