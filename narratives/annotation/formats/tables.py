"""Tables: a column for each narrative with 0, 1 or a stance, or one column of labels."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from narratives.annotation.formats.entry import Entry, Wishes, to_text
from narratives.annotation.formats.items import read_items
from narratives.labels import STANCES, is_yes, join_stance, split_text

LABELS = ("narratives", "labels", "label", "categories")
_TEXTS = ("id", "text", "document", "language", "source")
EMPTY = "no label at all, taken as not labelled; --empty none if it means that none is carried"


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """The rows of a CSV, TSV or Parquet file."""
    return convert(read_items(path), wishes)


def convert(rows: Iterable[Entry], wishes: Wishes) -> Iterator[Entry]:
    """Rows as records: labels gathered from their columns, a column `extras` of JSON objects unfolded."""
    for row in rows:
        if row.problem:
            yield row
            continue
        values = dict(row.values)
        try:
            if wishes.text and wishes.text in values:
                values["text"] = values.pop(wishes.text)
            labels, note = _take_labels(values, wishes)
            extras = _take_extras(values)
        except ValueError as error:
            yield replace(row, problem=str(error))
            continue
        known = {key: to_text(values.pop(key, None)) for key in _TEXTS}
        others = {key: value for key, value in values.items() if value not in (None, "")}
        yield replace(row, values={**extras, **others, **known, "narratives": labels}, note=note)


def split_labels(cell: Any, wishes: Wishes) -> Any:
    """The labels of a cell: a list as it is; a text is one label, or several with `;` (or `,` or `#`) between."""
    if isinstance(cell, str):
        if wishes.names.find(cell.strip()) or not cell.strip():
            return [cell.strip()] if cell.strip() else []
        if cell.strip().startswith(("{", "[")):
            return split_text(cell)
        words: list[str] = []
        for part in cell.split(";"):
            words += [part] if wishes.names.find(part.strip()) else re.split("[,#]", part)
        return [word.strip() for word in words if word.strip()]
    return [cell] if isinstance(cell, (int, float)) else cell


def _take_labels(values: dict[str, Any], wishes: Wishes) -> tuple[Any, str]:
    column = wishes.labels or next((name for name in LABELS if name in values), None)
    if column is None:
        return _take_columns(values, wishes)
    if column not in values:
        raise ValueError(f"no column '{column}'; it was named as the one that holds the labels")
    cell = values.pop(column)
    stances = values.pop("stances", None)
    if cell is None:
        return None, ""
    if isinstance(cell, str) and not cell.strip():
        return wishes.empty, "" if wishes.empty_is_none else EMPTY
    labels = split_labels(cell, wishes)
    if stances and isinstance(labels, list):
        stances = [s.strip() for s in stances.split(";")] if isinstance(stances, str) else stances
        if len(stances) != len(labels):
            raise ValueError(f"{len(labels)} labels and {len(stances)} 'stances'; give each label one, or leave it empty")
        labels = [join_stance(str(label), stance or None) for label, stance in zip(labels, stances, strict=True)]
    return labels, ""


def _take_columns(values: dict[str, Any], wishes: Wishes) -> tuple[list[str] | None, str]:
    columns = {column: found for column in list(values) if (found := wishes.names.find(column))}
    if not columns:
        raise ValueError("no labels; add a column 'narratives' or one for each narrative, or name it with --label-column")
    if lacking := wishes.lacking(columns.values()):  # misspelt, it would count as never carried
        raise ValueError(
            f"no column '{lacking[0]}', though other narratives have one; add it, check its spelling, "
            "or say with --partial that what has no column is not carried"
        )
    cells = {column: values.pop(column) for column in columns}
    if all(cell is None or str(cell).strip() == "" for cell in cells.values()):
        return wishes.empty, "" if wishes.empty_is_none else EMPTY
    labels = []
    for column, label in columns.items():
        stance = str(cells[column]).strip().lower()
        if stance in STANCES:
            labels.append(join_stance(label, stance))
        elif is_yes(column, cells[column]):
            labels.append(label)
    return labels, ""


def _take_extras(values: dict[str, Any]) -> Mapping[str, Any]:
    cell = values.get("extras")
    if not isinstance(cell, str) or not cell.startswith("{"):
        return {}
    try:
        extras = json.loads(values.pop("extras"))
    except json.JSONDecodeError as error:
        raise ValueError(f"'extras' is broken JSON: {error.msg}") from None
    return extras if isinstance(extras, dict) else {}
