"""Parquet: the record batches of a file, in flat memory whatever its few bytes unpack to."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

from narratives.errors import UserError, at
from narratives.files.atomic import unreadable
from narratives.files.lines import SpoiltFile
from narratives.files.unpacked import check_unpacked

_BATCH = 4096  # rows
_BYTES = 32 << 20  # of a batch
_BUFFER = 1 << 20  # bytes; without one, a column of a whole row group is read at once
_NUMBER = 8  # bytes


@contextmanager
def open_parquet(path: Path, stream: BinaryIO | None = None) -> Iterator[Any]:
    """A `pyarrow.parquet.ParquetFile`; whatever reading it shows to be wrong becomes a `UserError`.

    Texts are handed out as they lie there, in dictionaries: a text that is repeated a million times stays one.
    """
    import pyarrow.parquet

    if stream is None and not path.is_file():
        raise unreadable(path, IsADirectoryError() if path.is_dir() else FileNotFoundError())
    with refusing_parquet(path):
        metadata = pyarrow.parquet.read_metadata(stream or path)
        texts = [column.path for column in map(metadata.schema.column, range(len(metadata.schema))) if _holds_texts(column)]
        with pyarrow.parquet.ParquetFile(stream or path, metadata=metadata, read_dictionary=texts, buffer_size=_BUFFER) as file:
            name, count = next(iter(Counter(file.schema_arrow.names).most_common(1)), ("", 0))
            if count > 1:
                raise UserError(at(path, None, f"two columns are named '{name}'; rename one"))
            yield file


@contextmanager
def refusing_parquet(path: Path) -> Iterator[None]:
    """Make a `UserError` of what Arrow says of a broken file."""
    import pyarrow

    try:
        yield
    except SpoiltFile as error:
        raise UserError(at(path, None, str(error))) from None
    except (pyarrow.ArrowException, OSError, EOFError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__).partition(". ")[0]
        fix = "get it again, or rename it to what it is"
        raise UserError(at(path, None, f"not a Parquet file that can be read: {reason}; {fix}")) from None


class Batches:
    """The record batches of an open Parquet file, of fewer rows where these are large.

    Rows are best asked for in their order: a row group is read from its top. Of `columns` those that the file has are read
    and no others; without it all.
    """

    def __init__(self, file: Any, columns: Collection[str] | None = None) -> None:
        groups = range(file.metadata.num_row_groups)
        self._file = file
        self._columns = None if columns is None else [name for name in file.schema_arrow.names if name in columns]
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
            self._batches = self._file.iter_batches(
                batch_size=self._count_rows(group), row_groups=[group], columns=self._columns, use_threads=False
            )
        while row >= self._end:
            self._batch = next(self._batches, None)
            if self._batch is None:
                raise EOFError("it holds fewer rows than it says")
            self._first, self._end = self._end, self._end + len(self._batch)
        return self._first, self._batch if self._columns is None else self._batch.select(self._columns)

    def _count_rows(self, group: int) -> int:
        """How many rows of a group to take at once; `SpoiltFile` where the group unpacks to far more than it takes packed."""
        metadata, schema = self._file.metadata.row_group(group), self._file.schema
        packed = unpacked = 0
        for leaf in range(metadata.num_columns):
            column, kind = metadata.column(leaf), schema.column(leaf)
            if self._columns is not None and not any(_is_below(column.path_in_schema, name) for name in self._columns):
                continue
            in_lists = column.num_values if kind.max_repetition_level else 0  # a byte may tell of thousands of them
            fixed = metadata.num_rows if kind.length > _NUMBER else 0
            values = max(in_lists * _NUMBER, max(in_lists, fixed) * max(kind.length, 0))
            packed += column.total_compressed_size
            unpacked += max(column.total_uncompressed_size, values)
        if reason := check_unpacked(packed, unpacked):
            raise SpoiltFile(reason)
        return max(1, min(_BATCH, int(_BYTES * metadata.num_rows // max(unpacked, 1))))


def _holds_texts(column: Any) -> bool:
    return bool(column.physical_type == "BYTE_ARRAY" and column.logical_type.type != "DECIMAL")


def _is_below(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.")
