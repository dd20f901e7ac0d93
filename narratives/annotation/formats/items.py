"""The objects of a file, whatever holds them: JSON Lines, one JSON list, a table; each with its place."""

import json
from collections.abc import Iterator
from pathlib import Path

from narratives.annotation.formats.entry import TABLES, Entry
from narratives.data import Place
from narratives.errors import UserError, at
from narratives.files import BadRecord, read_records, read_text

_LINES = (".jsonl", ".ndjson")


def read_items(path: Path) -> Iterator[Entry]:
    """Every object or row of a file; what is broken becomes an `Entry` with a `problem`."""
    suffix = path.suffix.lower()
    if suffix in TABLES or (suffix in _LINES and not _holds_list(path)):
        for record in read_records(path):
            if isinstance(record, BadRecord):
                yield Entry(Place(path, record.line), {}, problem=record.reason)
            else:
                yield Entry(Place(path, record.line), record.values)
    else:
        yield from _read_json(path)


def _holds_list(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(100).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")
    except OSError:
        return False  # told by whoever reads it


def _read_json(path: Path) -> Iterator[Entry]:
    # One list, or objects one after the other. Decoded piece by piece, so that each has its line.
    text = read_text(path)
    if not text.lstrip().startswith(("[", "{")):
        raise UserError(at(path, None, "no format that is known; export as JSON, JSONL or CSV, with that ending"))
    decoder = json.JSONDecoder()
    listed = text.lstrip().startswith("[")
    position, line = text.index("[") + 1 if listed else 0, 1
    counted = 0
    while True:
        while position < len(text) and (text[position].isspace() or text[position] == ","):
            position += 1
        line += text.count("\n", counted, position)
        counted = position
        if position >= len(text) or text[position] == "]":
            break
        place = Place(path, line)
        try:
            value, position = decoder.raw_decode(text, position)
        except (json.JSONDecodeError, RecursionError) as error:
            where = error.lineno if isinstance(error, json.JSONDecodeError) else line
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            yield Entry(Place(path, where), {}, problem=f"broken JSON: {reason}; nothing after it was read")
            return
        if isinstance(value, dict):
            yield Entry(place, value)
        else:
            yield Entry(place, {}, problem=f"an object was expected, not {json.dumps(value)[:40]}")
    if listed and position >= len(text):
        yield Entry(Place(path, line), {}, problem="the list is not closed: the file is cut off; export it again")
