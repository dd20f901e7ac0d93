"""What to write on the command line where a file does not say which of its fields holds the texts, and which the labels."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from narratives.annotation.formats.cells import PEOPLE
from narratives.annotation.formats.entry import Entry, Wishes
from narratives.annotation.formats.untaken import BESIDE, explain, has_content, holds_spans, list_words
from narratives.errors import show
from narratives.files import find_field, has_field, join_pieces, list_fields
from narratives.labels import fold_name

_LONG = 3  # words from which on a value may be a text
_LOOKED_AT = 100  # records
_SHOWN = 12  # fields
_GUESSES = ("predict", "suggest")  # what a model said
_NAME = 6  # words up to which something may be the name of a column
_TITLE = 12  # words up to which something may be a label
_WORD = re.compile(r"[^\W_]+")
_NEW = "texts without labels come in with: narratives labels add"


def explain_no_text(records: Iterable[Mapping[str, Any]]) -> str:
    """That no record has a text, with the option that names the field most like one."""
    records = [dict(record) for record in records][:_LOOKED_AT]
    lengths: dict[str, int] = {}
    for name, value in _list_values(records):
        value = join_pieces(value)
        if isinstance(value, str) and len(value.split()) >= _LONG:
            lengths[name] = lengths.get(name, 0) + len(value)
    if lengths:
        likely = max(lengths, key=lambda name: lengths[name])
        return f"no 'text'; if '{show(likely)}' holds it: --text-column {shlex.quote(likely)}"
    fix = "name the one that holds it: --text-column NAME (where texts stand elsewhere, under the same ids: --texts)"
    if any(len(str(name).split()) > _NAME for record in records for name in record):
        return "no 'text'; its first line is no header, it seems; name the columns, such as: --columns text,labels,id"
    return f"no 'text'; the fields are {_list(records)}; {fix}"


def explain_no_labels(entries: Sequence[Entry], wishes: Wishes) -> str:
    """That no record has labels where they are looked for, with the fields that look like labels and the option for them."""
    records = [dict(entry.values) for entry in entries if not entry.problem][:_LOOKED_AT]
    for record in records:
        for name, value in record.items():
            if name not in BESIDE and has_content(value) and holds_spans(value):
                return explain(name, value, wishes)
    if any(len(str(name).split()) > _NAME for record in records for name in record):
        return f"no labels; its first line is no header, it seems; name the columns, such as: --columns text,labels,id; {_NEW}"
    naming = {name: None for name, value in _list_values(records) if any(map(wishes.names.narrative, list_words(value)))}
    naming = {name: None for name in naming if name != wishes.text and not _holds_texts(name, records)}
    if naming and len(naming) <= _SHOWN:
        options = " ".join(f"--label-column {shlex.quote(name)}" for name in naming)
        if len(naming) > 1 and all(any(word in name.casefold() for word in PEOPLE) for name in naming):
            return (
                f"{', '.join(map(repr, naming))} hold the labels of several people; write a row for each: text,labels,annotator"
            )
        verb = "names" if len(naming) == 1 else "name"
        return f"no field of labels is known here, but {', '.join(map(repr, naming))} {verb} narratives: {options}"
    named = {str(name): _find_inside(str(name), wishes) for record in records for name in record}
    columns = " ".join(f"--map {shlex.quote(f'{name}={id_}')}" for name, id_ in named.items() if id_) or "--map 'COLUMN=ID'"
    fix = f"name the one that holds them: --label-column NAME (where each narrative has a column: {columns})"
    return f"no labels; the fields are {_list(records)}; {fix}; {_NEW}"


def _list_values(records: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Every field that may hold what is looked for, with its value; those inside others by their paths."""
    for record in records:
        for name in list_fields(record):
            first = name.partition(".")[0]
            if first not in BESIDE and not first.startswith(_GUESSES) and has_field(record, name):
                value = find_field(record, name)
                if not isinstance(value, dict):
                    yield name, value


def _holds_texts(name: str, records: Sequence[dict[str, Any]]) -> bool:
    values = [find_field(record, name) for record in records if has_field(record, name)]
    lengths = [len(value.split()) for value in values if isinstance(value, str)]
    return bool(lengths) and sum(lengths) / len(lengths) > _TITLE


def _find_inside(column: str, wishes: Wishes) -> str:
    """The narrative whose id or title is a part of a column's name (`Code: toll Applied`); else empty."""
    words = re.findall(_WORD, fold_name(column))
    for name, id_ in sorted(wishes.names.folded.items(), key=lambda pair: -len(pair[0])):
        if id_ in wishes.names.ids and f" {' '.join(re.findall(_WORD, name))} " in f" {' '.join(words)} ":
            return id_
    return ""


def hint_document(values: Iterable[Mapping[str, Any]]) -> str:
    """The option for a field that looks as if it named documents, some of which have several passages; else empty."""
    values = list(values)
    if any(has_content(record.get("document")) for record in values):
        return ""
    for name in dict.fromkeys(str(name) for record in values for name in record):
        words = name.casefold().replace("_", " ").split()
        if (
            words
            and words[0] in ("document", "article", "doc", "thread", "video")
            and words[-1] in ("name", "id", "title", "no")
        ):
            named = [str(record[name]) for record in values if has_content(record.get(name))]
            if len(set(named)) < len(named):
                keep = f"--document-column {shlex.quote(name)} keeps its passages in one split"
                return f"'{show(name)}' looks like the document of each passage: {keep}"
    return ""


def _list(records: Sequence[Mapping[str, Any]]) -> str:
    filled = (str(name) for record in records for name, value in record.items() if has_content(value) and name != "narratives")
    names = list(dict.fromkeys(f"'{show(name)}'" for name in filled))
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "") or "none"
