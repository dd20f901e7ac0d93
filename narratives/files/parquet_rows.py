"""Parquet: rows as plain values, a batch at a time."""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

from narratives.errors import UserError, at
from narratives.files.atomic import unreadable

_BATCH = 4096  # rows
_BUFFER = 1 << 20  # bytes; without one, a column of a whole row group is read at once


@contextmanager
def open_parquet(path: Path, stream: BinaryIO | None = None) -> Iterator[Any]:
    """A `pyarrow.parquet.ParquetFile`; whatever reading it shows to be wrong becomes a `UserError`."""
    import pyarrow.parquet

    if stream is None and not path.is_file():
        raise unreadable(path, IsADirectoryError() if path.is_dir() else FileNotFoundError())
    with refusing_parquet(path), pyarrow.parquet.ParquetFile(stream or path, buffer_size=_BUFFER) as file:
        names = file.schema_arrow.names
        if twice := [name for name in names if names.count(name) > 1]:
            raise UserError(at(path, None, f"two columns are named '{twice[0]}'; rename one"))
        yield file


@contextmanager
def refusing_parquet(path: Path) -> Iterator[None]:
    """Make a `UserError` of what Arrow says of a broken file."""
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, EOFError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(at(path, None, f"not a Parquet file that can be read: {reason}")) from None


class Batches:
    """The record batches of an open Parquet file. Rows are best asked for in their order: a row group is read from its top."""

    def __init__(self, file: Any) -> None:
        groups = range(file.metadata.num_row_groups)
        self._file = file
        self._starts = list(accumulate((file.metadata.row_group(group).num_rows for group in groups), initial=0))
        self._group = -1
        self._batches: Iterator[Any] = iter(())
        self._batch: Any = None
        self._first = self._end = 0

    def find(self, row: int) -> tuple[int, Any]:
        """The batch that holds `row`, counted from 0, and the number of its first row."""
        group = bisect_right(self._starts, row) - 1
        if group != self._group or row < self._first:
            self._group, self._first, self._end = group, self._starts[group], self._starts[group]
            self._batches = self._file.iter_batches(batch_size=_BATCH, row_groups=[group], use_threads=False)
        while row >= self._end:
            self._batch = next(self._batches, None)
            if self._batch is None:
                raise EOFError("it holds fewer rows than it says")
            self._first, self._end = self._end, self._end + len(self._batch)
        return self._first, self._batch


def to_rows(batch: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """The rows of a record batch, each with the reason why it cannot be read; mostly there is none."""
    broken: dict[int, str] = {}
    names = batch.schema.names
    columns = [_to_values(name, column, broken) for name, column in zip(names, batch.columns, strict=True)]
    for k, values in enumerate(zip(*columns, strict=True)):
        yield dict(zip(names, values, strict=True)), broken.get(k, "")


def _to_values(name: str, column: Any, broken: dict[int, str]) -> list[Any]:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz:
        column = column.cast(pa.timestamp(kind.unit, "UTC"))  # zones are known on one machine and not on another
    if pa.types.is_temporal(kind) and not pa.types.is_interval(kind):
        column = column.cast(pa.string())  # Python's own types hold neither nanoseconds nor the year 10000
    try:
        values = list(column.to_pylist())
        return [_decode(value) for value in values] if _holds_bytes(kind) else values
    except (ValueError, OverflowError, pa.ArrowException):
        return [_to_value(name, column[k], k, broken) for k in range(len(column))]


def _holds_bytes(kind: Any) -> bool:
    import pyarrow as pa

    return any(check(kind) for check in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary))


def _decode(value: Any) -> Any:
    """Bytes that are UTF-8 as text: some programs write every text so. Others stay bytes."""
    try:
        return value.decode("utf-8") if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return value


def _to_value(name: str, scalar: Any, row: int, broken: dict[int, str]) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError as error:
        broken[row] = f"'{name}': byte 0x{error.object[error.start]:02x} is not UTF-8; write the column as UTF-8"
    except (ValueError, OverflowError) as error:
        broken[row] = f"'{name}' cannot be read: {error}"
    return None
