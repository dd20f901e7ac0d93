"""doccano: JSONL, JSON or CSV of text classification, with `label` (or `labels`) a list.

doccano writes the same empty list for a text that nobody has read and for one that carries none.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from narratives.annotation.formats.cells import find_stances, join_stances, says_nothing, split_labels
from narratives.annotation.formats.columns import check_columns, find_annotator, rename_fields
from narratives.annotation.formats.entry import TABLES, Entry, Wishes
from narratives.annotation.formats.items import find_suffix, read_items
from narratives.annotation.formats.tables import EMPTY, LABELS
from narratives.annotation.formats.untaken import has_content
from narratives.files import has_field, take_field

_NUMBERED = "ids that are doccano's own numbers were left out; --id-column id keeps them"


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """One record a text. An `id` that is a number is doccano's own and is left out.

    Where annotators don't see each other's labels, doccano writes a file for each, named after them.
    """
    by = "" if path.stem == "all" else path.stem
    items = list(read_items(path, encoding=wishes.encoding))
    check_columns(items, wishes)
    for item in items:
        if item.problem:
            yield item
            continue
        values = rename_fields(item.values, wishes)
        if "text" not in values and "data" in values:
            values["text"] = values.pop("data")
        who = find_annotator(item.values, wishes) or by
        notes: list[str] = []
        if "id" not in wishes.columns and _is_number(item.values.get("id"), path):
            del values["id"]
            notes.append(_NUMBERED)
        comments = values.pop("Comments", None)
        values |= {"comments": comments} if comments else {}
        try:
            labels, is_code, taken = _take_labels(values, wishes)
        except ValueError as error:
            yield replace(item, values={**values, "narratives": ["?"]}, problem=str(error))
            continue
        if not labels:
            notes += [] if wishes.empty_is_none else [EMPTY]
            labels = wishes.empty
        yield replace(
            item,
            values={**values, "narratives": labels},
            by=who if labels else "",
            notes=tuple(notes),
            code=is_code,
            taken=taken,
        )


def _is_number(id_: Any, path: Path) -> bool:
    # In JSON doccano never writes its numbers in quotes; in a table nothing stands in quotes.
    return isinstance(id_, int) or (find_suffix(path) in TABLES and str(id_).isdigit() and not str(id_).startswith("0"))


def _take_labels(values: dict[str, Any], wishes: Wishes) -> tuple[Any, bool, tuple[str, ...]]:
    """The labels of all fields, whether there is just one, in a cell of its own and not in a list, and the fields."""
    named = [name for name in LABELS if name in values and has_content(values[name]) and not says_nothing(values[name], wishes)]
    columns = wishes.labels or tuple(named[:1])
    cells = {column: take_field(values, column) for column in columns if has_field(values, column)}
    listed = [labels for column, cell in cells.items() if (labels := split_labels(cell, wishes, column))]
    for name in LABELS[:3]:
        if name in values and not has_content(values[name]):
            del values[name]
    if len(listed) < 2:
        labels = listed[0] if listed else None
    else:
        labels = list(dict.fromkeys(word for labels in listed for word in labels))
    stances = find_stances(values) if isinstance(labels, list) else None
    if stances:
        labels = join_stances(labels, values.pop(stances))
    return labels, isinstance(labels, list) and len(labels) == 1 and not isinstance(next(iter(cells.values())), list), columns
