"""A cheap first stage answers windows of which it is sure that nothing would be raised; the others go to the full classifier.

The first stage is TF-IDF, calibrated by itself, so that its scores can be held against the full model's thresholds. A window
is quiet where its score for each narrative lies below the bound of that narrative: the threshold less a margin in log-odds,
which a gate has chosen (see `sparing`). The classifier never sees a quiet window. A text all of whose windows are quiet raises
nothing and carries the first stage's calibrated scores; of any other text the answer comes from the full classifier and from
the windows that are not quiet. So no row mixes scores of both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import TfidfClassifier, to_log_odds, to_share
from narratives.data import Floats, Matrix, Scores
from narratives.metrics import highest_share
from narratives.models.calibration import Calibration
from narratives.models.held_out import Recalled
from narratives.models.inference import Windows, number_windows, read_windows
from narratives.models.prior import Guided, Prior

FOLDER = "first"  # of the first stage in the model's folder, where the classifier has none in itself


@dataclass(frozen=True, slots=True)
class Quiet:
    """What the first stage says of n texts."""

    answered: NDArray[np.bool_]  # (n,): no window is left for the full classifier
    rest: list[Windows]  # n: the windows that are left
    scores: Scores  # (n, narratives): calibrated, of the texts that are answered; 0 of blank ones and of all others
    spans: NDArray[np.int32]  # (n, narratives, 2): likewise


@dataclass(frozen=True, slots=True)
class FirstStage:
    """What answers alone where each score lies below its bound; arrays are in codebook order."""

    scorer: TfidfClassifier  # its first columns are the narratives
    calibration: Calibration
    margin: float  # in log-odds
    bounds: Floats  # (narratives,): on calibrated scores; the gate judged these

    def read(self, texts: Sequence[str], cuts: Sequence[Windows], prior: Prior | None, thresholds: Floats) -> Quiet:
        """Answer what can be answered of texts cut into windows.

        `prior` and `thresholds` are the full model's. Where these were moved since the gate, a bound is the lower of the two:
        with a higher threshold no more decisions can change, a lower one needs its margin.
        """
        narratives = len(self.bounds)
        numbers = number_windows(texts, cuts)
        scores = np.zeros((len(numbers), narratives), dtype=np.float32)
        if numbers:
            scores = self.calibration.apply(Guided(self.scorer, prior).predict_proba(list(numbers))[:, :narratives])
        quiet = find_quiet(scores, np.minimum(self.bounds, place_bounds(thresholds, self.margin)))
        rest = [
            [(start, end) for start, end in windows if not quiet[numbers[text[start:end]]]]
            for text, windows in zip(texts, cuts, strict=True)
        ]
        answered = [[] if left else windows for left, windows in zip(rest, cuts, strict=True)]
        highest, spans, _ = read_windows(Recalled(numbers, scores), texts, answered, narratives)
        return Quiet(answered=np.array([not left for left in rest], dtype=np.bool_), rest=rest, scores=highest, spans=spans)


def place_bounds(thresholds: Floats, margin: float) -> Floats:
    """The bound of each narrative: its threshold less a margin in log-odds; inf for what is never raised (threshold 1)."""
    lowered = np.minimum(to_share(to_log_odds(thresholds) - margin), thresholds)
    return np.where(thresholds < 1, lowered, np.inf)


def find_quiet(scores: Scores, bounds: Floats) -> NDArray[np.bool_]:
    """Which rows of calibrated scores (windows, narratives) lie below all bounds."""
    return np.asarray((scores < bounds).all(1), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a margin would change and spare, on texts that the full model answers beside it."""

    margin: float
    flips: int  # decisions on validation that differ
    decisions: int
    background_flips: int  # the same on background texts
    background_decisions: int  # 0 without any
    fall: float  # of F1 on validation: the largest of all narratives
    spared: int  # texts that the first stage answers ...
    idle: int  # ... of so many: the background texts; without any, the validation passages that carry nothing
    refused: str  # why; empty where it may be used

    def describe(self) -> str:
        """What it spares and what flips, with the upper bound of that share."""
        kind = "background texts" if self.background_decisions else "validation passages that carry nothing"
        flips = _tell_flips(self.flips, self.decisions, "validation")
        if self.background_decisions:
            flips += f" and {_tell_flips(self.background_flips, self.background_decisions, 'background')}"
        fall = f"; the F1 of a narrative falls by {self.fall:.3f} at most" if self.fall else ""
        return f"TF-IDF alone answers {self.spared} of {self.idle} {kind}; {flips} flip{fall}"

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Cascade:
    """The first stage that a config asked for, and how it was judged; without one every text goes to the full classifier."""

    first: FirstStage | None  # `None` where no margin passed
    trials: tuple[Trial, ...]  # the last one decided

    def describe(self) -> str:
        """One line."""
        last = self.trials[-1]
        if self.first:
            return f"cascade with a margin of {self.first.margin:g}: {last.describe()}"
        return f"no cascade, all texts go to the whole model; with a margin of {last.margin:g}: {last.refused}"

    def to_json(self, ids: Sequence[str]) -> dict[str, Any]:
        """Plain data, all but the scorer; `ids` are the codebook's. What bounds nothing has no bound."""
        stage: dict[str, Any] = {}
        if first := self.first:
            bounds = {id_: bound for id_, bound in zip(ids, first.bounds.tolist(), strict=True) if np.isfinite(bound)}
            curves = dict(zip(ids, first.calibration.to_json(), strict=True))
            stage = {"margin": first.margin, "bounds": bounds, "calibration": curves}
        return {"first": stage, "trials": [trial.to_json() for trial in self.trials]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], scorer: TfidfClassifier | None, ids: Sequence[str]) -> Self:
        """From what `to_json` gave, and the first stage's scorer where it has one."""
        first = None
        if scorer:
            stage = value["first"]
            first = FirstStage(
                scorer=scorer,
                calibration=Calibration.from_json(list(stage["calibration"].values())),
                margin=stage["margin"],
                bounds=np.array([stage["bounds"].get(id_, np.inf) for id_ in ids], dtype=np.float64),
            )
        return cls(first=first, trials=tuple(Trial(**trial) for trial in value["trials"]))


def count_flips(before: Matrix, after: Matrix) -> int:
    """The decisions that differ, of matrices of one shape."""
    return int((before != after).sum())


def _tell_flips(flips: int, decisions: int, where: str) -> str:
    return f"{flips} of {decisions} decisions on {where} (95 %: at most {100 * highest_share(flips, decisions):.2g} %)"
