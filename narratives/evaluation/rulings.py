"""What may be said of a challenger against another model: narrative by narrative, and of an average."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from narratives.evaluation.comparison import Comparison
from narratives.evaluation.differences import Difference
from narratives.evaluation.evaluation import Evaluation, NarrativeScore
from narratives.metrics import ALPHA, BETTER, TOO_THIN, WORSE, holm

SAME, NEW, SILENT = "same", "new", "fell silent"
_WIDTH = 2 * NormalDist().inv_cdf(0.975)  # of a 95 % interval, in standard errors


@dataclass(frozen=True, slots=True)
class Rival:
    """A model that the challenger met on the same passages and narratives, and what came of it."""

    name: str  # as reasons call it: "the incumbent", "version 3, the best so far"
    evaluation: Evaluation
    challenger: Evaluation
    comparison: Comparison  # of the challenger against this model


@dataclass(frozen=True, slots=True)
class Ruling:
    """What may be said of one narrative."""

    id: str
    title: str
    word: str  # better, same, worse, too thin to tell, fell silent; new where the other model did not know it
    support: int  # test passages that carry it
    incumbent: float | None  # F1
    challenger: float | None
    difference: Difference | None
    p: float | None  # of the side it is on, one-sided, corrected for the number of tests
    reason: str


def rule_narratives(rival: Rival, elsewhere: Mapping[str, int], rivals: int = 1) -> list[Ruling]:
    """A ruling for each narrative that both models know.

    Each narrative that is not thin is tested once against each of `rivals` models: p is corrected by Holm within a model, and
    by Bonferroni for their number. `elsewhere` says for how many held-out passages beside the test the challenger raises
    a narrative: one that it raises in neither, though the rival found it in the test, fell silent.
    """
    firm = [row.id for row in rival.evaluation.narratives if not row.thin]
    odds = [_chance(rival.comparison.narratives[id_]) for id_ in firm]
    falls, rises = (
        dict(zip(firm, (min(1.0, rivals * p) for p in holm(side)), strict=True)) for side in (odds, [1 - p for p in odds])
    )
    rulings = []
    for before, after in zip(rival.evaluation.narratives, rival.challenger.narratives, strict=True):
        p, word = None, TOO_THIN
        if before.id in falls:
            p = min(falls[before.id], rises[before.id])
            word = SAME if p >= ALPHA else WORSE if falls[before.id] < ALPHA else BETTER
        silent = count_found(before) > 0 and not after.raised and not elsewhere.get(before.id)
        difference = rival.comparison.narratives[before.id]
        reason = _tell_scores(before, after, difference, p)
        rulings.append(
            Ruling(
                id=before.id,
                title=before.title,
                word=SILENT if silent else word,
                support=before.support,
                incumbent=before.f1.value,
                challenger=after.f1.value,
                difference=difference,
                p=None if p is None else float(f"{p:.4g}"),
                reason=f"{_tell_silence(rival.name, before)}; {reason}" if silent else reason,
            )
        )
    return rulings


def rule_new(row: NarrativeScore) -> Ruling:
    """The ruling on a narrative that only the challenger knows."""
    return Ruling(
        id=row.id,
        title=row.title,
        word=NEW,
        support=row.support,
        incumbent=None,
        challenger=row.f1.value,
        difference=None,
        p=None,
        reason=f"F1 {show_number(row.f1.value)}, {row.support} test passages{', thin' if row.thin else ''}",
    )


def is_grave(ruling: Ruling, margin: float) -> bool:
    """Whether a ruling alone holds the challenger: the narrative fell silent, or is significantly worse by `margin`."""
    difference = ruling.difference.value if ruling.difference else None
    return ruling.word == SILENT or (ruling.word == WORSE and difference is not None and difference <= -margin)


def rule_average(label: str, difference: Difference, margin: float, strict: bool) -> tuple[bool, str]:
    """Whether an average speaks against the challenger, and what it says.

    It does where it is significantly worse (the 90 % interval lies below zero) by `margin` or more; where `strict`, also
    unless a loss of `margin` is ruled out (non-inferiority).
    """
    if difference.low_90 is None or difference.high_90 is None or difference.value is None:
        return strict, f"{label} can't be compared" if strict else ""
    sentence = f"{label} {difference.value:+.2f} (90 % interval {difference.low_90:+.2f} to {difference.high_90:+.2f})"
    worse = difference.high_90 < 0
    if difference.low_90 > -margin:
        return False, f"{sentence}: {'significantly worse, yet ' if worse else ''}a loss of {margin:g} is ruled out"
    if worse and difference.value <= -margin:
        return True, f"{sentence}: significantly worse"
    if worse and strict:
        return True, f"{sentence}: significantly worse, and a loss of {margin:g} can't be ruled out"
    if worse:
        return False, f"{sentence}: significantly worse, yet by less than {margin:g}"
    return strict, f"{sentence}: a loss of {margin:g} can't be ruled out on so few test passages"


def count_found(row: NarrativeScore) -> int:
    """Test passages in which a model found what they carry; a file of before that was counted holds rounded recall alone."""
    return round((row.recall.value or 0.0) * row.support) if row.hits is None else row.hits


def show_number(value: float | None) -> str:
    """Two digits, or a dash where it is undefined."""
    return "–" if value is None else f"{value:.2f}"


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


def _tell_silence(rival: str, before: NarrativeScore) -> str:
    return (
        f"{rival} found {count_found(before)} of the {before.support} test passages that carry it, the challenger raises it "
        "in no held-out passage"
    )


def _tell_scores(before: NarrativeScore, after: NarrativeScore, difference: Difference, p: float | None) -> str:
    sentence = f"F1 {show_number(before.f1.value)} -> {show_number(after.f1.value)}, {before.support} test passages"
    if p is None or difference.value is None or difference.low is None:
        return sentence
    shown = "< 0.001" if p < 0.001 else f"{p:.3f}"
    interval = f"95 % interval {difference.low:+.2f} to {difference.high:+.2f}"
    return f"{sentence} (difference {difference.value:+.2f}, {interval}; p {shown})"


def list_thin(rulings: Sequence[Ruling]) -> str:
    """The narratives that nothing can be said of, each with its figures."""
    return "; ".join(f"{ruling.id} ({ruling.reason})" for ruling in rulings if ruling.word == TOO_THIN)
