"""Labels of a field sample: a set of their own below `labels/field/`, which measures and is never trained on meanwhile.

What goes out to be read names its sample, and so `labels import` knows it when it comes back.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from narratives.annotation.incoming import Incoming, fold_text
from narratives.annotation.merge import READERS
from narratives.data import Codebook, Labels
from narratives.errors import UserError, at, did_you_mean
from narratives.files import BadRecord, check_plain_name, read_records
from narratives.labels import read_labels

FOLDER = "field"  # below labels/
SAMPLE_KEY = "field_sample"  # in a record: the sample that its text was drawn for
SAMPLE_FILE, LABELS_FILE = "sample.jsonl", "labels.jsonl"
UNNAMED = "(unnamed)"  # a reader whose tool or file gives no name


@dataclass(frozen=True, slots=True)
class FieldLabel:
    """What one reader found in one text of a sample."""

    id: str
    by: str
    narratives: Labels
    note: str = ""


def sample_folder(labels: Path, name: str) -> Path:
    """Where a sample lies; `UserError` where the name is none."""
    check_plain_name(name, "sample", longest=255)  # such as may be there already
    return labels / FOLDER / name


def list_samples(labels: Path) -> list[str]:
    """The names of all samples, in their order."""
    return sorted(path.parent.name for path in (labels / FOLDER).glob(f"[!.]*/{SAMPLE_FILE}"))


def read_field_labels(folder: Path, codebook: Codebook) -> list[FieldLabel]:
    """The labels of a sample, one for each text and reader; empty where nobody has read yet. `UserError` lists bad lines."""
    path = folder / LABELS_FILE
    if not path.is_file():
        return []
    problems: list[str] = []
    rows: dict[tuple[str, str], FieldLabel] = {}
    for record in read_records(path):
        if isinstance(record, BadRecord):
            problems.append(at(path, record.line, record.reason))
            continue
        values, faults = record.values, list[str]()
        labels = read_labels(values.get("narratives"), codebook.ids, faults.append)
        problems += [at(path, record.line, problem) for problem in faults]
        if labels is None and not faults:
            problems.append(at(path, record.line, "not labelled; delete the line, or give it narratives"))
        row = FieldLabel(str(values.get("id")), str(values.get("by") or UNNAMED), labels or {}, str(values.get("note") or ""))
        rows[row.id, row.by] = row
    if problems:
        raise UserError(*problems)
    return list(rows.values())


def divide(labels: Path, incoming: Iterable[Incoming]) -> tuple[dict[str, list[Incoming]], list[Incoming]]:
    """What comes in for samples, by their names, and all else; `UserError` where a sample or a text in it is not there."""
    by_sample: dict[str, list[Incoming]] = {}
    others = []
    for item in incoming:
        name = item.passage.extras.get(SAMPLE_KEY)
        if name is None:
            others.append(item)
        else:
            by_sample.setdefault(str(name), []).append(item)
    problems: list[str] = []
    for name, rows in by_sample.items():
        problems += _find_problems(labels, name, rows)
    if problems:
        raise UserError(*problems)
    return by_sample, others


def merge_field_labels(folder: Path, rows: Sequence[Incoming], codebook: Codebook, by: str = "") -> tuple[str, Counter[str]]:
    """The text of the labels' file with what comes in; counts of new, changed, the same and unlabelled ones.

    A reader's later answer takes the place of the earlier one, and is counted as changed.
    """
    labels_of = {(row.id, row.by): row for row in read_field_labels(folder, codebook)}
    counts: Counter[str] = Counter()
    for item in rows:
        passage = item.passage
        if passage.narratives is None:
            counts["unlabelled"] += 1
            continue
        named = passage.extras.get(READERS)
        readers = named if isinstance(named, list) and named else [item.by or passage.extras.get("by") or by or UNNAMED]
        for reader in map(str, readers):
            row = FieldLabel(passage.id, reader, passage.narratives, _join_note(passage.extras.get("note")))
            before = labels_of.get((row.id, row.by))
            counts["new" if before is None else "the same" if before == row else "changed"] += 1
            labels_of[row.id, row.by] = row
    return "".join(json.dumps(_to_record(row), ensure_ascii=False) + "\n" for row in labels_of.values()), counts


def _join_note(note: object) -> str:
    """A note as one text: tools give it as a text or as lists of texts."""
    return " ".join(map(_join_note, note)).strip() if isinstance(note, list) else str(note or "").strip()


def _to_record(row: FieldLabel) -> dict[str, object]:
    return {"id": row.id, "by": row.by, "narratives": row.narratives, **({"note": row.note} if row.note else {})}


def _find_problems(labels: Path, name: str, rows: Sequence[Incoming]) -> list[str]:
    path = sample_folder(labels, name) / SAMPLE_FILE
    if not path.is_file():
        hint = did_you_mean(name, list_samples(labels))
        return [f"{rows[0].passage.place}: read for the sample '{name}', which this project does not have{hint}"]
    texts = {}
    for record in read_records(path):
        if isinstance(record, BadRecord):
            return [at(path, record.line, f"{record.reason}; restore the file: the sample cannot be known without it")]
        texts[str(record.values.get("id"))] = fold_text(str(record.values.get("text")))
    problems = []
    for item in rows:
        if item.passage.id not in texts:
            problems.append(f"{item.passage.place}: '{item.passage.id}' is no text of the sample '{name}'; leave it out")
        elif texts[item.passage.id] != fold_text(item.passage.text):
            problems.append(f"{item.passage.place}: '{item.passage.id}' has another text than the sample '{name}'; restore it")
    return problems
