"""`labels audit`: labelled passages that a person should read again, those most in doubt first."""

import json
import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from narratives.annotation.decisions import read_settled
from narratives.annotation.incoming import fold_text
from narratives.annotation.names import make_names
from narratives.annotation.review import HINT, holds_decisions, make_form, read_open
from narratives.classifiers import score_by_folds
from narratives.data import Codebook, Floats, Labels, Matrix, Passage, Scores
from narratives.errors import UserError, at
from narratives.files import write_text
from narratives.labels import gold_matrix
from narratives.progress import Progress
from narratives.project import Project
from narratives.texts import Pair, group, near_duplicates

FOLDS = 5
FLOOR = 10  # passages that carry a narrative from which its labels are judged
ALIKE = 0.7  # Jaccard similarity from which two texts should have the same labels
_SEED = 0


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Labels of a passage that may be wrong, and those that may be right. `score` in (0, 1] says how sure the doubt is."""

    score: float
    why: str
    labels: Labels


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found: records for the review file, most doubtful first."""

    passages: int  # that are labelled
    records: list[dict[str, Any]]
    kinds: dict[str, int]  # doubts of each kind; a passage may have several
    settled: int  # doubts that somebody has decided about before
    thin: dict[str, int]  # narratives not judged -> passages that carry them
    waiting: dict[str, int]  # files of migrations -> passages that nobody has decided about yet
    review: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data, without texts."""
        found = [{key: record[key] for key in ("id", "doubt", "review", "sides")} for record in self.records]
        return {**asdict(self), "records": found}


@dataclass(slots=True)
class _Found:
    doubts: dict[int, list[Suspicion]] = field(default_factory=lambda: defaultdict(list))  # by the passage's position
    kinds: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, row: int, doubt: Suspicion) -> None:
        self.doubts[row].append(doubt)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1


def audit_labels(project: Project, review: Path | None = None, progress: Progress | None = None) -> Audit:
    """Find labels that look wrong and write the passages to a review file, which `labels import` takes back.

    Nothing is written where there is nothing to read. What somebody has decided in labels/review/ is not asked again.
    """
    corpus = project.read_corpus()
    codebook, passages = corpus.codebook, corpus.labelled
    folder = project.labels / "review"
    path = _choose_file(folder, review)
    pairs = near_duplicates([passage.text for passage in passages])
    if len(set(_group(passages, pairs))) < 2 * FOLDS:
        raise UserError(at(project.labels, None, f"an audit takes labels of at least {2 * FOLDS} documents; label more"))
    gold = gold_matrix(passages, codebook.ids)
    scores = score_out_of_fold(passages, gold, pairs, progress)
    found = _Found()
    _judge_labels(found, passages, codebook, find_errors(scores, gold), scores)
    _compare_twins(found, passages, pairs)
    settled = read_settled(folder, make_names(codebook))
    known = {row for row in found.doubts if passages[row].narratives in settled.get(fold_text(passages[row].text), [])}
    records = [_make_form(passages[row], found.doubts[row]) for row in found.doubts if row not in known]
    records.sort(key=lambda record: (-record["doubt"], record["id"]))
    if records:
        write_text(path, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    support = dict(zip(codebook.ids, gold.sum(0).tolist(), strict=True))
    return Audit(
        passages=len(passages),
        records=records,
        kinds=found.kinds,
        settled=len(known),
        thin={id_: count for id_, count in support.items() if count < FLOOR},
        waiting=_count_waiting(folder, passages),
        review=str(path) if records else "",
    )


def score_out_of_fold(
    passages: Sequence[Passage], gold: Matrix, pairs: Sequence[Pair], progress: Progress | None = None
) -> Scores:
    """Scores (passages, narratives) of TF-IDF, each from a model that saw nothing of the passage's document.

    Documents that share near-duplicates (`pairs`) are left out together: a twin would only repeat the label.
    """
    groups = _group(passages, pairs)
    order = random.Random(_SEED).sample(sorted(set(groups)), len(set(groups)))
    fold_of = {root: place % FOLDS for place, root in enumerate(order)}
    folds = np.array([fold_of[root] for root in groups])
    return score_by_folds([passage.text for passage in passages], gold, folds, progress)


def find_errors(scores: Scores, gold: Matrix, floor: int = FLOOR) -> Floats:
    """How sure it is that a label is wrong, (passages, narratives) in [0, 1]; 0 where there is no doubt.

    Confident learning (Northcutt, Jiang and Chuang, JAIR 2021), narrative by narrative: a label is in doubt where the
    passage scores like those that carry the other label, that is, at least their mean. Scores must be out of fold.
    Narratives with fewer positives than `floor` are not judged.
    """
    doubt = np.zeros(gold.shape)
    for k in range(gold.shape[1]):
        carried, p = gold[:, k], scores[:, k].astype(np.float64)
        if not floor <= carried.sum() < len(carried):
            continue
        yes, no = p[carried].mean(), (1 - p[~carried]).mean()
        missing = ~carried & (p >= yes) & ((p > 0.5) | (1 - p < no))
        wrong = carried & (1 - p >= no) & ((p < 0.5) | (p < yes))
        doubt[:, k] = np.where(missing, p, np.where(wrong, 1 - p, 0.0))
    return doubt


def describe_audit(audit: Audit) -> list[str]:
    """The audit as lines of text."""
    lines = [f"labelled passages: {audit.passages}, to be read again: {len(audit.records)}"]
    lines += [f"{count:8}  {kind}" for kind, count in audit.kinds.items()]
    lines += [f"decided before, not asked again: {audit.settled}"] if audit.settled else []
    if audit.thin:
        thin = ", ".join(f"{id_} ({count})" for id_, count in audit.thin.items())
        lines.append(f"not judged, fewer than {FLOOR} passages carry them: {thin}")
    lines += [f"{file}: {count} passages still wait for a decision" for file, count in audit.waiting.items()]
    if audit.review:
        lines.append(f"most doubtful first: {audit.review}; {HINT}, then: narratives labels import {audit.review}")
        lines.append(
            f"or elsewhere: narratives labels export --review {audit.review} --format csv -o sheet.csv, and import that"
        )
    return lines


def _group(passages: Sequence[Passage], pairs: Sequence[Pair]) -> list[int]:
    """For each passage the first of those that must not be told apart: one document, or near-duplicates."""
    first: dict[str, int] = {}
    links = [(first.setdefault(passage.document, row), row) for row, passage in enumerate(passages)]
    return group(len(passages), iter([*links, *((pair.first, pair.second) for pair in pairs)]))


def _judge_labels(found: _Found, passages: Sequence[Passage], codebook: Codebook, doubt: Floats, scores: Scores) -> None:
    for row, k in zip(*(axis.tolist() for axis in np.nonzero(doubt)), strict=True):
        id_, labels = codebook.ids[k], passages[row].narratives or {}
        score = float(doubt[row, k])
        if id_ in labels:
            why, kind = f"'{id_}' is carried, but scores {scores[row, k]:.2f}", "labels that may be too many"
            found.add(kind, row, Suspicion(score, why, {other: stance for other, stance in labels.items() if other != id_}))
        else:
            why, kind = f"'{id_}' is not carried, but scores {scores[row, k]:.2f}", "labels that may be missing"
            found.add(kind, row, Suspicion(score, why, {**labels, id_: None}))


def _compare_twins(found: _Found, passages: Sequence[Passage], pairs: Sequence[Pair]) -> None:
    """Near-duplicates with different labels; `labels check` tells of those whose text is the same."""
    for pair in pairs:
        a, b = passages[pair.first], passages[pair.second]
        differ = (a.narratives or {}).keys() != (b.narratives or {}).keys()
        if pair.similarity >= ALIKE and differ and fold_text(a.text) != fold_text(b.text):
            for row, other in ((pair.first, b), (pair.second, a)):
                why = f"{pair.similarity:.0%} like '{other.id}', which has other labels"
                found.add("near-duplicates with other labels", row, Suspicion(pair.similarity, why, other.narratives or {}))


def _make_form(passage: Passage, doubts: Sequence[Suspicion]) -> dict[str, Any]:
    """A passage to be read: side 1 are its labels, the others what they may have to be."""
    sides = [passage.narratives or {}]
    ordered = sorted(doubts, key=lambda doubt: -doubt.score)
    for labels in [_join(sides[0], ordered), *(doubt.labels for doubt in ordered)]:
        if labels not in sides:
            sides.append(labels)
    doubt = round(1 - math.prod(1 - doubt.score for doubt in ordered), 4)  # that at least one of them is right
    return make_form(passage, [{"narratives": side} for side in sides], why=[doubt.why for doubt in ordered], doubt=doubt)


def _join(labels: Labels, doubts: Sequence[Suspicion]) -> Labels:
    """The labels after every change that a doubt speaks for."""
    gone = {id_ for doubt in doubts for id_ in labels.keys() - doubt.labels.keys()}
    more = {id_: stance for doubt in doubts for id_, stance in doubt.labels.items() if id_ not in labels}
    return {**{id_: stance for id_, stance in labels.items() if id_ not in gone}, **more}


def _choose_file(folder: Path, wanted: Path | None) -> Path:
    """Where to write: over an older review only as long as nobody has decided anything in it."""
    if wanted is not None:
        if wanted.resolve().parent == folder.resolve().parent:
            raise UserError(at(wanted, None, f"would be read as passages there; name a file elsewhere, such as in {folder}"))
        if wanted.exists() and holds_decisions(wanted):
            raise UserError(at(wanted, None, "holds decisions; import it and keep it, and name another file"))
        return wanted
    number, path = 1, folder / "audit.jsonl"
    while path.exists() and holds_decisions(path):
        number += 1
        path = folder / f"audit-{number}.jsonl"
    return path


def _count_waiting(folder: Path, passages: Sequence[Passage]) -> dict[str, int]:
    """Passages that a change of the codebook put into a review file and that nobody has decided about."""
    there = {passage.id for passage in passages}
    counts = {
        str(path): sum("doubt" not in values and values.get("id") in there for values in forms)
        for path, forms in read_open(folder)
    }
    return {path: count for path, count in counts.items() if count}
