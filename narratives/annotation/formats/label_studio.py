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

from narratives.annotation.formats.entry import TABLES, Entry, Wishes, as_list, as_object
from narratives.annotation.formats.items import read_items
from narratives.annotation.formats.tasks import Answer, Fields, Task, read_tasks, spread
from narratives.data import Codebook, Passage
from narratives.labels import NONE, STANCES, join_stance, to_record

_CONTROL = "narratives"
_BOOKKEEPING = {"annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"}
_TEXTS = ("id", "text", "document", "language", "source")
_SHAPES = ("choices", "taxonomy")


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """A record for each annotator of each task; cancelled answers count as none."""
    items = list(read_items(path))
    if all("data" in item.values for item in items if not item.problem):
        tasks = read_tasks(items, lambda item: _read_task(item, wishes))
    else:
        tasks = _read_flat(items, wishes, path.suffix.lower() in TABLES)
    return spread(tasks, wishes, silence_is_none=True)


def make_task(passage: Passage) -> dict[str, Any]:
    """A passage as a task; what stands beside the text lies below `passage`, where Label Studio's own keys can't meet it."""
    record = to_record(passage)
    labels = record.pop("narratives")
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
    listed = as_list(task.get("annotations") or task.get("completions"), "annotations")
    answers = [as_object(answer, "annotation") for answer in listed]
    answers = [answer for answer in answers if not answer.get("was_cancelled") and not answer.get("skipped")]
    answers.sort(key=_stamp)
    return Task(item.place, _take_values(as_object(task["data"], "data"), wishes), [_read_answer(answer) for answer in answers])


def _read_answer(answer: dict[str, Any]) -> Answer:
    fields: Fields = {}
    for listed in as_list(answer.get("result"), "result"):
        region = as_object(listed, "result")
        if region.get("type") in _SHAPES:
            fields.setdefault(str(region.get("from_name")), []).extend(_words(region.get("value")))
    return Answer(_name(answer.get("completed_by")), fields, bool(answer.get("ground_truth")))


def _read_flat(items: Iterable[Entry], wishes: Wishes, coded: bool) -> Iterator[Task | Entry]:
    # JSON-MIN and CSV: a record for each answer, controls beside the data, and Label Studio's own `id` over ours. In CSV
    # what is more than a word is JSON (`coded`).
    texts = (*_TEXTS, wishes.text)
    if coded:
        items = [replace(i, values={k: v if k in texts else _decode(v) for k, v in i.values.items()}) for i in items]
    items = sorted(items, key=lambda item: _stamp(item.values))
    controls = {k for item in items for k, v in item.values.items() if k not in texts and _is_control(k, v, wishes)}
    tasks: dict[str, Task] = {}

    def add(item: Entry) -> Task:
        data = {key: value for key, value in item.values.items() if key not in controls | _BOOKKEEPING | {"id"}}
        task = tasks.setdefault(str(item.values.get("id", item.place)), Task(item.place, _take_values(data, wishes), []))
        if item.values.get("annotation_id") not in (None, ""):
            fields = {key: _words(item.values[key]) for key in controls if item.values.get(key) not in (None, "")}
            task.answers.append(Answer(_name(item.values.get("annotator")), fields))
        return task

    yield from [entry for entry in list(read_tasks(items, add)) if isinstance(entry, Entry)]
    yield from tasks.values()


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
    first = value[0] if isinstance(value, list) and value else value
    if key in (wishes.labels, _CONTROL) or wishes.names.narrative(key):
        return True
    if isinstance(first, dict):
        return any(shape in first for shape in _SHAPES)
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
    values = {key: value for key, value in data.items() if key != "id" or isinstance(value, str)}
    if isinstance(values.get("passage"), dict):
        values |= values.pop("passage")
    texts = [key for key, value in values.items() if isinstance(value, str)]
    column = wishes.text or ("text" if "text" in values else texts[0] if len(texts) == 1 else None)
    if column in values:
        values["text"] = values.pop(column)
    return values
