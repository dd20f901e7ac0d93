"""Bootstrap over documents: how far a figure would move had other documents been in the test."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from narratives.metrics import Counts, Floats, Matrix, count, macro_f1, micro_f1, samples_f1

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

    def minus(self, other: "Figures") -> "Figures":
        """Differences, figure by figure."""
        return Figures(*(getattr(self, name) - getattr(other, name) for name in self.__dataclass_fields__))


def measure(gold: Matrix, predicted: Matrix) -> Figures:
    """The figures themselves, on every passage once."""
    return _figures(count(gold, predicted).sum(0), samples_f1(gold, predicted).mean())


def resample(gold: Matrix, predictions: Sequence[Matrix], documents: Sequence[str], resamples: int, seed: int) -> list[Figures]:
    """The figures of each prediction matrix on `resamples` bootstrap samples of documents.

    Documents are drawn, not passages: passages of one document resemble each other, and drawing them one by one would
    give intervals that are too narrow. All predictions meet the same samples, so that their differences are paired.
    Method: cluster bootstrap with percentile intervals (Davison and Hinkley, 1997, section 3.8).
    """
    _, owner = np.unique(np.asarray(documents), return_inverse=True)
    size = int(owner.max()) + 1
    passages = np.bincount(owner, minlength=size).astype(np.float64)
    sums = [_sum_by_document(gold, predicted, owner, size) for predicted in predictions]
    parts: list[list[Figures]] = [[] for _ in predictions]
    for weights in _draw(size, resamples, seed):
        for part, (counts, samples) in zip(parts, sums, strict=True):
            drawn = Counts(weights @ counts.tp, weights @ counts.fp, weights @ counts.fn)
            part.append(_figures(drawn, (weights @ samples) / (weights @ passages)))
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


def _sum_by_document(gold: Matrix, predicted: Matrix, owner: np.ndarray, size: int) -> tuple[Counts, Floats]:
    def total(cells: Floats) -> Floats:
        sums = np.zeros((size, *cells.shape[1:]))
        np.add.at(sums, owner, cells)
        return sums

    cells = count(gold, predicted)
    return Counts(total(cells.tp), total(cells.fp), total(cells.fn)), total(samples_f1(gold, predicted))


def _figures(counts: Counts, samples: Floats) -> Figures:
    return Figures(
        counts.precision, counts.recall, counts.f1, macro_f1(counts), micro_f1(counts), np.asarray(samples, dtype=np.float64)
    )
