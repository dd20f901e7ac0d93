"""Tables: a column for each narrative with 0, 1 or a stance, or columns of labels."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from narratives.annotation.formats.cells import find_stances, flatten, join_stances, says_nothing, split_labels
from narratives.annotation.formats.class_names import read_class_names, to_names
from narratives.annotation.formats.columns import check_columns, find_annotator, rename_fields
from narratives.annotation.formats.entry import TABLES, Entry, Wishes, to_text
from narratives.annotation.formats.hints import explain_no_labels
from narratives.annotation.formats.items import find_suffix, read_items
from narratives.annotation.formats.untaken import has_content, holds_spans
from narratives.errors import UserError, at
from narratives.files import find_field, has_field, take_field
from narratives.labels import NONE, STANCES, TICKS, is_yes, join_stance

LABELS = (
    *("narratives", "labels", "label", "narrative", "codes", "code", "annotations", "annotation", "cats"),
    *("categories", "category", "tags", "tag", "classes", "class"),
)
OURS = {"id", "text", "document", "narratives"}  # the fields of our own form
EMPTY = "no label at all, taken as not labelled; --empty none if it means that none is carried"
UNASKED = "-1 for every narrative, taken as not labelled"


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """The rows of a CSV, TSV or Parquet file, or the records of a JSON file that are as flat as rows."""
    rows = list(read_items(path, wishes.header, wishes.encoding))
    if find_suffix(path) == ".parquet" and (names := read_class_names(path)):
        rows = [replace(row, values=to_names(row.values, names, wishes)) for row in rows]
    if find_suffix(path) == ".parquet":
        rows = [refuse_gaps(row, wishes) for row in rows]
    yield from convert(rows, wishes, sparse=find_suffix(path) not in TABLES)


def refuse_gaps(row: Entry, wishes: Wishes) -> Entry:
    """A row of Arrow whose labels are an object with a null in it is broken: each row has the fields of all others there."""
    for column in _choose_columns(row.values, wishes):
        cell = find_field(row.values, column)
        if isinstance(cell, dict) and (gap := next((name for name, value in flatten(cell).items() if value is None), None)):
            problem = f"'{column}' holds null for '{gap}', which may mean not carried or stance not known"
            fix = "write labels as a list of texts, such as toll:asserts"
            return replace(row, problem=f"{problem}; {fix}", values={**row.values, "narratives": ["?"]})
    return row


def convert(rows: Iterable[Entry], wishes: Wishes, sparse: bool = False) -> Iterator[Entry]:
    """Rows as records: labels gathered from their columns, a column `extras` of JSON objects unfolded.

    `sparse`: a record without any label may lack the field, as long as others have it.
    """
    rows = list(rows)
    check_columns(rows, wishes)
    somewhere = any(_find_columns(row.values, wishes) or _find_narratives(row.values, wishes) for row in rows)
    spans = wishes.spans and any(holds_spans(value) for row in rows for value in row.values.values())
    if rows and not somewhere and not spans and not any(row.problem for row in rows):
        raise UserError(at(rows[0].place.file, None, explain_no_labels(rows, wishes)))
    _check_marks(rows, wishes)
    sparse = sparse or spans
    somewhere = somewhere or spans
    for row in rows:
        if row.problem:
            yield row
            continue
        ours = row.values.keys() >= OURS
        by = "" if ours else find_annotator(row.values, wishes)
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
        taken = tuple(_find_columns(row.values, wishes))
        notes = (note,) if note else ()
        yield replace(row, values=values, notes=notes, ours=ours, code=code and not ours, by=by or row.by, taken=taken)


def _check_marks(rows: Sequence[Entry], wishes: Wishes) -> None:
    """`UserError` where columns of narratives hold both ticks and `x`: alone either says yes, together nobody can tell."""
    marks: dict[str, Entry] = {}
    columns = _find_narratives(dict.fromkeys(name for row in rows for name in row.values), wishes)  # each name looked up once
    for row in rows:
        for column in columns.keys() & row.values.keys():
            marks.setdefault(str(row.values[column]).strip().lower()[:1], row)
    ticks = [tick for tick in TICKS if tick in marks]
    if ticks and "x" in marks:
        reason = (
            f"'x' may say yes or no where '{ticks[0]}' stands in other cells; write 1 where the narrative is carried, else 0"
        )
        raise UserError(at(marks["x"].place.file, marks["x"].place.line, reason))


def _find_columns(values: Mapping[str, Any], wishes: Wishes) -> list[str]:
    if wishes.labels:
        return [column for column in wishes.labels if has_field(dict(values), column)]
    folded = {str(name).strip().casefold(): name for name in reversed(list(values))}
    named = [name for word in LABELS if (name := word if word in values else folded.get(word)) is not None]
    return named[:1]


def _choose_columns(values: Mapping[str, Any], wishes: Wishes) -> list[str]:
    """The columns that hold labels; none where `category` or the like stands beside columns of narratives."""
    columns = _find_columns(values, wishes)
    perhaps = columns and not wishes.labels and columns[0].strip().casefold() in LABELS[9:]
    return [] if perhaps and _find_narratives(values, wishes) else columns


def _find_narratives(values: Mapping[str, Any], wishes: Wishes) -> dict[str, str]:
    return {column: label for column in values if (label := wishes.names.find(str(column))) and label != NONE}


def _take_labels(values: dict[str, Any], wishes: Wishes, sparse: bool, somewhere: bool) -> tuple[Any, str, bool]:
    """Labels, what had to be assumed, and whether they are one code in one cell."""
    silent = wishes.empty, "" if wishes.empty_is_none else EMPTY, False
    columns = _choose_columns(values, wishes)
    if not columns:
        if wishes.labels or (sparse and somewhere and not _find_narratives(values, wishes)):
            return silent
        labels = _take_columns(values, wishes)
        return silent if labels is None else (labels or None, "" if labels else UNASKED, False)
    contents = {column: _to_content(find_field(values, column), wishes) for column in columns}
    cells = {column: cell for column, cell in contents.items() if has_content(cell) or _says_no(cell, wishes)}
    lists = [isinstance(cell, list) for column in columns if isinstance(cell := take_field(values, column), list)]
    beside = "stances" if columns == ["narratives"] else find_stances(values) if cells else None
    stances = values.pop(beside, None) if beside else None
    if not cells:
        return ([], "", False) if any(lists) and not sparse else silent
    listed = [split_labels(cell, wishes, column) for column, cell in cells.items()]
    if len(listed) == 1:
        labels = listed[0]
    else:
        if not all(isinstance(labels, list) for labels in listed):
            raise ValueError("the --label-columns hold objects; join them in one column first")
        labels = list(dict.fromkeys(word for labels in listed for word in labels))
    if has_content(stances) and isinstance(labels, list):
        labels = join_stances(labels, stances)
    is_code = (
        isinstance(labels, list) and len(labels) == 1 and not isinstance(next(iter(cells.values())), list) and labels != [NONE]
    )
    return labels, "", is_code


def _says_no(cell: Any, wishes: Wishes) -> bool:
    """Whether a cell holds an object that says of every narrative that it is not carried."""
    flat = flatten(cell) if isinstance(cell, dict) else {}
    return bool(flat) and all(value is False for value in flat.values()) and not wishes.lacking(flat)


def _to_content(cell: Any, wishes: Wishes) -> Any:
    if cell is None or says_nothing(cell, wishes):
        return False
    return f"{int(cell)}" if isinstance(cell, bool) else cell


def _take_columns(values: dict[str, Any], wishes: Wishes) -> list[str] | None:
    """The labels that columns of narratives give; `None` where they are empty, an empty list where they hold -1."""
    columns = _find_narratives(values, wishes)
    if not columns:
        raise ValueError("no labels, though other records have them; name what holds them: --label-column NAME")
    if lacking := wishes.lacking(columns.values()):  # misspelt, it would count as never carried
        raise ValueError(
            f"no column '{lacking[0]}', though other narratives have one; add it, check its spelling, "
            "or say with --partial that what has no column is not carried"
        )
    cells = {column: values.pop(column) for column in columns}
    if all(cell is None or cell != cell or str(cell).strip() == "" for cell in cells.values()):
        return None
    if all(str(cell).strip() in ("-1", "-1.0") for cell in cells.values()):  # as some data sets mark what nobody was asked
        return []
    absent = [column for column, cell in cells.items() if cell is None or cell != cell]
    if absent and not wishes.partial and any(isinstance(cells[column], int | float) for column in {*cells} - {*absent}):
        fix = "fill it in, or say with --partial that it is not carried"
        raise ValueError(f"'{absent[0]}' is null, though columns of other narratives say yes or no here; {fix}")
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
