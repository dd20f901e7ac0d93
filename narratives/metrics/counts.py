"""Precision, recall and F1 for multi-label answers, with a stated rule for division by zero."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narratives.data import Floats, Matrix

ZERO_DIVISION = (
    "Precision is undefined for a narrative that is never raised, recall for one with no support, F1 for one with "
    "neither; an undefined value is shown as a dash and left out of macro averages. "
    "A passage that carries none and is given none counts 1 in samples F1."
)


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, false positives and false negatives; arrays of one shape."""

    tp: Floats
    fp: Floats
    fn: Floats

    @property
    def precision(self) -> Floats:
        """Tp / (tp + fp); NaN where nothing was raised."""
        return _divide(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> Floats:
        """Tp / (tp + fn); NaN where there is no support."""
        return _divide(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> Floats:
        """2 tp / (2 tp + fp + fn); NaN where nothing was raised and there is no support."""
        return _divide(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def union(self) -> Floats:
        """Cases of found, wrongly raised and missed together: what F1 is about."""
        return self.tp + self.fp + self.fn

    def take(self, columns: NDArray[np.bool_]) -> "Counts":
        """Those of some columns (the last axis)."""
        return Counts(self.tp[..., columns], self.fp[..., columns], self.fn[..., columns])

    def sum(self, axis: int) -> "Counts":
        """Counts added up along an axis."""
        return Counts(self.tp.sum(axis), self.fp.sum(axis), self.fn.sum(axis))


def count(gold: Matrix, predicted: Matrix, axis: int) -> Counts:
    """Counts added up over passages (`axis` 0) or over narratives (1). No array larger than the matrices is made."""
    return Counts(*(cells.sum(axis).astype(np.float64) for cells in (gold & predicted, ~gold & predicted, gold & ~predicted)))


def macro_f1(counts: Counts) -> Floats:
    """Mean F1 over the last axis (narratives), those with an undefined F1 left out; NaN where all are."""
    return mean_defined(counts.f1)


def mean_defined(values: Floats) -> Floats:
    """Mean over the last axis, NaN left out; NaN where there is nothing else."""
    defined = ~np.isnan(values)
    return _divide(np.where(defined, values, 0.0).sum(-1), defined.sum(-1).astype(np.float64))


def micro_f1(counts: Counts) -> Floats:
    """F1 of the counts pooled over the last axis (narratives)."""
    return counts.sum(-1).f1


def samples_f1(gold: Matrix, predicted: Matrix) -> Floats:
    """F1 of each passage, shape (passages,); 1 where it carries none and is given none."""
    return np.nan_to_num(count(gold, predicted, axis=1).f1, nan=1.0)


def to_plain(figure: float | Floats) -> float | None:
    """A single figure as JSON holds it: rounded to what is worth reading in a diff, `None` where undefined."""
    number = float(figure)
    return None if np.isnan(number) else round(number, 4)


def _divide(above: Floats, below: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(below > 0, above / below, np.nan), dtype=np.float64)
