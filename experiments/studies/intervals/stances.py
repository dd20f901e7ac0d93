"""Do the intervals of stances and of behavioural checks cover? Made-up answers with known true figures, for `coverage.py`."""

from dataclasses import dataclass

import numpy as np
from designs import DESIGNS, Coverage, draw_documents

from narratives.data import UNKNOWN, Floats, Matrix, Passage
from narratives.evaluation import make_share
from narratives.evaluation.breakdowns import find_stances
from narratives.evaluation.joined import Joined
from narratives.metrics.documents import Owners

NARRATIVES = 6
SHARES = np.array([0.5, 0.3, 0.2])  # of the stances
FIGURES = ("precision", "recall", "f1", "end_to_end")


@dataclass(frozen=True, slots=True)
class Teller:
    """A run that finds 7 of 10 narratives, raises as many wrongly as it misses, and tells `right` of the stances found."""

    right: float
    alike: float  # share of the draws of a document that are one draw
    share: float  # of passages that carry each narrative

    def draw(self, owners: Owners, rng: np.random.Generator) -> Joined:
        """Gold and answers."""
        shape = (len(owners.unit), NARRATIVES)

        def even() -> Floats:
            mine, shared = rng.random(shape), rng.random((owners.size, 1))[owners.unit]
            return np.where(rng.random(shape) < self.alike, shared, mine)

        gold = rng.random(shape) < self.share
        predicted = np.where(gold, even() < 0.7, rng.random(shape) < 0.3 * self.share / (1 - self.share))
        true = np.searchsorted(SHARES.cumsum(), even())
        told = np.where(even() < self.right, true, (true + rng.integers(1, 3, shape)) % 3)
        passages = [Passage(str(k), "", {}, str(unit)) for k, unit in enumerate(owners.unit.tolist())]
        return Joined(passages, gold, predicted, None, mark(true, gold), mark(told, predicted))


def mark(stances: Matrix, cells: Matrix) -> Matrix:
    """Stances where there is a narrative."""
    return np.where(cells, stances, UNKNOWN).astype(np.int8)


def study_stances(repetitions: int) -> None:
    """Precision, recall and F1 of each stance among what was found, their share right, and F1 end to end."""
    for design in DESIGNS:
        teller = Teller(0.95 if "good" in design.name else 0.75, design.alike, 28 / NARRATIVES * design.positives[0] / 525)
        truths = find_stances(teller.draw(draw_documents(40_000, np.random.default_rng(7)), np.random.default_rng(8)))
        coverage, rng = Coverage(), np.random.default_rng(1)
        for _ in range(max(1, repetitions // 3)):
            for truth, score in zip(truths, find_stances(teller.draw(draw_documents(design.documents, rng), rng)), strict=True):
                for figure in FIGURES:
                    bounds, value = score.intervals[figure], getattr(truth, figure)
                    if bounds.low is not None and bounds.high is not None:
                        name = f"{figure.replace('_', ' ')} of {'any' if score.stance == 'any' else 'a'} stance"
                        coverage.add(name, bounds.low - 5e-5, bounds.high + 5e-5, value)  # rounded to four digits
        coverage.show(design.name)


def study_checks(repetitions: int) -> None:
    """The share of 56 minimal pairs that fail, two for each narrative; both fail together in some."""
    rng = np.random.default_rng(1)
    for rate in (0.02, 0.1, 0.3, 0.6):
        for alike in (0.0, 0.3):
            coverage = Coverage()
            for _ in range(repetitions):
                shared, own = rng.random((28, 1)) < rate, rng.random((28, 2)) < rate
                failed = np.where(rng.random((28, 1)) < alike, shared, own)
                figure = make_share([[hits, 2] for hits in failed.sum(1).tolist()])
                coverage.add("checks that fail", (figure.low or 0) - 5e-5, (figure.high or 0) + 5e-5, rate)
            coverage.show(f"{rate:.0%} fail, {alike:.0%} of the pairs alike")
