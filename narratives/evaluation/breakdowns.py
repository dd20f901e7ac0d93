"""Where a model fails: narratives taken for others, slices of the passages, stances, the worst single errors."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from narratives.data import STANCES, UNKNOWN, Codebook, Matrix, Weighted
from narratives.evaluation.figures import Figure, make_figure
from narratives.evaluation.joined import Joined
from narratives.metrics import Counts, Owners, bound, bound_f1, bound_shares, find_owners, measure, sum_by_document, to_plain

LANGUAGE = "language"
ANY = "any"  # of a stance: all three together
WORST = 60  # errors shown
_LENGTHS = ((0, 25), (26, 50), (51, 80), (81, 120), (121, 10**9))  # words
_LEAST = 10  # passages from which a slice is shown


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often one narrative was missed while another was wrongly raised for the same passage."""

    missed: str
    raised: str
    passages: int


@dataclass(frozen=True, slots=True)
class Slice:
    """Micro F1 and exact match on the passages that share something, each bounded at 95 %.

    Where no passage carries anything F1 says nothing, and exact match is the share that was rightly left alone. A slice by
    stance is chosen by the gold, so that no passage that carries nothing is in it: F1 would hide the false alarms. It has
    recall in its place, of the narratives that carry that stance, which a false alarm does not touch.
    """

    axis: str
    value: str
    passages: int
    labels: int  # gold labels among them
    micro_f1: float | None
    low: float | None
    high: float | None
    exact_match: float | None
    exact_low: float | None
    exact_high: float | None
    recall: float | None = None  # of slices by stance
    recall_low: float | None = None
    recall_high: float | None = None


@dataclass(frozen=True, slots=True)
class StanceScore:
    """One stance, or "any": precision, recall and F1 where the narrative was found and gold and prediction give a stance.

    For "any" all three are the share of stances that are right. `end_to_end` is the F1 of narrative and stance as one answer:
    a narrative that was missed, raised wrongly or given another stance is wrong.
    """

    stance: str
    support: int
    precision: float | None
    recall: float | None
    f1: float | None
    end_to_end: float | None = None
    intervals: dict[str, Figure] = field(default_factory=dict)  # of these figures, by name; none in files of before


@dataclass(frozen=True, slots=True)
class Miss:
    """One wrong decision. `kind` is "missed" or "raised"; `score` is `None` where there are labels alone."""

    id: str
    narrative: str
    kind: str
    score: float | None
    stance: str  # of the gold, for what was missed
    text: str
    words: list[Weighted] = field(default_factory=list)  # what spoke for the narrative, and of what was missed against it


def find_confusions(answers: Joined, codebook: Codebook) -> list[Confusion]:
    """Pairs of narratives, most frequent first. Of a passage that lacks several and has several wrong, all pairs count."""
    missed = (answers.gold & ~answers.predicted).astype(np.int64)
    raised = (~answers.gold & answers.predicted).astype(np.int64)
    pairs = missed.T @ raised
    rows, columns = np.nonzero(pairs)
    confusions = [Confusion(codebook.ids[i], codebook.ids[j], int(pairs[i, j])) for i, j in zip(rows, columns, strict=True)]
    return sorted(confusions, key=lambda pair: (-pair.passages, pair.missed, pair.raised))


def find_slices(answers: Joined) -> list[Slice]:
    """Recall by stance, and micro F1 by register, language, length and hard case; at least 10 passages make a slice."""
    owners = find_owners(answers.documents)
    cells = {stance.value: answers.gold_stances == k for k, stance in enumerate(STANCES)}
    stances = [_score_stance_slice(value, mask, answers, owners) for value, mask in cells.items()]
    by_axis = [score_slice(*part, answers, owners) for part in _masks(answers) if part[2].sum() >= _LEAST]
    return [*(slice_ for slice_ in stances if slice_.passages >= _LEAST), *by_axis]


def find_stances(answers: Joined) -> list[StanceScore]:
    """Scores by stance among the narratives that were found; empty where the predictions give no stance."""
    gold, predicted = answers.gold_stances, answers.predicted_stances
    comparable = (gold != UNKNOWN) & (predicted != UNKNOWN)
    if not comparable.any():
        return []
    judged = comparable | (~answers.gold & (predicted != UNKNOWN)) | ((gold != UNKNOWN) & ~answers.predicted)
    owners = find_owners(answers.documents)
    inner, outer = (
        [_compare((gold == k) & cells, (predicted == k) & cells, owners) for k in range(len(STANCES))]
        for cells in (comparable, judged)
    )
    names = [*(stance.value for stance in STANCES), ANY]
    return [_score_stance(name, *pair) for name, *pair in zip(names, [*inner, _add(inner)], [*outer, _add(outer)], strict=True)]


def _compare(gold: Matrix, predicted: Matrix, owners: Owners) -> Counts:
    """True positives, false positives and false negatives by document, over all narratives: shape (documents, 1)."""
    hits, alarms, misses = gold & predicted, ~gold & predicted, gold & ~predicted
    return Counts(*(owners.total(cells).sum(1, keepdims=True) for cells in (hits, alarms, misses)))


def _add(parts: Sequence[Counts]) -> Counts:
    return Counts(*(np.sum([getattr(part, name) for part in parts], axis=0) for name in ("tp", "fp", "fn")))


