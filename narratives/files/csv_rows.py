"""CSV: the header, and rows that may span lines. A quote that never closes costs its own line, not the rest of the file."""

import csv
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from narratives.errors import show
from narratives.files.lines import TOO_LONG, Line, SpoiltFile, check_first_line, decode_line

_LONGEST = 1_000_000  # bytes over which a quoted field may run on to further lines
_NO_HEADER = "the first line must name the columns, each once, such as: id,text"
_EMPTY = "it is empty; " + _NO_HEADER
_TWICE = "two columns are named '{}'; rename one"
_PAGE = "this is a web page or XML, no table; open it in a spreadsheet and save it as CSV in UTF-8"
_JSON = "these are JSON records, no table; give the file the ending .jsonl, or .json where they are one list"
_WORDS = "this is WebAnno TSV, of INCEpTION perhaps, a row for each word; write a row for each text: id,text,labels"
_OLD_LINES = "its lines end with a carriage return alone, as old programs wrote them; save it with other line ends"
_NO_DELIMITER = "'sep=' must be followed by the one character that stands between fields"
_BROKEN = "broken CSV: "
_OPEN = _BROKEN + "a quote is opened and not closed"
_MERGED = _BROKEN + "a quote opened here is closed in line {}, though each line has all its fields; take these quotes out"

SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

_SIGNS = "".join(SIGNS)

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # the default of 128 KiB is shorter than a long article


@dataclass(frozen=True, slots=True)
class Header:
    """How a CSV file is to be read; rows begin on line `lines` + 1, `size` bytes into the file."""

    columns: tuple[str, ...]  # those that have a name
    fields: int  # in each row; a spreadsheet may add nameless columns at the end
    delimiter: str
    lines: int
    size: int
    quoted: bool = True  # whether quotes may hold a field together; else they are signs like any other


@dataclass(frozen=True, slots=True)
class Row:
    """A row, or the reason why it is none."""

    line: int  # the first that it stands on
    size: int  # bytes, all its lines together
    fields: list[str]
    reason: str = ""


def read_header(lines: Iterator[Line], tabs: bool = False) -> Header:
    """Take the header off `lines`; `SpoiltFile` where there is none. `tabs`: fields stand between tabs, whatever is in them.

    Else the sign counts that stands most often outside of quotes: a comma, a semicolon, a tab or a bar.
    """
    number, size, first = _take_text(lines)
    if not first.strip():
        raise SpoiltFile(_EMPTY if not size else _NO_HEADER)
    if first.lstrip().lower().startswith(("<html", "<!doctype", "<?xml", "<table")):
        raise SpoiltFile(_PAGE)
    if first.lstrip().startswith(('{"', '[{"')):
        raise SpoiltFile(_JSON)
    if first.startswith(("#FORMAT=WebAnno", "#Text=")):
        raise SpoiltFile(_WORDS)
    outside = "".join(first.split('"')[::2])
    delimiter = "\t" if tabs else max(_SIGNS, key=lambda sign: (outside.count(sign), sign != "|"))
    if first.lower().startswith("sep="):  # a spreadsheet's own way to name the delimiter
        delimiter = first[4:].rstrip("\r\n")
        if len(delimiter) != 1 or delimiter in '" ' or not delimiter.isascii():
            raise SpoiltFile(_NO_DELIMITER)
        number, more, first = _take_text(lines)
        size += more
    try:
        columns = Parser(delimiter).parse(first) if delimiter != "\t" or first.count('"') % 2 == 0 else first.split("\t")
    except csv.Error as error:
        old = "\r" in first.rstrip("\r\n") and '"' not in first
        raise SpoiltFile(_OLD_LINES if old else f"the header is broken: {_explain(error)}") from None
    fields = len(columns)
    while columns and not columns[-1].strip():
        columns.pop()
    if not columns:
        raise SpoiltFile(_NO_HEADER)
    [(name, count)] = Counter(columns).most_common(1)
    if count > 1:
        raise SpoiltFile(_TWICE.format(show(name)) if name.strip() else _NO_HEADER)
    return Header(tuple(columns), fields, delimiter, number, size)


def name_columns(lines: Iterator[Line], columns: Sequence[str], tabs: bool) -> Header:
    """The header of a table that has none; the sign between fields is told by the first line, which is taken off `lines`."""
    _, _, first = _take_text(lines)
    outside = "".join(first.split('"')[::2])
    delimiter = "\t" if tabs else max(_SIGNS, key=lambda sign: (outside.count(sign) == len(columns) - 1, outside.count(sign)))
    return Header(tuple(columns), len(columns), delimiter, 0, 0)


