"""A JSON file as JSON Lines: its records one after the other, each on a line of its own.

The records are those that `json_shapes` finds in it, or objects that follow each other. A list is read piece by piece.
"""

import io
import json
import re
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from narratives.files.encodings import explain_byte
from narratives.files.json_shapes import list_records, to_record
from narratives.files.lines import SpoiltFile

DEEPEST = 200  # lists and objects in each other; how many more Python bears depends on who calls
_CHUNK = 1 << 20  # bytes
_LONGEST = 1 << 30  # characters of one value
_SCRIPT = re.compile(r"\s*window\.[\w.]+\s*=")  # before the JSON in an archive of X
_SPACE = re.compile(r"[ \t\r\n]*")
_BETWEEN = re.compile(r"[ \t\r\n,]*")


class BrokenJson(SpoiltFile):
    """Says where in a file JSON is broken, and how."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}; nothing after it was read")
        self.line, self.reason = line, reason


class RepeatedKey(ValueError):
    """Two equal keys in one object."""


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object from its pairs; `RepeatedKey` where two have one key: the standard reader would drop the first."""
    values = dict(pairs)
    if len(values) < len(pairs):
        [(key, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise RepeatedKey(repr(key[:40]))  # with what cannot be written escaped
    return values


_decode = json.JSONDecoder(object_pairs_hook=unique_keys).raw_decode


class JsonLines(io.RawIOBase):
    """Bytes of JSON Lines made from the bytes of a JSON file. `SpoiltFile` where that is none."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source = source
        self._lines = _write_lines(source)
        self._unread = b""

    def readable(self) -> bool:
        """It can be read, not written."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what comes next; 0 at the end."""
        while not self._unread:
            line = next(self._lines, None)
            if line is None:
                return 0
            self._unread = line
        count = min(len(buffer), len(self._unread))
        buffer[:count], self._unread = self._unread[:count], self._unread[count:]
        return count

    def close(self) -> None:
        """Close it and the file below it."""
        if not self.closed:
            self._lines.close()
            self._source.close()
        super().close()


def read_values(source: BinaryIO) -> Iterator[tuple[int, Any]]:
    """The records of a JSON file, each with the line on which it, or what holds it, begins.

    `BrokenJson` where it breaks, `SpoiltFile` where nobody can tell which of its lists is meant.
    """
    text, position, line, listed, ended = "", 0, 1, None, False
    reader = io.TextIOWrapper(source, encoding="utf-8-sig", newline="")
    try:
        while True:
            start = (_BETWEEN if listed else _SPACE).match(text, position).end()  # type: ignore[union-attr]
            line += text.count("\n", position, start)
            position = start
            if listed is None and position < len(text):
                if script := _SCRIPT.match(text, position):
                    position = script.end()
                    continue
                listed = text[position] == "["
                position += listed
                continue
            if listed and text.startswith("]", position):
                return
            if ended and position == len(text):
                if listed:
                    raise BrokenJson(line, "the list is not closed: the file is cut off; export it again")
                return
            if pair := _take_value(text, position, line, ended):
                value, end = pair
                yield from ((line, record) for record in ([to_record(value)] if listed else list_records(value)))
                line += text.count("\n", position, end)
                position = end
            else:
                more = reader.read(max(_CHUNK, len(text) - position))
                text, position, ended = text[position:] + more, 0, not more
    except UnicodeDecodeError as error:
        raise BrokenJson(line, explain_byte(error.object, error.start)) from None
    finally:
        with suppress(ValueError):  # where the file was closed before this was read to its end
            reader.detach()


def _take_value(text: str, position: int, line: int, ended: bool) -> tuple[Any, int] | None:
    """The value that begins at `position`, and where it ends; `None` where it may go on in what has not been read yet."""
    try:
        value, end = _decode(text, position)
    except json.JSONDecodeError as error:
        if ended or len(text) - position > _LONGEST:
            raise BrokenJson(line + text.count("\n", position, error.pos), f"broken JSON: {error.msg}") from None
        return None
    except RepeatedKey as error:
        raise BrokenJson(line, f"key {error} stands twice in one object; keep one") from None
    except RecursionError:
        raise BrokenJson(line, "broken JSON: nested too deeply") from None
    except ValueError:  # Python reads no whole number of more than 4300 digits
        raise BrokenJson(line, "broken JSON: a number has too many digits; put it in quotes") from None
    return (value, end) if ended or end < len(text) or isinstance(value, dict | list) else None


def is_deep(value: Any) -> bool:
    """Whether lists and objects stand in each other deeper than any record has them."""
    level = [value]
    for _ in range(DEEPEST):
        inner = [item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list)]
        level = [item for several in inner for item in several]
    return any(isinstance(item, dict | list) for item in level)


def _write_lines(source: BinaryIO) -> Generator[bytes, None, None]:
    for _, record in read_values(source):
        line = json.dumps(record, ensure_ascii=False)
        try:
            yield f"{line}\n".encode()
        except UnicodeEncodeError:  # half a surrogate pair: whoever reads the line says so
            yield f"{json.dumps(record)}\n".encode()
