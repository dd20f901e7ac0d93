"""Which tool wrote a file, and the reader for it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from itertools import islice
from pathlib import Path

from narratives.annotation.formats.entry import TABLES, Entry, Wishes, to_text
from narratives.annotation.formats.items import read_items
from narratives.errors import UserError, at

FORMATS = {
    "jsonl": "narratives.annotation.formats.ours",
    "csv": "narratives.annotation.formats.tables",
    "label-studio": "narratives.annotation.formats.label_studio",
    "doccano": "narratives.annotation.formats.doccano",
    "prodigy": "narratives.annotation.formats.prodigy",
    "argilla": "narratives.annotation.formats.argilla",
    "hf": "narratives.annotation.formats.hf",
}
_LOOKED_AT = 100  # records that tell a file's format


def read_entries(path: Path, form: str | None, wishes: Wishes) -> Iterator[Entry]:
    """The records of a file or folder; its format is found by looking where none is given."""
    form = form or find_format(path)
    reader: Callable[[Path, Wishes], Iterator[Entry]] = import_module(FORMATS[form]).read
    for entry in reader(path, wishes):
        if form != "jsonl":  # their words for other things are no misspelt keys of ours
            beside = {key: to_text(entry.values.get(key)) for key in ("id", "text", "document", "language", "source")}
            problem = entry.problem
            if beside["text"] is None and not problem:
                there = ", ".join(key for key, value in entry.values.items() if value is not None)
                problem = f"no 'text', only {there[:80]}; name the field that holds it: --text-column"
            entry = replace(entry, values={**entry.values, **beside}, problem=problem)
        yield entry


def find_format(path: Path) -> str:
    """Which tool wrote a file, by what is in it; `UserError` where that can't be told."""
    if path.is_dir():
        if any((path / name).is_file() for name in ("dataset_dict.json", "state.json")):
            return "hf"
        if (path / "records.json").is_file():
            return "argilla"
        raise UserError(at(path, None, "a folder, but no saved dataset, of Hugging Face or of Argilla; name a file in it"))
    looked_at = [item.values for item in islice(read_items(path), _LOOKED_AT)]
    keys = {key for values in looked_at for key in values}
    if {"id", "text", "document", "narratives"} <= keys:
        return "csv" if path.suffix.lower() in TABLES else "jsonl"
    if {"annotator", "annotation_id"} <= keys or any(isinstance(values.get("data"), dict) for values in looked_at):
        return "label-studio"
    if path.suffix.lower() in TABLES:
        return "doccano" if {"label", "Comments"} <= keys else "csv"
    if keys & {"answer", "accept"}:
        return "prodigy"
    if {"fields", "responses"} <= keys or "annotation_agent" in keys or any(key.endswith(".responses") for key in keys):
        return "argilla"
    return "doccano" if keys & {"label", "labels"} and "narratives" not in keys else "jsonl"
