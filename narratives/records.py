"""Read JSONL, CSV, Parquet and TXT as a stream of records, each with the line that it stands on."""

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narratives.errors import UserError, at, did_you_mean
from narratives.files import decode, unreadable

_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".txt": "txt"}


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


def read_records(path: Path) -> Iterator[Record | BadRecord]:
    """Stream the records of a file whose format its ending tells.

    A broken line is yielded as `BadRecord`, so that the caller decides what it costs. What spoils the whole file
    (not there, unknown format, not UTF-8, no header) raises `UserError`.
    """
    form = _ENDINGS.get(path.suffix.lower())
    if form is None:
        if not path.is_file():
            raise unreadable(path, IsADirectoryError() if path.is_dir() else FileNotFoundError())
        if path.suffix.lower() in (".xlsx", ".xls", ".ods", ".numbers"):
            raise UserError(at(path, None, "this is a spreadsheet; save it as CSV in UTF-8 and name that file"))
        raise UserError(at(path, None, f"unknown format; give it one of the endings {', '.join(_ENDINGS)}"))
    readers = {"jsonl": _read_jsonl, "csv": _read_csv, "parquet": _read_parquet, "txt": _read_txt}
    return readers[form](path)


def _read_lines(path: Path) -> Iterator[str]:
    """Lines with their ends, decoded one at a time so that memory stays flat and an error knows its line."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from None
    with stream:
        try:
            for number, data in enumerate(stream, 1):
                if number == 1:
                    yield decode(path, data)
                    continue
                try:
                    yield data.decode("utf-8")
                except UnicodeDecodeError as error:
                    byte = data[error.start]
                    raise UserError(at(path, number, f"byte 0x{byte:02x} is not UTF-8; save the file as UTF-8")) from None
        except OSError as error:
            raise unreadable(path, error) from None


def _read_jsonl(path: Path) -> Iterator[Record | BadRecord]:
    for number, line in enumerate(_read_lines(path), 1):
        if not line.strip():
            continue
        if number == 1 and (line.strip() == "[" or line.lstrip().startswith(("[{", "[ {"))):
            raise UserError(at(path, 1, "this is one JSON list; write one object a line, with no brackets or commas around"))
        try:
            value = json.loads(line.rstrip(), object_pairs_hook=_unique_keys)
        except json.JSONDecodeError as error:
            yield BadRecord(number, f"broken JSON: {error.msg} at column {error.colno}")
        except _RepeatedKey as error:
            yield BadRecord(number, f"key '{error}' stands twice in one object; keep one")
        except RecursionError:
            yield BadRecord(number, "broken JSON: nested too deeply")
        except ValueError:  # Python reads no whole number of more than 4300 digits
            yield BadRecord(number, "broken JSON: a number has too many digits; put it in quotes")
        else:
            if "\\ud" in line.lower() and _has_lone_surrogate(value):
                yield BadRecord(number, "half a surrogate pair (\\ud...) is no character; mend the export")
            elif isinstance(value, dict):
                yield Record(number, value)
            else:
                yield BadRecord(number, 'each line must be an object such as {"id": "1", "text": "..."}')


class _RepeatedKey(ValueError):
    pass


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # The standard reader keeps the last of two equal keys without a word: a label would vanish.
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _RepeatedKey(next(key for key in keys if keys.count(key) > 1))
    return values


def _has_lone_surrogate(value: Any) -> bool:
    # JSON can escape half a pair, which no UTF-8 file can hold: it would fail on writing, hours later.
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _read_csv(path: Path) -> Iterator[Record | BadRecord]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # the default of 128 KiB is shorter than a long article
    lines = _read_lines(path)
    first, skipped = next(lines, ""), 1
    delimiter = max(",;\t", key=first.count)
    if first.lower().startswith("sep="):  # a spreadsheet's own way to name the delimiter
        delimiter, first, skipped = first[4:5], next(lines, ""), 2
    try:
        header = next(csv.reader([first], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise UserError(at(path, skipped, f"the header is broken: {error}")) from None
    columns = len(header)
    while header and not header[-1].strip():  # columns that a spreadsheet added and nobody named
        header.pop()
    if not header or len(set(header)) < len(header):
        raise UserError(at(path, skipped, "the first line must name the columns, each once, such as: id,text"))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1 + skipped  # the header was read apart; a record starts on the line after the last one
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRecord(number, f"broken CSV: {error}")
            continue
        if not row:
            continue
        if len(row) != columns:
            yield BadRecord(number, f"{len(row)} fields where the header names {columns}; check quotes and commas")
        else:
            yield Record(number, dict(zip(header, row[: len(header)], strict=True)))


def _read_parquet(path: Path) -> Iterator[Record | BadRecord]:
    import pyarrow
    import pyarrow.parquet

    if not path.is_file():
        raise unreadable(path, IsADirectoryError() if path.is_dir() else FileNotFoundError())
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            row = 0
            for batch in file.iter_batches(batch_size=4096):
                for values in batch.to_pylist():
                    row += 1
                    yield Record(row, values)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(at(path, None, f"not a Parquet file that can be read: {reason}")) from None


def _read_txt(path: Path) -> Iterator[Record | BadRecord]:
    for number, line in enumerate(_read_lines(path), 1):
        if line.strip():
            yield Record(number, {"text": line.strip()})


def require_column(path: Path, record: Record, column: str) -> None:
    """`UserError` where a record lacks a column that the whole file needs."""
    if column not in record.values:
        names = list(record.values)
        raise UserError(at(path, record.line, f"no '{column}' column{did_you_mean(column, names)}; name it with --text-column"))
