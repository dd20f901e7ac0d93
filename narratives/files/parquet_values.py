"""Parquet: what stands in a record batch as plain values, row by row."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.files.lines import LIMIT

_BYTES = 16 << 20  # of rows that are plain values at once, repeated texts not counted
_NUMBER = 8  # bytes
_TOO_LARGE = f"longer than {LIMIT // 1_000_000} MB; split it"

Weights = NDArray[np.int64]  # bytes that each row takes unpacked


def to_rows(batch: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """The rows of a record batch, each with the reason why it cannot be read; mostly there is none.

    A row of more than `LIMIT` bytes is none, whichever of its columns they are in: it is not unpacked.
    """
    import pyarrow as pa

    weights = weigh_rows(batch)
    owned = weigh_rows(batch.select([field.name for field in batch.schema if not pa.types.is_dictionary(field.type)]))
    columns = [_to_utc(column) for column in batch.columns]
    start = 0
    while start < len(batch):
        if weights[start] > LIMIT:
            yield {}, _TOO_LARGE
            start += 1
            continue
        ends = np.cumsum(owned[start:]) > _BYTES
        ends |= weights[start:] > LIMIT
        stop = start + max(1, int(ends.argmax()) if ends.any() else len(ends))
        yield from _unpack(batch.schema.names, [column.slice(start, stop - start) for column in columns])
        start = stop


def weigh_rows(batch: Any) -> Weights:
    """How many bytes each row of a record batch takes unpacked."""
    return np.asarray(sum(map(_weigh, batch.columns), np.zeros(len(batch), dtype=np.int64)))


def _unpack(names: list[str], columns: list[Any]) -> Iterator[tuple[dict[str, Any], str]]:
    broken: dict[int, str] = {}
    values = [_to_values(name, column, broken) for name, column in zip(names, columns, strict=True)]
    for k, row in enumerate(zip(*values, strict=True)):
        yield dict(zip(names, row, strict=True)), broken.get(k, "")


def _to_utc(column: Any) -> Any:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz:
        column = column.cast(pa.timestamp(kind.unit, "UTC"))  # zones are known on one machine and not on another
    if pa.types.is_temporal(kind) and not pa.types.is_interval(kind):
        column = column.cast(pa.string())  # Python's own types hold neither nanoseconds nor the year 10000
    return column


def _to_values(name: str, column: Any, broken: dict[int, str]) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        return _to_shared_values(name, column, broken)
    try:
        values = list(column.to_pylist())
        if pa.types.is_map(column.type):
            values = [_to_object(value) for value in values]
        return [_decode(value) for value in values] if _holds_bytes(column.type) else values
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


def _to_object(pairs: list[tuple[Any, Any]] | None) -> Any:
    # A map as the object that it stands for; as it is where keys repeat or are no texts.
    is_object = pairs is not None and all(isinstance(key, str) for key, _ in pairs) and len(dict(pairs)) == len(pairs)
    return dict(pairs) if pairs is not None and is_object else pairs


def _to_shared_values(name: str, column: Any, broken: dict[int, str]) -> list[Any]:
    """The values of a dictionary: rows with the same text get the same object."""
    indices = column.indices.to_numpy(zero_copy_only=False)
    valid = np.asarray(column.is_valid())
    used, places = np.unique(indices[valid].astype(np.int64), return_inverse=True)
    reasons: dict[int, str] = {}
    values = _to_values(name, column.dictionary.take(used), reasons)
    rows: list[Any] = [None] * len(column)
    for row, place in zip(np.flatnonzero(valid).tolist(), places.tolist(), strict=True):
        rows[row] = values[place]
        if place in reasons:
            broken[row] = reasons[place]
    return rows


def _to_value(name: str, scalar: Any, row: int, broken: dict[int, str]) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError as error:
        broken[row] = f"'{name}': byte 0x{error.object[error.start]:02x} is not UTF-8; write the column as UTF-8"
    except (ValueError, OverflowError) as error:
        broken[row] = f"'{name}' cannot be read: {error}"
    return None


def _weigh(array: Any) -> Weights:
    """How many bytes each value of a column takes, all that is in it included."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if pa.types.is_dictionary(kind):
        weights = _weigh(array.dictionary)
        indices = pc.fill_null(array.indices, 0).to_numpy(zero_copy_only=False).astype(np.int64)
        if len(weights) and not (indices.min(initial=0) >= 0 and indices.max(initial=0) < len(weights)):
            raise pa.ArrowInvalid("a value that its dictionary does not hold")
        return np.where(np.asarray(array.is_valid()), weights[indices] if len(weights) else 0, 0)
    if pa.types.is_struct(kind):
        return _NUMBER + sum((_weigh(part) for part in array.flatten()), np.zeros(len(array), dtype=np.int64))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        inner = pa.StructArray.from_arrays([array.keys, array.items], ["k", "v"]) if pa.types.is_map(kind) else array.values
        before = np.concatenate([[0], np.cumsum(_weigh(inner))])
        offsets = array.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
        return np.asarray(_NUMBER + before[offsets[1:]] - before[offsets[:-1]])
    if kind in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary()):
        return np.asarray(pc.fill_null(pc.binary_length(array), 0)).astype(np.int64)
    width = kind.byte_width if pa.types.is_fixed_size_binary(kind) else _NUMBER
    return np.full(len(array), width, dtype=np.int64)
