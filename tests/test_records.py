"""Records from JSONL, CSV, TSV, Parquet and TXT, each with its line; what is broken is told, never guessed."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from examples import problems_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narratives.records import BadRecord, Record, read_records

IN_FOLDER = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
CELLS = st.text(st.sampled_from('\n\r",;\t ') | st.characters(codec="utf-8"))
ENDINGS = ".jsonl, .ndjson, .csv, .tsv, .parquet, .txt"


def read(folder: Path, name: str, data: bytes | str) -> list[Record | BadRecord]:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(read_records(path))


def refusal(folder: Path, name: str, data: bytes | str) -> str:
    """The one problem of the whole file, without its path."""
    [problem] = problems_of(lambda: read(folder, name, data))
    assert problem.startswith(f"{folder / name}:")
    return problem.removeprefix(f"{folder / name}:")


# JSONL


def test_blank_lines_are_skipped_and_still_counted(tmp_path: Path) -> None:
    assert read(tmp_path, "a.jsonl", '\n{"id": "1"}\n\n  \n{"id": "2"}') == [Record(2, {"id": "1"}), Record(5, {"id": "2"})]


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "A.JSONL"])
def test_the_ending_tells_the_format_in_any_case(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, name, '{"id": "1"}\n') == [Record(1, {"id": "1"})]


@IN_FOLDER
@given(st.lists(st.dictionaries(st.text(), JSON_VALUES, max_size=4), max_size=5), st.booleans())
def test_what_json_can_hold_comes_back_with_its_line(tmp_path: Path, rows: list[dict[str, Any]], ascii_only: bool) -> None:
    data = "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows)
    assert read(tmp_path, "a.jsonl", data) == [Record(line, row) for line, row in enumerate(rows, 1)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": "1"', "broken JSON: Expecting ',' delimiter at column 11"),
        ("id: 1", "broken JSON: Expecting value at column 1"),
        ('["1", "a"]', 'each line must be an object such as {"id": "1", "text": "..."}'),
        ("null", 'each line must be an object such as {"id": "1", "text": "..."}'),
        ('{"id": "1", "id": "2"}', "key 'id' stands twice in one object; keep one"),
        ('{"a": {"toll": null, "toll": "rebuts"}}', "key 'toll' stands twice in one object; keep one"),
        (r'{"text": "\ud83d"}', r"half a surrogate pair (\ud...) is no character; mend the export"),
        (r'{"\uDE00": "a"}', r"half a surrogate pair (\ud...) is no character; mend the export"),
        ("[" * 100_000, "broken JSON: nested too deeply"),
        ('{"id": ' + "1" * 5000 + "}", "broken JSON: a number has too many digits; put it in quotes"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_broken_line_is_told_and_the_next_is_read(tmp_path: Path, line: str, reason: str) -> None:
    data = f'{{"n": 1}}\n{line}\n{{"n": 2}}\n'
    assert read(tmp_path, "a.jsonl", data) == [Record(1, {"n": 1}), BadRecord(2, reason), Record(3, {"n": 2})]


def test_a_whole_surrogate_pair_is_one_character(tmp_path: Path) -> None:
    assert read(tmp_path, "a.jsonl", r'{"text": "\ud83d\ude00"}') == [Record(1, {"text": "😀"})]


# CSV and TSV


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_the_header_tells_the_delimiter(tmp_path: Path, name: str, delimiter: str) -> None:
    data = f"id{delimiter}text\n1{delimiter}a: b\n"
    assert read(tmp_path, name, data) == [Record(2, {"id": "1", "text": "a: b"})]


@IN_FOLDER
@given(st.lists(st.tuples(CELLS, CELLS), max_size=6), st.sampled_from(",;\t"))
def test_quoted_rows_come_back_with_the_line_they_begin_on(tmp_path: Path, rows: list[tuple[str, str]], delimiter: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([("id", "text"), *rows])
    expected, line = [], 2
    for id_, text in rows:
        expected.append(Record(line, {"id": id_, "text": text}))
        line += 1 + (id_ + text).count("\n")
    assert read(tmp_path, "a.csv", out.getvalue()) == expected


def test_a_field_of_more_than_128_kib_is_read_whole(tmp_path: Path) -> None:
    long = "word " * 60_000
    assert read(tmp_path, "a.csv", f"id,text\n1,{long}\n") == [Record(2, {"id": "1", "text": long})]


def test_a_blank_line_between_rows_is_skipped_and_still_counted(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", "text\na\n\nb\n") == [Record(2, {"text": "a"}), Record(4, {"text": "b"})]


def test_a_row_with_too_many_or_too_few_fields_is_told_and_the_next_is_read(tmp_path: Path) -> None:
    reason = "{} fields where the header names 2; check quotes and commas"
    assert read(tmp_path, "a.csv", 'id,text\n1,"a\nb",c\n2\n3,d\n') == [
        BadRecord(2, reason.format(3)),
        BadRecord(4, reason.format(1)),
        Record(5, {"id": "3", "text": "d"}),
    ]


def test_a_broken_quote_is_told_with_the_line_the_row_begins_on(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", 'id,text\n1,"a"b\n2,c\n3,"d\ne\n') == [
        BadRecord(2, "broken CSV: ',' expected after '\"'"),
        Record(3, {"id": "2", "text": "c"}),
        BadRecord(4, "broken CSV: unexpected end of data"),
    ]


@pytest.mark.parametrize("data", ["", "\n", "id,text,id\n1,a,b\n"], ids=["empty", "blank", "named twice"])
def test_a_csv_must_name_its_columns(tmp_path: Path, data: str) -> None:
    assert refusal(tmp_path, "a.csv", data) == "1: the first line must name the columns, each once, such as: id,text"


def test_a_csv_with_a_header_alone_has_no_records(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", "id,text\n") == []


# Parquet and TXT


def test_parquet_rows_are_numbered_from_one(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"id": [7, 8], "text": ["a", None]}), tmp_path / "a.parquet")
    assert list(read_records(tmp_path / "a.parquet")) == [
        Record(1, {"id": 7, "text": "a"}),
        Record(2, {"id": 8, "text": None}),
    ]


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a.parquet", "id,text\n1,hello\n").startswith(" not a Parquet file that can be read: ")


def test_a_parquet_file_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a"] * 100}), tmp_path / "a.parquet")
    data = (tmp_path / "a.parquet").read_bytes()
    assert refusal(tmp_path, "b.parquet", data[: len(data) // 2]).startswith(" not a Parquet file that can be read: ")


def test_a_parquet_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    offsets, data = pyarrow.py_buffer(bytes([0, 0, 0, 0, 2, 0, 0, 0])), pyarrow.py_buffer(b"\xe9!")
    column = pyarrow.Array.from_buffers(pyarrow.string(), 1, [None, offsets, data])
    pyarrow.parquet.write_table(pyarrow.table({"text": column}), tmp_path / "a.parquet")
    [problem] = problems_of(lambda: list(read_records(tmp_path / "a.parquet")))
    assert problem.startswith(f"{tmp_path / 'a.parquet'}: not a Parquet file that can be read: ")


def test_each_line_of_a_txt_that_is_not_blank_is_a_text(tmp_path: Path) -> None:
    assert read(tmp_path, "a.txt", " one \n\n\t\ntwo, 2") == [Record(1, {"text": "one"}), Record(4, {"text": "two, 2"})]


# All text formats: encoding, line ends, and what is no file

EXAMPLES = [("a.jsonl", '{"text": "é"}\n{"text": "b"}\n'), ("a.csv", "id;text\n1;é\n2;b\n"), ("a.txt", "é\nb\n")]


@pytest.mark.parametrize(("name", "data"), EXAMPLES)
def test_a_byte_order_mark_and_crlf_make_no_difference(tmp_path: Path, name: str, data: str) -> None:
    changed = b"\xef\xbb\xbf" + data.replace("\n", "\r\n").encode()
    assert read(tmp_path, name, changed) == read(tmp_path, name, data)


@pytest.mark.parametrize(("name", "data"), EXAMPLES)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused(tmp_path: Path, name: str, data: str, encoding: str) -> None:
    assert refusal(tmp_path, name, data.encode(encoding)) == "1: this is UTF-16 text or no text at all; save it as UTF-8"


@pytest.mark.parametrize(("name", "data"), EXAMPLES)
def test_latin_1_is_refused_with_its_line(tmp_path: Path, name: str, data: str) -> None:
    line = data[: data.index("é")].count("\n") + 1
    problem = f"{line}: byte 0xe9 is not UTF-8; save the file as UTF-8"
    assert refusal(tmp_path, name, data.encode("latin-1")) == problem


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv", "a.parquet", "a.txt", "a", "a.docx"])
def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert problems_of(lambda: list(read_records(path))) == [f"{path}: no such file; check the path"]
    path.mkdir()
    assert problems_of(lambda: list(read_records(path))) == [f"{path}: this is a folder; name a file in it"]


@pytest.mark.parametrize("name", ["a.docx", "a", "a.json"])
def test_an_unknown_ending_is_refused_with_those_that_are_known(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, name, "{}") == f" unknown format; give it one of the endings {ENDINGS}"


def test_a_spreadsheets_own_line_for_the_delimiter_and_its_unnamed_columns_are_taken_in(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\nid;text;;\n1;one;;\n2;two;;\n", encoding="utf-8")
    assert list(read_records(path)) == [
        Record(3, {"id": "1", "text": "one"}),
        Record(4, {"id": "2", "text": "two"}),
    ]


def test_one_json_list_and_a_spreadsheet_are_told_what_to_do(tmp_path: Path) -> None:
    listed, sheet = tmp_path / "a.jsonl", tmp_path / "a.xlsx"
    listed.write_text('[{"id": "1"}]', encoding="utf-8")
    sheet.write_bytes(b"PK")
    told = "this is one JSON list; write one object a line, with no brackets or commas around"
    assert problems_of(lambda: list(read_records(listed))) == [f"{listed}:1: {told}"]
    told = "this is a spreadsheet; save it as CSV in UTF-8 and name that file"
    assert problems_of(lambda: list(read_records(sheet))) == [f"{sheet}: {told}"]