def _score_stance(name: str, judged: Counts, end_to_end: Counts) -> StanceScore:
    """The figures of one stance. Of all together what is a false alarm for one is a miss for another: all are one share."""
    counts = judged.sum(0)
    shares = {"precision": judged.tp + judged.fp, "recall": judged.tp + judged.fn}
    figures = {}
    for key, cases in shares.items():
        low, high = bound_shares(judged.tp, cases)
        figures[key] = make_figure(getattr(counts, key)[0], low[0], high[0], int(cases.sum()))
    figures["f1"] = figures["recall"] if name == ANY else _bound_f1(judged)
    figures["end_to_end"] = _bound_f1(end_to_end)
    values = {key: figure.value for key, figure in figures.items()}
    return StanceScore(stance=name, support=int((counts.tp + counts.fn)[0]), **values, intervals=figures)


def _bound_f1(counts: Counts) -> Figure:
    low, high = bound_f1(counts)
    total = counts.sum(0)
    return make_figure(total.f1[0], low[0], high[0], int((total.tp + total.fp + total.fn)[0]))


def find_worst(answers: Joined, codebook: Codebook, thresholds: NDArray[np.float64] | None) -> list[Miss]:
    """The wrong decisions that were the surest: farthest from their threshold, missed and raised mixed.

    Without scores they come in the order of the ids.
    """
    rows, columns = np.nonzero(answers.gold != answers.predicted)
    if answers.scores is not None:
        cuts = np.full(len(codebook.ids), 0.5) if thresholds is None else np.asarray(thresholds)
        scores, cuts, raised = answers.scores[rows, columns], cuts[columns], answers.predicted[rows, columns]
        # How much of the way from the threshold to 0 or 1 the score went: thresholds differ, so plain distance would not do.
        # The decision tells the side, not the score: others' thresholds are not known, and a parent follows its children.
        sure = np.where(raised, (scores - cuts) / np.maximum(1 - cuts, 1e-9), (cuts - scores) / np.maximum(cuts, 1e-9))
        order = np.argsort(-sure, kind="stable")
        rows, columns = rows[order], columns[order]
    return [_describe(answers, codebook, row, column) for row, column in zip(rows[:WORST], columns[:WORST], strict=True)]


def _describe(answers: Joined, codebook: Codebook, row: int, column: int) -> Miss:
    passage, id_ = answers.passages[row], codebook.ids[column]
    carried = (passage.narratives or {}).get(id_)
    return Miss(
        passage.id,
        id_,
        "missed" if answers.gold[row, column] else "raised",
        None if answers.scores is None else round(float(answers.scores[row, column]), 4),
        carried.value if carried else "",
        passage.text,
    )


def _masks(answers: Joined) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    if (answers.gold_stances != UNKNOWN).any():
        yield "stance", "carries none", np.asarray(~answers.gold.any(1))
    passages = answers.passages
    for axis, values in (
        ("register", [passage.source for passage in passages]),
        (LANGUAGE, [passage.language for passage in passages]),
        ("hard case", [str(passage.extras.get("case", "")) for passage in passages]),
    ):
        often = {value for value, n in Counter(values).items() if n >= _LEAST}  # a source may be new with every passage
        for value in sorted(often - {"", "und"}):
            yield axis, value, np.array([item == value for item in values])
    if not any(passage.text for passage in passages):
        return
    words = np.array([len(passage.text.split()) for passage in passages])
    for least, most in _LENGTHS:
        name = f"{least} to {most} words" if most < 10**9 else f"{least} words or more"
        yield "length", name, (words >= least) & (words <= most)


def score_slice(axis: str, value: str, mask: NDArray[np.bool_], answers: Joined, owners: Owners) -> Slice:
    """Micro F1 and exact match on the passages that `mask` marks."""
    gold, predicted = answers.gold[mask], answers.predicted[mask]
    measured, (low, high) = measure(gold, predicted), bound(sum_by_document(gold, predicted, owners.take(mask)))
    f1, exact = ([to_plain(getattr(side, name)) for side in (measured, low, high)] for name in ("micro_f1", "exact_match"))
    return Slice(
        axis=axis,
        value=value,
        passages=int(mask.sum()),
        labels=int(gold.sum()),
        micro_f1=f1[0],
        low=f1[1],
        high=f1[2],
        exact_match=exact[0],
        exact_low=exact[1],
        exact_high=exact[2],
    )


def _score_stance_slice(value: str, carried: Matrix, answers: Joined, owners: Owners) -> Slice:
    """Recall of the narratives that passages carry with one stance; `carried` marks them."""
    hits, cases = (owners.total(cells).sum(1, keepdims=True) for cells in (carried & answers.predicted, carried))
    low, high = bound_shares(hits, cases)
    return Slice(
        axis="stance",
        value=value,
        passages=int(carried.any(1).sum()),
        labels=int(cases.sum()),
        micro_f1=None,
        low=None,
        high=None,
        exact_match=None,
        exact_low=None,
        exact_high=None,
        recall=to_plain(hits.sum() / cases.sum()) if cases.sum() else None,
        recall_low=to_plain(low[0]),
        recall_high=to_plain(high[0]),
    )
