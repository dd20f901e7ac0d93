"""Whether a retrained model takes the incumbent's place: a rule over figures, and its reasons in words.

A challenger is promoted unless there is reason not to: it has learned today's labels, which say best how the codebook is read
now, so a tie goes to it. What speaks against it:

1. A narrative with `THIN` test positives or more is worse: its F1 fell by `margin` or more, and one-sided, from the
   interval of the difference, the fall is significant at 5 % after correction for all narratives (and both rivals). One
   is enough, since a desk that watches a narrative is not consoled by the others. Or a narrative fell silent, thin or
   not: the rival found it, the challenger raises it in no held-out passage (`elsewhere` counts those beside the test).
2. A loss of `margin` in micro F1 can't be ruled out: the 90 % interval of the difference reaches that far
   (non-inferiority at 5 %; Piaggio et al., JAMA 2012). So a test that is too small to tell holds the model, which is no
   harm: the incumbent stays until somebody labels more or decides. Or macro F1 of the narratives that are not thin fell
   by `margin` or more and its 90 % interval lies below zero; where they are few it varies too much to ask for more.
3. Against the `best` version so far, where that is another than the incumbent: by 1, or micro F1 is lower by half of
   `margin` or more and its 90 % interval lies below zero. Small losses that add up are ruled out against no incumbent
   (Everson-Stewart and Emerson, Statistics in Medicine 2010); the bar moves up only for a significant gain, so chance
   does not raise it (Blum and Hardt, ICML 2015), and never down.
4. The incumbent's micro F1 lies below half of `former`, its figure of its day, and the challenger is not clearly better than
   it or does not reach that half either: then the test labels themselves are in doubt. A smaller fall is noted and holds
   nobody: texts change, and a figure of other texts says less about today's the older it is.

McNemar's test is not asked here: a narrative that falls silent loses its hits and its false alarms, and may come out
right as often as before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from narratives.evaluation.comparison import Comparison
from narratives.evaluation.differences import Difference
from narratives.evaluation.evaluation import Evaluation, NarrativeScore
from narratives.evaluation.figures import THIN, Figure
from narratives.evaluation.rulings import (
    NEW,
    SILENT,
    Rival,
    Ruling,
    is_grave,
    list_thin,
    rule_average,
    rule_narratives,
    rule_new,
    show_number,
)
from narratives.metrics import BETTER, TOO_THIN, WORSE

PROMOTE, HOLD = "promote", "hold"
TOLERANCE = 0.05  # of F1: a loss that a monitoring desk would put up with for a model that knows today's labels
_COLLAPSE = 0.5  # of a former figure: texts drift by less from one retraining to the next, spoiled labels cost more
_MICRO, _MACRO = "micro F1", "macro F1 of the narratives with enough test passages"


@dataclass(frozen=True, slots=True)
class Bar:
    """How the challenger stands against the best version so far, on today's passages and the narratives that both know."""

    name: str
    passages: int
    best: Figure  # micro F1
    challenger: Figure
    difference: Difference
    macro: Difference  # of the narratives that are not thin


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision, why, and what else should be looked at."""

    decision: str
    reasons: list[str]
    notes: list[str]
    narratives: list[Ruling]
    overall: dict[str, Difference]
    margin: float
    rule: str
    leads: bool = False  # significantly better in micro F1 than every version before: the challenger sets the bar from now on
    best: Bar | None = None  # `None` where the incumbent is the best so far
    record: list[str] = field(default_factory=list)  # what was decided before, and on which passages

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def reach_verdict(
    comparison: Comparison,
    incumbent: Evaluation,
    challenger: Evaluation,
    new: Sequence[NarrativeScore] = (),
    former: Figure | None = None,
    margin: float = TOLERANCE,
    best: Rival | None = None,
    elsewhere: Mapping[str, int] | None = None,
) -> Verdict:
    """Promote or hold a challenger, from figures of both models on the same passages and narratives.

    `new` are figures of narratives that only the challenger knows; they are told, not judged. `former` is the incumbent's
    micro F1 of its day. `elsewhere` counts, for each narrative, the held-out passages beside the test that raise it.
    """
    rivals = [Rival("the incumbent", incumbent, challenger, comparison), *([best] if best else [])]
    judged = [rule_narratives(rival, elsewhere or {}, len(rivals)) for rival in rivals]
    against = [reason for rival, rulings in zip(rivals, judged, strict=True) for reason in _oppose(rival, rulings, margin)]
    averages = [
        rule_average(_MICRO, comparison.overall["micro_f1"], margin, strict=True),
        rule_average(_MACRO, comparison.overall["macro_f1_firm"], margin, strict=False),
    ]
    if best:
        opposes, sentence = rule_average(_MICRO, best.comparison.overall["micro_f1"], margin / 2, strict=False)
        averages.append((opposes, f"against {best.name}, {sentence}"))
    against += [reason for opposes, reason in averages if opposes]
    doubt, fall = _doubt_labels(comparison, incumbent, challenger, former)
    against += doubt
    rulings = [*judged[0], *(rule_new(row) for row in new)]
    return Verdict(
        decision=HOLD if against else PROMOTE,
        reasons=against or [*(reason for _, reason in averages if reason), _tell_firm(rulings)],
        notes=[*_note(rulings, margin), *fall],
        narratives=rulings,
        overall=comparison.overall,
        margin=margin,
        rule=_state_rule(margin),
        leads=(rivals[-1].comparison.overall["micro_f1"].low_90 or 0.0) > 0,
        best=_measure_bar(best) if best else None,
    )


def _oppose(rival: Rival, rulings: Sequence[Ruling], margin: float) -> list[str]:
    """The narratives that hold the challenger, as reasons."""
    grave = [ruling for ruling in rulings if is_grave(ruling, margin)]
    than = "" if rival.name == "the incumbent" else f" than {rival.name}"
    return [
        f"{ruling.id} fell silent: {ruling.reason}"
        if ruling.word == SILENT
        else f"significantly worse{than} on {ruling.id}: {ruling.reason}"
        for ruling in grave
    ]


def _measure_bar(best: Rival) -> Bar:
    return Bar(
        name=best.name,
        passages=best.evaluation.passages,
        best=best.evaluation.overall["micro_f1"],
        challenger=best.challenger.overall["micro_f1"],
        difference=best.comparison.overall["micro_f1"],
        macro=best.comparison.overall["macro_f1_firm"],
    )


def _doubt_labels(
    comparison: Comparison, incumbent: Evaluation, challenger: Evaluation, former: Figure | None
) -> tuple[list[str], list[str]]:
    """A reason to hold where both models fall below half of what was reached before, and a note where they fall less."""
    today = [evaluation.overall["micro_f1"] for evaluation in (incumbent, challenger)]
    if not former or former.value is None or former.low is None:
        return [], []
    if not all(figure.high is not None and figure.high < former.low for figure in today):
        return [], []
    sentence = (
        f"the incumbent reached a micro F1 of {show_number(former.value)} on the test passages of its day; on today's it "
        f"reaches {show_number(today[0].value)} and the challenger {show_number(today[1].value)}"
    )
    half = _COLLAPSE * former.value
    better = comparison.overall["micro_f1"].verdict == BETTER
    if (today[0].value or 0.0) < half and ((today[1].value or 0.0) < half or not better):
        return [f"{sentence}: read the new test labels before anything is promoted"], []
    return [], [f"{sentence}: other texts than before, or wrong labels among the new test passages; read some"]


def _note(rulings: Sequence[Ruling], margin: float) -> list[str]:
    notes = [f"new: {ruling.id}, {ruling.reason}" for ruling in rulings if ruling.word == NEW]
    notes += [f"better on {ruling.id}: {ruling.reason}" for ruling in rulings if ruling.word == BETTER]
    notes += [
        f"significantly worse on {ruling.id}, but by less than {margin:g}: {ruling.reason}"
        for ruling in rulings
        if ruling.word == WORSE and not is_grave(ruling, margin)
    ]
    thin = list_thin(rulings)
    return [*notes, f"too thin to tell, fewer than {THIN} test passages: {thin}"] if thin else notes


def _tell_firm(rulings: Sequence[Ruling]) -> str:
    firm = sum(ruling.word not in (TOO_THIN, NEW) for ruling in rulings)
    if not firm:
        return "every narrative is thin, and none fell silent"
    return f"none of {firm} narratives with {THIN} test passages or more is significantly worse, and none fell silent"


def _state_rule(margin: float) -> str:
    return (
        f"promoted unless a narrative with {THIN} test positives or more is significantly worse (its F1 fell by {margin:g} or "
        "more; one-sided p from the interval of the difference, 5 % after Holm's correction, shared between the incumbent and "
        "the best version so far), or any narrative fell silent (found before, now raised in no held-out passage), or "
        f"a loss of {margin:g} in micro F1 can't be ruled out (90 % interval), or macro F1 of these narratives fell by as much "
        "(90 % interval below zero), or micro F1 is significantly below that of the best version so far by "
        f"{margin / 2:g} or more (90 % interval below zero), or today's test labels put both models below half of what the "
        "incumbent reached before. The best version so far changes only when a model is significantly better than it"
    )
