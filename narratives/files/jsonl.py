"""Some lines of a JSONL file changed, every other byte as it was."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_STYLES: list[dict[str, Any]] = [
    {"ensure_ascii": ascii_only, "separators": separators}
    for ascii_only in (False, True)
    for separators in ((", ", ": "), (",", ":"))
]


def change_lines(path: Path, changes: Mapping[int, dict[str, Any] | None]) -> str:
    """The file's text with new values for some keys on some lines, numbered from 1; `None` takes a line out.

    A mark at the beginning, the line ends and the way in which the old values were written stay. `path` is UTF-8, the lines
    that change hold objects.
    """
    lines = path.read_bytes().decode("utf-8").split("\n")
    new_lines = []
    for number, line in enumerate(lines, 1):
        values = changes.get(number, line)
        if isinstance(values, dict):
            mark, end = "\ufeff" * line.startswith("\ufeff"), "\r" * line.endswith("\r")
            new_lines.append(mark + _write_like(line.removeprefix("\ufeff").rstrip(), values) + end)
        elif values is not None:
            new_lines.append(line)
    return "\n".join(new_lines)


def _write_like(line: str, changes: dict[str, Any]) -> str:
    values = json.loads(line)
    style = next((style for style in _STYLES if json.dumps(values, **style) == line), _STYLES[0])
    return json.dumps({**values, **changes}, **style)
