"""Parts: they cover a file without gap or overlap, and read one by one they give what the whole file gives."""

import codecs
import csv
import gzip
import io
import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from helpers.examples import problems_of
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from narratives.batch.parts import Cursor, Part, look_at, read_part, split_source
from narratives.batch.sources import Source, find_sources
from narratives.errors import UserError
from narratives.files.csv_rows import Header
from narratives.files.lines import TOO_LONG
from narratives.files.records import BadRecord, Record, read_records

IN_FOLDER = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
FORMS = ["jsonl", "csv", "tsv", "txt"]
PACKINGS = ["", ".gz", ".zst"]
SIZES = st.sampled_from([1, 2, 3, 7, 20, 100, 10_000])
TEXTS = st.text(st.sampled_from('\n\r",;\t a') | st.characters(codec="utf-8"), max_size=12)
ROWS = st.lists(st.tuples(TEXTS, TEXTS), max_size=8)
JUNK = st.lists(
    st.binary(max_size=6)
    | st.sampled_from([b"\n", b"\r\n", b'"', b'{"text": "a"}\n', b'1,"a\nb"\n', b"\xff", b"\0", b"sep=;\n"])
).map(b"".join)


def pack(data: bytes, packing: str) -> bytes:
    """Compress in two pieces, one behind the other."""
    middle = len(data) // 2
    if packing == ".gz":
        return gzip.compress(data[:middle]) + gzip.compress(data[middle:])
    if packing == ".zst":
        codec = pa.Codec("zstd")
        return b"".join(codec.compress(piece, asbytes=True) for piece in (data[:middle], data[middle:]))
    return data


def write(folder: Path, form: str, data: bytes, packing: str = "") -> Source:
    path = folder / f"a.{form}{packing}"
    path.write_bytes(pack(data, packing))
    [source], _ = find_sources([str(path)], str(folder / "out"))
    return source


def read_all(
    source: Source, header: Header | None, parts: list[Part], cursor: Cursor | None = None
) -> list[Record | BadRecord]:
    cursor = cursor or Cursor()
    found = [record for part in parts for record in read_part(source, header, part, cursor)]
    cursor.close()
    return found


def to_bytes(form: str, rows: list[tuple[str, str]], end: str, mark: bool) -> bytes:
    """The rows as a file of a text format, with line ends and a byte-order mark as asked for."""
    out = io.StringIO()
    if form == "jsonl":
        out.writelines(json.dumps({"id": id_, "text": text}, ensure_ascii=False) + end for id_, text in rows)
    elif form == "txt":
        out.writelines(text.replace("\n", " ").replace("\r", " ") + end for _, text in rows)
    else:
        out.write("sep=;" + end)
        csv.writer(out, delimiter=";", lineterminator=end, quoting=csv.QUOTE_ALL).writerows([("id", "text"), *rows])
    return ("\ufeff" * mark + out.getvalue()).encode()


# The laws


def check_cover(parts: list[Part], start: int, end: int) -> None:
    for part in parts:
        assert part.offset == start
        assert min(part.length, part.lines) > 0
        start += part.length
    assert start == end


@IN_FOLDER
@pytest.mark.parametrize("form", FORMS)
@given(
    packing=st.sampled_from(PACKINGS),
    rows=ROWS,
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
    size=SIZES,
    shuffle=st.randoms(),
)
def test_parts_read_in_any_order_give_the_records_of_the_file(
    tmp_path: Path, form: str, packing: str, rows: list[Any], end: str, mark: bool, size: int, shuffle: random.Random
) -> None:
    data = to_bytes(form, rows, end, mark)
    source = write(tmp_path, form, data, packing)
    header, parts = split_source(source, size)
    shuffle.shuffle(parts)
    found = sorted(read_all(source, header, parts), key=lambda record: record.line)
    plain = tmp_path / f"plain.{form}"
    plain.write_bytes(data)
    assert found == list(read_records(plain))
    if form != "txt":
        assert [tuple(record.values.values()) for record in found if isinstance(record, Record)] == rows


@IN_FOLDER
@pytest.mark.parametrize("form", FORMS)
@given(packing=st.sampled_from(PACKINGS), data=JUNK | st.binary(), size=SIZES)
def test_whatever_a_file_holds_its_parts_cover_it_and_agree(
    tmp_path: Path, form: str, packing: str, data: bytes, size: int
) -> None:
    assume(not data.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)))  # its parts are of what it is as UTF-8
    source = write(tmp_path, form, data, packing)
    try:
        header, whole = split_source(source, 1 << 30)
        expected = read_all(source, header, whole)
    except UserError as error:  # no header, UTF-16, one JSON list
        assert len(error.problems) == 1
        assert error.problems[0].startswith(f"{source.path}:1: ")
        return
    again, parts = split_source(source, size)
    assert again == header
    assert read_all(source, header, parts) == expected
    check_cover(parts, header.size if header else 0, len(data))
    assert sum(part.lines for part in parts) == sum(part.lines for part in whole)
    if not header:
        lines = io.BytesIO(data).readlines()
        assert sum(part.lines for part in parts) == len(lines)
        assert [part.line for part in parts] == [1 + data.count(b"\n", 0, part.offset) for part in parts]
        passed_over = set(range(1, len(lines) + 1)) - {record.line for record in expected}
        assert not "".join(lines[number - 1].decode("utf-8-sig") for number in passed_over).strip()


