"""A codebook's file with other narratives in it: comments and layout of what does not change stay as they are."""

import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import dropwhile
from pathlib import Path
from typing import Any

from narratives.errors import UserError, at
from narratives.files import OPAQUE, TomlFile

_TOKEN = re.compile(rf"{OPAQUE.pattern}|[\[\]{{}}\n]", re.DOTALL)
_WIDE = 100  # characters from which a list is written an item a line
_ORDER = ("id", "family", "title", "definition", "include", "exclude", "voices", "parent")


@dataclass(frozen=True, slots=True)
class Entry:
    """A narrative of the codebook that is to be."""

    values: dict[str, Any]  # as in TOML
    slot: int  # the narrative of the old file whose place it takes or, `fresh`, shares
    fresh: bool = False  # written anew; else the old text is edited
    lines: dict[str, int] = field(default_factory=dict)  # where its values were set, for messages; "" for the whole


def edit_codebook(file: TomlFile, text: str, version: str, entries: Sequence[Entry]) -> str:
    """The text of the codebook `file` with another version and with `entries` as its narratives, in the order of their slots.

    `UserError` where the file is laid out so that this can't be done line by line.
    """
    old = file.values["narrative"]
    headers = [file.lines.get(("narrative", k, ""), 0) - 1 for k in range(len(old))]
    lines = text.split("\n")
    edited: list[str] = []
    if min(headers) >= 0:
        head = "\n".join(lines[: headers[0]])
        edited += _set_value(head, file.lines.get(("", 0, "version"), 1) - 1, "version", version).split("\n")
    for k, start in enumerate(headers if edited else ()):
        following = headers[k + 1] if k + 1 < len(headers) else len(lines)
        end = max(n for n in range(start, following) if _is_content(lines[n])) + 1
        keys = {key: file.lines[place] - 1 - start for key in old[k] if (place := ("narrative", k, key)) in file.lines}
        between = lines[end:following]
        body = "\n".join(lines[start:end])
        in_slot = [entry for entry in entries if entry.slot == k]
        written = [write_entry(e.values) if e.fresh else _edit(body, keys, old[k], e.values) for e in in_slot]
        if written:
            edited += "\n\n".join(written).split("\n")
        else:
            between = list(dropwhile(lambda line: not line.strip(), between))
        edited += between
    result = "\n".join(edited).rstrip("\n") + text[len(text.rstrip("\n")) :]
    values = {**file.values, "version": version, "narrative": [entry.values for entry in entries]}
    try:
        good = tomllib.loads(result) == values
    except tomllib.TOMLDecodeError:
        good = False
    if not good:
        fix = "write each narrative as a [[narrative]] table with a key a line"
        raise UserError(at(file.path, None, f"its layout cannot be edited; {fix}"))
    return result


def write_entry(values: dict[str, Any]) -> str:
    """A narrative as a TOML table, without a line end."""
    return "\n".join(["[[narrative]]", *(f"{key} = {write_value(values[key])}" for key in _ORDER if key in values)])


def restore_ends(path: Path, text: str) -> str:
    """The text with the line ends and the byte-order mark that the file has."""
    data = path.read_bytes()
    text = text.replace("\n", "\r\n") if b"\r\n" in data else text
    return "\ufeff" * data.startswith(b"\xef\xbb\xbf") + text


def _is_content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _edit(body: str, keys: dict[str, int], old: dict[str, Any], new: dict[str, Any]) -> str:
    changed = [key for key in (*old, *new) if old.get(key) != new.get(key)]
    present = sorted({key for key in changed if key in old}, key=lambda key: -keys.get(key, 0))
    for key in present:  # from the end, so that lines keep their numbers
        body = _set_value(body, keys.get(key, 0), key, new.get(key))
    added = [f"{key} = {write_value(new[key])}" for key in _ORDER if key in new and key not in old]
    return "\n".join([body, *added])


def _set_value(text: str, line: int, key: str, value: Any) -> str:
    """`text` with another value for the key on a line, counted from 0; `None` takes key and value out."""
    start = 0
    for _ in range(line):
        start = text.index("\n", start) + 1
    match = re.compile(rf"[ \t]*{re.escape(key)}[ \t]*=[ \t]*").match(text, start)
    if match is None:
        return text  # in a form that is not looked for; the whole is checked at the end
    end = _find_end(text, match.end())
    if value is None:
        following = text.find("\n", end)
        return (text[:start] + (text[following + 1 :] if following >= 0 else "")).rstrip("\n")
    written = write_value(value)
    literal = isinstance(value, str) and text.startswith("'", match.end()) and value.isprintable() and "'" not in value
    return text[: match.end()] + (f"'{value}'" if literal else written) + text[end:]


def _find_end(text: str, start: int) -> int:
    """Where the value that starts at `start` ends: before the line's end or comment, outside all brackets."""
    depth, end = 0, start
    for token in _TOKEN.finditer(text, start):
        word = token[0]
        if depth == 0 and (word == "\n" or word.startswith("#")):
            end = token.start()
            break
        depth += (word in "[{") - (word in "]}") if len(word) == 1 and word != "\n" else 0
    else:
        end = len(text)
    return start + len(text[start:end].rstrip())


def write_value(value: Any) -> str:
    """A text or a list of texts in TOML."""
    if isinstance(value, list):
        items = [write_value(item) for item in value]
        line = f"[{', '.join(items)}]"
        return line if len(items) < 2 or len(line) < _WIDE else "[\n" + "".join(f"  {item},\n" for item in items) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # all else that JSON escapes, TOML escapes alike
