"""Bootstrap over documents: how far a figure would move had other documents been in the test."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narratives.data import Floats, Matrix
from narratives.metrics.counts import Counts, count, macro_f1, micro_f1, samples_f1

GROUPS = 20_000  # more documents than this are drawn in this many random groups
_CELLS = 20_000_000  # weights held at once: 160 MB


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one set of predictions, or of each of B resamples (then with a leading axis of length B)."""

    precision: Floats  # (..., narratives)
    recall: Floats
    f1: Floats
    macro_f1: Floats  # (...)
    micro_f1: Floats
    samples_f1: Floats
    exact_match: Floats  # share of passages whose narratives are all right and none is missing
    coverage: Floats  # share of passages for which a narrative is raised

    def minus(self, other: "Figures") -> "Figures":
        """Differences, figure by figure."""
        return Figures(*(getattr(self, name) - getattr(other, name) for name in self.__dataclass_fields__))


def measure(gold: Matrix, predicted: Matrix) -> Figures:
    """The figures themselves, on every passage once."""
    return _figures(count(gold, predicted, axis=0), _by_passage(gold, predicted).mean(0))


def resample(gold: Matrix, predictions: Sequence[Matrix], documents: Sequence[str], resamples: int, seed: int) -> list[Figures]:
    """The figures of each prediction matrix on `resamples` bootstrap samples of documents.

    Documents are drawn, not passages: passages of one document resemble each other, and drawing them one by one would
    give intervals that are too narrow. All predictions meet the same samples, so that their differences are paired.
    Method: cluster bootstrap with percentile intervals (Davison and Hinkley, 1997, section 3.8). Of more than `GROUPS`
    documents, random groups are drawn instead: as clusters they are larger, their variance is the same.
    """
    _, owner = np.unique(np.asarray(documents), return_inverse=True)
    size = int(owner.max()) + 1
    if size > GROUPS:
        owner = np.random.default_rng(seed).permutation(size)[owner] % GROUPS
        size = GROUPS
    passages = np.bincount(owner, minlength=size).astype(np.float64)
    sums = [_sum_by_document(gold, predicted, owner, size) for predicted in predictions]
    parts: list[list[Figures]] = [[] for _ in predictions]
    for weights in _draw(size, resamples, seed):
        drawn_passages = (weights @ passages)[:, None]
        for part, (counts, shares) in zip(parts, sums, strict=True):
            drawn = Counts(weights @ counts.tp, weights @ counts.fp, weights @ counts.fn)
            part.append(_figures(drawn, (weights @ shares) / drawn_passages))
    return [
        Figures(*(np.concatenate([getattr(figures, name) for figures in part]) for name in Figures.__dataclass_fields__))
        for part in parts
    ]


def interval(values: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Percentile interval over the first axis; NaN where every resample was undefined."""
    tail = (1 - level) / 2
    undefined = np.isnan(values).all(axis=0)
    low, high = np.nanquantile(np.where(undefined, 0.0, values), [tail, 1 - tail], axis=0)
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)


def _draw(size: int, resamples: int, seed: int) -> Iterator[Floats]:
    rng = np.random.default_rng(seed)
    block = max(1, min(resamples, _CELLS // size))
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        yield rng.multinomial(size, np.full(size, 1 / size), size=rows).astype(np.float64)


def _sum_by_document(gold: Matrix, predicted: Matrix, owner: NDArray[np.int64], size: int) -> tuple[Counts, Floats]:
    def total(columns: NDArray[np.bool_] | Floats) -> Floats:
        # Column by column: a float matrix of a million passages would take more memory than all else together.
        return np.stack([np.bincount(owner, weights=columns[:, k], minlength=size) for k in range(columns.shape[1])], axis=1)

    counts = Counts(total(gold & predicted), total(~gold & predicted), total(gold & ~predicted))
    return counts, total(_by_passage(gold, predicted))


def _by_passage(gold: Matrix, predicted: Matrix) -> Floats:
    """Samples F1, exact match and coverage of each passage: shape (passages, 3)."""
    return np.stack([samples_f1(gold, predicted), (gold == predicted).all(1), predicted.any(1)], axis=1)


def _figures(counts: Counts, shares: Floats) -> Figures:
    scalars = (np.asarray(shares[..., k], dtype=np.float64) for k in range(3))
    return Figures(counts.precision, counts.recall, counts.f1, macro_f1(counts), micro_f1(counts), *scalars)
