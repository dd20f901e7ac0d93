"""Answers of a model that come in as labels: refused unless that is said, and marked for ever."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from narratives.annotation.formats.entry import Entry
from narratives.data import BY_MODEL
from narratives.errors import UserError, at

_SCORES = ("score_", "score.")
_OF_ANSWERS = {"file", "line", "start", "end", "titles", "stances", "spans", "starts", "ends", "words", "scores"}
_OF_ANSWERS |= {"note", "language_note", "run", "codebook"}
_EMPTY = "empty text"


def is_answer(values: Mapping[str, Any]) -> bool:
    """Whether a record is an answer that `classify` or `evaluate` wrote."""
    scored = "scores" in values or any(key.startswith(_SCORES) for key in values)
    return scored and isinstance(values.get("run"), str) and isinstance(values.get("codebook"), str)


def mark_answers(entries: Iterable[Entry], as_labels: bool) -> list[Entry]:
    """The entries, those that are answers as labels with `origin`; `UserError` where nobody said that they are to be labels.

    Answers to empty texts are left out.
    """
    entries = list(entries)
    answers = [entry for entry in entries if is_answer(entry.values)]
    if answers and not as_labels:
        runs = ", ".join(sorted({f"'{entry.values['run']}'" for entry in answers}))
        reason = f"{len(answers)} records are answers of the model {runs}, not labels of people"
        fix = (
            "have people label the texts (narratives suggest), or take them as they are with --as-labels: marked as the model's"
        )
        raise UserError(at(answers[0].place.file, answers[0].place.line, f"{reason}; {fix}, and never tested on"))
    return [
        _mark(entry) if is_answer(entry.values) else entry
        for entry in entries
        if not (is_answer(entry.values) and entry.values.get("note") == _EMPTY)
    ]


def _mark(entry: Entry) -> Entry:
    values = entry.values
    passage_values = {key: value for key, value in values.items() if key not in _OF_ANSWERS and not key.startswith(_SCORES)}
    if values.get("end") not in (None, ""):  # a window: its text has the id of its own, the whole text is its document
        passage_values["document"] = values.get("document") or values.get("id")
        passage_values["id"] = f"{values.get('id')}:{values.get('start')}"
    problem = entry.problem
    if not values.get("text"):
        problem = "an answer without its text is no label; classify again with --text, which writes it too"
    passage_values["narratives"] = values.get("narratives") or {}  # an empty cell: the model was asked and raised nothing
    return replace(entry, values={**passage_values, "origin": f"{BY_MODEL}{values['run']}"}, problem=problem, notes=())
