"""Texts that wait for a reader: files of tasks and of reviews, read as `labels import` will read what comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from narratives.annotation.field_labels import SAMPLE_FILE, SAMPLE_KEY, read_field_labels, sample_folder
from narratives.annotation.formats.choice import read_entries
from narratives.annotation.formats.entry import Wishes
from narratives.annotation.incoming import parse_entries
from narratives.annotation.merge import READERS
from narratives.annotation.names import make_names
from narratives.annotation.review import is_form
from narratives.data import Codebook, Labels, Passage, Place
from narratives.errors import UserError
from narratives.files import BadRecord, read_records
from narratives.labels import NONE, join_stance, parse_passage, read_labels, to_record

_SAMPLE_FIELDS = ("id", "text", "document", "language", "source", "date")  # what a reader may know of a text


@dataclass(frozen=True, slots=True)
class Waiting:
    """A passage that nobody has labelled, or one whose labels are in doubt: then `sides` may be right."""

    passage: Passage
    sides: tuple[Labels, ...] = ()
    why: str = ""  # a line for each reason
    readers: tuple[str, ...] = ()  # of a field sample: who has labelled it already


def read_tasks(path: Path, codebook: Codebook) -> list[Waiting]:
    """The texts of a file in any form that `labels import` takes, each once; those with labels are left out.

    `UserError` lists what cannot be read.
    """
    names = make_names(codebook)
    parsed = parse_entries(read_entries(path, None, Wishes(names)), codebook, names, (), keep_bad=False)
    parsed.check()
    waiting: dict[str, Waiting] = {}
    for incoming in parsed.good:
        passage = incoming.passage
        if passage.narratives is None:
            waiting.setdefault(passage.id, Waiting(passage, why=str(passage.extras.get("chosen", ""))))
    return list(waiting.values())


def read_reviews(path: Path, codebook: Codebook) -> list[Waiting]:
    """The forms of a file that nobody has decided; `UserError` lists what cannot be read."""
    names, problems, waiting = make_names(codebook), list[str](), list[Waiting]()
    for record in read_records(path):
        place = Place(path, record.line)
        if isinstance(record, BadRecord):
            problems.append(f"{place}: {record.reason}")
        elif is_form(record.values) and record.values["decision"] is None:
            rest = {key: value for key, value in record.values.items() if key not in ("decision", "sides", "review", "doubt")}
            sides = [_read_side(side, codebook, names, place, problems) for side in record.values["sides"]]
            why = "\n".join(map(str, record.values.get("review") or _tell_sides(record.values["sides"])))
            waiting.append(Waiting(parse_passage(rest, codebook, place, problems), tuple(sides), why))
    if problems:
        raise UserError(*problems)
    return waiting


def read_sample_texts(labels: Path, name: str, codebook: Codebook) -> list[Waiting]:
    """All texts of a field sample in the order of the lots, with who has read each; `UserError` where it cannot be read."""
    folder, problems, waiting = sample_folder(labels, name), list[str](), list[Waiting]()
    readers: dict[str, list[str]] = {}
    for label in read_field_labels(folder, codebook):
        readers.setdefault(label.id, []).append(label.by)
    for record in read_records(folder / SAMPLE_FILE):
        place = Place(folder / SAMPLE_FILE, record.line)
        if isinstance(record, BadRecord):
            problems.append(f"{place}: {record.reason}")
            continue
        values = {key: record.values[key] for key in _SAMPLE_FIELDS if key in record.values}
        passage = parse_passage({**values, SAMPLE_KEY: name}, codebook, place, problems)
        waiting.append(Waiting(passage, readers=tuple(readers.get(passage.id, ()))))
    if problems:
        raise UserError(*problems)
    return waiting


def make_answer(record: Mapping[str, Any], labels: Labels, readers: Sequence[str], note: str = "") -> dict[str, Any]:
    """A passage, as a record, with the labels that readers gave it, and perhaps a note: a line for `labels import`."""
    return {**record, "narratives": labels, READERS: list(readers), **({"note": note} if note else {})}


def make_return(review: str, id_: str, labels: Labels, readers: Sequence[str]) -> dict[str, str]:
    """A row for `labels import` that decides about a form."""
    return {
        "id": id_,
        "decision": ";".join(join_stance(*pair) for pair in labels.items()) or NONE,
        "review": review,
        READERS: ";".join(readers),
    }


def to_task(waiting: Waiting) -> dict[str, Any]:
    """What a decision needs of the passage later, whatever happens to the file that it came from."""
    return to_record(replace(waiting.passage, narratives=None))


def _read_side(side: Mapping[str, Any], codebook: Codebook, names: Any, place: Place, problems: list[str]) -> Labels:
    def tell(problem: str) -> None:
        problems.append(f"{place}: {problem}")

    return read_labels(names.resolve(side.get("narratives"), tell), codebook.ids, tell) or {}


def _tell_sides(sides: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"side {k}: {side.get('by') or side.get('where', '')}" for k, side in enumerate(sides, 1)]
