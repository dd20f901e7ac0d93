"""May a faster way of computing take the place of the exact one? Only if, on validation, it answers the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np

from narratives.classifiers import Classifier
from narratives.data import Floats, Matrix, Scores, Texts
from narratives.metrics import Counts, count, micro_f1
from narratives.models.calibration import Calibration
from narratives.models.thresholds import decide

MOST_FLIPS = 0.002  # share of the label decisions
MOST_FALL = 0.005  # of micro F1, and of a narrative's F1
CHANCE = 2  # decisions: of a narrative with few positives a single one moves F1 further than that, and proves nothing
_SAMPLES = 64


@dataclass(frozen=True, slots=True)
class Falls:
    """What F1 loses."""

    largest: float  # of all narratives
    counted: float  # of those of which more than `CHANCE` decisions got worse
    micro: float

    def list_reasons(self) -> list[str]:
        """What is too much; empty where nothing is."""
        reasons = [f"a narrative's F1 falls by {self.counted:.3f}"] * (self.counted > MOST_FALL)
        return reasons + [f"micro F1 falls by {self.micro:.3f}"] * (self.micro > MOST_FALL)


@dataclass(frozen=True, slots=True)
class Parity:
    """How a faster way of computing compares with the exact one on validation."""

    inference: str
    flips: int  # decisions that differ, thresholds as they were tuned
    decisions: int
    moved: int  # thresholds that then moved within their gap
    fall: float  # of F1, with the thresholds as they are now: the largest of all narratives
    refused: str  # why; empty where it may be used

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Inference:
    """What computes the scores, and how that was chosen."""

    inference: str
    tried: tuple[Parity, ...] = ()
    note: str = ""  # why there was nothing, or nothing more, to try

    def describe(self) -> str:
        """One line."""
        trials = [
            f"{trial.inference}: {trial.refused}" if trial.refused else f"{trial.flips} of {trial.decisions} decisions flip"
            for trial in self.tried
        ]
        return "; ".join([f"scores are computed by {self.inference}", *trials, *([self.note] if self.note else [])])

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"inference": self.inference, "tried": [parity.to_json() for parity in self.tried], "note": self.note}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Rebuild after a trip through JSON."""
        return cls(value["inference"], tuple(Parity(**parity) for parity in value["tried"]), value["note"])


@dataclass(slots=True)
class Gate:
    """Judges ways of computing, one after the other, and keeps thresholds with which all that passed decide alike.

    `score()` gives the classifier's scores of the validation passages in the way that is on trial; `exact` are those of the
    slow way, both (passages, narratives) and not yet calibrated.
    """

    score: Callable[[], Scores]
    exact: Scores
    gold: Matrix
    calibration: Calibration
    thresholds: Floats
    tried: list[Parity] = field(default_factory=list)
    passed: list[Scores] = field(default_factory=list)  # for a GPU and for a CPU, calibrated
    settled: Floats = field(init=False)  # decide on `exact` as `thresholds` do

    def __post_init__(self) -> None:
        self.settled = self.thresholds

    def accept(self, inference: str) -> bool:
        """Whether the way on trial, called `inference`, may be used."""
        fast = self.calibration.apply(self.score())
        exact = self.calibration.apply(self.exact)
        moved, parity = compare(inference, exact, fast, self.gold, self.thresholds, self.passed)
        self.tried.append(parity)
        if not parity.refused:
            self.settled = moved
            self.passed.append(fast)
        return not parity.refused


def choose_inference(classifier: Classifier, texts: Texts, gate: Gate) -> Inference:
    """Leave `classifier` with the fastest way of computing that passes. `texts` are those it was trained on."""
    note = classifier.speed_up(texts[:: -(-len(texts) // _SAMPLES)], gate.accept)
    return Inference(inference=classifier.inference, tried=tuple(gate.tried), note=note)


def compare(
    inference: str, exact: Scores, fast: Scores, gold: Matrix, thresholds: Floats, beside: Sequence[Scores] = ()
) -> tuple[Floats, Parity]:
    """Judge calibrated scores of shape (passages, narratives) against the exact ones.

    A threshold decides on validation in the same way anywhere between the scores next to it. Where it lies so near to one
    that the small differences of `fast` carry that over, it is moved; flips are counted before that, falls after it.
    The thresholds must suit the scores `beside` it as well: those of other ways that may be used. A fall of F1 that up to
    `CHANCE` decisions of a narrative cause is told, and no reason to refuse.
    """
    decisions = decide(exact, thresholds)
    flips = int((decide(fast, thresholds) != decisions).sum())
    settled = settle(thresholds, exact, fast, *beside)
    falls = measure_falls(gold, decisions, *(decide(scores, settled) for scores in (fast, *beside)))
    refused = []
    if flips > MOST_FLIPS * decisions.size:
        refused.append(f"{flips} of {decisions.size} decisions flip")
    moved = int((settled != thresholds).sum())
    refusal = " and ".join([*refused, *falls.list_reasons()])
    return settled, Parity(inference, flips, decisions.size, moved, round(falls.largest, 4), refusal)


def measure_falls(gold: Matrix, before: Matrix, *after: Matrix) -> Falls:
    """What F1 loses where the worst of `after` takes the place of `before`: what is raised, each (passages, narratives)."""
    counts, *later = (count(gold, raised, axis=0) for raised in (before, *after))
    falls = np.nan_to_num(counts.f1) - np.minimum.reduce([np.nan_to_num(each.f1) for each in later])
    worse = np.maximum.reduce([_count_wrong(each) for each in later]) - _count_wrong(counts)
    return Falls(
        largest=float(falls.max(initial=0.0)),
        counted=float(falls[worse > CHANCE].max(initial=0.0)),
        micro=float(np.nan_to_num(micro_f1(counts)) - min(np.nan_to_num(micro_f1(each)) for each in later)),
    )


def _count_wrong(counts: Counts) -> Floats:
    return np.asarray(counts.fp + counts.fn, dtype=np.float64)


def settle(thresholds: Floats, exact: Scores, *fast: Scores) -> Floats:
    """Thresholds with which `fast` is decided as `exact` is, wherever there are such; on `exact` they decide as before."""
    raised = decide(exact, thresholds)
    below = np.where(raised, 0.0, np.maximum.reduce([exact, *fast])).max(0, initial=0.0)
    above = np.where(raised, np.minimum.reduce([exact, *fast]), 1.0).min(0, initial=1.0)
    room = above - below  # below 0 where the two ways rank passages differently across the threshold
    misplaced = (room > 0) & ((thresholds <= below) | (thresholds > above))
    nearest = np.clip(thresholds, below + np.maximum(room, 0) / 4, above - np.maximum(room, 0) / 4)
    return np.where(misplaced, nearest, thresholds)
