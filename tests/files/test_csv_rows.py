"""CSV rows: whatever stands in a file, every line belongs to one row, and what is broken costs no more than itself."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narratives.files import csv_rows
from narratives.files.csv_rows import Header, Row, read_header, read_rows
from narratives.files.lines import TOO_LONG, SpoiltFile, read_lines

HEADER = Header(("id", "text"), 2, ",", 1, 8)
OPEN = "broken CSV: a quote is opened and not closed"
PIECES = st.sampled_from(['"', ",", "\n", "\r\n", '""', '","', "a", "é", ";", " ", "\0"]).map(str.encode) | st.just(b"\xe9")
FILES = st.lists(PIECES, max_size=30).map(b"".join)
CELLS = st.text(st.sampled_from('\n\r",a= ') | st.characters(codec="utf-8"), max_size=12)


def header_of(data: bytes) -> Header:
    return read_header(read_lines(io.BytesIO(data)))


def rows_of(data: bytes, header: Header = HEADER) -> list[Row]:
    return list(read_rows(read_lines(io.BytesIO(data), header.lines + 1), header))


def refusal(data: bytes) -> str:
    with pytest.raises(SpoiltFile) as caught:
        header_of(data)
    return str(caught.value)


# The header


@pytest.mark.parametrize(
    ("data", "columns", "delimiter", "lines"),
    [
        (b"id,text\n", ("id", "text"), ",", 1),
        ("\ufeffid;text\r\n1;a\r\n".encode(), ("id", "text"), ";", 1),
        (b"sep=;\r\nid;text\r\n", ("id", "text"), ";", 2),
        (b"SEP=|\nid|text\n", ("id", "text"), "|", 2),
        (b"sep=\t\nid\ttext\n", ("id", "text"), "\t", 2),
        (b'"the ""id""",text', ('the "id"', "text"), ",", 1),
    ],
)
def test_a_header_tells_columns_delimiter_and_where_rows_begin(
    data: bytes, columns: tuple[str, ...], delimiter: str, lines: int
) -> None:
    size = len(b"".join(data.splitlines(keepends=True)[:lines]))
    assert header_of(data) == Header(columns, len(columns), delimiter, lines, size)


def test_nameless_columns_at_the_end_are_counted_and_not_named() -> None:
    assert header_of(b"id,text,, \n") == Header(("id", "text"), 4, ",", 1, 11)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "the first line must name the columns"),
        (b",,\n", "the first line must name the columns"),
        (b"id,id\n", "two columns are named 'id'; rename one"),
        (b"<html><body>\n", "this is a web page or XML, no table"),
        (b"#FORMAT=WebAnno TSV 3.3\n", "this is WebAnno TSV, of INCEpTION perhaps, a row for each word"),
        (b'id,"te\nxt"\n', "the header is broken: a quote is opened and not closed"),
        (b"id,text\r1,a\r2,b\r", "its lines end with a carriage return alone"),
        (b"sep=\nid,text\n", "'sep=' must be followed by the one character"),
        (b'sep="\nid,text\n', "'sep=' must be followed by the one character"),
        ("sep=é\nidétext\n".encode(), "'sep=' must be followed by the one character"),
        (b"sep=;", "the first line must name the columns"),
        (b"id,caf\xe9\n", "byte 0xe9 is not UTF-8"),
        ("id,text\n".encode("utf-16-le"), "this is UTF-16 text"),
        (b"x" * 10_000_001, TOO_LONG),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_file_without_a_header_is_refused(data: bytes, told: str) -> None:
    assert told in refusal(data)


@given(st.binary() | FILES)
def test_any_bytes_have_a_header_or_a_reason(data: bytes) -> None:
    try:
        header = header_of(data)
    except SpoiltFile as error:
        assert str(error)
    else:
        assert 0 < header.size <= len(data)
        assert 0 < len(header.columns) <= header.fields


# Rows


def find_sizes_slowly(data: bytes) -> list[int]:
    """Sizes of rows, found by joining ever more lines and reading them from the top each time."""
    lines, sizes = io.BytesIO(data).readlines(), []
    while lines:
        count, verdict = 0, "open"
        while verdict == "open" and count < len(lines):
            count += 1
            verdict = judge(b"".join(lines[:count]))
        taken = lines[: count if verdict == "whole" else 1]
        sizes.append(sum(map(len, taken)))
        del lines[: len(taken)]
    return sizes


def judge(data: bytes) -> str:
    try:
        list(csv.reader([data.decode("utf-8", "replace")], strict=True))
    except csv.Error as error:
        return "open" if str(error) == "unexpected end of data" else "broken"
    return "whole"


