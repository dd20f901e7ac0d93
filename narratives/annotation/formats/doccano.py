"""doccano: JSONL, JSON or CSV of text classification, with `label` (or `labels`) a list.

doccano writes the same empty list for a text that nobody has read and for one that carries none.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from narratives.annotation.formats.entry import Entry, Wishes
from narratives.annotation.formats.items import read_items
from narratives.annotation.formats.tables import EMPTY, LABELS, split_labels


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """One record a text. An `id` that is a number is doccano's own and is left out.

    Where annotators don't see each other's labels, doccano writes a file for each, named after them.
    """
    by = "" if path.stem == "all" else path.stem
    for item in read_items(path):
        values = dict(item.values)
        if wishes.text and wishes.text in values:
            values["text"] = values.pop(wishes.text)
        elif "text" not in values and "data" in values:
            values["text"] = values.pop("data")
        if str(values.get("id")).isdigit():
            del values["id"]
        comments = values.pop("Comments", None)
        values |= {"comments": comments} if comments else {}
        column = wishes.labels or next((name for name in LABELS if name in values), "label")
        try:
            labels = split_labels(values.pop(column, None), wishes)
        except ValueError as error:
            yield replace(item, problem=str(error))
            continue
        if isinstance(labels, list) and any(isinstance(label, (list, dict)) for label in labels):
            yield replace(item, problem="these are spans; export a project of text classification")
        elif labels:
            yield replace(item, values={**values, "narratives": labels}, by=by)
        else:
            yield replace(item, values={**values, "narratives": wishes.empty}, note="" if wishes.empty_is_none else EMPTY)
