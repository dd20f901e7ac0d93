"""Doubts about a passage's labels, and the review file in which they go to a person."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narratives.annotation.review import holds_decisions, make_form, read_open
from narratives.data import Labels, Passage
from narratives.errors import UserError, at
from narratives.labels import Corpus


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Labels of a passage that may be wrong, and those that may be right."""

    score: float  # in [0, 1]: how sure the doubt is; 0 where a passage was drawn by lot
    why: str
    labels: Labels


def make_doubt_form(passage: Passage, doubts: Sequence[Suspicion]) -> dict[str, Any]:
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
    dropped = {id_ for doubt in doubts for id_ in labels.keys() - doubt.labels.keys()}
    more = {id_: stance for doubt in doubts for id_, stance in doubt.labels.items() if id_ not in labels}
    return {**{id_: stance for id_, stance in labels.items() if id_ not in dropped}, **more}


def choose_file(folder: Path, review_path: Path | None) -> Path:
    """Where to write: over an older review only as long as nobody has decided anything in it."""
    if review_path is not None:
        if review_path.resolve().parent == folder.resolve().parent:
            raise UserError(
                at(review_path, None, f"would be read as passages there; name a file elsewhere, such as in {folder}")
            )
        if review_path.exists() and holds_decisions(review_path):
            raise UserError(at(review_path, None, "holds decisions; import it and keep it, and name another file"))
        return review_path
    number, path = 1, folder / "audit.jsonl"
    while path.exists() and holds_decisions(path):
        number += 1
        path = folder / f"audit-{number}.jsonl"
    return path


def keep_current(records: Sequence[dict[str, Any]], before: Corpus, now: Corpus) -> list[dict[str, Any]]:
    """The forms of passages that are labelled now as they were `before`; `UserError` where the codebook is another."""
    if before.codebook.digest != now.codebook.digest:
        raise UserError(at(now.folder, None, "the codebook was changed during the audit; give the command again"))
    labels = [{passage.id: (passage.text, passage.narratives) for passage in corpus.passages} for corpus in (before, now)]
    return [record for record in records if labels[0][record["id"]] == labels[1].get(record["id"])]


def count_waiting(folder: Path, passages: Sequence[Passage]) -> dict[str, int]:
    """Passages that a change of the codebook put into a review file and that nobody has decided about."""
    ids = {passage.id for passage in passages}
    counts = {
        str(path): sum("doubt" not in values and values.get("id") in ids for values in forms)
        for path, forms in read_open(folder)
    }
    return {path: count for path, count in counts.items() if count}
