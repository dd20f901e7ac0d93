"""Our own JSONL; also conflicts that somebody has decided, and rejected records that somebody has mended."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from narratives.label_formats import Entry, Wishes
from narratives.label_formats.items import read_items
from narratives.label_forms import split_text

IMPORT_PROBLEMS = "import_problems"  # why a record was refused; of no meaning once it comes back


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """Records as they stand. A `narratives` that is a text holds ids with `;` between."""
    for item in read_items(path):
        values = {key: value for key, value in item.values.items() if key != IMPORT_PROBLEMS}
        if wishes.text and wishes.text in values:
            values["text"] = values.pop(wishes.text)
        if wishes.labels and wishes.labels in values:
            values["narratives"] = values.pop(wishes.labels)
        if "decision" in values and isinstance(values.get("sides"), list):
            yield from _read_decision(item, values)
            continue
        try:
            if isinstance(values.get("narratives"), str):
                values["narratives"] = split_text(values["narratives"])
            yield replace(item, values=values)
        except ValueError as error:
            yield replace(item, problem=str(error))


def _read_decision(item: Entry, values: dict[str, Any]) -> Iterator[Entry]:
    decision, sides, review = values.pop("decision"), values.pop("sides"), values.pop("review", None)
    if decision is None and review:  # to be read after a change of the codebook: until then nothing is said
        return
    if not all(isinstance(side, dict) and isinstance(side.get("narratives"), (dict, list)) for side in sides):
        yield replace(item, problem="every one of the 'sides' needs its 'narratives'; leave them as they were written")
        return
    labels = [side["narratives"] for side in sides]
    if decision is None:  # still open: both sides again
        for side in sides:
            yield replace(item, values={**values, "narratives": side["narratives"]}, by=str(side.get("by", "")))
    elif isinstance(decision, (dict, list)):
        yield replace(item, values={**values, "narratives": decision}, settles=tuple(labels))
    elif isinstance(decision, int) and not isinstance(decision, bool) and 1 <= decision <= len(sides):
        yield replace(item, values={**values, "narratives": labels[decision - 1]}, settles=tuple(labels))
    else:
        yield replace(item, problem=f"'decision' must be a side's number, 1 to {len(sides)}, or the right labels")
