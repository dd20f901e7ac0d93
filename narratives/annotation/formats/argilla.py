"""Argilla: records of version 2 (JSON, or flat in a dataset), of version 1 (FeedbackDataset) and of the older task types.

Argilla's JSON does not say which answers are drafts; its datasets do.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from narratives.annotation.formats.columns import rename_fields
from narratives.annotation.formats.entry import Entry, Wishes, as_list, as_object
from narratives.annotation.formats.items import read_items
from narratives.annotation.formats.tasks import Answer, Fields, Task, read_tasks, spread
from narratives.annotation.formats.untaken import has_content, holds_spans, list_span_labels

_BOOKKEEPING = {
    "fields",
    "responses",
    "suggestions",
    "vectors",
    "metadata",
    "status",
    "_server_id",
    "inserted_at",
    "updated_at",
}
_BOOKKEEPING |= {"prediction", "prediction_agent", "annotation", "annotation_agent", "multi_label", "explanation", "inputs"}
_BOOKKEEPING |= {"updated_at", "event_timestamp", "metrics", "search_keywords", "external_id", "score"}


_GUESSED = "records with nothing but suggestions, which are no labels of people"


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """The records of a JSON file, or of the folder that `Dataset.to_disk` writes."""
    return convert(read_items(path / "records.json" if path.is_dir() else path, encoding=wishes.encoding), wishes)


def is_argilla(columns: Iterable[str]) -> bool:
    """Whether the columns of a saved dataset are those of Argilla."""
    columns = set(columns)
    marks = (".responses", ".suggestion", "-suggestion")
    return "annotation_agent" in columns or any(column.endswith(marks) for column in columns)


def convert(rows: Iterable[Entry], wishes: Wishes) -> Iterator[Entry]:
    """A record for each annotator of each row; drafts and discarded answers count as none."""
    tasks = read_tasks(rows, lambda row: _read_task(row, wishes))
    return spread(tasks, wishes, silence_is_none=False)


def _read_task(row: Entry, wishes: Wishes) -> Task:
    guesses = [row.values.get(key) for key in ("suggestions", "prediction")]
    guesses += [value for key, value in row.values.items() if _is_suggestion(key)]
    left_out = _GUESSED if any(map(has_content, guesses)) else ""
    return Task(row.place, _take_values(row.values, wishes), _read_answers(row.values, wishes), left_out=left_out)


def _read_answers(row: dict[str, Any], wishes: Wishes) -> list[Answer]:
    by_user: dict[str, tuple[Fields, dict[str, Any]]] = {}
    for question, responses in _responses(row):
        for user, value, status in responses:
            if value is not None and status not in ("discarded", "draft"):
                fields, annotations = by_user.setdefault(user, ({}, {}))
                words = value if isinstance(value, list) else [value]
                ranked = any(isinstance(word, dict) and "rank" in word for word in words)
                if ranked or (holds_spans(words) and not wishes.spans):
                    annotations[question] = words
                else:
                    fields[question] = list_span_labels(words) if holds_spans(words) else [_to_word(word) for word in words]
    return [Answer(user, fields, annotations=annotations) for user, (fields, annotations) in by_user.items()]


def _to_word(word: Any) -> str:
    return str(word.get("value", word)) if isinstance(word, dict) else str(word)


def _responses(row: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, Any, str]]]]:
    """Each question with its (user, value, status)."""
    if "annotation_agent" in row:
        yield "labels", [(str(row["annotation_agent"]), row.get("annotation"), str(row.get("status")).lower())]
        return
    for question, responses in as_object(row.get("responses"), "responses").items():
        yield question, _unfold(responses)
    for column, value in row.items():
        if column.endswith(".responses") and value is not None:
            value = as_list(value, column)
            users = as_list(row.get(f"{column}.users"), "users") or [""] * len(value)
            states = as_list(row.get(f"{column}.status"), "status") or [""] * len(value)
            yield column.removesuffix(".responses"), list(zip(map(str, users), value, map(str, states), strict=True))
        elif f"{column}-suggestion" in row and value is not None:
            yield column, _unfold(value)


def _unfold(responses: Any) -> list[tuple[str, Any, str]]:
    if isinstance(responses, dict):  # older datasets turn a list of objects into an object of lists
        keys = list(responses)
        columns = [as_list(column, "responses") for column in responses.values()]
        responses = [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]
    answers = [as_object(answer, "responses") for answer in as_list(responses, "responses")]
    return [(str(answer.get("user_id") or ""), answer.get("value"), str(answer.get("status") or "")) for answer in answers]


def _take_values(row: dict[str, Any], wishes: Wishes) -> dict[str, Any]:
    fields = as_object(row.get("fields"), "fields")
    questions = {name for name, _ in _responses(row)} | {key.removesuffix("-suggestion") for key in row if "-suggestion" in key}
    beside = {
        key: value
        for key, value in row.items()
        if key not in _BOOKKEEPING | questions and ".responses" not in key and not _is_suggestion(key) and value is not None
    }
    metadata = row.get("metadata") or {}
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except json.JSONDecodeError as error:
            raise ValueError(f"'metadata' is broken JSON: {error.msg}") from None
    values = {**beside, **fields, **as_object(metadata, "metadata")}
    if row.get("external_id"):
        values["id"] = row["external_id"]
    values = rename_fields(values, wishes)
    column = next(iter(fields), None)
    if "text" not in values and not wishes.text and column in values:
        values["text"] = values.pop(column)
    return values


def _is_suggestion(key: str) -> bool:
    return ".suggestion" in key or "-suggestion" in key
