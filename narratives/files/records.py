"""Read JSONL, CSV, Parquet and TXT as a stream of records, each with the line that it stands on."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narratives.errors import UserError, at
from narratives.files.atomic import unreadable
from narratives.files.csv_rows import Header, read_header, read_rows
from narratives.files.lines import TOO_LONG, Line, SpoiltFile, check_first_line, decode_line, read_lines
from narratives.files.parquet_rows import Batches, open_parquet
from narratives.files.parquet_values import to_rows, weigh_rows
from narratives.files.unpacked import check_unpacked

ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".txt": "txt"}
_DEEPEST = 200  # lists and objects in each other; how many more Python bears depends on who calls


@dataclass(frozen=True, slots=True)
class Record:
    """One object, row or line of a file; `line` is 1-based (for Parquet: the row)."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A line that is no record, and why."""

    line: int
    reason: str


def find_format(path: Path) -> str:
    """The format that a file's ending tells: jsonl, csv, parquet or txt; `UserError` names those that are known."""
    if form := ENDINGS.get(path.suffix.lower()):
        return form
    if not path.is_file():
        raise unreadable(path, IsADirectoryError() if path.is_dir() else FileNotFoundError())
    if path.suffix.lower() in (".xlsx", ".xls", ".ods", ".numbers"):
        raise UserError(at(path, None, "this is a spreadsheet; save it as CSV in UTF-8 and name that file"))
    raise UserError(at(path, None, f"unknown format; give it one of the endings {', '.join(ENDINGS)}"))


def read_records(path: Path) -> Iterator[Record | BadRecord]:
    """Stream the records of a file whose format its ending tells.

    A broken line is yielded as `BadRecord`, so that the caller decides what it costs. What spoils the whole file
    (not there, unknown format, not UTF-8, no header) raises `UserError`.
    """
    form = find_format(path)
    return _read_parquet(path) if form == "parquet" else _read_text(path, form)


def _read_text(path: Path, form: str) -> Iterator[Record | BadRecord]:
    try:
        with path.open("rb") as stream:
            lines = _refuse_other_encodings(path, read_lines(stream))
            yield from parse_records(form, lines, read_header(lines) if form == "csv" else None)
    except OSError as error:
        raise unreadable(path, error) from None
    except SpoiltFile as error:
        raise UserError(at(path, 1, str(error))) from None


def parse_records(form: str, lines: Iterator[Line], header: Header | None) -> Iterator[Record | BadRecord]:
    """The records of the lines of a text format; a CSV file needs its `header`. `SpoiltFile` from line 1 only."""
    if form == "csv" and header:
        return _parse_csv(lines, header)
    return _parse_lines(lines, _parse_json if form == "jsonl" else _parse_txt)


def _refuse_other_encodings(path: Path, lines: Iterator[Line]) -> Iterator[Line]:
    # One error for a file in another encoding says more than one for every line of it.
    for number, size, data in lines:
        if data is not None:
            try:
                if number == 1:
                    check_first_line(data)
                decode_line(number, data)
            except ValueError as error:
                raise UserError(at(path, number, str(error))) from None
        yield number, size, data


def _parse_lines(lines: Iterator[Line], parse: Callable[[int, str], Record | BadRecord | None]) -> Iterator[Record | BadRecord]:
    for number, _, data in lines:
        if data is None:
            yield BadRecord(number, TOO_LONG)
            continue
        try:
            record = parse(number, decode_line(number, data))
        except SpoiltFile:
            raise
        except ValueError as error:
            record = BadRecord(number, str(error))
        if record:
            yield record


def _parse_txt(number: int, line: str) -> Record | None:
    return Record(number, {"text": line.strip()}) if line.strip() else None


def _parse_json(number: int, line: str) -> Record | BadRecord | None:
    line = line.rstrip()
    if not line:
        return None
    if number == 1 and (line.strip() == "[" or line.lstrip().startswith(("[{", "[ {"))):
        raise SpoiltFile("this is one JSON list; write one object a line, with no brackets or commas around")
    try:
        value = _decode(line)
    except json.JSONDecodeError as error:
        return BadRecord(number, f"broken JSON: {error.msg.removesuffix(' at')} at column {error.colno}")
    except _RepeatedKey as error:
        return BadRecord(number, f"key {error} stands twice in one object; keep one")
    except RecursionError:
        return BadRecord(number, _TOO_DEEP)
    except ValueError:  # Python reads no whole number of more than 4300 digits
        return BadRecord(number, "broken JSON: a number has too many digits; put it in quotes")
    if line.count("[") + line.count("{") > _DEEPEST and _is_deep(value):
        return BadRecord(number, _TOO_DEEP)
    if "\\u" in line and "\\ud" in line.lower() and _has_lone_surrogate(value):
        return BadRecord(number, "half a surrogate pair (\\ud...) is no character; mend the export")
    if isinstance(value, dict):
        return Record(number, value)
    return BadRecord(number, 'each line must be an object such as {"id": "1", "text": "..."}')


def _parse_csv(lines: Iterator[Line], header: Header) -> Iterator[Record | BadRecord]:
    for row in read_rows(lines, header):
        if row.reason:
            yield BadRecord(row.line, row.reason)
        elif row.fields:
            yield Record(row.line, dict(zip(header.columns, row.fields, strict=False)))  # nameless columns fall away


class _RepeatedKey(ValueError):
    pass


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # The standard reader keeps the last of two equal keys without a word: a label would vanish.
    values = dict(pairs)
    if len(values) < len(pairs):
        [(key, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise _RepeatedKey(repr(key[:40]))  # with what cannot be written escaped
    return values


_decode = json.JSONDecoder(object_pairs_hook=_unique_keys).decode
_TOO_DEEP = "broken JSON: nested too deeply"


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [one for several in inner for one in several]
    return any(isinstance(one, dict | list) for one in level)


def _has_lone_surrogate(value: Any) -> bool:
    # JSON can escape half a pair, which no UTF-8 file can hold: it would fail on writing, hours later.
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _read_parquet(path: Path) -> Iterator[Record | BadRecord]:
    with open_parquet(path) as file:
        batches, row, unpacked = Batches(file), 0, 0
        while row < file.metadata.num_rows:
            first, batch = batches.find(row)
            unpacked += int(weigh_rows(batch).sum())  # a text that lies there once may stand in every row
            if reason := check_unpacked(path.stat().st_size, unpacked):
                raise SpoiltFile(reason)
            end = first + len(batch)
            yield from parse_rows(batches, row, end)
            row = end


def parse_rows(batches: Batches, row: int, end: int) -> Iterator[Record | BadRecord]:
    """The records of the rows from `row` to before `end`, counted from 0."""
    while row < end:
        first, batch = batches.find(row)
        for values, reason in to_rows(batch.slice(row - first, end - row)):
            row += 1
            yield BadRecord(row, reason) if reason else Record(row, values)