# What is out of all proportion


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("form", ["jsonl", "csv", "txt"])
def test_a_line_of_50_mb_costs_neither_memory_nor_its_neighbours(tmp_path: Path, form: str, packing: str) -> None:
    before, after = (b'{"text": "a"}\n', b'{"text": "b"}\n') if form == "jsonl" else (b"a\n", b"b\n")
    before = b"text\n" * (form == "csv") + before
    data = before + b'"' + b"x" * 50_000_000 + b"\n" + after
    source = write(tmp_path, form, data, packing)
    first = before.count(b"\n")
    del data
    tracemalloc.start()
    header, parts = split_source(source, 1000)
    found = read_all(source, header, parts)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [Record(first, {"text": "a"}), BadRecord(first + 1, TOO_LONG), Record(first + 2, {"text": "b"})]
    assert peak < 25_000_000


# What is not as it should be


@pytest.mark.parametrize("packing", [".gz", ".zst"])
@pytest.mark.parametrize("form", FORMS)
def test_a_compressed_file_that_is_cut_short_or_none_is_refused(tmp_path: Path, form: str, packing: str) -> None:
    rows = [(str(k), f"{random.Random(k).random()}") for k in range(3000)]
    data = to_bytes(form, rows, "\n", False)
    source = write(tmp_path, form, data, packing)
    packed = Path(source.path).read_bytes()
    rest = bytearray(packed)
    rest[len(rest) // 3 :: 50] = bytes(len(rest[len(rest) // 3 :: 50]))
    for spoilt in (packed[: len(packed) // 3], packed[:-5], packed[:9], b"", data, bytes(rest)):
        Path(source.path).write_bytes(spoilt)
        [problem] = problems_of(lambda: split_source(source, 1000))
        reason, fix = ("not packed with", "rename it to what it is") if spoilt == data else ("cut short", "get it again")
        assert problem.startswith(f"{source.path}: {reason}")
        assert problem.endswith(fix)


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_became_shorter_is_refused_and_not_read_as_it_is(tmp_path: Path, form: str, packing: str) -> None:
    data = to_bytes(form, [(str(k), f"text {k}") for k in range(100)], "\n", False)
    source = write(tmp_path, form, data, packing)
    header, parts = split_source(source, 500)
    Path(source.path).write_bytes(pack(data[: parts[-1].offset + 5], packing))
    read_all(source, header, parts[:-1])
    assert "changed since its parts were found" in problems_of(lambda: read_all(source, header, parts[-1:]))[0]
    Path(source.path).write_bytes(pack(data[: parts[0].length // 2], packing))
    assert "changed since its parts were found" in problems_of(lambda: read_all(source, header, parts[-1:]))[0]
    Path(source.path).unlink()
    assert problems_of(lambda: read_all(source, header, parts)) == [f"{source.path}: no such file; check the path"]


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_reading_that_was_broken_off_spoils_no_later_one(tmp_path: Path, packing: str) -> None:
    source = write(tmp_path, "jsonl", b"".join(b'{"text": "%d"}\n' % k for k in range(100)), packing)
    header, parts = split_source(source, 300)
    cursor = Cursor()
    next(read_part(source, header, parts[1], cursor))
    expected = read_all(source, header, parts[1:3])
    assert [record for part in parts[1:3] for record in read_part(source, header, part, cursor)] == expected
    cursor.close()


def test_the_first_records_are_looked_at_beyond_the_first_part(tmp_path: Path) -> None:
    source = write(tmp_path, "jsonl", b"".join(b'{"n": %d}\n' % k if k % 2 else b"{\n" for k in range(300)))
    for size in (1, 1 << 20):
        header, parts = split_source(source, size)
        assert [record.values["n"] for record in look_at(source, header, parts)] == list(range(1, 100, 2))
    assert look_at(source, None, []) == []


def test_one_json_list_is_refused_at_the_first_look(tmp_path: Path) -> None:
    source = write(tmp_path, "jsonl", b'[{"text": "a"},\n {"text": "b"}]\n')
    header, parts = split_source(source, 1000)
    assert "one JSON list" in problems_of(lambda: look_at(source, header, parts))[0]
