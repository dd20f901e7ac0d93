"""Our own JSONL; also conflicts that somebody has decided, and rejected records that somebody has mended."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from narratives.annotation.formats.cells import split_labels
from narratives.annotation.formats.columns import check_columns, rename_fields
from narratives.annotation.formats.entry import Entry, Wishes
from narratives.annotation.formats.items import read_items
from narratives.annotation.formats.tables import OURS
from narratives.annotation.review import is_form, read_form
from narratives.files import find_field, has_field, take_field
from narratives.labels import split_text

IMPORT_PROBLEMS = "import_problems"  # why a record was refused; of no meaning once it comes back


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """Records as they stand. A `narratives` that is a text holds ids with `;` between."""
    items = list(read_items(path, encoding=wishes.encoding))
    check_columns(items, wishes)
    for item in items:
        if item.problem:
            yield item
            continue
        values = rename_fields({key: value for key, value in item.values.items() if key != IMPORT_PROBLEMS}, wishes)
        ours = values.keys() >= OURS or IMPORT_PROBLEMS in item.values
        if is_form(values):
            yield from _read_form(item, values)
            continue
        try:
            if wishes.labels:
                values["narratives"] = _join_labels(values, wishes)
            if isinstance(values.get("narratives"), str):
                values["narratives"] = split_text(values["narratives"])
            yield replace(item, values=values, ours=ours, by=item.by or _name_readers(values))
        except ValueError as error:
            yield replace(item, values={**values, "narratives": ["?"]}, problem=str(error))


def _join_labels(values: dict[str, Any], wishes: Wishes) -> Any:
    columns = [column for column in wishes.labels if has_field(values, column)]
    if len(columns) == 1 and not isinstance(find_field(values, columns[0]), (str, int, float)):
        return take_field(values, columns[0])
    words: list[Any] = []
    for column in columns:
        labels = split_labels(take_field(values, column), wishes)
        if not isinstance(labels, list | None):
            raise ValueError(f"'{column}' holds an object; name it alone, or join the fields first")
        words += [word for word in labels or () if word not in words]
    return words or wishes.empty


def _read_form(item: Entry, values: dict[str, Any]) -> Iterator[Entry]:
    try:
        passage_values, decisions = read_form(values)
    except ValueError as error:
        yield replace(item, problem=str(error))
        return
    for decision in decisions:
        labelled = {**passage_values, "narratives": decision.labels}
        yield replace(item, values=labelled, by=decision.by or item.by, settles=decision.settles, ours=True)


def _name_readers(values: dict[str, Any]) -> str:
    names = values.get("readers")
    return ", ".join(map(str, names)) if isinstance(names, list) else ""