def read_rows(lines: Iterator[Line], header: Header) -> Iterator[Row]:
    """The rows of `lines`. Every line belongs to exactly one row, so that sizes add up to the whole."""
    parser = Parser(header.delimiter, header.quoted)
    ahead = _Ahead(lines, parser)
    while line := ahead.take():
        number, size, data = line
        row = _parse(number, size, data, parser, header.fields)
        if row.reason == _OPEN and (following := ahead.take_until_closed(size)):
            parts = [part or b"" for _, _, part in (line, *following)]
            row = _parse(number, sum(map(len, parts)), b"".join(parts), parser, header.fields)
            if header.delimiter == "\t" and not row.reason and all(p.count(b"\t") == header.fields - 1 for p in parts):
                row = Row(number, row.size, [], _MERGED.format(following[-1][0]))
        yield row


def is_header_again(row: Row, header: Header) -> bool:
    """Whether a row repeats the names of the columns."""
    names = header.columns if header.size else ()  # a table whose columns the user named has none
    return len(names) > 1 and row.fields[1 : len(names)] == list(names[1:]) and row.fields[0].lstrip("\ufeff") == names[0]


def _parse(number: int, size: int, data: bytes | None, parser: "Parser", expected: int) -> Row:
    if data is None:
        return Row(number, size, [], TOO_LONG)
    reason = ""
    try:
        text = decode_line(number, data)
    except ValueError as error:  # the row still ends where its quotes say
        text, reason = data.decode("utf-8", "replace"), str(error)
    try:
        fields = parser.parse(text)
    except csv.Error as error:
        broken = _BROKEN + _explain(error)
        return Row(number, size, [], broken if broken == _OPEN else reason or broken)
    if fields and len(fields) != expected and not reason:
        sign = SIGNS.get(parser.delimiter, repr(parser.delimiter))
        reason = f"{len(fields)} fields, parted by {sign}, where the header names {expected}; check quotes and {sign}"
    return Row(number, size, [] if reason else fields, reason)


class Parser:
    """A `csv.reader` that is handed one text at a time; a new one for each would take longer than the reading."""

    def __init__(self, delimiter: str, quoted: bool = True) -> None:
        self.delimiter = delimiter
        self._text: str | None = None
        self._reader = csv.reader(
            self, delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        )

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        text, self._text = self._text, None
        if text is None:
            raise StopIteration
        return text

    def parse(self, text: str) -> list[str]:
        """The fields of one row; `csv.Error` where it is broken."""
        self._text = text
        return next(self._reader, [])


class _Ahead:
    """Lines that were looked at for the end of a quote. What a line does to an open quote is found out once."""

    def __init__(self, lines: Iterator[Line], parser: Parser) -> None:
        self._lines = lines
        self._parser = parser
        self._waiting: deque[Line] = deque()
        self._open = 0  # so many of those held leave a quote open that was open before them
        self._size = 0  # bytes of these
        self._broken = False  # whether the one held after these breaks it

    def take(self) -> Line | None:
        """The next line, `None` at the end."""
        if not self._waiting:
            return next(self._lines, None)
        line = self._waiting.popleft()
        if self._open:
            self._open -= 1
            self._size -= line[1]
        else:
            self._broken = False
        return line

    def take_until_closed(self, size: int) -> list[Line]:
        """The lines up to that which closes the quote opened before them, in `size` bytes; none where none closes it."""
        while not self._broken and size + self._size <= _LONGEST:
            if self._open == len(self._waiting):
                line = next(self._lines, None)
                if line is None:
                    return []
                self._waiting.append(line)
            line = self._waiting[-1]
            effect = self._try(line)
            if effect == "closes":
                lines = list(self._waiting)
                self._waiting.clear()
                self._open = self._size = 0
                return lines
            if effect == "breaks":
                self._broken = True
            else:
                self._open += 1
                self._size += line[1]
        return []

    def _try(self, line: Line) -> str:
        if line[2] is None:
            return "breaks"
        if b'"' not in line[2]:
            return "stays"
        try:
            self._parser.parse('"' + line[2].decode("utf-8", "replace"))
        except csv.Error as error:
            return "stays" if _BROKEN + _explain(error) == _OPEN else "breaks"
        return "closes"


def _explain(error: csv.Error) -> str:
    if str(error) == "unexpected end of data":
        return _OPEN.removeprefix(_BROKEN)
    if str(error).startswith("new-line character"):
        return "a carriage return stands in a field without quotes"
    return str(error)


def _take_text(lines: Iterator[Line]) -> tuple[int, int, str]:
    number, size, data = next(lines, (1, 0, b""))
    if data is None:
        raise SpoiltFile(TOO_LONG)
    try:
        if number == 1:
            check_first_line(data)
        return number, size, decode_line(number, data)
    except ValueError as error:
        raise SpoiltFile(str(error)) from None
