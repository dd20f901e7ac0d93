"""`labels audit`: labelled passages that a person should read again, those most in doubt first.

A model decides nothing about the test: who corrects there only what one model disputes makes the test agree with that model.
Of two that are equally good, .753, it then reads .766 and the other .745 (experiments/studies/retraining). Test passages are
listed by rules that know no model: near-duplicates whose labels differ, and a lot.
"""

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.annotation.conflicts import Settled, list_seen, read_settled
from narratives.annotation.doubts import Suspicion, choose_file, count_waiting, keep_current, make_doubt_form
from narratives.annotation.incoming import fold_text
from narratives.annotation.names import make_names
from narratives.annotation.review import HINT
from narratives.classifiers import score_by_folds
from narratives.data import Codebook, Floats, Matrix, Passage, Scores
from narratives.errors import UserError, at
from narratives.files import write_text
from narratives.labels import Corpus, Splits, append_splits, assign_splits, deal_folds, gold_matrix, group_passages
from narratives.progress import Progress, Say
from narratives.project import Project
from narratives.texts import Pair, restrict

FOLDS = 5
FLOOR = 10  # passages that carry a narrative from which its labels are judged
LEAST = 0.1  # score below which no label is held to be missing: what is asked there is right no oftener than by lot
ALIKE = 0.7  # Jaccard similarity from which two texts should have the same labels
_SEED = 0


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found: records for the review file, most doubtful first."""

    passages: int  # that are labelled
    held_out: int  # of these, in the test split or nearly repeating what is: no model judges them
    new_splits: int  # documents that got a split
    records: list[dict[str, Any]]
    kinds: dict[str, int]  # doubts of each kind; a passage may have several
    settled: int  # doubts that somebody has decided about before
    thin: dict[str, int]  # narratives not judged -> passages that carry them
    faint: list[str]  # narratives whose own passages score less than `LEAST` on average
    waiting: dict[str, int]  # files of migrations -> passages that nobody has decided about yet
    review: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data, without texts."""
        records = [{key: record[key] for key in ("id", "doubt", "review", "sides")} for record in self.records]
        return {**asdict(self), "records": records}


@dataclass(slots=True)
class _Findings:
    doubts: dict[int, list[Suspicion]] = field(default_factory=lambda: defaultdict(list))  # by the passage's position
    kinds: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, row: int, doubt: Suspicion) -> None:
        self.doubts[row].append(doubt)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1


