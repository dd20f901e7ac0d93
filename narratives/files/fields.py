"""Fields of nested records by dotted paths (`message.text`), and texts that stand in pieces.

A path may lead through lists: `answers.code` is then the list of the codes of all answers.
"""

from collections.abc import Iterator
from typing import Any

_MISSING = object()
_SPEAKERS = ("author", "speaker", "role", "from", "user")


def find_field(values: dict[str, Any], path: str) -> Any:
    """The value of a field, or of one inside others when the path has dots; `KeyError` where there is none."""
    if path in values:
        return values[path]
    value: Any = values
    for step in path.split("."):
        value = _step(value, step)
        if value is _MISSING:
            raise KeyError(path)
    return value


def _step(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step, _MISSING)
    if not isinstance(value, list):
        return _MISSING
    inner = [below for item in value if (below := _step(item, step)) is not _MISSING]
    flat = [part for below in inner for part in (below if isinstance(below, list) else [below])]
    return flat if inner else _MISSING


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
    first, _, remainder = path.partition(".")
    values[first] = _without(values[first], remainder.split("."))
    return value


def _without(value: Any, steps: list[str]) -> Any:
    if isinstance(value, list):
        return [_without(item, steps) for item in value]
    if not isinstance(value, dict) or steps[0] not in value:
        return value
    if len(steps) == 1:
        return {name: inner for name, inner in value.items() if name != steps[0]}
    return {**value, steps[0]: _without(value[steps[0]], steps[1:])}


def list_fields(values: dict[str, Any], depth: int = 3) -> Iterator[str]:
    """The names of all fields, those inside others as dotted paths."""
    for name, value in values.items():
        yield str(name)
        if isinstance(value, dict) and depth > 1:
            yield from (f"{name}.{inner}" for inner in list_fields(value, depth - 1))


def join_pieces(value: Any) -> Any:
    """A text in pieces in one; else `value` as it is.

    Pieces are a list of texts and of objects with a `text`, as Telegram writes it; turns of a talk, with who spoke; or a
    list of paragraphs. A list of single words stays one: nobody knows what stood between them.
    """
    if not isinstance(value, list) or not value:
        return value
    inner = [piece.get("text") if isinstance(piece, dict) else piece for piece in value]
    pieces = [piece for piece in inner if isinstance(piece, str)]
    if len(pieces) < len(value):
        return value
    objects = [piece for piece in value if isinstance(piece, dict)]
    turns = len(objects) == len(value) and all(any(name in piece for name in _SPEAKERS) for piece in objects)
    paragraphs = not objects and any(" " in piece.strip() for piece in pieces)
    if turns or paragraphs:
        return "\n".join(pieces)
    return "".join(pieces) if objects else value


def count_id(value: Any) -> Any:
    """A number as an id: whole floats are numbers that met a missing value (1.0 is 1). Everything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, float):
        if value != value:
            return None  # NaN: what some programs write for a number that is not there
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else str(value)
    return str(value)
