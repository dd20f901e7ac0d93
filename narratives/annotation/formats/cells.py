"""The labels that stand in one cell or field, whatever form a person or a program gave them."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from narratives.annotation.formats.entry import Wishes, to_text
from narratives.annotation.formats.untaken import holds_spans, list_span_labels, shorten
from narratives.labels import NONE, STANCES, fold_name, is_yes, join_stance, split_text

_NOTHING = {"nan", "null", "na", "<na>", "n/a", "#n/a"}  # what programs write into a cell that holds nothing
_NAMES = ("label", "name", "value", "code", "id", "classname", "class")  # the field of an object that holds its label
_BESIDE = {"user", "user_id", "color", "colour", "created_at", "updated_at", "shortcut", "description", "text", "definition"}
PEOPLE = ("annotat", "coder", "rater", "worker", "labeler", "labeller")  # how fields that say who labelled begin
_PARTS = re.compile(r"[;\n\r|]")
_ARRAY = re.compile(r"^array\((?P<inner>\[.*\])(, dtype=\S+)?\)$", re.DOTALL)  # as numpy prints a list
_NO_COMMAS = re.compile(r"(?<=['\"])\s+(?=['\"])")
_SHOWN = 60  # characters of a cell in a message


def says_nothing(cell: Any, wishes: Wishes) -> bool:
    """Whether a cell holds what programs write for "nothing", and no narrative is called so."""
    return isinstance(cell, str) and cell.strip().casefold() in _NOTHING and not wishes.names.find(cell.strip())


def split_labels(cell: Any, wishes: Wishes, name: str = "FIELD") -> Any:
    """The labels of a cell: a list, or an object of narratives and stances; `ValueError` where it can be neither.

    A text is one label, or several on lines or with `;`, `|`, `,` or `#` between, or a list as JSON, Python or numpy write
    it. An object says for each label yes or no (`{"toll": true}`), or its stance. Numbers become names where these are given.
    `name` is the field that messages are about.
    """
    if isinstance(cell, str):
        return _split_words(cell.strip(), wishes, name)
    if isinstance(cell, dict):
        flat = flatten(cell)
        if flat and all(isinstance(value, (bool, int, float)) for value in flat.values()):
            return [key for key, value in flat.items() if is_yes(key, value)] or [NONE]
        return flat
    if isinstance(cell, (int, float)):
        return [_name(to_text(cell), wishes)]
    if not isinstance(cell, list):
        return cell
    if holds_spans(cell):
        if not wishes.spans:
            raise ValueError(f"these are spans: {shorten(cell, _SHOWN)}; --spans takes their labels for the whole text")
        return list_span_labels(cell)
    if _is_vector(cell):
        return _read_vector(cell, wishes)
    words = [_open(item, name) if isinstance(item, dict) else item for item in cell]
    return [_name(to_text(word), wishes) for word in words if word is not None and word != ""]


def join_stances(labels: list[Any], stances: Any) -> list[str]:
    """Labels with the stances that stand beside them, in their order; `ValueError` where there are not as many."""
    stances = stances.split(";") if isinstance(stances, str) else stances
    if not isinstance(stances, list) or len(stances) != len(labels):
        count = len(stances) if isinstance(stances, list) else 1
        raise ValueError(f"{len(labels)} labels and {count} 'stances'; give each label one, or leave it empty")
    words = ["" if stance is None else str(stance).strip().lower() for stance in stances]
    return [join_stance(str(label), word or None) for label, word in zip(labels, words, strict=True)]


def says_stance(name: Any) -> bool:
    """Whether a field of that name holds stances."""
    return fold_name(str(name)) in ("stance", "stances")


def find_stances(values: Mapping[str, Any]) -> str | None:
    """The field beside labels that holds their stances, and nothing else; `None` where there is none."""
    for name, value in values.items():
        words = value.split(";") if isinstance(value, str) else value
        if says_stance(name) and isinstance(words, list) and words:
            plain = [str(word).strip().lower() for word in words]
            if any(plain) and all(word in (*STANCES, "") for word in plain):
                return name
    return None


def _split_words(cell: str, wishes: Wishes, name: str) -> Any:
    if wishes.names.find(cell) or not cell:
        return [cell] if cell else []
    if array := _ARRAY.match(cell):
        cell = array["inner"]
    if cell.startswith(("{", "[")):
        if cell.startswith("[") and "," not in cell:
            cell = _NO_COMMAS.sub(", ", cell)
        return split_labels(split_text(cell), wishes, name)
    words: list[str] = []
    for part in _PARTS.split(cell):
        words += [part.strip()] if wishes.names.find(part.strip()) else _split_commas(part, wishes)
    return [_name(word, wishes) for word in dict.fromkeys(words) if word]


def _split_commas(part: str, wishes: Wishes) -> Iterator[str]:
    """The labels of a text with `,` or `#` between; a title may hold these signs itself."""
    signs = re.findall("[,#]", part)
    pieces = re.split("[,#]", part)
    start = 0
    while start < len(pieces):
        for end in range(len(pieces), start, -1):
            joined = pieces[start] + "".join(signs[k - 1] + pieces[k] for k in range(start + 1, end))
            if end == start + 1 or wishes.names.find(joined.strip()):
                yield joined.strip()
                start = end
                break


def _name(word: Any, wishes: Wishes) -> Any:
    """The name that a file gives to a number; anything else, and what the user renames, as it is."""
    if isinstance(word, str) and word.isdigit() and word not in wishes.names.renames and int(word) < len(wishes.class_names):
        return wishes.class_names[int(word)]
    return word


def flatten(value: Mapping[str, Any]) -> dict[str, Any]:
    """An object without the objects in it (families of narratives), whose entries take their place."""
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        flat |= flatten(inner) if isinstance(inner, dict) else {name: inner}
    return flat


def _is_vector(cell: Sequence[Any]) -> bool:
    return len(set(map(str, cell))) < len(cell) and all(
        isinstance(item, (bool, int, float)) and item in (0, 1) for item in cell
    )


def _read_vector(cell: Sequence[Any], wishes: Wishes) -> list[str]:
    names = wishes.class_names
    if len(names) != len(cell):
        fix = "give each narrative a column, or name them in a file, a line each: --label-names FILE"
        given = f", of which {len(names)} are given" if names else ""
        raise ValueError(f"{shorten(cell, _SHOWN)} are {len(cell)} answers of yes or no without names{given}; {fix}")
    return [name for name, item in zip(names, cell, strict=True) if item] or [NONE]


def _open(item: Mapping[str, Any], field_name: str) -> Any:
    """The label of an object with its stance; `ValueError` where it says more than that."""
    named = [name for name in _NAMES if isinstance(item.get(name), (str, int)) and not isinstance(item.get(name), bool)]
    beside = {name for name, value in item.items() if value is not None} - _BESIDE - set(named[:1]) - {"stance", "id"}
    if named and any(name.casefold().startswith(PEOPLE) for name in beside):
        fix = f"write a record for each, or take all labels together: --label-column {shlex.quote(f'{field_name}.{named[0]}')}"
        raise ValueError(f"'{field_name}' holds answers of several people, {shorten(item, _SHOWN)}; {fix}")
    if not named or beside or item.get("stance", "") not in ("", None, *STANCES):
        likely = named or [name for name, value in item.items() if isinstance(value, str) and name not in _BESIDE] or ["NAME"]
        path = f"{field_name}.{likely[0]}"
        reason = f"'{field_name}' holds objects, {shorten(item, _SHOWN)}"
        raise ValueError(f"{reason}; say which of their fields is the label: --label-column {shlex.quote(path)}")
    word = to_text(item[named[0]])
    return join_stance(word, item["stance"]) if item.get("stance") else word
