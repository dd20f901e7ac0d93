"""TOML with line numbers: the standard parser reads the values, a scan of the text finds where they stand."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narratives.errors import UserError, at, did_you_mean
from narratives.files.atomic import read_text

# Strings and comments, the long forms first, so that what looks like a key inside one is not taken for a key.
OPAQUE = re.compile(r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL)
_HEADER = re.compile(r"^\s*(\[\[?)\s*([\w.-]+)\s*\]")
_KEY = re.compile(r"^\s*([\w-]+)\s*=")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A parsed TOML file. `lines` maps `(table, index, key)` to a line; key "" is the table's header."""

    path: Path
    values: dict[str, Any]
    lines: dict[tuple[str, int, str], int]

    def line(self, table: str = "", index: int = 0, key: str = "") -> int:
        """The 1-based line of a key, or of its table where the key is not there."""
        places = (table, index, key), (key, 0, ""), (table, index, "")  # at the top level a key may be a table's name
        return next((self.lines[place] for place in places if place in self.lines), 1)

    def unknown_keys(self, values: dict[str, Any], known_keys: list[str], table: str = "", index: int = 0) -> list[str]:
        """A problem line for each key of `values` that is not among `known_keys`."""
        return [
            at(self.path, self.line(table, index, key), f"unknown key '{key}'{did_you_mean(key, known_keys)}")
            for key in values
            if key not in known_keys
        ]


def read_toml(path: Path) -> TomlFile:
    """Parse `path`; `UserError` with the line where it is not TOML."""
    text = read_text(path)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        message = str(error)[: place.start()] if place else str(error)
        line = int(place[1]) if place else text.count("\n") + 1
        raise UserError(at(path, line, f"not valid TOML: {message}")) from None
    return TomlFile(path, values, _find_lines(text))


def _find_lines(text: str) -> dict[tuple[str, int, str], int]:
    """Where each header and key stands. `text` is known to be valid TOML."""
    plain = OPAQUE.sub(lambda match: "\n" * match[0].count("\n"), text)
    lines: dict[tuple[str, int, str], int] = {}
    counts: dict[str, int] = {}
    table, index = "", 0
    for number, line in enumerate(plain.split("\n"), 1):
        if header := _HEADER.match(line):
            table = header[2]
            index = counts.get(table, 0)
            counts[table] = index + 1
            lines[table, index, ""] = number
        elif key := _KEY.match(line):
            lines[table, index, key[1]] = number
    return lines