@given(FILES)
def test_rows_end_where_reading_from_the_top_each_time_would_end_them(data: bytes) -> None:
    assert [row.size for row in rows_of(data)] == find_sizes_slowly(data)


@given(FILES | st.binary())
def test_every_line_belongs_to_exactly_one_row(data: bytes) -> None:
    rows = rows_of(data)
    assert sum(row.size for row in rows) == len(data)
    position = 0
    for row in rows:
        assert row.line == 2 + data.count(b"\n", 0, position)
        assert not (row.fields and row.reason)
        assert len(row.fields) in (0, 2)
        position += row.size


@given(FILES, st.data())
def test_reading_from_any_row_on_gives_the_same_rows(data: bytes, draw: st.DataObject) -> None:
    rows = rows_of(data)
    first = draw.draw(st.integers(0, len(rows)))
    last = draw.draw(st.integers(first, len(rows)))
    start = sum(row.size for row in rows[:first])
    size = sum(row.size for row in rows[first:last])
    line = 2 + data.count(b"\n", 0, start)
    part = list(read_rows(read_lines(io.BytesIO(data[start : start + size]), line, size), HEADER))
    assert part == rows[first:last]


@given(st.lists(st.tuples(CELLS, CELLS), max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_a_csv_writer_quotes_comes_back(rows: list[tuple[str, str]], end: str, last_end: bool) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    text = out.getvalue() if last_end else out.getvalue().removesuffix(end)
    assert [tuple(row.fields) for row in rows_of(text.encode())] == rows


BROKEN = st.sampled_from(['1,"abc', 'x",",abc', '"a"b,c', '"', 'a,b,"c', "1", '1,"a ""b"" c'])


@given(st.lists(BROKEN, min_size=1, max_size=20), st.integers(1, 60))
def test_a_limit_on_how_far_a_quote_runs_on_costs_no_other_line(broken: list[str], longest: int) -> None:
    good = ["7,seven", "8,eight"]
    data = "".join(line + "\n" for line in [*good, *broken, *good]).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_rows, "_LONGEST", longest)
        rows = rows_of(data)
    assert sum(row.size for row in rows) == len(data)
    assert [row.fields for row in rows[:2]] == [["7", "seven"], ["8", "eight"]]


def kinds(*rows: Any) -> list[Any]:
    """Rows as fields, or the beginning of the reason."""
    return [row.fields or row.reason[:30] for row in rows]


def test_an_open_quote_costs_its_line_and_no_other() -> None:
    data = b'1,"open\n2,b\n3,"c"\n"4","d\ne"\n'
    assert kinds(*rows_of(data)) == [OPEN[:30], ["2", "b"], ["3", "c"], ["4", "d\ne"]]


def test_a_line_may_close_a_quote_and_hold_another_inside_a_field() -> None:
    assert kinds(*rows_of(b'1,"a\nb",\n'), *rows_of(b'"a\nb",x"y\n')) == ["3 fields, parted by commas, wh", ["a\nb", 'x"y']]


def test_a_row_with_a_byte_that_is_not_utf_8_ends_where_its_quotes_say() -> None:
    rows = rows_of(b'1,"caf\xe9\n2,b\n"\n3,c\n')
    assert [(row.line, row.reason) for row in rows] == [
        (2, "byte 0xe9 is not UTF-8; save the file as UTF-8, or name its encoding: --encoding cp1252"),
        (5, ""),
    ]


def test_a_carriage_return_in_a_bare_field_is_told() -> None:
    assert rows_of(b"1,a\rb\n")[0].reason == "broken CSV: a carriage return stands in a field without quotes"


def test_a_line_too_long_is_a_row_of_its_own_inside_an_open_quote_too() -> None:
    lines = [(2, 7, b'1,"abc\n'), (3, 20_000_000, None), (4, 6, b'2,"b"\n')]
    assert [(row.line, row.size, row.reason) for row in read_rows(iter(lines), HEADER)] == [
        (2, 7, OPEN),
        (3, 20_000_000, TOO_LONG),
        (4, 6, ""),
    ]


@pytest.mark.parametrize("line", ['x",",abc', '1,"abc', '1,"a ""b"" c', '"a"b'])
def test_each_line_is_taken_apart_a_fixed_number_of_times(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0
    parse = csv_rows.Parser.parse

    def counting(self: Any, text: str) -> list[str]:
        nonlocal count
        count += len(text)
        return parse(self, text)

    monkeypatch.setattr(csv_rows.Parser, "parse", counting)
    data = (line + "\n").encode() * 2000
    assert len(rows_of(data)) == 2000
    assert count < 3 * len(data)
