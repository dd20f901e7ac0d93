"""Whether a retrained model takes the incumbent's place: a rule over figures, and its reasons in words."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

from narratives.evaluation.comparison import Comparison
from narratives.evaluation.differences import Difference
from narratives.evaluation.evaluation import Evaluation, NarrativeScore
from narratives.evaluation.figures import THIN, Figure
from narratives.metrics import ALPHA, BETTER, TOO_THIN, WORSE, holm

PROMOTE, HOLD = "promote", "hold"
SAME, NEW = "same", "new"
TOLERANCE = 0.05  # of F1: a loss that a monitoring desk would put up with for a model that knows today's labels
_MICRO, _MACRO = "micro F1", "macro F1 of the narratives with enough test passages"
_WIDTH = 2 * NormalDist().inv_cdf(0.975)  # of a 95 % interval, in standard errors


@dataclass(frozen=True, slots=True)
class Ruling:
    """What may be said of one narrative."""

    id: str
    title: str
    word: str  # better, same, worse, too thin to tell; new where the incumbent did not know it
    support: int  # test passages that carry it
    incumbent: float | None  # F1
    challenger: float | None
    difference: Difference | None
    p: float | None  # of the side it is on, one-sided, corrected for the number of narratives
    reason: str


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
) -> Verdict:
    """Promote or hold a challenger, from figures of both models on the same passages and narratives.

    It is promoted unless there is reason not to: it has learned today's labels, which say best how the codebook is read
    now, so a tie goes to it. What speaks against it:

    1. A narrative with `THIN` test positives or more is worse: its F1 fell by `margin` or more, and one-sided, from the
       interval of the difference, the fall is significant at 5 % after Holm's correction. One is enough, since a desk
       that watches a narrative is not consoled by the others. A thin narrative decides nothing; it is named.
    2. A loss of `margin` in micro F1 can't be ruled out: the 90 % interval of the difference reaches that far
       (non-inferiority at 5 %; Piaggio et al., JAMA 2012). So a test that is too small to tell holds the model, which is no
       harm: the incumbent stays until somebody labels more or decides. Or macro F1 of the narratives that are not thin fell
       by `margin` or more and its 90 % interval lies below zero; where they are few it varies too much to ask for more.
    3. Both models' micro F1 lie wholly below `former`, the incumbent's of its day, and the challenger is not clearly better
       than the incumbent, or does not reach half of what was: then the test labels themselves are in doubt.

    McNemar's test is not asked here: a narrative that falls silent loses its hits and its false alarms, and may come out
    right as often as before. `new` are figures of narratives that only the challenger knows; they are told, not judged.
    """
    rulings = _rule_narratives(comparison, incumbent, challenger, margin)
    against = [f"worse on {ruling.id}: {ruling.reason}" for ruling in rulings if _is_grave(ruling, margin)]
    found = [
        _rule_overall(_MICRO, comparison.overall["micro_f1"], margin, strict=True),
        _rule_overall(_MACRO, comparison.overall["macro_f1_firm"], margin, strict=False),
    ]
    against += [reason for speaks_against, reason in found if speaks_against]
    against += _doubt_labels(comparison, incumbent, challenger, former)
    rulings += [_rule_new(row) for row in new]
    return Verdict(
        decision=HOLD if against else PROMOTE,
        reasons=against or [*(reason for _, reason in found if reason), _tell_firm(rulings)],
        notes=_note(rulings, margin),
        narratives=rulings,
        overall=comparison.overall,
        margin=margin,
        rule=_state_rule(margin),
    )


def _doubt_labels(comparison: Comparison, incumbent: Evaluation, challenger: Evaluation, former: Figure | None) -> list[str]:
    """A reason to hold where both models fall far below what was reached before."""
    today = [evaluation.overall["micro_f1"] for evaluation in (incumbent, challenger)]
    if not former or not _have_fallen(today, comparison.overall["micro_f1"].verdict, former):
        return []
    return [
        f"the incumbent reached a micro F1 of {_number(former.value)} on the test passages of its day; on today's it "
        f"reaches {_number(today[0].value)} and the challenger {_number(today[1].value)}: read the new test labels "
        "before anything is promoted"
    ]


def _rule_new(row: NarrativeScore) -> Ruling:
    return Ruling(
        id=row.id,
        title=row.title,
        word=NEW,
        support=row.support,
        incumbent=None,
        challenger=row.f1.value,
        difference=None,
        p=None,
        reason=_tell_new(row),
    )


def _rule_narratives(comparison: Comparison, incumbent: Evaluation, challenger: Evaluation, margin: float) -> list[Ruling]:
    firm = [row.id for row in incumbent.narratives if not row.thin]
    odds = [_chance(comparison.narratives[id_]) for id_ in firm]
    falls, rises = (dict(zip(firm, holm(side), strict=True)) for side in (odds, [1 - p for p in odds]))
    rulings = []
    for before, after in zip(incumbent.narratives, challenger.narratives, strict=True):
        difference, word, p = comparison.narratives[before.id], TOO_THIN, None
        if not before.thin:
            p = min(falls[before.id], rises[before.id])
            word = SAME if p >= ALPHA else WORSE if falls[before.id] < ALPHA else BETTER
        scores = before.f1.value, after.f1.value
        reason = f"F1 {_number(scores[0])} -> {_number(scores[1])}, {before.support} test passages"
        if p is not None and difference.low is not None:
            reason += f" (difference {_signed(difference)}; p {_show_p(p)})"
        p = None if p is None else float(f"{p:.4g}")
        rulings.append(Ruling(before.id, before.title, word, before.support, *scores, difference, p, reason))
    return rulings


def _chance(difference: Difference) -> float:
    """How likely a fall as large as this is by chance: a one-sided p from a 95 % interval.

    The interval's width gives the standard error (Altman and Bland, BMJ 2011;343:d2304).
    """
    if difference.value is None or difference.low is None or difference.high is None:
        return 0.5
    error = (difference.high - difference.low) / _WIDTH
    if error == 0:
        return 0.5 if difference.value == 0 else float(difference.value > 0)
    return NormalDist().cdf(difference.value / error)


def _rule_overall(label: str, difference: Difference, margin: float, strict: bool) -> tuple[bool, str]:
    """Whether a figure speaks against the challenger (`strict`: unless a loss is ruled out), and what it says."""
    if difference.low_90 is None or difference.high_90 is None or difference.value is None:
        return strict, f"{label} can't be compared" if strict else ""
    told = f"{label} {difference.value:+.2f} (90 % interval {difference.low_90:+.2f} to {difference.high_90:+.2f})"
    if difference.low_90 > -margin:
        return False, f"{told}: a loss of {margin:g} is ruled out"
    if difference.high_90 < 0 and difference.value <= -margin:
        return True, f"{told}: worse"
    return strict, f"{told}: a loss of {margin:g} can't be ruled out on so few test passages"


def _is_grave(ruling: Ruling, margin: float) -> bool:
    difference = ruling.difference.value if ruling.difference else None
    return ruling.word == WORSE and difference is not None and difference <= -margin


def _have_fallen(today: Sequence[Figure], against_incumbent: str, former: Figure) -> bool:
    if former.low is None or former.value is None or not all(now.high is not None and now.high < former.low for now in today):
        return False
    return against_incumbent != BETTER or (today[1].value or 0) < former.value / 2


def _note(rulings: Sequence[Ruling], margin: float) -> list[str]:
    notes = [f"new: {ruling.id}, {ruling.reason}" for ruling in rulings if ruling.word == NEW]
    notes += [f"better on {ruling.id}: {ruling.reason}" for ruling in rulings if ruling.word == BETTER]
    notes += [
        f"worse on {ruling.id}, but by less than {margin:g}: {ruling.reason}"
        for ruling in rulings
        if ruling.word == WORSE and not _is_grave(ruling, margin)
    ]
    if thin := [ruling for ruling in rulings if ruling.word == TOO_THIN]:
        told = "; ".join(f"{ruling.id} ({ruling.reason})" for ruling in thin)
        notes.append(f"too thin to tell, fewer than {THIN} test passages: {told}")
    return notes


def _tell_firm(rulings: Sequence[Ruling]) -> str:
    firm = sum(ruling.word not in (TOO_THIN, NEW) for ruling in rulings)
    return f"none of {firm} narratives with {THIN} test passages or more is worse" if firm else "every narrative is thin"


def _tell_new(row: NarrativeScore) -> str:
    return f"F1 {_number(row.f1.value)}, {row.support} test passages{', thin' if row.thin else ''}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _signed(difference: Difference) -> str:
    return f"{difference.value:+.2f}, 95 % interval {difference.low:+.2f} to {difference.high:+.2f}"


def _show_p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _state_rule(margin: float) -> str:
    return (
        f"promoted unless a narrative with {THIN} test positives or more is worse (its F1 fell by {margin:g} or more; "
        "one-sided p from the interval of the difference, Holm's correction, 5 %), or a loss "
        f"of {margin:g} in micro F1 can't be ruled out (90 % interval), or macro F1 of these narratives fell by as much (90 % "
        "interval below zero), or today's test labels put both models far below what the incumbent reached before; thin "
        "narratives decide nothing"
    )
