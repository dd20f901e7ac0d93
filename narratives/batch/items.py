"""One text to classify: taken out of a record, with what is to be kept of the rest."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from narratives.errors import did_you_mean
from narratives.files import Record, count_id, find_field, has_field, join_pieces, list_fields
from narratives.texts import NONE, find_languages, normalise, note_language

NOTES = ("note", "language", "language_note")
ANSWER_COLUMNS = (
    "id",
    "file",
    "line",
    "start",
    "end",
    "narratives",
    "stances",
    "spans",
    "words",
    "scores",
    *NOTES,
    "run",
    "codebook",
)
STAGE = "stage"  # a column of models with a cascade
EVERYTHING = "all"  # of `keep`: the whole record as one column
EMPTY = "empty text"
_LANGUAGE = "language"  # the column that may name it


@dataclass(frozen=True, slots=True)
class Columns:
    """Where records hold what is needed, and what is to be carried over."""

    text: str = "text"
    id: str = "id"
    keep: tuple[str, ...] = ()
    encoding: str = ""  # of text files; empty: UTF-8, or what the mark at their beginning says

    @property
    def needed(self) -> frozenset[str] | None:
        """The columns that are read; `None` for all."""
        if EVERYTHING in self.keep:
            return None
        named = (self.text, self.id, _LANGUAGE, *self.keep)
        return frozenset({*named, *(name.partition(".")[0] for name in named)})  # a name may lead into an object


@dataclass(frozen=True, slots=True)
class Item:
    """A text, or one window of it from `start` to `end` where a row for each window is asked for."""

    id: str
    file: str
    line: int
    text: str
    language: str = NONE  # as its record names it: it helps to find where sentences end
    kept: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    start: int = 0
    end: int = 0
    written_in: str = NONE  # the language that its record names, else the one that was found
    language_note: str = ""


def to_item(record: Record, columns: Columns, file: str, name: str) -> Item:
    """The text of a record; `ValueError` says why it has none. Without an id it gets `<name>:<line>`."""
    values = record.values
    if not has_field(values, columns.text):
        raise ValueError(f"'{columns.text}' is not there; the record has {_list_names(values)}")
    text = join_pieces(find_field(values, columns.text))
    if text is None or text != text:
        raise ValueError(f"'{columns.text}' is missing")
    if isinstance(text, bytes):
        raise ValueError(f"'{columns.text}' holds bytes that are no UTF-8; write the column as text")
    if not isinstance(text, str) and text != []:  # an empty list is a text in no pieces
        raise ValueError(f"'{columns.text}' is {type(text).__name__}, not a text")
    id_ = count_id(find_field(values, columns.id)) if has_field(values, columns.id) else None
    if isinstance(id_, dict | list):
        raise ValueError(f"'{columns.id}' is {type(id_).__name__}, not a text or a number")
    language = values.get(_LANGUAGE)
    return Item(
        id=f"{name}:{record.line}" if id_ is None or id_ == "" else _to_text(id_),
        file=file,
        line=record.line,
        text=text or "",
        language=language if isinstance(language, str) and normalise(language) != NONE else NONE,
        kept=_keep(values, columns),
        note="" if text and text.strip() else EMPTY,
    )


def add_languages(
    items: Iterable[Item], readable: frozenset[str] | None, look: bool, passed: Mapping[str, bool] | None = None
) -> list[Item]:
    """Items with the language of each, noted where that is unsure, not one of the `readable`, or not one that `passed`.

    `look` finds the language of what does not name its own. It changes no score: texts are cut by what records say.
    """
    items = list(items)
    nameless = [item.text for item in items if look and item.language == NONE and not item.note]
    unique = list(dict.fromkeys(nameless))
    languages = {text: code for text, (code, _) in zip(unique, find_languages(unique), strict=True)}
    noted = []
    for item in items:
        code = item.language if item.language != NONE or item.note else languages.get(item.text, NONE)
        noted.append(replace(item, written_in=code, language_note="" if item.note else note_language(code, readable, passed)))
    return noted


def to_plain(value: Any) -> str | None:
    """A kept value for a column of texts: a text as it is, all else as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _keep(values: dict[str, Any], columns: Columns) -> dict[str, Any]:
    if not columns.keep:
        return {}
    names = [name for name in columns.keep if name != EVERYTHING]
    fields = {name: _to_json(find_field(values, name)) if has_field(values, name) else None for name in names}
    if EVERYTHING in columns.keep:
        fields["record"] = {name: _to_json(value) for name, value in values.items() if name != columns.id}
    return fields


def _to_json(value: Any) -> Any:
    """A value that JSON can hold: dates, bytes and the like as texts, numbers that are none (NaN, infinite) as null."""
    if value is None or isinstance(value, str | int):
        return value
    return json.loads(json.dumps(value, default=_to_text), parse_constant=lambda _: None)


def _to_text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def explain_absence(name: str, records: Iterable[Record], columns: Iterable[str], fix: str) -> str:
    """What to do where no record has a field of this name: the nearest name, or the list that holds the records."""
    names = list(dict.fromkeys([*columns, *(field for record in records for field in list_fields(record.values))]))
    for record in records:
        if path := _find_list(record.values, name):
            return f"; the records stand in lists inside others; unpack it first: jq -c '{path}'"
        for key, value in record.values.items():
            if key.rstrip("s") == name and isinstance(value, list) and value and all(isinstance(text, str) for text in value):
                return f"; the texts stand in a list; write it into a .json file of its own: jq '.{key}'"
    joined = ", ".join(names)
    inside = [field for field in names if "." in field and name in field.rpartition(".")[2]]
    near = f"; did you mean '{inside[0]}'?" if inside else did_you_mean(name, names)
    return f"{near or f'; there: {joined}'}; {fix}"


def _find_list(value: dict[str, Any], name: str, depth: int = 3) -> str:
    """Where in an object a list of records with that field stands, as jq writes it; empty where there is none."""
    for key, inner in value.items():
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            if has_field(inner[0], name):
                return f".{key}[]"
            if depth and (path := _find_list(inner[0], name, depth - 1)):
                return f".{key}[]{path}"
        elif isinstance(inner, dict) and depth and (path := _find_list(inner, name, depth - 1)):
            return f".{key}{path}"
    return ""


def _list_names(values: dict[str, Any]) -> str:
    return ", ".join(map(str, values)) or "nothing"
