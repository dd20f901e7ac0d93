"""What a report shows, gathered from its runs in the order in which a reader wants it. Words and drawings come later."""

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from narratives.evaluation import (
    ALARMS,
    ANY,
    FURTHER,
    LANGUAGE,
    TWINS,
    Evaluation,
    Figure,
    NarrativeScore,
    Slice,
    StanceScore,
    make_share,
)
from narratives.texts import mark_words

T = TypeVar("T")
UNDEFINED = Figure(None, None, None)
QUIET = "rightly left alone"
STANCE = "recall by stance"
PAIRS = 10  # confusions listed beside the heat map
LONGEST = 1200  # characters shown of an error's text

METRICS = {  # name -> label, what it is
    "micro_f1": ("micro F1", "all decisions in one pot: frequent narratives count most"),
    "macro_f1": ("macro F1", "mean over narratives: rare ones count as much as frequent ones"),
    "macro_f1_firm": ("macro F1, firm", "the same without the thin and zero-shot narratives"),
    "samples_f1": ("samples F1", "mean over passages"),
    "exact_match": ("exact match", "passages on which every decision is right"),
    "coverage": ("coverage", "passages for which at least one narrative is raised"),
}
PROBABILITIES = {  # name -> label, what it is
    "ece": ("ECE", "expected calibration error, all decisions: mean distance of score and share; 0 is best"),
    "ece_raised": ("ECE, raised", "the same among the decisions that were raised, those that a reader sees"),
    "brier": ("Brier score", "mean squared distance of score and truth; 0 is best"),
    "brier_skill": ("Brier skill", "how much of the Brier score of base rates is saved; 1 is best, 0 is base rates"),
}
FAMILIES = {  # of behavioural checks -> what their texts do
    "asserted": "makes the claim its own",
    "attributed": "hands the claim to somebody",
    "debunked": "names the claim and refutes it",
    "negated": "denies the claim",
    "topic": "same topic, no claim",
    "swapped": "same claim about another actor",
    "stances": "one asserts the claim, its twin debunks it",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a figure: what it is about, of how many cases, and a figure for each run."""

    label: str
    note: str
    count: int | None
    figures: list[Figure]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that belong together."""

    title: str
    rows: list[Row]


def sort_rows(rows: Sequence[NarrativeScore]) -> list[NarrativeScore]:
    """What to worry about first: the lowest F1, narratives with enough labels to tell before the thin and zero-shot ones."""
    return sorted(rows, key=lambda row: (not row.firm, -1.0 if row.f1.value is None else row.f1.value, row.id))


def align(lists: Sequence[Sequence[T]], key: Callable[[T], Hashable]) -> list[list[T | None]]:
    """Rows of several runs side by side, in the order in which they first appear; `None` where a run has no such row."""
    by_key = [{key(item): item for item in items} for items in lists]
    keys = dict.fromkeys(key_ for items in by_key for key_ in items)
    return [[items.get(key_) for items in by_key] for key_ in keys]


def gather_overall(evaluations: Sequence[Evaluation]) -> dict[str, Row]:
    """The overall figures that the evaluations hold, by their name."""
    rows = {}
    for name, (label, note) in METRICS.items():
        figures = [evaluation.overall.get(name, UNDEFINED) for evaluation in evaluations]
        if any(name in evaluation.overall for evaluation in evaluations):
            rows[name] = Row(label, note, None, figures)
    return rows


def gather_curves(evaluations: Sequence[Evaluation]) -> list[list[NarrativeScore | None]]:
    """For each narrative that has a curve its row in each run, in the order of the first run's table."""
    sides = align([sort_rows(evaluation.narratives) for evaluation in evaluations], lambda row: row.id)
    return [rows for rows in sides if any(row.curve for row in rows if row)]


def gather_levels(evaluations: Sequence[Evaluation]) -> list[Group]:
    """F1 on each coarser level, the lowest first."""
    groups = []
    for levels in align([evaluation.levels for evaluation in evaluations], lambda level: level.name):
        rows = []
        for sides in align([level.rows if level else [] for level in levels], lambda row: row.id):
            row = next(side for side in sides if side)
            figures = [side.f1 if side else UNDEFINED for side in sides]
            rows.append(Row(_plain(row.title), row.id if row.id != row.title else "", row.support, figures))
        name = next(level.name for level in levels if level)
        groups.append(Group(name, sorted(rows, key=lambda row: min(_value(figure) for figure in row.figures))))
    return groups


def gather_slices(evaluations: Sequence[Evaluation]) -> list[Group]:
    """Micro F1 by axis; of slices in which nothing is carried, where F1 says nothing, the share rightly left alone."""
    groups: dict[str, list[Row]] = {}
    for sides in align([evaluation.slices for evaluation in evaluations], lambda part: (part.axis, part.value)):
        part = next(side for side in sides if side)
        name = (STANCE if part.recall is not None else part.axis) if part.labels else QUIET
        if part.axis == "stance" and part.labels and part.recall is None:
            continue  # of a file of before: a micro F1 that hides false alarms
        support = (
            f", {part.labels} labels" if part.axis in (LANGUAGE, TWINS, FURTHER) else ""
        )  # each is read as a test of its own
        row = Row(_plain(part.value) + support, "", part.passages, [_to_slice_figure(side) for side in sides])
        groups.setdefault(name, []).append(row)
    quiet = groups.pop(QUIET, [])
    shown = [Group(axis, rows) for axis, rows in groups.items() if len(rows) > 1 or axis == FURTHER]
    return [*shown, Group(QUIET, quiet)] if quiet else shown


def _to_slice_figure(part: Slice | None) -> Figure:
    if part is None:
        return UNDEFINED
    if part.recall is not None:
        return Figure(part.recall, part.recall_low, part.recall_high, part.labels)
    if part.labels:
        return Figure(part.micro_f1, part.low, part.high)
    return Figure(part.exact_match, part.exact_low, part.exact_high)


def gather_stances(evaluations: Sequence[Evaluation]) -> list[Group]:
    """Precision, recall and F1 of each stance among narratives found, and F1 of narrative and stance as one answer."""
    groups = []
    for sides in align([evaluation.stances for evaluation in evaluations], lambda score: score.stance):
        stance = next(side.stance for side in sides if side)
        supports = " and ".join(str(side.support if side else 0) for side in sides)
        names = [("f1", "F1"), ("precision", "precision"), ("recall", "recall"), ("end_to_end", "F1 end to end")]
        if stance == ANY:
            names = [("f1", "stance right"), ("end_to_end", "F1 end to end")]
        rows = [Row(label, "", None, [_to_stance_figure(side, name) for side in sides]) for name, label in names]
        groups.append(Group(f"{stance}: {supports} found", rows))
    return groups


def _to_stance_figure(score: StanceScore | None, name: str) -> Figure:
    if score is None:
        return UNDEFINED
    return score.intervals.get(name, Figure(getattr(score, name), None, None))


def gather_probabilities(evaluations: Sequence[Evaluation]) -> list[Row]:
    """ECE, Brier score and Brier skill of the runs that gave scores."""
    rows = []
    for name, (label, note) in PROBABILITIES.items():
        figures = [
            evaluation.probabilities.get(name, Figure(evaluation.calibration.get(name), None, None))
            for evaluation in evaluations
        ]
        if any(figure.value is not None for figure in figures):
            rows.append(Row(label, note, None, figures))
    return rows


def gather_elsewhere(evaluations: Sequence[Evaluation]) -> list[Row]:
    """Precision where fewer texts carry anything than in the test."""
    names = dict.fromkeys(name for evaluation in evaluations for name in evaluation.elsewhere if name != ALARMS)
    return [
        Row(f"{name.split('_')[1]} % of the texts", "", None, [run.elsewhere.get(name, UNDEFINED) for run in evaluations])
        for name in names
    ]


def gather_checks(evaluations: Sequence[Evaluation]) -> list[Group]:
    """The share of behavioural checks that fail, by what should happen."""
    groups: dict[str, list[Row]] = {}
    for sides in align([evaluation.behaviour for evaluation in evaluations], lambda result: result.family):
        result = next(side for side in sides if side)
        figures = [make_share(side.groups) if side else UNDEFINED for side in sides]
        row = Row(result.family, FAMILIES.get(result.family, ""), result.checks, figures)
        expected = re.sub("(raised|told)", r"be \1", result.expected)
        groups.setdefault(f"should {expected}", []).append(row)
    return [Group(expected, rows) for expected, rows in groups.items()]


def gather_robustness(evaluations: Sequence[Evaluation]) -> list[Group]:
    """Micro and macro F1 for each way of holding passages out."""
    aligned = align([evaluation.robustness for evaluation in evaluations], lambda row: row["held out"])
    groups = []
    for name in ("micro_f1", "macro_f1"):
        rows = []
        for sides in aligned:
            row = next(side for side in sides if side)
            figures = [Figure(*side[name]) if side else UNDEFINED for side in sides]
            rows.append(Row(row["held out"], "", row["passages"], figures))
        if rows:
            groups.append(Group(METRICS[name][0], rows))
    return groups


def gather_shared_tasks(evaluations: Sequence[Evaluation]) -> dict[str, list[tuple[str, list[float | None]]]]:
    """For each shared task its figures by name, a value for each run."""
    tasks = dict.fromkeys(task for evaluation in evaluations for task in evaluation.shared_tasks)
    tables: dict[str, list[tuple[str, list[float | None]]]] = {}
    for task in tasks:
        columns = [evaluation.shared_tasks.get(task, {}) for evaluation in evaluations]
        names = dict.fromkeys(name for column in columns for name in column)
        tables[task] = [(_plain(name).replace("f1", "F1"), [column.get(name) for column in columns]) for name in names]
    return tables


def gather_errors(evaluations: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """The worst errors of all runs, with what is known of their narratives, and their texts in pieces, marked and not."""
    errors = []
    for run, evaluation in enumerate(evaluations):
        rows = {row.id: row for row in evaluation.narratives}
        for miss in evaluation.worst:
            pieces = list(mark_words(miss.text, miss.words, LONGEST))
            errors.append({"run": run, "miss": miss, "row": rows[miss.narrative], "pieces": pieces})
    return errors


def _value(figure: Figure) -> float:
    return 2.0 if figure.value is None else figure.value


def _plain(name: str) -> str:
    return name.replace("_", " ")
