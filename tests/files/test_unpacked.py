"""What takes few bytes and unpacks to many: read where that is cheap, stopped with a line where it is not."""

import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.examples import problems_of

from narratives.batch.parts import Cursor, read_part, split_source
from narratives.batch.sources import Source, open_source
from narratives.files.lines import LIMIT
from narratives.files.records import BadRecord, Record, read_records
from narratives.files.unpacked import VARIABLE, check_unpacked

MANY = 5000  # rows
LARGE = "x" * 600_000  # in each of them: 3 GB, were they unpacked


def write(path: Path, large: Any) -> Path:
    table = pa.table({"id": [f"n{k}" for k in range(MANY)], "text": ["a toll"] * MANY, "large": large})
    pq.write_table(table, path, compression="zstd")
    assert path.stat().st_size < 100_000
    return path


def repeat(value: Any, kind: Any) -> Any:
    return pa.array([value], kind).take(pa.array([0] * MANY))


def repeat_text() -> Any:
    return pa.DictionaryArray.from_arrays(pa.array([0] * MANY, pa.int32()), pa.array([LARGE]))


def read_columns(path: Path, columns: set[str] | None) -> int:
    """How many rows there are, each looked at and let go."""
    source, cursor, count = Source(str(path), "parquet"), Cursor(), 0
    for part in split_source(source, 1 << 21)[1]:
        for record in read_part(source, None, part, cursor, columns):
            assert isinstance(record, Record)
            count += 1
    cursor.close()
    return count


@pytest.fixture
def little_memory() -> Any:
    """Arrow may hold no more than it does now and 200 MB."""
    before = pa.total_allocated_bytes()
    yield
    pool = pa.default_memory_pool()
    assert (pool.max_memory() or 0) - before < 200_000_000


@pytest.mark.usefixtures("little_memory")
def test_a_column_that_nobody_asked_for_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", repeat_text())
    assert read_columns(path, {"id", "text"}) == MANY


@pytest.mark.usefixtures("little_memory")
def test_a_text_that_is_repeated_is_held_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", repeat_text())
    assert read_columns(path, {"large"}) == MANY


def test_labels_stop_where_repeated_texts_come_to_too_much(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", repeat_text())
    told = f"unpacks to more than 200 times its size; if that is right, allow more: {VARIABLE}=2000"
    assert problems_of(lambda: list(read_records(path))) == [f"{path}: {told}"]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.binary(), pa.list_(pa.string()), pa.struct([("a", pa.string())])], ids=str
)
def test_a_row_of_more_than_ten_megabytes_is_none_in_any_column(tmp_path: Path, kind: Any) -> None:
    path = tmp_path / "a.parquet"
    large = "x" * (LIMIT + 1)
    wrap = {"list": lambda text: [text], "struct": lambda text: {"a": text}}.get(str(kind).split("<")[0], lambda text: text)
    pq.write_table(pa.table({"x": pa.array([wrap(text) for text in ("a", large, "b")], kind)}), path)
    first, second, third = read_records(path)
    assert isinstance(first, Record) and isinstance(third, Record)
    assert second == BadRecord(2, "longer than 10 MB; split it")


def test_a_file_that_unpacks_to_too_much_stops_with_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "a"}\n' * 5_000_000))
    source = Source(str(path), "jsonl", "gzip")
    told = f"unpacks to more than 200 times its size; if that is right, allow more: {VARIABLE}=2000"
    assert problems_of(lambda: split_source(source, 1 << 21)) == [f"{path}: {told}"]
    monkeypatch.setenv(VARIABLE, "2000")
    assert sum(part.lines for part in split_source(source, 1 << 21)[1]) == 5_000_000


def test_a_small_file_may_repeat_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"a" * 10_000_000))
    with open_source(Source(str(path), "txt", "gzip")) as stream:
        assert len(stream.read()) == 10_000_000


@pytest.mark.parametrize("text", ["many", "0", "nan", "-5"])
def test_a_ratio_that_is_none_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, text)
    assert problems_of(lambda: check_unpacked(1, 1 << 30)) == [f"{VARIABLE}={text}: must be a number of at least 1"]
