"""The one rule for all formats: an annotation with content that no reader took up is an error that shows it.

Else it would look like "carries none" or "not labelled", and a text that carries a narrative would teach that it does not.
"""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from narratives.annotation.formats.entry import Entry, Wishes
from narratives.errors import UserError, at, show
from narratives.labels import fold_name, split_stance

BESIDE = ("id", "text", "document", "language", "source", "narratives", "split")
_LABELS = {"narrative", "narratives", "label", "labels", "annotation", "annotations", "code", "codes", "cats", "spans"}
_LABELS |= {"entities", "accept", "accepted", "choices", "taxonomy"}
_PERHAPS = {"category", "categories", "tag", "tags", "class", "classes", "topic", "topics", "theme", "themes", "frame"}
_PERHAPS |= {"frames", "claim", "claims", "target", "targets", "gold"}  # metadata where labels are given beside them
_NO = ("0", "0.0", "false", "no")
_ENDS = ("start", "startoffset", "start_offset", "begin")
_SPANS = "--spans takes their labels for the whole text"
_SHOWN = 80  # characters of content in a message


def refuse(entry: Entry, wishes: Wishes) -> Entry:
    """The entry, or, where it holds an annotation that is not among its labels, the entry with that as its problem."""
    if entry.problem:
        return entry
    labels = entry.values.get("narratives")
    untaken = {name: content for name, content in entry.untaken.items() if has_content(content)}
    if not entry.ours and not wishes.labels:
        untaken |= find_untaken(entry.values, labels, wishes)
    spans = {name: content for name, content in untaken.items() if wishes.spans and holds_spans(content)}
    if spans and (labels is None or isinstance(labels, list)):
        try:
            named = [word for content in spans.values() for word in _list_labels(content)]
        except ValueError as error:
            return replace(entry, problem=str(error), values={**untaken, **entry.values, "narratives": [*(labels or ()), "?"]})
        words = list(dict.fromkeys([*(labels or ()), *named]))
        untaken = {name: content for name, content in untaken.items() if name not in spans}
        entry = replace(entry, values={**entry.values, "narratives": words}, notes=tuple(n for n in entry.notes if labels))
    if not untaken:
        return entry
    [(name, content), *_] = untaken.items()
    words = list(labels) if isinstance(labels, (list, tuple, dict)) else [labels] if labels else []
    values = {**untaken, **entry.values, "narratives": [*words, "?"]}  # it must not look like none when it comes back mended
    return replace(entry, problem=explain(name, content, wishes, entry.taken), values=values)


def find_untaken(values: Mapping[str, Any], labels: Any, wishes: Wishes) -> dict[str, Any]:
    """What stands beside the labels of a flat record and looks like further labels: by its name, its words or its form."""
    labelled = {wishes.names.narrative(str(word)) for word in labels or () if word is not None} if _is_many(labels) else set()
    names = _LABELS if labels else _LABELS | _PERHAPS
    untaken: dict[str, Any] = {}
    for name, value in values.items():
        if name in BESIDE or not has_content(value):
            continue
        carried = {id_ for word in list_words(value) if (id_ := wishes.names.narrative(word))} - labelled
        named_id = wishes.names.narrative(name)
        spans = holds_spans(value)
        looks_like_labels = carried or (not labels if spans else fold_name(name) in names)
        if looks_like_labels or (named_id and named_id not in labelled and str(value).strip().lower() not in _NO):
            untaken[name] = value
    return untaken


def has_content(value: Any) -> bool:
    """Whether anything was said: null, NaN, false, and what is empty all through say nothing."""
    if isinstance(value, dict):
        return any(map(has_content, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(has_content, value))
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value is not False and value == value


def list_words(value: Any) -> Iterator[str]:
    """Every text in a value, and the keys of objects whose value says yes."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if has_content(inner) and inner != 0:
                yield str(key)
            yield from list_words(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from list_words(inner)
    elif isinstance(value, str):
        yield split_stance(value)[0]
        if value.lstrip().startswith(("[", "{")):
            try:
                yield from list_words(json.loads(value))
            except (ValueError, RecursionError):
                return
        elif any(sign in value for sign in ";,|\n"):
            yield from (word.strip() for part in value.splitlines() for word in part.replace("|", ";").split(";"))
            yield from (word.strip() for word in value.split(","))


def holds_spans(value: Any) -> bool:
    """Whether a value is a list of stretches of a text: objects with a beginning, or a label beside two numbers."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return False
    if not isinstance(value, list):
        return False
    return any(
        (isinstance(item, dict) and any(str(key).lower() in _ENDS for key in item))
        or (isinstance(item, (list, tuple)) and sum(isinstance(part, int) for part in item) >= 2)
        for item in value
    )


def list_span_labels(value: Any) -> list[str]:
    """The labels of spans, each once; `ValueError` where one has none that can be read."""
    labels: list[str] = []
    for span in value:
        if isinstance(span, dict):
            named = next((span[key] for key in span if str(key).lower().endswith(("label", "labels"))), None)
        else:
            named = [part for part in span if isinstance(part, str)] if isinstance(span, (list, tuple)) else None
        words = [named] if isinstance(named, str) else named
        if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
            raise ValueError(f"a span has no label: {shorten(span)}")
        labels += words
    return list(dict.fromkeys(labels))


def _is_many(labels: Any) -> bool:
    return isinstance(labels, (list, dict))


def explain(name: str, content: Any, wishes: Wishes, taken: Sequence[str] = ()) -> str:
    """That the content of a field was not understood as labels, and what to do; `taken` are the fields that were."""
    keep = " ".join(f"--label-column {shlex.quote(field)}" for field in taken)
    beside = f"{keep} keeps it beside the text" if keep else ""
    if holds_spans(content):
        problem = f"these are spans: '{show(name)}' holds {shorten(content)}"
        fixes = [] if beside and not any(map(wishes.names.find, list_words(content))) else [_SPANS]
        return f"{problem}; {', '.join([*fixes, *([beside] if beside else [])])}"
    problem = f"'{show(name)}' holds {shorten(content)}, which was not understood as labels"
    if beside:
        return f"{problem}; {beside}, a further --label-column {shlex.quote(name)} takes it as labels too"
    return f"{problem}; name each field that holds labels: --label-column NAME; the others are kept beside the text"


def _list_labels(content: Any) -> list[str]:
    return list_span_labels(json.loads(content) if isinstance(content, str) else content)


def shorten(content: Any, longest: int = _SHOWN) -> str:
    """Content as a message shows it: as JSON, up to so many characters."""
    text = json.dumps(content, ensure_ascii=False, default=str)
    return show(text if len(text) <= longest else text[:longest] + " ...")


def refuse_rivals(items: Sequence[Entry], texts: Iterable[str | None], control: str, wishes: Wishes) -> None:
    """`UserError` where a word beside the answers is a narrative's, too: it may be what the texts were found by.

    Answers stand in the field `control`, or in fields that are called as narratives are.
    """
    words = [(k, v) for item in items for k, v in item.values.items() if k not in texts and isinstance(v, str) and v.strip()]
    named = next((k for k, _ in words if k == control or wishes.names.narrative(k)), "")
    rival = next((k for k, v in words if k != control and not wishes.names.narrative(k) and wishes.names.narrative(v)), "")
    if named and rival and not wishes.labels:
        problem = f"'{show(rival)}' holds narratives, as '{show(named)}' does; say which are labels: --label-column {named}"
        raise UserError(at(items[0].place.file, None, problem))
