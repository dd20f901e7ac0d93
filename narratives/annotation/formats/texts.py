"""Texts that stand apart from their labels: in a folder, a file each, or in a table under the same ids."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from narratives.annotation.formats.columns import rename_fields
from narratives.annotation.formats.entry import Entry, Wishes, to_text
from narratives.annotation.formats.items import read_items
from narratives.errors import UserError, at
from narratives.files import read_text

_FIX = "get it, or leave the record out with --accept-good"


def fetch_texts(entries: Iterable[Entry], wishes: Wishes) -> Iterator[Entry]:
    """The entries with the texts that `wishes.texts` holds for their ids; those that have one stay as they are."""
    place = wishes.texts
    if place is None or place.is_dir():
        yield from (fetch_text(entry, place, wishes.encoding) if place else entry for entry in entries)
        return
    texts: dict[str, str] = {}
    for item in read_items(place, encoding=wishes.encoding):
        values = rename_fields(item.values, wishes)
        if not item.problem and isinstance(values.get("text"), str):
            texts[str(to_text(values.get("id")))] = values["text"]
    if not texts:
        raise UserError(at(place, None, "no 'id' and 'text' in it; name the fields: --id-column, --text-column"))
    for entry in entries:
        id_ = str(to_text(entry.values.get("id")))
        if entry.problem or entry.values.get("text") is not None:
            yield entry
        elif id_ in texts:
            yield replace(entry, values={**entry.values, "text": texts[id_]})
        else:
            yield _refuse(entry, f"no text with the id '{id_}' in {place}; {_FIX}")


def fetch_text(entry: Entry, folder: Path, encoding: str = "") -> Entry:
    """The entry with the text that a file of `folder`, called after its id, holds; as it is where it has one."""
    id_ = str(entry.values.get("id") or "")
    if entry.problem or entry.values.get("text") is not None or not id_:
        return entry
    names = [name for name in (id_, f"{id_}.txt") if Path(name).name == name and (folder / name).is_file()]
    if not names:
        return _refuse(entry, f"no file {folder / id_} with its text; {_FIX}")
    return replace(entry, values={"document": id_, **entry.values, "text": read_text(folder / names[0], encoding).strip()})


def _refuse(entry: Entry, problem: str) -> Entry:
    return replace(entry, values={**entry.values, "narratives": ["?"]}, problem=problem)
