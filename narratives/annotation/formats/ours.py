"""Our own JSONL; also conflicts that somebody has decided, and rejected records that somebody has mended."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from narratives.annotation.formats.entry import Entry, Wishes
from narratives.annotation.formats.items import read_items
from narratives.annotation.review import is_form, read_form
from narratives.labels import split_text

IMPORT_PROBLEMS = "import_problems"  # why a record was refused; of no meaning once it comes back


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """Records as they stand. A `narratives` that is a text holds ids with `;` between."""
    for item in read_items(path):
        values = {key: value for key, value in item.values.items() if key != IMPORT_PROBLEMS}
        if wishes.text and wishes.text in values:
            values["text"] = values.pop(wishes.text)
        if wishes.labels and wishes.labels in values:
            values["narratives"] = values.pop(wishes.labels)
        if is_form(values):
            yield from _read_form(item, values)
            continue
        try:
            if isinstance(values.get("narratives"), str):
                values["narratives"] = split_text(values["narratives"])
            yield replace(item, values=values)
        except ValueError as error:
            yield replace(item, problem=str(error))


def _read_form(item: Entry, values: dict[str, Any]) -> Iterator[Entry]:
    try:
        rest, decisions = read_form(values)
    except ValueError as error:
        yield replace(item, problem=str(error))
        return
    for decision in decisions:
        labelled = {**rest, "narratives": decision.labels}
        yield replace(item, values=labelled, by=decision.by or item.by, settles=decision.settles)
