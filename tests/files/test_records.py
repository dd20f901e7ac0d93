"""Records from JSONL, CSV, TSV, Parquet and TXT, each with its line; what is broken is told, never guessed."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from helpers.examples import problems_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narratives.files.records import BadRecord, Record, read_records

IN_FOLDER = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
CELLS = st.text(st.sampled_from('\n\r",;\t ') | st.characters(codec="utf-8"))
ENDINGS = ".jsonl, .ndjson, .csv, .tsv, .parquet, .txt, .json, .js"


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
        (r'{"\ud800": 1, "\ud800": 2}', r"key '\ud800' stands twice in one object; keep one"),
        ("[" * 100_000, "broken JSON: nested too deeply"),
        ('{"a": ' * 5_000 + "1" + "}" * 5_000, "broken JSON: nested too deeply"),
        ('{"a": "\0"}', "broken JSON: Invalid control character at column 8"),
        ('{"id": ' + "1" * 5000 + "}", "broken JSON: a number has too many digits; put it in quotes"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_broken_line_is_told_and_the_next_is_read(tmp_path: Path, line: str, reason: str) -> None:
    data = f'{{"n": 1}}\n{line}\n{{"n": 2}}\n'
    assert read(tmp_path, "a.jsonl", data) == [Record(1, {"n": 1}), BadRecord(2, reason), Record(3, {"n": 2})]


def test_a_whole_surrogate_pair_is_one_character(tmp_path: Path) -> None:
    assert read(tmp_path, "a.jsonl", r'{"text": "\ud83d\ude00"}') == [Record(1, {"text": "😀"})]


@pytest.mark.parametrize("opening", ["[", '{"b": '])
def test_how_deep_a_line_may_nest_does_not_depend_on_the_caller(tmp_path: Path, opening: str) -> None:
    def read_from(depth: int, data: str) -> bool:
        if depth:
            return read_from(depth - 1, data)
        [record] = read(tmp_path, "a.jsonl", data)
        return isinstance(record, Record) and json.loads(json.dumps(record.values)) == record.values

    closing = "]" if opening == "[" else "}"
    whole, beyond = (f'{{"a": {opening * n}{"1" if closing == "}" else ""}{closing * n}}}' for n in (199, 200))
    assert [read_from(depth, data) for data in (whole, beyond) for depth in (0, 300)] == [True, True, False, False]


def test_many_keys_of_which_one_stands_twice_are_told_at_once(tmp_path: Path) -> None:
    keys = ", ".join(f'"k{k}": 0' for k in range(100_000))
    assert read(tmp_path, "a.jsonl", f'{{{keys}, "k9": 1}}') == [BadRecord(1, "key 'k9' stands twice in one object; keep one")]


def test_numbers_that_json_has_none_of_are_read_as_python_reads_them(tmp_path: Path) -> None:
    [record] = read(tmp_path, "a.jsonl", '{"a": 1e999, "b": -Infinity}')
    assert isinstance(record, Record)
    assert record.values == {"a": float("inf"), "b": float("-inf")}


# CSV and TSV


@pytest.mark.parametrize(("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", "\t")])
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
    reason = "{} fields, parted by commas, where the header names 2; check quotes and commas"
    assert read(tmp_path, "a.csv", 'id,text\n1,"a\nb",c\n2\n3,d\n') == [
        BadRecord(2, reason.format(3)),
        BadRecord(4, reason.format(1)),
        Record(5, {"id": "3", "text": "d"}),
    ]


def test_a_broken_quote_is_told_with_the_line_the_row_begins_on(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", 'id,text\n1,"a"b\n2,c\n3,"d\ne\n') == [
        BadRecord(2, "broken CSV: ',' expected after '\"'"),
        Record(3, {"id": "2", "text": "c"}),
        BadRecord(4, "broken CSV: a quote is opened and not closed"),
        BadRecord(5, "1 fields, parted by commas, where the header names 2; check quotes and commas"),
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "it is empty; the first line must name the columns, each once, such as: id,text"),
        ("\n", "the first line must name the columns, each once, such as: id,text"),
        ("id,text,id\n1,a,b\n", "two columns are named 'id'; rename one"),
    ],
)
def test_a_csv_must_name_its_columns(tmp_path: Path, data: str, reason: str) -> None:
    assert refusal(tmp_path, "a.csv", data) == f"1: {reason}"


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


@pytest.mark.parametrize("name", ["a.docx", "a", "a.html"])
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
    told = "this is one JSON list; give the file the ending .json, or write one object a line: jq -c '.[]'"
    assert problems_of(lambda: list(read_records(listed))) == [f"{listed}:1: {told}"]
    told = "this is a spreadsheet; save it as CSV in UTF-8 and name that file"
    assert problems_of(lambda: list(read_records(sheet))) == [f"{sheet}: {told}"]
