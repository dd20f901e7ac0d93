"""What thresholds for other purposes would have given: the choice is the user's, and its price is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from narratives.data import Codebook
from narratives.evaluation.figures import Figure, make_figure
from narratives.evaluation.joined import Joined
from narratives.labels import close_ancestors
from narratives.metrics import Owners, bound, find_rates, measure, sum_by_document


@dataclass(frozen=True, slots=True)
class Alternative:
    """Thresholds for one purpose, and what they gave on the passages that they were set on."""

    name: str
    chosen: bool  # whether the predictions were made with these
    thresholds: Sequence[float]  # in codebook order
    micro_f1: float | None
    macro_f1: float | None


@dataclass(frozen=True, slots=True)
class ObjectiveScore:
    """What thresholds for one purpose give: on the passages that they were set on, and on those that are scored."""

    name: str
    chosen: bool
    tuned_micro_f1: float | None
    tuned_macro_f1: float | None
    micro_f1: Figure
    macro_f1: Figure
    alarms: Figure  # narratives raised per 100 passages that carry nothing


def find_objectives(
    answers: Joined, codebook: Codebook, owners: Owners, alternatives: Sequence[Alternative]
) -> list[ObjectiveScore]:
    """A score for each alternative; none where the predictions give no scores, or there is nothing to choose between."""
    if answers.scores is None or len(alternatives) < 2:
        return []
    scored = []
    for alternative in alternatives:
        predicted = answers.predicted
        if not alternative.chosen:
            predicted = close_ancestors(answers.scores >= np.asarray(alternative.thresholds), codebook)
        measured, (low, high) = measure(answers.gold, predicted), bound(sum_by_document(answers.gold, predicted, owners))
        rates = find_rates(answers.gold, predicted, owners)
        alarms = Figure(None, None, None)
        if rates:
            value, least, most = (100 * side for side in rates.alarms)
            alarms = make_figure(value, least, most, rates.quiet)
        scored.append(
            ObjectiveScore(
                name=alternative.name,
                chosen=alternative.chosen,
                tuned_micro_f1=alternative.micro_f1,
                tuned_macro_f1=alternative.macro_f1,
                micro_f1=make_figure(measured.micro_f1, low.micro_f1, high.micro_f1),
                macro_f1=make_figure(measured.macro_f1, low.macro_f1, high.macro_f1),
                alarms=alarms,
            )
        )
    return scored
