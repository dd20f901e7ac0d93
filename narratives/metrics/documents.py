"""Counts of each document: documents are drawn, passages of one resemble each other, so they are the unit of all intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narratives.data import Floats, Matrix
from narratives.metrics.counts import Counts, samples_f1

GROUPS = 20_000  # more documents than this are put into this many random groups: as units larger, their variance is the same


@dataclass(frozen=True, slots=True)
class Owners:
    """Which unit each passage belongs to: its document or, where there are very many, a random group of documents."""

    unit: NDArray[np.int64]  # (passages,)
    size: int

    def total(self, columns: NDArray[np.bool_] | NDArray[np.floating]) -> Floats:
        """Sums over the passages of each unit: shape (units, columns) for (passages, columns)."""
        # Column by column: a float matrix of a million passages would take more memory than all else together.
        sums = [np.bincount(self.unit, weights=columns[:, k], minlength=self.size) for k in range(columns.shape[1])]
        return np.stack(sums, axis=1) if sums else np.zeros((self.size, 0))

    def take(self, rows: NDArray[np.bool_]) -> "Owners":
        """The units of some of the passages, numbered anew."""
        units, unit = np.unique(self.unit[rows], return_inverse=True)
        return Owners(unit, len(units))


@dataclass(frozen=True, slots=True)
class Sums:
    """What the figures are made of, unit by unit."""

    counts: Counts  # (units, narratives)
    passages: Floats  # (units,)
    shares: Floats  # (units, 3): sums over passages of samples F1, exact match, coverage


def find_owners(documents: Sequence[str], seed: int = 0) -> Owners:
    """The unit of each passage."""
    _, unit = np.unique(np.asarray(documents), return_inverse=True)
    size = int(unit.max()) + 1 if len(unit) else 0
    if size <= GROUPS:
        return Owners(unit, size)
    return Owners(np.random.default_rng(seed).permutation(size)[unit] % GROUPS, GROUPS)


def sum_by_document(gold: Matrix, predicted: Matrix, owners: Owners) -> Sums:
    """The sums of one set of predictions."""
    counts = Counts(*(owners.total(cells) for cells in (gold & predicted, ~gold & predicted, gold & ~predicted)))
    passages = np.bincount(owners.unit, minlength=owners.size).astype(np.float64)
    return Sums(counts, passages, owners.total(by_passage(gold, predicted)))


def by_passage(gold: Matrix, predicted: Matrix) -> Floats:
    """Samples F1, exact match and coverage of each passage: shape (passages, 3)."""
    return np.stack([samples_f1(gold, predicted), (gold == predicted).all(1), predicted.any(1)], axis=1)
