"""Texts that come request by request: the rows that `classify` would write for them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from narratives.batch.items import Columns, Item, add_languages, to_item
from narratives.batch.languages import silence_failed
from narratives.batch.plan import Options
from narratives.batch.rows import format_row, make_layout, to_rows
from narratives.batch.work import classify_items
from narratives.evaluation import ModelTest
from narratives.files import Record
from narratives.models import Model
from narratives.texts import find_version


def take_items(records: Iterable[Mapping[str, Any]], columns: Columns, name: str) -> list[Item]:
    """Records as texts to classify; `ValueError` begins with `name:number` of the first that has none."""
    items = []
    for number, values in enumerate(records, 1):
        try:
            items.append(to_item(Record(number, dict(values)), columns, name, name))
        except ValueError as error:
            raise ValueError(f"{name}:{number}: {error}") from None
    return items


def answer_items(items: Sequence[Item], model: Model, options: Options, tested: ModelTest | None = None) -> list[str]:
    """A line of JSONL for each item, with the bytes that `classify` would write; `tested` is the test of the model."""
    noted = add_languages(items, model.readable, _looks(), tested.passed if tested else None)
    answers = classify_items(noted, model, explain=options.explain)
    if not options.all_languages and not (tested and tested.all_languages):
        answers = silence_failed(noted, answers)
    return [format_row(row) for row in to_rows(noted, answers, make_layout(options, model))]


@cache
def _looks() -> bool:
    return bool(find_version())
