"""What thresholds for other purposes would have given, as rows of a small table."""

from collections.abc import Sequence

from narratives.data import Objective
from narratives.evaluation import Evaluation, ObjectiveScore

AIMS = {  # what thresholds serve, in words
    Objective.NARRATIVE: "each narrative by itself",
    Objective.MICRO: "all answers together",
    Objective.ALARMS: "a budget of alarms",
}


def has_budget(evaluations: Sequence[Evaluation]) -> bool:
    """Whether thresholds for a budget of alarms are among them."""
    return any(score.name == Objective.ALARMS for evaluation in evaluations for score in evaluation.objectives)


def gather_objectives(evaluations: Sequence[Evaluation]) -> list[tuple[int, ObjectiveScore]]:
    """For each run, by its place, what thresholds for each purpose give."""
    return [(run, score) for run, evaluation in enumerate(evaluations) for score in evaluation.objectives]
