"""Parquet: whatever its columns hold becomes plain values or a reason, row by row; parts give the rows of the file."""

import datetime
import random
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.examples import problems_of
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from narratives.batch.parts import Cursor, Part, read_part, split_source
from narratives.batch.sources import Source
from narratives.errors import UserError
from narratives.files.parquet_rows import Batches, open_parquet
from narratives.files.records import BadRecord, Record, read_records

IN_FOLDER = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read_all(source: Source, parts: list[Part]) -> list[Record | BadRecord]:
    cursor = Cursor()
    found = [record for part in parts for record in read_part(source, None, part, cursor)]
    cursor.close()
    return found


def values_of(folder: Path, array: Any) -> list[Any]:
    """What the cells of a column come back as; a reason where a row is bad."""
    path = folder / "a.parquet"
    pq.write_table(pa.table({"x": array}), path)
    return [row.values["x"] if isinstance(row, Record) else row.reason for row in read_records(path)]


# Values


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array(["a", None, "", "\0😀\n"]), ["a", None, "", "\0😀\n"]),
        (pa.array(["a", None], pa.large_string()), ["a", None]),
        (pa.array(["a", "b", "a", None]).dictionary_encode(), ["a", "b", "a", None]),
        (pa.array([1, None, -5]), [1, None, -5]),
        (pa.array([1.5, None, float("inf")]), [1.5, None, float("inf")]),
        (pa.array([True, None]), [True, None]),
        (pa.array([None, None]), [None, None]),
        (pa.array([["a"], [], None]), [["a"], [], None]),
        (pa.array([{"a": {"b": [1]}}, None]), [{"a": {"b": [1]}}, None]),
        (pa.array([b"\xff", None]), [b"\xff", None]),
        (pa.array([Decimal("1.50")]), [Decimal("1.50")]),
        (pa.array([datetime.date(2024, 2, 29), None]), ["2024-02-29", None]),
        (pa.array([1, None], pa.timestamp("ns")), ["1970-01-01 00:00:00.000000001", None]),
        (pa.array([0], pa.timestamp("ms", "Asia/Tashkent")), ["1970-01-01 00:00:00.000Z"]),
        (pa.array([0], pa.timestamp("s", "No/Such/Zone")), ["1970-01-01 00:00:00.000Z"]),
        (pa.array([1 << 62], pa.timestamp("us")), [f"<value out of range: {1 << 62}>"]),
        (pa.array([61], pa.time32("s")), ["00:01:01.000"]),
    ],
    ids=lambda value: str(getattr(value, "type", "")) or "-",
)
def test_a_column_of_any_type_comes_back_as_plain_values(tmp_path: Path, array: Any, expected: list[Any]) -> None:
    assert values_of(tmp_path, array) == expected


def test_a_text_that_is_not_utf_8_costs_its_row_alone(tmp_path: Path) -> None:
    offsets, data = pa.py_buffer(bytes([0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0])), pa.py_buffer(b"a\xe9!b")
    column = pa.Array.from_buffers(pa.string(), 3, [None, offsets, data])
    told = "'x': byte 0xe9 is not UTF-8; write the column as UTF-8"
    assert values_of(tmp_path, column) == ["a", told, "b"]


def test_a_column_named_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table([pa.array(["a"]), pa.array(["b"])], names=["text", "text"]), path)
    assert problems_of(lambda: list(read_records(path))) == [f"{path}: two columns are named 'text'; rename one"]


def test_a_file_without_rows_or_row_groups_has_no_records_and_no_parts(tmp_path: Path) -> None:
    empty, none = tmp_path / "empty.parquet", tmp_path / "none.parquet"
    schema = pa.schema({"text": pa.string()})
    pq.write_table(schema.empty_table(), empty)
    pq.ParquetWriter(none, schema).close()
    for path in (empty, none):
        assert list(read_records(path)) == []
        assert split_source(Source(str(path), "parquet"), 100) == (None, [])


@IN_FOLDER
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4), st.integers(0, 3000))
@example(changes=[(365, 1)], cut=0)  # an index beyond its dictionary
def test_a_spoilt_file_is_read_or_refused_in_one_line(tmp_path: Path, changes: list[tuple[int, int]], cut: int) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": range(50), "text": [f"text {k}" for k in range(50)]}), path, row_group_size=20)
    data = bytearray(path.read_bytes())
    for place, byte in changes:
        data[place % len(data)] = byte
    path.write_bytes(data[: len(data) - cut] if cut < 20 else data)
    try:
        source = Source(str(path), "parquet")
        read_all(source, split_source(source, 200)[1])
    except UserError as error:
        assert len(error.problems) == 1
        assert error.problems[0].startswith(f"{path}: ")


def test_a_row_group_that_holds_less_than_it_says_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a", "b"]}), path)
    with open_parquet(path) as file:
        batches = Batches(file)
        batches._starts = [0, 5]
        assert batches.find(1)[0] == 0
        with pytest.raises(EOFError):
            batches.find(3)


# Parts


@IN_FOLDER
@given(
    st.lists(st.lists(st.none() | st.text(max_size=6), max_size=5), max_size=4),
    st.sampled_from([1, 5, 60, 64, 200, 100_000]),
    st.booleans(),
    st.randoms(),
)
def test_parts_of_parquet_give_its_rows(
    tmp_path: Path, groups: list[list[str | None]], size: int, dictionary: bool, shuffle: random.Random
) -> None:
    path = tmp_path / "a.parquet"
    schema = pa.schema({"text": pa.string()})
    with pq.ParquetWriter(path, schema, use_dictionary=dictionary) as writer:
        for group in groups:
            writer.write_table(pa.table({"text": pa.array(group, pa.string())}))
    source = Source(str(path), "parquet")
    _, parts = split_source(source, size)
    rows = sum(len(group) for group in groups)
    assert sum(part.lines for part in parts) == rows
    assert [part.line for part in parts] == [part.offset + 1 for part in parts]
    shuffle.shuffle(parts)
    found = sorted(read_all(source, parts), key=lambda record: record.line)
    assert found == list(read_records(path))
    assert [record.values["text"] for record in found if isinstance(record, Record)] == list(chain.from_iterable(groups))


def test_parts_of_parquet_go_across_batches_and_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"text {k}" for k in range(10_000)]}), path, row_group_size=4500)
    source = Source(str(path), "parquet")
    parts = [Part(row, min(700, 10_000 - row), row + 1, min(700, 10_000 - row)) for row in range(0, 10_000, 700)]
    expected = [Record(k + 1, {"text": f"text {k}"}) for k in range(10_000)]
    assert read_all(source, parts) == expected
    assert read_all(source, parts[::2]) == [record for record in expected if (record.line - 1) // 700 % 2 == 0]
    assert read_all(source, parts[12:13] + parts[3:4])[700:] == expected[2100:2800]


def test_a_text_repeated_a_million_times_in_parquet_is_not_one_part(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    packed = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int8()), ["long text " * 100])
    pq.write_table(pa.table({"text": packed}), path)
    _, parts = split_source(Source(str(path), "parquet"), 1 << 20)
    assert max(part.lines for part in parts) <= 1 << 14
