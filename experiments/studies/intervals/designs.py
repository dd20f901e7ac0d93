"""Made-up test sets whose true figures are known, and a count of the intervals that hold them."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from narratives.data import Floats, Matrix
from narratives.metrics.documents import Owners

NARRATIVES, ALIKE = 28, 0.6


@dataclass(frozen=True, slots=True)
class Design:
    """A kind of test set. Rates are drawn once for each narrative, evenly between two bounds."""

    name: str
    documents: int
    positives: tuple[float, float]
    rates: tuple[float, float]  # recall and precision of a run
    alike: float = 0.0

    def draw_rates(self) -> tuple[Floats, Floats, Floats]:
        """Prevalence, recall and share of false alarms among passages without it, by narrative."""
        rng = np.random.default_rng(0)
        carried = rng.uniform(*self.positives, NARRATIVES) / (3.5 * self.documents)
        recall, precision = rng.uniform(*self.rates, (2, NARRATIVES))
        return carried, recall, carried * recall * (1 / precision - 1) / (1 - carried)


DESIGNS = [
    Design("150 documents, 10 positives", 150, (10, 10), (0.4, 0.9)),
    Design("150, 15 positives, a good model", 150, (15, 15), (0.9, 0.99)),
    Design("50 documents, 5 positives", 50, (5, 5), (0.4, 0.9)),
    Design("150, 10 positives, passages of a document alike", 150, (10, 10), (0.4, 0.9), ALIKE),
]


class Coverage:
    """How often intervals held the truth, and how wide they were."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.held: dict[str, list[float]] = defaultdict(list)
        self.widths: dict[str, list[float]] = defaultdict(list)

    def add(self, name: str, low: Floats | float, high: Floats | float, truth: Floats | float) -> None:
        """Take in intervals, of which undefined ones count for nothing."""
        low, high, truth = np.broadcast_arrays(np.atleast_1d(low), np.atleast_1d(high), truth)
        there = ~np.isnan(low)
        self.held[name].append(float(((low - 1e-9 <= truth) & (truth <= high + 1e-9))[there].sum()))
        self.widths[name] += [float(width) for width in (high - low)[there]]

    def show(self, design: str) -> None:
        """Lines of the table."""
        for name, held in self.held.items():
            count = len(self.widths[name])
            print(f"| {design} | {name} | {sum(held) / count:.3f} | {np.mean(self.widths[name]):.3f} |", flush=True)


def draw_documents(documents: int, rng: np.random.Generator) -> Owners:
    """The document of each passage: one passage and a Poisson number more."""
    sizes = rng.poisson(2.5, documents) + 1
    return Owners(np.repeat(np.arange(documents), sizes), documents)


def draw_even(owners: Owners, alike: float, rng: np.random.Generator) -> Floats:
    """Numbers between 0 and 1 by passage and narrative; of passages of a document often the same."""
    numbers = rng.random((len(owners.unit), NARRATIVES))
    if alike:
        shared = rng.random((owners.size, NARRATIVES))[owners.unit]
        numbers = np.where(rng.random(numbers.shape) < alike, shared, numbers)
    return numbers


def answer(gold: Matrix, numbers: Floats, recall: Floats, alarms: Floats) -> Matrix:
    """What a run with these rates raises."""
    return np.where(gold, numbers < recall, numbers > 1 - alarms)
