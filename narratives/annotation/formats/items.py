"""The objects of a file, whatever holds them: JSON Lines, one JSON list, an object of records, a table; each with its place."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from narratives.annotation.formats.entry import TABLES, Entry, Rest
from narratives.annotation.formats.unread import explain_form
from narratives.data import Place
from narratives.errors import FEW, UserError, at, find_cause
from narratives.files import (
    SPREADSHEETS,
    BadRecord,
    BrokenJson,
    SpoiltFile,
    check_first_line,
    find_format,
    is_deep,
    open_unpacked,
    read_records,
    read_values,
    strip_packing,
)

_LINES = (".jsonl", ".ndjson")


def read_items(path: Path, columns: Sequence[str] = (), encoding: str = "") -> Iterator[Entry]:
    """Every object or row of a file; what is broken becomes an `Entry` with a `problem`.

    `columns` names those of a table without a header; `encoding` is that of a text file, "" where its mark says it if any.
    Of one cause only the first few that are broken come where they stand: the others are one entry at the end, with its `rest`.
    """
    counts, rest = Counter[str](), Rest()
    for item in look_at(path, columns, encoding):
        cause = find_cause(item.problem) if item.problem else ""
        if not cause or counts[cause] < FEW:
            counts[cause] += 1
            yield item
        else:
            rest.add(item.place.line, item.problem)
    for line, reason in rest:
        yield Entry(Place(path, line), {}, problem=reason, rest=rest)
        return


def look_at(path: Path, columns: Sequence[str] = (), encoding: str = "") -> Iterator[Entry]:
    """`read_items` for who reads the beginning only: what is broken comes where it stands, each an entry of its own."""
    suffix = find_suffix(path)
    if suffix in TABLES or (suffix in _LINES and not _holds_list(path, encoding)):
        for record in read_records(path, columns, encoding):
            if isinstance(record, BadRecord):
                yield Entry(Place(path, record.line), {}, problem=record.reason)
            else:
                yield Entry(Place(path, record.line), record.values)
    else:
        yield from _read_json(path, encoding)


def find_suffix(path: Path) -> str:
    """The ending that tells the format, in lower case, whatever the file is packed in."""
    return Path(strip_packing(path)[0]).suffix.lower()


def _holds_list(path: Path, encoding: str) -> bool:
    with open_unpacked(path, encoding=encoding) as stream:
        return stream.read(100).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def _read_json(path: Path, encoding: str) -> Iterator[Entry]:
    # One list, or objects one after the other. Decoded piece by piece, so that each has its line.
    if find_suffix(path) in SPREADSHEETS:
        find_format(path)  # which refuses it
    with open_unpacked(path, by_lines=False, encoding=encoding) as stream:
        head = stream.read(4096)
    try:
        check_first_line(head[: head.find(b"\n") + 1] or head)
    except SpoiltFile as error:
        raise UserError(at(path, 1, str(error))) from None
    beginning = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not beginning:
        raise UserError(at(path, None, "it is empty; export it again"))
    if not beginning.startswith((b"[", b"{", b"window.")):
        raise UserError(at(path, None, explain_form(path, head.decode("utf-8-sig", "replace"))))
    with open_unpacked(path, by_lines=False, encoding=encoding) as stream:
        try:
            for line, record in read_values(stream):
                if is_deep(record):
                    yield Entry(Place(path, line), {}, problem="broken JSON: nested too deeply")
                elif isinstance(record, dict):
                    yield Entry(Place(path, line), record)
                else:
                    yield Entry(Place(path, line), {}, problem=f"an object was expected, not {json.dumps(record)[:40]}")
        except BrokenJson as error:
            yield Entry(Place(path, error.line), {}, problem=f"{error.reason}; nothing after it was read")
        except SpoiltFile as error:
            raise UserError(at(path, None, str(error))) from None
