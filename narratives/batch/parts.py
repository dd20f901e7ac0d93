"""Parts: ranges of an input file that begin and end with a record, found in one pass and read by themselves."""

import sys
import zlib
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from narratives.batch.sources import Source, open_source
from narratives.errors import UserError, at
from narratives.files import (
    CHANGED,
    BadRecord,
    Batches,
    Header,
    Record,
    SpoiltFile,
    check_first_line,
    explain_unpacking,
    find_quoting,
    open_parquet,
    parse_records,
    parse_rows,
    read_header,
    read_lines,
    read_rows,
    refusing_parquet,
    unreadable,
)

_CHUNK = 1 << 20
_LIGHTEST = 64  # bytes that a row of Parquet is taken to weigh at least
_UNKNOWN = sys.maxsize  # a position that makes the next reader begin anew


@dataclass(frozen=True, slots=True)
class Part:
    """`length` bytes of the decompressed file from `offset` on, which hold `lines` lines (of CSV: rows).

    For Parquet all four count rows.
    """

    offset: int
    length: int
    line: int  # number of the first, from 1
    lines: int


def split_source(source: Source, size: int) -> tuple[Header | None, list[Part]]:
    """The parts of a file, each of `size` bytes or the record that goes beyond them; and the header of a CSV file.

    They cover the file without gaps. Only the boundaries are looked for: nothing is kept in memory. `UserError` where the
    whole file is not what its ending says, or is cut short.
    """
    with _refusing(source), open_source(source) as stream:
        if source.form == "parquet":
            return None, _split_parquet(source, stream, size)
        if source.form != "csv":
            return None, list(_split_lines(stream, size))
        header = _find_header(source)
        lines = read_lines(stream)
        read_header(lines, tabs=source.has_tabs)
        ends = ((row.line, row.size) for row in read_rows(lines, header))
        return header, list(_split_rows(ends, header, size))


def _find_header(source: Source) -> Header:
    with open_source(source) as stream:
        lines = read_lines(stream)
        return find_quoting(lines, read_header(lines, tabs=source.has_tabs))


@dataclass
class Cursor:
    """Where reading stands in a file: parts that follow each other need no unpacking from its beginning."""

    path: str = ""
    position: int = 0  # in the decompressed file
    stream: BinaryIO | None = field(default=None, repr=False)
    batches: Batches | None = field(default=None, repr=False)  # of a Parquet file
    _open: ExitStack = field(default_factory=ExitStack, repr=False)

    def open_at(self, source: Source, offset: int) -> BinaryIO:
        """The decompressed bytes from `offset` on. The caller says in `position` how far it read."""
        if self.stream is None or self.path != source.path or self.position > offset:
            self.close()
            self.stream, self.path, self.position = self._open.enter_context(open_source(source)), source.path, 0
        if self.stream.seekable():  # neither packed nor in another encoding
            self.stream.seek(offset)
            self.position = offset
        while self.position < offset:
            skipped = len(self.stream.read(min(_CHUNK, offset - self.position)))
            if not skipped:
                raise EOFError(CHANGED)
            self.position += skipped
        self.position = _UNKNOWN
        return self.stream

    def open_batches(self, source: Source, columns: Collection[str] | None) -> Batches:
        """The record batches of a Parquet file, with these columns; a cursor is always asked for the same."""
        if self.batches is None or self.path != source.path:
            self.close()
            stream = self._open.enter_context(open_source(source))
            self.batches = Batches(self._open.enter_context(open_parquet(Path(source.path), stream)), columns)
            self.path = source.path
        return self.batches

    def close(self) -> None:
        """Let go of the file."""
        self._open.close()
        self.stream = self.batches = None


def read_part(
    source: Source, header: Header | None, part: Part, cursor: Cursor, columns: Collection[str] | None = None
) -> Iterator[Record | BadRecord]:
    """The records of a part, with the columns that folders name. `UserError` where the file is not the one that was split.

    Of Parquet only `columns` are read: others, however large, are left alone.
    """
    partition = source.partition
    for record in _read_part(source, header, part, cursor, columns):
        if partition and isinstance(record, Record):
            record = Record(record.line, {**partition, **record.values})
        yield record


def _read_part(
    source: Source, header: Header | None, part: Part, cursor: Cursor, columns: Collection[str] | None
) -> Iterator[Record | BadRecord]:
    end = part.offset + part.length
    with _refusing(source):
        if source.form == "parquet":
            with refusing_parquet(Path(source.path)):
                yield from parse_rows(cursor.open_batches(source, columns), part.offset, end)
        else:
            lines = read_lines(cursor.open_at(source, part.offset), part.line, part.length)
            yield from parse_records(source.form, lines, header)
            cursor.position = end


def look_at(
    source: Source, header: Header | None, parts: list[Part], columns: Collection[str] | None = None, count: int = 100
) -> list[Record]:
    """The good ones among the first records of a file, so that a mistake shows before hours of work."""
    with closing(Cursor()) as cursor:
        records = chain.from_iterable(read_part(source, header, part, cursor, columns) for part in parts)
        return [record for record in islice(records, count) if isinstance(record, Record)]


def list_columns(source: Source) -> list[str]:
    """The names of the columns of a Parquet file."""
    with _refusing(source), open_source(source) as stream, open_parquet(Path(source.path), stream) as file:
        return list(file.schema_arrow.names)


@contextmanager
def _refusing(source: Source) -> Iterator[None]:
    try:
        yield
    except SpoiltFile as error:
        raise UserError(at(source.path, 1, str(error))) from None
    except (EOFError, OSError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise unreadable(source.path, error) from None
        reason = explain_unpacking(error, source.compression.split()[0]) if source.compression else str(error)
        raise UserError(at(source.path, None, reason)) from None


def _split_lines(stream: BinaryIO, size: int) -> Iterator[Part]:
    start = position = lines = 0
    line = 1
    for chunk in iter(lambda: stream.read(_CHUNK), b""):
        if position == 0:
            check_first_line(chunk[: chunk.find(b"\n") + 1] or chunk)
        at = 0
        while (cut := chunk.find(b"\n", max(at, start + size - position - 1))) >= 0:
            lines += chunk.count(b"\n", at, cut + 1)
            at = cut + 1
            yield Part(start, position + at - start, line, lines)
            start, line, lines = position + at, line + lines, 0
        lines += chunk.count(b"\n", at)
        position += len(chunk)
        last = chunk
    if position > start:
        yield Part(start, position - start, line, lines + (not last.endswith(b"\n")))


def _split_rows(rows: Iterator[tuple[int, int]], header: Header, size: int) -> Iterator[Part]:
    start, length, line, count = header.size, 0, header.lines + 1, 0
    for number, bytes_ in rows:
        if length >= size:
            yield Part(start, length, line, count)
            start, length, line, count = start + length, 0, number, 0
        length += bytes_
        count += 1
    if length:
        yield Part(start, length, line, count)


def _split_parquet(source: Source, stream: BinaryIO, size: int) -> list[Part]:
    with open_parquet(Path(source.path), stream) as file:
        total, groups = file.metadata.num_rows, file.metadata.num_row_groups
        weight = sum(file.metadata.row_group(group).total_byte_size for group in range(groups))
    light = max(size // _LIGHTEST, 1)  # a dictionary packs long texts into a few bits a row, which a part must not unpack
    step = min(max(1, int(size * total / max(weight, 1))), light)
    return [Part(row, min(step, total - row), row + 1, min(step, total - row)) for row in range(0, total, step)]
