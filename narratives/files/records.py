"""Read JSONL, JSON, CSV, Parquet and TXT as a stream of records, each with the line that it stands on."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from narratives.errors import UserError, at
from narratives.files.csv_rows import Header, is_header_again, name_columns, read_header, read_rows
from narratives.files.encodings import without_option
from narratives.files.forms import explain_texts
from narratives.files.json_lines import DEEPEST, RepeatedKey, is_deep, unique_keys
from narratives.files.lines import TOO_LONG, Line, SpoiltFile, check_first_line, decode_line, read_lines
from narratives.files.packed import JSON, check_file, open_unpacked, strip_packing
from narratives.files.parquet_rows import Batches, open_parquet
from narratives.files.parquet_values import to_rows, weigh_rows
from narratives.files.quoting import find_quoting
from narratives.files.unpacked import check_unpacked

ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".txt": "txt"}
ENDINGS |= dict.fromkeys(JSON, "jsonl")  # unpacked to an object a line
SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")


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
    """The format that a file's ending tells: jsonl, csv, parquet or txt; `UserError` names those that are known.

    `.gz` and `.zst` after it say that the file is packed.
    """
    inner = Path(strip_packing(path)[0])
    if form := ENDINGS.get(inner.suffix.lower()):
        return form
    check_file(path)
    if inner.suffix.lower() in SPREADSHEETS:
        raise UserError(at(path, None, "this is a spreadsheet; save it as CSV in UTF-8 and name that file"))
    unknown = f"unknown format; give it one of the endings {', '.join(ENDINGS)}"
    raise UserError(at(path, None, explain_texts(path) or unknown))


def read_records(path: Path, columns: Sequence[str] = (), encoding: str | None = None) -> Iterator[Record | BadRecord]:
    """Stream the records of a file whose format its ending tells. `columns` names those of a table without a header.

    A text file must be UTF-8; not so where `encoding` is given: "" reads what the mark at its beginning says, else it is a
    name such as cp1252.

    A broken line is yielded as `BadRecord`, so that the caller decides what it costs. What spoils the whole file
    (not there, unknown format, not UTF-8, no header) raises `UserError`.
    """
    form = find_format(path)
    if form == "parquet" and strip_packing(path)[1]:
        raise UserError(at(path, None, "Parquet is compressed inside; unpack this file first"))
    return _read_parquet(path) if form == "parquet" else _read_text(path, form, columns, encoding)


def _read_text(path: Path, form: str, columns: Sequence[str], encoding: str | None) -> Iterator[Record | BadRecord]:
    try:
        header = _find_header(path, columns, encoding) if form == "csv" else None
        with open_unpacked(path, encoding=encoding) as stream:
            lines = _refuse_other_encodings(path, read_lines(stream), encoding)
            if header and not columns:
                read_header(lines, tabs=header.delimiter == "\t")
            yield from _refuse_spread_objects(parse_records(form, lines, header))
    except SpoiltFile as error:
        raise UserError(at(path, 1, _word(error, encoding))) from None


def _word(error: ValueError, encoding: str | None) -> str:
    return without_option(str(error)) if encoding is None else str(error)


def _refuse_spread_objects(records: Iterator[Record | BadRecord]) -> Iterator[Record | BadRecord]:
    # One error for objects that run over several lines says more than one for every line of them.
    for record in records:
        if record == BadRecord(1, _OPEN_OBJECT):
            following = list(islice(records, 1))
            if following and isinstance(following[0], BadRecord):
                raise SpoiltFile(_SPREAD)
            yield from (record, *following)
        else:
            yield record


def _find_header(path: Path, columns: Sequence[str], encoding: str | None) -> Header:
    tabs = strip_packing(path)[0].lower().endswith(".tsv")
    with open_unpacked(path, encoding=encoding) as stream:
        lines = _refuse_other_encodings(path, read_lines(stream), encoding)
        return find_quoting(lines, name_columns(lines, columns, tabs) if columns else read_header(lines, tabs=tabs))


def parse_records(form: str, lines: Iterator[Line], header: Header | None) -> Iterator[Record | BadRecord]:
    """The records of the lines of a text format; a CSV file needs its `header`. `SpoiltFile` from line 1 only."""
    if form == "csv" and header:
        return _parse_csv(lines, header)
    return _parse_lines(lines, _parse_json if form == "jsonl" else _parse_txt)


def _refuse_other_encodings(path: Path, lines: Iterator[Line], encoding: str | None) -> Iterator[Line]:
    # One error for a file in another encoding says more than one for every line of it.
    for number, size, data in lines:
        if data is not None:
            try:
                if number == 1:
                    check_first_line(data)
                decode_line(number, data)
            except ValueError as error:
                raise UserError(at(path, number, _word(error, encoding))) from None
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
    text = line.strip()
    if "\r" in text:
        raise ValueError("a carriage return stands in this line, as old programs ended lines; save it with other line ends")
    return Record(number, {"text": text}) if text else None


def _parse_json(number: int, line: str) -> Record | BadRecord | None:
    line = line.rstrip().removeprefix("\ufeff")  # files that were put together
    if not line:
        return None
    if number == 1 and (line.strip() == "[" or line.lstrip().startswith(("[{", "[ {"))):
        raise SpoiltFile("this is one JSON list; give the file the ending .json, or write one object a line: jq -c '.[]'")
    try:
        value = _decode(line)
    except json.JSONDecodeError as error:
        fix = _NO_JSON if number == 1 and line.lstrip()[:1] not in ("{", "[") else ""
        return BadRecord(number, f"broken JSON: {error.msg.removesuffix(' at')} at column {error.colno}{fix}")
    except RepeatedKey as error:
        return BadRecord(number, f"key {error} stands twice in one object; keep one")
    except RecursionError:
        return BadRecord(number, _TOO_DEEP)
    except ValueError:  # Python reads no whole number of more than 4300 digits
        return BadRecord(number, "broken JSON: a number has too many digits; put it in quotes")
    if line.count("[") + line.count("{") > DEEPEST and is_deep(value):
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
        elif row.fields and is_header_again(row, header):
            yield BadRecord(row.line, "the header stands here again, as where files were put together; delete this line")
        elif row.fields:
            yield Record(row.line, dict(zip(header.columns, row.fields, strict=False)))  # nameless columns fall away


_decode = json.JSONDecoder(object_pairs_hook=unique_keys).decode
_SPREAD = "an object runs over several lines; give the file the ending .json, or write one a line: jq -c ."
_OPEN_OBJECT = "broken JSON: Expecting property name enclosed in double quotes at column 2"  # a line that is a brace alone
_NO_JSON = "; if the file is a table or plain text, give it the ending .csv, .tsv or .txt"
_TOO_DEEP = "broken JSON: nested too deeply"


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
