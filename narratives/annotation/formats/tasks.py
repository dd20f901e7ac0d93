"""What annotators answered, in tools where a text may have several annotators and several questions."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from narratives.annotation.formats.entry import Entry, Wishes
from narratives.annotation.formats.tables import LABELS
from narratives.data import Place
from narratives.labels import STANCES, is_yes, join_stance

Fields = dict[str, list[str]]  # question, control or column -> what was chosen in it


@dataclass(frozen=True, slots=True)
class Answer:
    """All that one annotator chose for one text; `final` where it was marked as the truth."""

    by: str
    fields: Fields
    final: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """A text with its answers, the oldest first."""

    place: Place
    values: dict[str, Any]
    answers: list[Answer]


def read_tasks(items: Iterable[Entry], read: Callable[[Entry], Task]) -> Iterator[Task | Entry]:
    """What `read` makes of each item; a `ValueError` says in what it differs from what the tool writes."""
    for item in items:
        try:
            yield item if item.problem else read(item)
        except ValueError as error:
            yield replace(item, problem=str(error))


def spread(items: Iterable[Task | Entry], wishes: Wishes, silence_is_none: bool) -> Iterator[Entry]:
    """A record for each annotator of each task: the last answer counts, and one that is marked as the truth alone.

    `silence_is_none`: who answered, but chose nothing about narratives, said that the text carries none.
    """
    items = list(items)
    yield from (item for item in items if isinstance(item, Entry))
    tasks = [item for item in items if isinstance(item, Task)]
    chosen = _label_fields([answer for task in tasks for answer in task.answers], wishes)
    for task in tasks:
        answers = [answer for answer in task.answers if silence_is_none or chosen & answer.fields.keys()]
        final = [answer for answer in answers if answer.final][-1:]
        last = {answer.by: answer for answer in answers}
        for answer in final or last.values():
            try:
                labels = _to_labels(answer.fields, chosen, wishes)
            except ValueError as error:
                words = [word for name in sorted(answer.fields) for word in answer.fields[name]]
                yield Entry(task.place, {**task.values, "narratives": words}, answer.by, str(error))
            else:
                yield Entry(task.place, {**task.values, "narratives": labels}, answer.by)
        if not answers:
            yield Entry(task.place, {**task.values, "narratives": None})


def _label_fields(answers: list[Answer], wishes: Wishes) -> set[str]:
    # A project may ask about other things too. The fields about narratives are those that look like it; if none does, all
    # are taken, so that a misspelt label is told and not lost.
    fields = {name for answer in answers for name in answer.fields}
    if wishes.labels:
        return {wishes.labels}
    looks = {name for name in fields if name in LABELS or wishes.names.narrative(name)}
    for answer in answers:
        looks |= {name for name, words in answer.fields.items() if any(wishes.names.find(word) for word in words)}
    return looks or fields


def _to_labels(fields: Fields, chosen: set[str], wishes: Wishes) -> list[str]:
    labels: list[str] = []
    for name in sorted(chosen & set(fields)):
        narrative = wishes.names.find(name)
        for word in fields[name]:
            if narrative is None or wishes.names.find(word):
                labels.append(word)
            elif word.strip().lower() in STANCES:  # a question for each narrative: the stance is the answer
                labels.append(join_stance(narrative, word.strip().lower()))
            elif is_yes(name, word):
                labels.append(narrative)
    return labels