def audit_labels(
    project: Project, review: Path | None = None, progress: Progress | None = None, lot: int = 0, say: Say | None = None
) -> Audit:
    """Find labels that look wrong and write the passages to a review file, which `labels import` takes back.

    `lot` test passages are drawn to be read again, whatever any model says. Nothing is written where there is nothing to read.
    What somebody has decided in labels/review/ is not asked again. Documents without a split get one before any label is
    touched, as training would give it: else what a model disputes today might be drawn for the test tomorrow. Passages whose
    labels somebody changes during the audit are left out.
    """
    folder = project.labels / "review"
    choose_file(folder, review)  # a name that will not do should not cost the time of an audit
    with project.lock(say):
        corpus, fresh = _place_documents(project.read_corpus())
        codebook, passages = corpus.codebook, corpus.labelled
        rows = [row for row, passage in enumerate(corpus.passages) if passage.narratives is not None]
        pairs = restrict(corpus.pairs, rows)
        judged = _choose_judged(corpus, passages, pairs)
        if fresh:
            append_splits(corpus.splits_file, fresh)
    findings = _Findings()
    gold = gold_matrix(passages, codebook.ids)[judged]
    judged_passages = [passages[row] for row in judged]
    scores = score_out_of_fold(judged_passages, gold, restrict(pairs, judged), progress)
    _judge_labels(findings, passages, judged, codebook, find_errors(scores, gold), scores)
    _compare_twins(findings, passages, pairs)
    settled = read_settled(folder, make_names(codebook))
    settled_rows = {row for row in findings.doubts if passages[row].narratives in list_seen(settled, passages[row])}
    _draw_lot(findings, corpus, passages, settled, lot)
    records = [make_doubt_form(passages[row], findings.doubts[row]) for row in findings.doubts if row not in settled_rows]
    records.sort(key=lambda record: (-record["doubt"], record["id"]))
    with project.lock(say):
        records = keep_current(records, corpus, project.read_corpus())
        path = choose_file(folder, review)  # somebody may have decided in the file meanwhile
        if records:
            write_text(path, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    return Audit(
        passages=len(passages),
        held_out=len(passages) - len(judged),
        new_splits=len(fresh),
        records=records,
        kinds=findings.kinds,
        settled=len(settled_rows),
        thin={id_: count for id_, count in zip(codebook.ids, gold.sum(0).tolist(), strict=True) if count < FLOOR},
        faint=[id_ for id_, weak in zip(codebook.ids, find_faint(scores, gold), strict=True) if weak],
        waiting=count_waiting(folder, passages),
        review=str(path) if records else "",
    )


def score_out_of_fold(
    passages: Sequence[Passage], gold: Matrix, pairs: Sequence[Pair], progress: Progress | None = None
) -> Scores:
    """Scores (passages, narratives) of TF-IDF, each from a model that saw nothing of the passage's document.

    Documents that share near-duplicates (`pairs`) are left out together: a twin would only repeat the label.
    """
    folds = deal_folds(group_passages(passages, pairs), FOLDS)
    return score_by_folds([passage.text for passage in passages], gold, folds, progress=progress)


def find_errors(scores: Scores, gold: Matrix, floor: int = FLOOR) -> Floats:
    """How sure it is that a label is wrong, (passages, narratives) in [0, 1]; 0 where there is no doubt.

    Confident learning (Northcutt, Jiang and Chuang, JAIR 2021), narrative by narrative: a label is in doubt where the
    passage scores like those that carry the other label, that is, at least their mean. Scores must be out of fold.
    Narratives with fewer positives than `floor` are not judged. A narrative that is learned badly has a mean of next to
    nothing, which many passages reach by chance: below `LEAST` no label is held to be missing.
    """
    doubt = np.zeros(gold.shape)
    for k in range(gold.shape[1]):
        carried, p = gold[:, k], scores[:, k].astype(np.float64)
        if not _is_judged(carried, floor):
            continue
        yes, no = p[carried].mean(), (1 - p[~carried]).mean()
        missing = ~carried & (p >= max(yes, LEAST)) & ((p > 0.5) | (1 - p < no))
        wrong = carried & (1 - p >= no) & ((p < 0.5) | (p < yes))
        doubt[:, k] = np.where(missing, p, np.where(wrong, 1 - p, 0.0))
    return doubt


def find_faint(scores: Scores, gold: Matrix, floor: int = FLOOR) -> list[bool]:
    """Which narratives are judged, and learned so badly that their own passages score less than `LEAST` on average."""
    return [bool(_is_judged(carried, floor) and scores[carried, k].mean() < LEAST) for k, carried in enumerate(gold.T)]


def _is_judged(carried: NDArray[np.bool_], floor: int) -> bool:
    return bool(floor <= carried.sum() < len(carried))


def describe_audit(audit: Audit) -> list[str]:
    """The audit as lines of text."""
    lines = [f"labelled passages: {audit.passages}, to be read again: {len(audit.records)}"]
    lines += [f"{audit.new_splits} new documents got a split first"] if audit.new_splits else []
    lines.append(f"held out, judged by no model: {audit.held_out} (test passages and what nearly repeats them)")
    lines += [f"{count:8}  {kind}" for kind, count in audit.kinds.items()]
    lines += [f"decided before, not asked again: {audit.settled}"] if audit.settled else []
    if audit.thin:
        thin = ", ".join(f"{id_} ({count})" for id_, count in audit.thin.items())
        lines.append(f"not judged, fewer than {FLOOR} passages carry them: {thin}")
    if audit.faint:
        faint = ", ".join(audit.faint)
        lines.append(f"learned too badly to tell where they are missing, so not asked below a score of {LEAST}: {faint}")
    lines += [f"{file}: {count} passages still wait for a decision" for file, count in audit.waiting.items()]
    if audit.review:
        lines.append(f"most doubtful first: {audit.review}; {HINT}, then: narratives labels import {audit.review}")
        elsewhere = f"narratives labels export --review {audit.review} --format csv -o sheet.csv, and import that"
        lines.append(f"or on the page: narratives serve; or elsewhere: {elsewhere}")
    return lines


def _place_documents(corpus: Corpus) -> tuple[Corpus, Splits]:
    """The corpus with a split for every document, and the splits that are new, dealt out as training would."""
    fresh = assign_splits(corpus.passages, corpus.pairs, corpus.splits)
    return corpus.add_splits(fresh), fresh


def _choose_judged(corpus: Corpus, passages: Sequence[Passage], pairs: Sequence[Pair]) -> list[int]:
    """The rows that a model may judge: neither in test nor linked to what is; `UserError` where they are too few."""
    groups = group_passages(passages, pairs)
    held_out = {root for root, passage in zip(groups, passages, strict=True) if corpus.splits[passage.document] == "test"}
    judged = [row for row, root in enumerate(groups) if root not in held_out]
    if len({groups[row] for row in judged}) < 2 * FOLDS:
        problem = f"an audit takes labels of at least {2 * FOLDS} documents outside the test split; label more"
        raise UserError(at(corpus.folder, None, problem))
    return judged


def _draw_lot(findings: _Findings, corpus: Corpus, passages: Sequence[Passage], settled: Settled, lot: int) -> None:
    """Test passages to be read again whatever a model says of them; not those that somebody has decided about."""
    free = [
        row
        for row, passage in enumerate(passages)
        if corpus.splits[passage.document] == "test" and row not in findings.doubts and fold_text(passage.text) not in settled
    ]
    for row in random.Random(_SEED).sample(free, min(lot, len(free))):
        doubt = Suspicion(0.0, "drawn by lot from the test split, whatever a model says", passages[row].narratives or {})
        findings.add("test passages drawn by lot", row, doubt)


def _judge_labels(
    findings: _Findings,
    passages: Sequence[Passage],
    judged: Sequence[int],
    codebook: Codebook,
    doubt: Floats,
    scores: Scores,
) -> None:
    """Doubts of a model; `doubt` and `scores` have a row for each of `judged`."""
    for place, k in zip(*(axis.tolist() for axis in np.nonzero(doubt)), strict=True):
        row = judged[place]
        id_, labels = codebook.ids[k], passages[row].narratives or {}
        score, shown = float(doubt[place, k]), f"{scores[place, k]:.2f}"
        if id_ in labels:
            reason, kind = f"'{id_}' is carried, but scores {shown}", "labels that may be too many"
            findings.add(
                kind, row, Suspicion(score, reason, {carried: stance for carried, stance in labels.items() if carried != id_})
            )
        else:
            reason, kind = f"'{id_}' is not carried, but scores {shown}", "labels that may be missing"
            findings.add(kind, row, Suspicion(score, reason, {**labels, id_: None}))


def _compare_twins(findings: _Findings, passages: Sequence[Passage], pairs: Sequence[Pair]) -> None:
    """Near-duplicates with different labels; `labels check` tells of those whose text is the same."""
    for pair in pairs:
        a, b = passages[pair.first], passages[pair.second]
        differ = (a.narratives or {}).keys() != (b.narratives or {}).keys()
        if pair.similarity >= ALIKE and differ and fold_text(a.text) != fold_text(b.text):
            for row, twin in ((pair.first, b), (pair.second, a)):
                reason = f"{pair.similarity:.0%} like '{twin.id}', which has other labels"
                findings.add(
                    "near-duplicates with other labels", row, Suspicion(pair.similarity, reason, twin.narratives or {})
                )
