"""Whether the quotes of a table with tabs hold fields together, or are signs like any other."""

import csv
from collections.abc import Iterable
from dataclasses import replace

from narratives.files.csv_rows import Header, Parser
from narratives.files.lines import Line


def find_quoting(lines: Iterable[Line], header: Header) -> Header:
    """The header with `quoted` as the rows in `lines` have it; they are read to the end only where fields stand between tabs.

    Many programs write tabs without any quoting, and a text that begins with a quotation mark would swallow the rows after
    it. So quotes are signs like any other where every line that has one has all its fields, and some such line
    cannot be read alone when they are not.
    """
    if header.delimiter != "\t":
        return header
    parser = Parser(header.delimiter)
    unpaired = False
    for _, _, data in lines:
        if data is None or b'"' not in data:
            continue
        if data.count(b"\t") != header.fields - 1:
            return header
        unpaired = unpaired or not _stands_alone(data, parser, header.fields)
    return replace(header, quoted=not unpaired)


def _stands_alone(data: bytes, parser: Parser, fields: int) -> bool:
    try:
        return len(parser.parse(data.decode("utf-8", "replace"))) == fields
    except csv.Error:
        return False
