"""Where a model fails: narratives taken for others, slices of the passages, stances, the worst single errors."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from narratives.data import STANCES, UNKNOWN, Codebook, Floats, Weighted
from narratives.evaluation.joined import Joined
from narratives.metrics import Counts, interval, measure, resample, to_plain

FURTHER = "further test"  # the axis of files in no split
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

    Where no passage carries anything F1 says nothing, and exact match is the share that was rightly left alone.
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
    found = [Confusion(codebook.ids[i], codebook.ids[j], int(pairs[i, j])) for i, j in zip(rows, columns, strict=True)]
    return sorted(found, key=lambda pair: (-pair.passages, pair.missed, pair.raised))


def find_slices(answers: Joined, resamples: int, seed: int) -> list[Slice]:
    """Micro F1 by stance, register, language, length and hard case; slices of fewer than 10 passages are left out."""
    return [
        _score_slice(axis, value, mask, answers, resamples, seed)
        for axis, value, mask in _masks(answers)
        if mask.sum() >= _LEAST
    ]


def find_further(answers: Joined, files: Mapping[str, int], resamples: int, seed: int) -> list[Slice]:
    """Micro F1 on further test passages, by file and the languages in it; `files` says how many, in order, are whose."""
    owners = np.repeat(list(files), list(files.values()))
    languages = np.array([passage.language for passage in answers.passages])
    slices = []
    for file in files:
        found = sorted(set(languages[owners == file]))
        for language in found:
            name = file if len(found) == 1 else f"{file}, {language}"
            slices.append(_score_slice(FURTHER, name, (owners == file) & (languages == language), answers, resamples, seed))
    return slices


def find_stances(answers: Joined) -> list[StanceScore]:
    """Scores by stance among the narratives that were found; empty where the predictions give no stance."""
    gold, predicted = answers.gold_stances, answers.predicted_stances
    known = (gold != UNKNOWN) & (predicted != UNKNOWN)
    if not known.any():
        return []
    judged = known | (~answers.gold & (predicted != UNKNOWN)) | ((gold != UNKNOWN) & ~answers.predicted)
    found, whole = np.zeros(3), np.zeros(3)
    scores = []
    for k, stance in enumerate(STANCES):
        inner, outer = (_compare(gold[cells] == k, predicted[cells] == k) for cells in (known, judged))
        found += inner
        whole += outer
        scores.append(_to_stance_score(stance.value, int((gold[known] == k).sum()), inner, outer))
    return [*scores, _to_stance_score(ANY, int(known.sum()), found, whole)]


def _compare(here: NDArray[np.bool_], there: NDArray[np.bool_]) -> Floats:
    """True positives, false positives and false negatives."""
    return np.array([float(cells.sum()) for cells in (here & there, ~here & there, here & ~there)])


def _to_stance_score(name: str, support: int, found: Floats, whole: Floats) -> StanceScore:
    counts, overall = Counts(*found), Counts(*whole)
    figures = (to_plain(figure) for figure in (counts.precision, counts.recall, counts.f1, overall.f1))
    return StanceScore(name, support, *figures)


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
    for k, stance in enumerate(STANCES):
        yield "stance", stance.value, (answers.gold_stances == k).any(1)
    if (answers.gold_stances != UNKNOWN).any():
        yield "stance", "carries none", np.asarray(~answers.gold.any(1))
    passages = answers.passages
    for axis, values in (
        ("register", [passage.source for passage in passages]),
        ("language", [passage.language for passage in passages]),
        ("hard case", [str(passage.extras.get("case", "")) for passage in passages]),
    ):
        often = {value for value, n in Counter(values).items() if n >= _LEAST}  # a source may be new with every passage
        for value in sorted(often - {"", "und"}):
            yield axis, value, np.array([each == value for each in values])
    if not any(passage.text for passage in passages):
        return
    words = np.array([len(passage.text.split()) for passage in passages])
    for least, most in _LENGTHS:
        name = f"{least} to {most} words" if most < 10**9 else f"{least} words or more"
        yield "length", name, (words >= least) & (words <= most)


def _score_slice(axis: str, value: str, mask: NDArray[np.bool_], answers: Joined, resamples: int, seed: int) -> Slice:
    gold, predicted = answers.gold[mask], answers.predicted[mask]
    documents = [document for document, inside in zip(answers.documents, mask, strict=True) if inside]
    here = measure(gold, predicted)
    [drawn] = resample(gold, [predicted], documents, resamples, seed)
    figures = [
        to_plain(figure)
        for name in ("micro_f1", "exact_match")
        for figure in (getattr(here, name), *interval(getattr(drawn, name)))
    ]
    return Slice(axis, value, int(mask.sum()), int(gold.sum()), *figures)
