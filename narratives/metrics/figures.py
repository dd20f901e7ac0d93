"""The figures of one set of predictions, on every passage or with each document left out in turn."""

from dataclasses import dataclass

import numpy as np

from narratives.data import Floats, Matrix
from narratives.metrics.counts import Counts, count, macro_f1, micro_f1
from narratives.metrics.documents import Sums, by_passage


@dataclass(frozen=True, slots=True)
class Figures:
    """Precision, recall and F1 of each narrative, and figures over all of them; perhaps with leading axes."""

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
    return _figures(count(gold, predicted, axis=0), by_passage(gold, predicted).mean(0))


def measure_without(sums: Sums) -> Figures:
    """The figures with each unit left out in turn: a leading axis of units. NaN where nothing is left."""
    shares, passages = (values.sum(0) - values for values in (sums.shares, sums.passages))
    with np.errstate(invalid="ignore", divide="ignore"):
        return _figures(leave_out(sums.counts), np.where(passages[:, None] > 0, shares / passages[:, None], np.nan))


def leave_out(counts: Counts) -> Counts:
    """Totals with each unit (first axis) left out in turn."""
    return Counts(*(cells.sum(0) - cells for cells in (counts.tp, counts.fp, counts.fn)))


def _figures(counts: Counts, shares: Floats) -> Figures:
    scalars = (np.asarray(shares[..., k], dtype=np.float64) for k in range(3))
    return Figures(counts.precision, counts.recall, counts.f1, macro_f1(counts), micro_f1(counts), *scalars)
