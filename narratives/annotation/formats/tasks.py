"""What annotators answered, in tools where a text may have several annotators and several questions."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from narratives.annotation.formats.cells import find_stances, join_stances
from narratives.annotation.formats.entry import Entry, Wishes
from narratives.annotation.formats.tables import LABELS
from narratives.annotation.formats.untaken import has_content, holds_spans, list_span_labels, list_words
from narratives.data import Place
from narratives.errors import UserError, at, did_you_mean, show
from narratives.labels import STANCES, fold_name, is_yes, join_stance

Fields = dict[str, list[str]]  # question, control or column -> what was chosen in it

_COMMENTS = {"comment", "comments", "note", "notes", "remark", "remarks", "reason", "rationale", "explanation", "confidence"}
_ONLY_REMARKS = "answers that hold nothing but a remark, taken as not labelled"
_SILENT = "answers in which nothing was chosen, taken as carrying none"
_WORDS = 4  # from more on, an answer is a sentence


@dataclass(frozen=True, slots=True)
class Answer:
    """All that one annotator chose for one text; `final` where it was marked as the truth."""

    by: str
    fields: Fields
    final: bool = False
    annotations: dict[str, Any] = field(default_factory=dict)  # spans, comments, ratings: what is no choice


@dataclass(frozen=True, slots=True)
class Task:
    """A text with its answers, the oldest first."""

    place: Place
    values: dict[str, Any]
    answers: list[Answer]
    name: str = ""  # its number in the tool
    left_out: str = ""  # what is in it besides answers, where nobody answered


def read_tasks(items: Iterable[Entry], read: Callable[[Entry], Task]) -> Iterator[Task | Entry]:
    """What `read` makes of each item; a `ValueError` says in what it differs from what the tool writes."""
    for item in items:
        try:
            yield item if item.problem else read(item)
        except ValueError as error:
            yield replace(item, values={**item.values, "narratives": ["?"]}, problem=str(error))


def spread(items: Iterable[Task | Entry], wishes: Wishes, silence_is_none: bool) -> Iterator[Entry]:
    """A record for each annotator of each task: the last answer counts, and one that is marked as the truth alone.

    `silence_is_none`: who answered, but chose nothing about narratives, said that the text carries none.
    """
    items = list(items)
    yield from (item for item in items if isinstance(item, Entry))
    tasks = [item for item in items if isinstance(item, Task)]
    chosen = _label_fields(tasks, wishes)
    for task in tasks:
        answers = [answer for answer in task.answers if silence_is_none or _tells(answer)]
        final = [answer for answer in answers if answer.final][-1:]
        last = {answer.by: answer for answer in answers}
        for answer in final or last.values():
            yield _to_entry(task, answer, chosen, wishes, silence_is_none)
        if not answers:
            notes = (f"{task.left_out}, taken as not labelled",) if task.left_out else ()
            yield Entry(task.place, {**task.values, "narratives": None}, task=task.name, ours=True, notes=notes)


def _to_entry(task: Task, answer: Answer, chosen: set[str], wishes: Wishes, silence_is_none: bool) -> Entry:
    """What one annotator said. Other questions are kept beside the text where the user named those about narratives."""
    untaken: dict[str, Any] = {name: words for name, words in answer.fields.items() if name not in chosen}
    untaken |= {name: content for name, content in answer.annotations.items() if has_content(content)}
    taken = sorted(chosen & answer.fields.keys())
    words = [word for name in taken for word in answer.fields[name]]
    labels: Any
    problem = ""
    try:
        labels = _to_labels(answer.fields, chosen, wishes)
    except ValueError as error:
        labels, problem = words, str(error)
    if (beside := find_stances(untaken)) and len(labels) == len(untaken[beside]) == 1:
        labels = join_stances(labels, untaken.pop(beside))
    kept = [name for name in untaken if _is_kept(name, untaken[name], words, wishes)]
    values = dict(task.values)
    values |= {name if name not in values else f"{name}_answer": untaken.pop(name) for name in kept}
    notes = [f"answers to '{show(name)}' are no labels and are kept beside the text" for name in kept]
    if not taken and not silence_is_none:
        labels = None
    elif not words and not untaken and not problem:
        labels = None if kept and not wishes.labels else labels
        notes.append(_ONLY_REMARKS if labels is None else _SILENT)
    values["narratives"] = labels
    entry = Entry(task.place, values, answer.by, problem, tuple(notes), task=task.name, untaken=untaken)
    return replace(entry, ours=True, taken=tuple(taken))


def _is_kept(name: str, content: Any, words: list[str], wishes: Wishes) -> bool:
    """Whether an answer stays beside the text: no label, but a remark, or one of a question that the user did not name."""
    if wishes.labels:
        return name not in wishes.labels
    if holds_spans(content):
        return _repeats(content, words, wishes)
    return (
        _is_comment(name, content)
        if words
        else fold_name(name) in _COMMENTS and not any(map(wishes.names.find, list_words(content)))
    )


def _repeats(spans: Any, words: list[str], wishes: Wishes) -> bool:
    """Whether spans only mark where the labels of the whole text stand."""
    try:
        marked = {wishes.names.narrative(label) for label in list_span_labels(spans)}
    except ValueError:
        return False
    return marked <= {wishes.names.narrative(word) for word in words} - {None}


def _tells(answer: Answer) -> bool:
    # Whether there is more in it than a remark: in some tools that alone is no answer.
    return bool(answer.annotations) or any(fold_name(name) not in _COMMENTS for name in answer.fields)


def _is_comment(name: str, content: Any) -> bool:
    # A remark beside labels is no label; a single word may be one, whatever the question is called.
    if holds_spans(content):
        return False
    words = content if isinstance(content, list) else [content]
    words = [word for part in words for word in (part if isinstance(part, list) else [part])]
    is_prose = all(isinstance(word, (int, float)) or (isinstance(word, str) and len(word.split()) > _WORDS) for word in words)
    return is_prose or fold_name(name) in _COMMENTS


def _label_fields(tasks: list[Task], wishes: Wishes) -> set[str]:
    # The fields about narratives are those that look like it; if none does, all are taken, so that a misspelt label is told
    # and not lost.
    answers = [answer for task in tasks for answer in task.answers]
    fields = {name for answer in answers for name in answer.fields}
    if wishes.labels:
        field_names = fields | {name for answer in answers for name in answer.annotations}
        for name in wishes.labels:
            if field_names and name not in field_names:
                near = did_you_mean(name, field_names) or f"; there: {', '.join(sorted(field_names))}"
                raise UserError(
                    at(tasks[0].place.file, None, f"--label-column {name}: no such question or control in it{near}")
                )
        return set(wishes.labels)
    looks = {name for name in fields if fold_name(name) in LABELS or wishes.names.narrative(name)}
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
