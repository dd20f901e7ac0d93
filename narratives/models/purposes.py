"""What thresholds are for: each narrative by itself, all answers together, or a budget of alarms; and what each would give."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.data import Floats, Matrix, Objective, Scores
from narratives.metrics import Counts, count, macro_f1, micro_f1, to_plain
from narratives.models.thresholds import cap_alarms, decide, spend_alarms, tune_thresholds, tune_together

_AIMS = {
    Objective.NARRATIVE: "Each threshold is where F1 of its narrative is expected to be highest",
    Objective.MICRO: "All thresholds are one, where micro F1 is expected to be highest",
    Objective.ALARMS: "Thresholds are as low as the alarms allow",
}
USUAL_ALARMS = 0.02  # the budget of the purpose `alarms` in what is told of the others' thresholds, where a config names none


@dataclass(frozen=True, slots=True)
class Choice:
    """Thresholds for one purpose, and what they give on the passages that they were set on."""

    thresholds: tuple[float, ...]  # in codebook order
    micro_f1: float | None
    macro_f1: float | None
    alarms: float | None  # share of the background texts that tuned in which something is raised; `None` without any

    def to_json(self, ids: tuple[str, ...]) -> dict[str, Any]:
        """Plain data."""
        figures = {"micro_f1": self.micro_f1, "macro_f1": self.macro_f1, "alarms": self.alarms}
        return {**figures, "thresholds": dict(zip(ids, self.thresholds, strict=True))}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Rebuild after a trip through JSON."""
        return cls(**{**value, "thresholds": tuple(value["thresholds"].values())})


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a config asks of thresholds."""

    objective: Objective = Objective.NARRATIVE
    max_alarms: float | None = None  # share of background texts in which something may be raised
    folds: int | None = None  # of the training passages; 0: validation alone decides; `None`: as suits the classifier
    folds_held: int | None = None  # how many of these are scored; `None`: all
    rarer: float = 1.0  # texts to be read that carry nothing, for one among the labelled

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Rebuild after a trip through JSON."""
        return cls(**{**value, "objective": Objective(value["objective"])})


@dataclass(frozen=True, slots=True)
class Tuning:
    """What calibration and thresholds rest on, what was asked, and what other purposes would have given."""

    wishes: Wishes
    folds: int  # 0 where validation passages alone decided
    train: int  # training texts scored by models that did not learn from them
    validation: int
    choices: dict[str, Choice] = field(default_factory=dict)  # by purpose

    def describe(self) -> str:
        """What the thresholds rest on, in one sentence."""
        if not self.folds:
            return f"Scores were calibrated and thresholds set on {self.validation} validation texts."
        return (
            f"Scores were calibrated and thresholds set on {self.validation} validation texts and {self.train} training texts, "
            f"each of these scored by a model that saw neither its document nor a near-duplicate of it ({self._count_folds()})."
        )

    def _count_folds(self) -> str:
        held = self.wishes.folds_held
        return f"{held} of {self.folds} folds" if held and held < self.folds else f"{self.folds} folds"

    def describe_objective(self) -> str:
        """What the thresholds are for, in one sentence."""
        cap = self.wishes.max_alarms
        budget = f", under a budget of alarms in {100 * cap:g} % of background texts" if cap else ""
        rarer = self.wishes.rarer
        mix = f", where narratives are {rarer:g} times rarer than in the labelled passages" if rarer != 1 else ""
        return f"{_AIMS[self.wishes.objective]}{mix}{budget}."

    def to_json(self, ids: tuple[str, ...]) -> dict[str, Any]:
        """Plain data."""
        wishes: dict[str, Any] = {name: getattr(self.wishes, name) for name in ("objective", "max_alarms", "folds")}
        if self.wishes.folds_held is not None:
            wishes["folds_held"] = self.wishes.folds_held
        if self.wishes.rarer != 1:
            wishes["rarer"] = self.wishes.rarer
        counts = {"folds": self.folds, "train": self.train, "validation": self.validation}
        return {"wishes": wishes, **counts, "choices": {name: each.to_json(ids) for name, each in self.choices.items()}}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Rebuild after a trip through JSON."""
        choices = {name: Choice.from_json(each) for name, each in value["choices"].items()}
        return cls(**{**value, "wishes": Wishes.from_json(value["wishes"]), "choices": choices})


def weigh_choices(
    scores: Scores, gold: Matrix, taught: NDArray[np.bool_], background: Scores | None, wishes: Wishes
) -> dict[str, Choice]:
    """Thresholds for each purpose, from calibrated scores of passages (passages, narratives), NaN where there is none.

    `background` are those of texts that carry nothing (texts, narratives): without them there is no budget of alarms. Where
    `wishes` name one, the thresholds of the other purposes are kept under it, too. What was never learned (not `taught`) is
    never raised: its threshold is 1.
    """
    learned = np.where(taught, scores, np.float32(np.nan))
    tuned = {
        Objective.NARRATIVE: tune_thresholds(learned, wishes.rarer),
        Objective.MICRO: tune_together(learned, wishes.rarer),
    }
    for thresholds in tuned.values():
        thresholds[~taught] = 1.0
    if background is not None:
        budget = wishes.max_alarms or USUAL_ALARMS
        spent = spend_alarms(tuned[Objective.NARRATIVE], background, budget)
        if wishes.max_alarms:
            tuned = {name: cap_alarms(thresholds, background, budget) for name, thresholds in tuned.items()}
        tuned[Objective.ALARMS] = spent
    return {name: _rate(thresholds, scores, gold, background) for name, thresholds in tuned.items()}


def _rate(thresholds: Floats, scores: Scores, gold: Matrix, background: Scores | None) -> Choice:
    scored = ~np.isnan(scores)
    counts: Counts = count(gold & scored, decide(np.nan_to_num(scores), thresholds), axis=0)
    alarms = None if background is None or not len(background) else decide(background, thresholds).any(1).mean()
    return Choice(
        thresholds=tuple(thresholds.tolist()),
        micro_f1=to_plain(micro_f1(counts)),
        macro_f1=to_plain(macro_f1(counts)),
        alarms=None if alarms is None else to_plain(alarms),
    )
