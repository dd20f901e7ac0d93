"""Tables: a column for each narrative with 0, 1 or a stance, or columns of labels."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from narratives.annotation.formats.class_names import read_class_names, to_names
from narratives.annotation.formats.columns import check_columns, find_annotator, rename_fields
from narratives.annotation.formats.entry import TABLES, Entry, Wishes, to_text
from narratives.annotation.formats.items import find_suffix, read_items
from narratives.annotation.formats.untaken import has_content, holds_spans, list_span_labels
from narratives.files import find_field, has_field, take_field
from narratives.labels import NONE, STANCES, is_yes, join_stance, split_text

LABELS = (
    *("narratives", "labels", "label", "narrative", "codes", "code", "annotations", "annotation", "cats"),
    *("categories", "category", "tags", "tag", "classes", "class"),
)
OURS = {"id", "text", "document", "narratives"}  # the fields of our own form
EMPTY = "no label at all, taken as not labelled; --empty none if it means that none is carried"
NO_LABELS = (
    "no labels; add a column 'narratives' or one for each narrative, or name it with --label-column; "
    "texts without labels come in with: narratives labels add"
)


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """The rows of a CSV, TSV or Parquet file, or the records of a JSON file that are as flat as rows."""
    rows = list(read_items(path))
    if find_suffix(path) == ".parquet" and (names := read_class_names(path)):
        rows = [replace(row, values=to_names(row.values, names, wishes)) for row in rows]
    yield from convert(rows, wishes, sparse=find_suffix(path) not in TABLES)


def convert(rows: Iterable[Entry], wishes: Wishes, sparse: bool = False) -> Iterator[Entry]:
    """Rows as records: labels gathered from their columns, a column `extras` of JSON objects unfolded.

    `sparse`: a record without any label may lack the field, as long as others have it.
    """
    rows = list(rows)
    check_columns(rows, wishes)
    somewhere = any(_find_columns(row.values, wishes) or _find_narratives(row.values, wishes) for row in rows)
    for row in rows:
        if row.problem:
            yield row
            continue
        ours = row.values.keys() >= OURS
        by = "" if ours else find_annotator(row.values)
        values = rename_fields(row.values, wishes)
        try:
            labels, note, code = _take_labels(values, wishes, sparse, somewhere)
            extras = _take_extras(values)
        except ValueError as error:
            yield replace(row, problem=str(error), values={**values, "narratives": ["?"]})
            continue
        main_fields = {key: to_text(values.pop(key, None)) for key in ("id", "text", "document", "language", "source")}
        further_fields = {key: value for key, value in values.items() if value not in (None, "") and value == value}
        values = {**extras, **further_fields, **main_fields, "narratives": labels}
        yield replace(row, values=values, notes=(note,) if note else (), ours=ours, code=code and not ours, by=by or row.by)


def split_labels(cell: Any, wishes: Wishes) -> Any:
    """The labels of a cell: a list as it is; a text is one label, or several on lines or with `;`, `|`, `,` or `#` between.

    An object says for each label yes or no (`{"toll": true}`), or its stance. `ValueError` where it can be neither.
    """
    if isinstance(cell, str):
        if wishes.names.find(cell.strip()) or not cell.strip():
            return [cell.strip()] if cell.strip() else []
        if cell.strip().startswith(("{", "[")):
            return split_labels(split_text(cell), wishes)
        words: list[str] = []
        for part in re.split(r"[;\n\r|]", cell):
            words += [part] if wishes.names.find(part.strip()) else re.split("[,#]", part)
        return list(dict.fromkeys(word.strip() for word in words if word.strip()))
    if isinstance(cell, dict) and cell and all(isinstance(value, (bool, int, float)) for value in cell.values()):
        return [name for name, value in cell.items() if is_yes(name, value)]
    if holds_spans(cell):
        if not wishes.spans:
            raise ValueError(f"these are spans: {str(cell)[:80]}; --spans takes their labels for the whole text")
        return list_span_labels(cell)
    return [to_text(cell)] if isinstance(cell, (int, float)) else cell


def _find_columns(values: Mapping[str, Any], wishes: Wishes) -> list[str]:
    if wishes.labels:
        return [column for column in wishes.labels if has_field(dict(values), column)]
    folded = {str(name).strip().casefold(): name for name in reversed(list(values))}
    named = [name for word in LABELS if (name := word if word in values else folded.get(word)) is not None]
    return named[:1]


def _find_narratives(values: Mapping[str, Any], wishes: Wishes) -> dict[str, str]:
    return {column: label for column in values if (label := wishes.names.find(str(column))) and label != NONE}


def _take_labels(values: dict[str, Any], wishes: Wishes, sparse: bool, somewhere: bool) -> tuple[Any, str, bool]:
    """Labels, what had to be assumed, and whether they are one code in one cell."""
    silent = wishes.empty, "" if wishes.empty_is_none else EMPTY, False
    columns = _find_columns(values, wishes)
    perhaps = columns and not wishes.labels and columns[0].strip().casefold() in LABELS[9:]
    if not columns or (perhaps and _find_narratives(values, wishes)):
        if wishes.labels or (sparse and somewhere and not _find_narratives(values, wishes)):
            return silent
        labels = _take_columns(values, wishes)
        return (labels, "", False) if labels is not None else silent
    cells = [cell for column in columns if has_content(cell := _to_content(find_field(values, column)))]
    lists = [isinstance(cell, list) for column in columns if isinstance(cell := take_field(values, column), list)]
    stances = values.pop("stances", None) if columns == ["narratives"] else None
    if not cells:
        return ([], "", False) if any(lists) and not sparse else silent
    listed = [split_labels(cell, wishes) for cell in cells]
    if len(listed) == 1:
        labels = listed[0]
    else:
        if not all(isinstance(labels, list) for labels in listed):
            raise ValueError("the --label-columns hold objects; join them in one column first")
        labels = list(dict.fromkeys(word for labels in listed for word in labels))
    if has_content(stances) and isinstance(labels, list):
        labels = _join_stances(labels, stances)
    is_code = isinstance(labels, list) and len(labels) == 1 and not isinstance(cells[0], list) and labels != [NONE]
    return labels, "", is_code


def _to_content(cell: Any) -> Any:
    return False if cell is None else f"{int(cell)}" if isinstance(cell, bool) else cell


def _join_stances(labels: list[Any], stances: Any) -> list[str]:
    stances = [stance.strip() for stance in stances.split(";")] if isinstance(stances, str) else stances
    if not isinstance(stances, list) or len(stances) != len(labels):
        count = len(stances) if isinstance(stances, list) else 1
        raise ValueError(f"{len(labels)} labels and {count} 'stances'; give each label one, or leave it empty")
    return [join_stance(str(label), stance or None) for label, stance in zip(labels, stances, strict=True)]


def _take_columns(values: dict[str, Any], wishes: Wishes) -> list[str] | None:
    columns = _find_narratives(values, wishes)
    if not columns:
        raise ValueError(NO_LABELS)
    if lacking := wishes.lacking(columns.values()):  # misspelt, it would count as never carried
        raise ValueError(
            f"no column '{lacking[0]}', though other narratives have one; add it, check its spelling, "
            "or say with --partial that what has no column is not carried"
        )
    cells = {column: values.pop(column) for column in columns}
    if all(cell is None or cell != cell or str(cell).strip() == "" for cell in cells.values()):
        return None
    labels = []
    for column, label in columns.items():
        stance = str(cells[column]).strip().lower()
        if stance in STANCES:
            labels.append(join_stance(label, stance))
        elif cells[column] == cells[column] and is_yes(column, cells[column]):
            labels.append(label)
    return labels or [NONE]


def _take_extras(values: dict[str, Any]) -> Mapping[str, Any]:
    cell = values.get("extras")
    if not isinstance(cell, str) or not cell.startswith("{"):
        return {}
    try:
        extras = json.loads(values.pop("extras"))
    except json.JSONDecodeError as error:
        raise ValueError(f"'extras' is broken JSON: {error.msg}") from None
    return extras if isinstance(extras, dict) else {}
