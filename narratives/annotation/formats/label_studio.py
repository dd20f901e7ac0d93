"""Label Studio: JSON, JSON-MIN and CSV exports with choices or a taxonomy, and the tasks and labelling interface to begin with.

The interface is a taxonomy: narratives, and below each its stances. `["toll", "reports"]` is a narrative with its stance,
`["toll"]` one without, `["(none)"]` says that none is carried. Choices named `toll` or `toll:reports` and a control for
each narrative, with its stances as choices, are read as well.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from narratives.annotation.formats.columns import rename_fields
from narratives.annotation.formats.entry import TABLES, Entry, Wishes, as_list, as_object
from narratives.annotation.formats.items import find_suffix, read_items
from narratives.annotation.formats.tables import LABELS
from narratives.annotation.formats.tasks import Answer, Fields, Task, read_tasks, spread
from narratives.annotation.formats.untaken import has_content, holds_spans, list_span_labels, list_words, refuse_rivals
from narratives.data import Codebook, Passage
from narratives.errors import UserError, at
from narratives.labels import NONE, STANCES, fold_name, join_stance, to_record

_CONTROL = "narratives"
_BOOKKEEPING = {"annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"}
_TEXTS = ("id", "text", "document", "language", "source")
_FREE = {"text", "rating", "number", "datetime"}
_SHAPES = ("choices", "taxonomy")
_SKIPPED = "tasks that were skipped"
_LEFT_OUT = {
    "drafts": "tasks with a draft that nobody submitted",
    "predictions": "tasks with nothing but predictions, which are no labels of people",
    "prediction": "tasks with nothing but predictions, which are no labels of people",
}


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """A record for each annotator of each task; cancelled answers count as none."""
    items = list(read_items(path, encoding=wishes.encoding))
    if all("data" in item.values for item in items if not item.problem):
        tasks = read_tasks(items, lambda item: _read_task(item, wishes))
    else:
        tasks = _read_flat(items, wishes, find_suffix(path) in TABLES)
    return spread(tasks, wishes, silence_is_none=True)


def make_task(passage: Passage, split: str = "") -> dict[str, Any]:
    """A passage as a task; what stands beside the text lies below `passage`, where Label Studio's own keys can't meet it."""
    record = to_record(passage)
    labels = record.pop("narratives")
    record |= {"split": split} if split else {}
    task: dict[str, Any] = {"data": {"text": record.pop("text"), "passage": record}}
    if labels is not None:
        paths = [[id_, stance] if stance else [id_] for id_, stance in labels.items()] or [[NONE]]
        result = {"from_name": _CONTROL, "to_name": "text", "type": "taxonomy", "value": {"taxonomy": paths}}
        task["annotations"] = [{"result": [result]}]
    return task


def make_interface(codebook: Codebook) -> str:
    """The labelling interface: XML for Settings > Labeling Interface > Code."""
    lines = ["<View>", '  <Text name="text" value="$text"/>']
    lines.append(f'  <Taxonomy name="{_CONTROL}" toName="text" leafsOnly="false" required="true">')
    lines.append(f"    <Choice value={quoteattr(NONE)}/>")
    for narrative in codebook.narratives:
        hint = f"{narrative.title}: {narrative.definition}"
        lines.append(f"    <Choice value={quoteattr(narrative.id)} hint={quoteattr(hint)}>")
        lines += [f'      <Choice value="{stance}"/>' for stance in STANCES]
        lines.append("    </Choice>")
    return "\n".join([*lines, "  </Taxonomy>", "</View>", ""])


def _read_task(item: Entry, wishes: Wishes) -> Task:
    task = item.values
    name = str(task.get("id") or "")
    listed = as_list(task.get("annotations") or task.get("completions"), "annotations")
    answers = [as_object(answer, "annotation") for answer in listed]
    given = [answer for answer in answers if not answer.get("was_cancelled") and not answer.get("skipped")]
    left_out = [_SKIPPED] if answers else [reason for key, reason in _LEFT_OUT.items() if has_content(task.get(key))]
    values = _take_values(as_object(task["data"], "data"), wishes)
    answered = [_read_answer(answer, wishes) for answer in sorted(given, key=_stamp)]
    return Task(item.place, values, answered, name, "" if given else next(iter(left_out), ""))


def _read_answer(answer: dict[str, Any], wishes: Wishes) -> Answer:
    fields: Fields = {}
    annotations: dict[str, Any] = {}
    for listed in as_list(answer.get("result"), "result"):
        region = as_object(listed, "result")
        control, value = str(region.get("from_name") or region.get("type")), region.get("value")
        _add(fields, annotations, control, value if value is not None else region, wishes)
    return Answer(_name(answer.get("completed_by")), fields, bool(answer.get("ground_truth")), annotations)


def _add(fields: Fields, annotations: dict[str, Any], control: str, value: Any, wishes: Wishes) -> None:
    """What stands in a control: choices in `fields`; spans, comments, ratings and whatever else in `annotations`."""
    content = value if isinstance(value, list) else [value]
    spans = [item for item in content if holds_spans([item])]
    choices = [
        item for item in content if item not in spans and (not isinstance(item, dict) or any(s in item for s in _SHAPES))
    ]
    unread = [item for item in content if item not in spans and item not in choices and has_content(item)]
    words = [word for choice in choices for word in _words([choice] if isinstance(choice, list) else choice)]
    if wishes.names.narrative(control):  # a number for each narrative is a choice
        words += [str(item["number"]) for item in unread if isinstance(item, dict) and item.keys() == {"number"}]
        unread = [item for item in unread if not isinstance(item, dict) or item.keys() != {"number"}]
    if wishes.spans:
        words += [word for word in list_span_labels([_without_places(item) for item in spans]) if word not in words]
    elif spans:
        annotations.setdefault(control, []).extend(spans)
    if words:
        fields.setdefault(control, []).extend(words)
    elif choices and not unread and not spans:
        fields.setdefault(control, [])
    if unread:
        annotations.setdefault(control, []).extend(map(_open, unread))


def _open(content: Any) -> Any:
    """The content of a comment, a rating, a number or a date; everything else as it is."""
    return (
        next(iter(content.values())) if isinstance(content, dict) and len(content) == 1 and content.keys() <= _FREE else content
    )


def _without_places(span: Any) -> Any:
    """A span of whatever shape with its labels as `labels`; as it is where it is no object."""
    if not isinstance(span, dict):
        return span
    shapes = [key for key in span if key.endswith("labels") or key in _SHAPES]
    return {"labels": _words({"choices": span[shapes[0]]}) if shapes else None}


def _read_flat(items: Iterable[Entry], wishes: Wishes, coded: bool) -> Iterator[Task | Entry]:
    # JSON-MIN and CSV: a record for each answer, controls beside the data, and Label Studio's own `id` over ours. In CSV
    # what is more than a word is JSON (`coded`).
    texts = (*_TEXTS, wishes.text, *wishes.columns.values())
    if coded:
        items = [replace(i, values={k: v if k in texts else _decode(v) for k, v in i.values.items()}) for i in items]
    items = sorted(items, key=lambda item: _stamp(item.values))
    controls = _find_controls(items, texts, wishes)
    tasks: dict[str, Task] = {}

    def add(item: Entry) -> Task:
        data = {key: value for key, value in item.values.items() if key not in controls | _BOOKKEEPING | {"id"}}
        name = str(item.values.get("id", ""))
        left_out = next((reason for key, reason in _LEFT_OUT.items() if has_content(data.pop(key, None))), "")
        task = tasks.setdefault(name or str(item.place), Task(item.place, _take_values(data, wishes), [], name, left_out))
        if item.values.get("annotation_id") not in (None, ""):
            fields: Fields = {}
            annotations: dict[str, Any] = {}
            for key in controls:
                if has_content(item.values.get(key)):
                    _add(fields, annotations, key, item.values[key], wishes)
            task.answers.append(Answer(_name(item.values.get("annotator")), fields, annotations=annotations))
        return task

    yield from [entry for entry in list(read_tasks(items, add)) if isinstance(entry, Entry)]
    yield from tasks.values()


def _find_controls(items: list[Entry], texts: Iterable[str | None], wishes: Wishes) -> set[str]:
    """The fields that hold answers: they stand between Label Studio's `id` and `annotator`, or look like it.

    `UserError` where a program has put the columns in another order, and none looks like it.
    """
    refuse_rivals(items, texts, _CONTROL, wishes)
    controls = {k for item in items for k, v in item.values.items() if k not in texts and _is_control(k, v, wishes)}
    beside = {*texts, *_BOOKKEEPING, "id", "passage"}
    field_names: dict[str, None] = {}
    for item in items:
        keys = list(item.values)
        if {"id", "annotator", "annotation_id"} <= item.values.keys():
            first, last = keys.index("id"), keys.index("annotator")
            if first < last < keys.index("annotation_id"):
                after = max(keys.index(key) for key in _BOOKKEEPING if key in item.values)
                controls |= {key for key in (*keys[first:last], *keys[after:]) if key not in beside}
            else:
                field_names |= dict.fromkeys(key for key in keys if key not in beside and has_content(item.values[key]))
    if field_names and not controls:
        problem = f"nothing in it looks like labels; there: {', '.join(field_names)}; name what holds them: --label-column"
        raise UserError(at(items[0].place.file, None, problem))
    return controls


def _stamp(answer: dict[str, Any]) -> str:
    return str(answer.get("updated_at") or answer.get("created_at") or "")


def _decode(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(("{", "[")):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _is_control(key: str, value: Any, wishes: Wishes) -> bool:
    if key in _BOOKKEEPING or key == "passage":
        return False
    if key in (*wishes.labels, _CONTROL) or wishes.names.narrative(key) or fold_name(key) in LABELS:
        return True
    if isinstance(value, dict):
        return any(shape in value for shape in _SHAPES)
    if isinstance(value, list):
        return (
            holds_spans(value)
            or any(wishes.names.find(word) for word in list_words(value))
            or any(isinstance(item, dict) and any(shape in item for shape in _SHAPES) for item in value)
        )
    return isinstance(value, str) and wishes.names.find(value) is not None


def _words(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [word for shape in _SHAPES for word in _words(as_list(value.get(shape), shape))]
    if not isinstance(value, list):
        return [str(value)]
    words: list[str] = []
    for part in value:
        if isinstance(part, list) and part:  # a path: the last step is the label, or its stance
            leaf = str(part[-1])
            words.append(join_stance(str(part[-2]), leaf) if len(part) > 1 and leaf in STANCES else leaf)
        else:
            words += _words(part)
    return words


def _name(annotator: Any) -> str:
    if isinstance(annotator, dict):
        annotator = annotator.get("email") or annotator.get("id")
    return "" if annotator is None else str(annotator)


def _take_values(data: dict[str, Any], wishes: Wishes) -> dict[str, Any]:
    values = dict(data)
    if isinstance(values.get("passage"), dict):
        values |= values.pop("passage")
    values = rename_fields(values, wishes)
    texts = [key for key, value in values.items() if isinstance(value, str) and key not in _TEXTS]
    if "text" not in values and not wishes.text and len(texts) == 1:
        values["text"] = values.pop(texts[0])
    return values
