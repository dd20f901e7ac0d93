"""Which tool wrote a file, and the reader for it."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from itertools import islice
from pathlib import Path

from narratives.annotation.formats.cells import says_stance
from narratives.annotation.formats.entry import TABLES, Entry, Wishes, to_text
from narratives.annotation.formats.hints import explain_no_text, hint_document
from narratives.annotation.formats.items import find_suffix, look_at
from narratives.annotation.formats.joining import join_codes
from narratives.annotation.formats.texts import fetch_texts
from narratives.annotation.formats.unread import explain_folder
from narratives.annotation.formats.untaken import has_content, refuse
from narratives.annotation.origin import mark_answers
from narratives.errors import UserError, at
from narratives.files import find_split
from narratives.labels import STANCES, Splits, is_semeval, read_splits

_PLAIN = ("jsonl", "csv")  # the formats in which a model's answers come
FORMATS = {
    "jsonl": "narratives.annotation.formats.ours",
    "csv": "narratives.annotation.formats.tables",
    "label-studio": "narratives.annotation.formats.label_studio",
    "doccano": "narratives.annotation.formats.doccano",
    "prodigy": "narratives.annotation.formats.prodigy",
    "argilla": "narratives.annotation.formats.argilla",
    "hf": "narratives.annotation.formats.hf",
    "semeval": "narratives.annotation.formats.semeval",
}
_SHARD = re.compile(r"-\d+-of-\d+$")
_BESIDE_SPLIT = {"labels", "label", "data", "set", "split", "gold", "annotations"}
_OTHER_SPLIT = "'split' says other words than train, validation and test; kept beside the text, and the documents dealt out"
_OTHER_STANCE = f"'stance' says other words than {', '.join(STANCES)}; kept beside the text, as no stance"
_LOOKED_AT = 100  # records that tell a file's format


def read_entries(path: Path, form: str | None, wishes: Wishes) -> Iterator[Entry]:
    """The records of a file or folder; its format is found by looking where none is given.

    Whatever the tool: an annotation that its reader did not take up is a problem of the record, as is a missing text.
    """
    form = "csv" if wishes.header else form or find_format(path, wishes.encoding)
    reader: Callable[[Path, Wishes], Iterator[Entry]] = import_module(FORMATS[form]).read
    split, beside = _read_split(path), _read_splits_beside(path)
    entries = list(join_codes(reader(path, wishes)))
    entries = list(mark_answers(entries, wishes.as_labels)) if form in _PLAIN else entries
    if wishes.texts and form != "semeval":
        entries = list(fetch_texts(entries, wishes))
    _check_texts(path, entries)
    if form != "jsonl":
        entries = _hint(entries)
    for entry in entries:
        if form != "jsonl":  # their words for other things are no misspelt keys of ours
            entry = _name_known(entry)
        elif "id" in entry.values:
            entry = replace(entry, values={**entry.values, "id": to_text(entry.values["id"])})
        entry = _note_beside(refuse(entry, wishes))
        named = find_split(entry.values.get("split")) if "split" in entry.values else ""
        if named and not entry.problem:
            values = {key: value for key, value in entry.values.items() if key != "split"}
            entry = replace(entry, values=values, split=named)
        document = str(entry.values.get("document") or entry.values.get("id"))
        yield replace(entry, split=entry.split or beside.get(document, split))


def _note_beside(entry: Entry) -> Entry:
    """The entry with a note where a word of its split or its stance is none that is known, and is kept beside the text."""
    notes = []
    if has_content(split := entry.values.get("split")) and not find_split(split):
        notes.append(_OTHER_SPLIT)
    if not entry.ours and entry.values.get("narratives"):
        beside = any(says_stance(name) and has_content(value) for name, value in entry.values.items())
        notes += [_OTHER_STANCE] if beside else []
    return replace(entry, notes=(*entry.notes, *notes)) if notes and not entry.problem else entry


def _read_split(path: Path) -> str:
    """The split that a file's name says (`train`, `test_labels`, `dev-00000-of-00001`); else empty."""
    words = re.split(r"[-_ ]", _SHARD.sub("", path.name.partition(".")[0]).casefold())
    splits = [word for word in words if find_split(word)]
    return find_split(splits[0]) if len(splits) == 1 and {*words} <= {splits[0], *_BESIDE_SPLIT} else ""


def _read_splits_beside(path: Path) -> Splits:
    """What the project that a file comes from says: its `splits.csv` lies beside the passages."""
    file = path.with_name("splits.csv")
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as stream:
            is_ours = stream.readline().strip() == "document,split"
    except OSError:
        return {}
    return read_splits(file) if is_ours and file != path else {}


def _check_texts(path: Path, entries: Sequence[Entry]) -> None:
    """`UserError` where no record at all has a text: then it is in another field."""
    good = [entry for entry in entries if not entry.problem and not entry.settles]
    if good and all(entry.values.get("text") is None for entry in good):
        raise UserError(at(path, None, explain_no_text(entry.values for entry in good)))


def _hint(entries: list[Entry]) -> list[Entry]:
    hint = hint_document(entry.values for entry in entries if not entry.problem and not entry.ours)
    return [replace(entries[0], notes=(*entries[0].notes, hint)), *entries[1:]] if hint else entries


def _name_known(entry: Entry) -> Entry:
    beside = {key: to_text(entry.values.get(key)) for key in ("id", "text", "document", "language", "source")}
    problem = entry.problem
    if beside["text"] is None and not problem:
        problem = "its text is missing; fill it in or delete it"
    return replace(entry, values={**entry.values, **beside}, problem=problem)


def find_format(path: Path, encoding: str = "") -> str:
    """Which tool wrote a file, by what is in it; `UserError` where that can't be told."""
    if path.is_dir():
        if any((path / name).is_file() for name in ("dataset_dict.json", "state.json")):
            return "hf"
        if (path / "records.json").is_file():
            return "argilla"
        raise UserError(at(path, None, explain_folder(path)))
    if is_semeval(path, encoding):
        return "semeval"
    table = find_suffix(path) in TABLES
    looked_at = [item.values for item in islice(look_at(path, encoding=encoding), _LOOKED_AT)]
    keys = {key for values in looked_at for key in values}
    if {"id", "text", "document", "narratives"} <= keys:
        return "csv" if table else "jsonl"
    if {"annotator", "annotation_id"} <= keys or any(_is_task(values) for values in looked_at):
        return "label-studio"
    if table:
        return "doccano" if {"label", "Comments"} <= keys else "csv"
    if "answer" in keys or {"accept", "options"} <= keys or any(key in keys for key in ("_input_hash", "_view_id")):
        return "prodigy"
    if {"fields", "responses"} <= keys or "annotation_agent" in keys or any(key.endswith(".responses") for key in keys):
        return "argilla"
    if "narratives" in keys or "decision" in keys:
        return "jsonl"
    return "doccano" if keys & {"label", "labels"} or keys >= {"Comments", "entities"} else "csv"


def _is_task(values: dict[str, object]) -> bool:
    return isinstance(values.get("data"), dict) and not values.keys() & {"label", "labels", "narratives"}
