"""Fields of nested records by dotted paths (`message.text`), and texts that stand in pieces."""

from collections.abc import Iterator
from typing import Any

_MISSING = object()


def find_field(values: dict[str, Any], path: str) -> Any:
    """The value of a field, or of one inside others when the path has dots; `KeyError` where there is none."""
    if path in values:
        return values[path]
    value: Any = values
    for step in path.split("."):
        value = value.get(step, _MISSING) if isinstance(value, dict) else _MISSING
        if value is _MISSING:
            raise KeyError(path)
    return value


def has_field(values: dict[str, Any], path: str) -> bool:
    """Whether there is such a field."""
    if path in values or "." not in path:  # as nearly always
        return path in values
    try:
        find_field(values, path)
    except KeyError:
        return False
    return True


def take_field(values: dict[str, Any], path: str) -> Any:
    """Take a field out of a record and return it; `KeyError` where there is none. Objects around it lose that field alone."""
    if path in values:
        return values.pop(path)
    value = find_field(values, path)
    *outer, last = path.split(".")
    inner = values
    for step in outer:
        inner[step] = dict(inner[step])
        inner = inner[step]
    del inner[last]
    return value


def list_fields(values: dict[str, Any], depth: int = 3) -> Iterator[str]:
    """The names of all fields, those inside others as dotted paths."""
    for name, value in values.items():
        yield str(name)
        if isinstance(value, dict) and depth > 1:
            yield from (f"{name}.{inner}" for inner in list_fields(value, depth - 1))


def join_pieces(value: Any) -> Any:
    """A text in pieces (a list of texts, and objects with a `text`, as Telegram writes it) in one; else `value` as it is."""
    if not isinstance(value, list) or not any(isinstance(piece, dict) for piece in value):
        return value  # a list of texts alone may be anything, such as words
    pieces = [piece.get("text") if isinstance(piece, dict) else piece for piece in value]
    return "".join(map(str, pieces)) if all(isinstance(piece, str) for piece in pieces) else value


def count_id(value: Any) -> Any:
    """A number as an id: whole floats are numbers that met a missing value (1.0 is 1). Everything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, float):
        if value != value:
            return None  # NaN: what some programs write for a number that is not there
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else str(value)
    return str(value)
