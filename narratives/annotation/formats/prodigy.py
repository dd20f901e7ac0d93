"""Prodigy: JSONL of `db-out`, with choices (`options`, `accept`) or one yes-or-no question a line (`label`, `answer`)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from narratives.annotation.formats.cells import split_labels
from narratives.annotation.formats.columns import check_columns, rename_fields
from narratives.annotation.formats.entry import Entry, Wishes, as_list, as_object
from narratives.annotation.formats.items import read_items
from narratives.annotation.formats.untaken import has_content, list_span_labels
from narratives.data import Place
from narratives.files import find_field, has_field
from narratives.labels import NONE

_BOOKKEEPING = {"options", "accept", "answer", "label", "config", "score", "priority", "spans", "tokens", "html", "style"}
_QUESTIONS = ("accept", "label", "options")
_REFUSED = "ignored or rejected as a whole, taken as not labelled"
_SILENT = "accepted without a label or an option, taken as not labelled"
_NUMBERED = "ids that are numbers were left out; --id-column id keeps them"


@dataclass(slots=True)
class _Text:
    place: Place
    values: dict[str, Any]
    votes: dict[str, dict[str, bool]] = field(default_factory=dict)  # annotator -> label -> yes or no
    asked_labels: set[str] = field(default_factory=set)
    open: bool = False  # the options that were shown are not in the file
    untaken: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    refused: bool = False


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """A record for each annotator of each text; answers to several lines about one text are put together."""
    texts: dict[str, _Text] = {}
    items = list(read_items(path, encoding=wishes.encoding))
    check_columns(items, wishes)
    for item in items:
        if item.problem:
            yield item
            continue
        named = rename_fields(item.values, wishes)
        columns = {*wishes.columns.values(), *wishes.columns}
        values = {k: v for k, v in named.items() if k in columns or (k not in _BOOKKEEPING and not k.startswith("_"))}
        numbered = "id" in values and not isinstance(values["id"], str) and "id" not in wishes.columns
        if numbered:
            del values["id"]
        try:
            votes, shown, untaken = _read_votes(item.values, wishes)
        except ValueError as error:
            yield replace(item, values={**values, "narratives": ["?"]}, problem=str(error))
            continue
        text = texts.setdefault(str(values.get("text", item.place)), _Text(item.place, values))
        text.notes = (_NUMBERED,) if numbered else text.notes
        text.untaken |= untaken
        text.refused |= item.values.get("answer", "accept") != "accept"
        if votes is not None:
            by = str(item.values.get("_annotator_id") or item.values.get("_session_id") or "")
            text.votes.setdefault(by, {}).update(votes)
            text.asked_labels |= votes.keys()
            text.open |= not shown
    for text in texts.values():
        lacking = [] if text.open or not text.votes else wishes.lacking(text.asked_labels)
        if lacking:
            problem = _explain_lacking(lacking, text.asked_labels, wishes)
            yield Entry(text.place, {**text.values, "narratives": ["?"]}, problem=problem)
            continue
        try:
            answers = _share_out(text, wishes)
        except ValueError as error:
            yield Entry(text.place, {**text.values, "narratives": ["?"]}, problem=str(error))
            continue
        for by, votes in answers.items():
            labels = [label for label, yes in votes.items() if yes]
            values = {**text.values, "narratives": labels or [NONE]}
            yield Entry(text.place, values, by, notes=text.notes, untaken=text.untaken)
        if not text.votes:
            notes = (*text.notes, _REFUSED if text.refused else _SILENT)
            yield Entry(text.place, {**text.values, "narratives": None}, notes=notes, untaken=text.untaken)


def _share_out(text: _Text, wishes: Wishes) -> dict[str, dict[str, bool]]:
    """The answers of each annotator; of those who shared the questions among them, together.

    `ValueError` where somebody answered about some narratives only, and others about these too: nobody knows the rest.
    """
    short = {} if text.open else {by: lacking for by, votes in text.votes.items() if (lacking := wishes.lacking(votes))}
    if not short:
        return text.votes
    if sum(map(len, text.votes.values())) == len(text.asked_labels):
        together = {label: yes for votes in text.votes.values() for label, yes in votes.items()}
        return {" and ".join(filter(None, text.votes)): together}
    by, lacking = next(iter(short.items()))
    fix = "ask, or say with --partial that what has no answer is not carried"
    raise ValueError(f"'{by}' gave no answer about {lacking[0]}, as others did; {fix}")


def _explain_lacking(lacking: list[str], asked_labels: set[str], wishes: Wishes) -> str:
    unknown = sorted(label for label in asked_labels if wishes.names.find(label) is None)
    if unknown:  # rather misspelt than not asked about
        return wishes.names.explain_unknown(unknown[0])
    names = ", ".join(lacking[:5]) + (" ..." if len(lacking) > 5 else "")
    return f"nobody was asked about {names}; ask, or say with --partial that what was not asked is not carried"


def _read_votes(values: dict[str, Any], wishes: Wishes) -> tuple[dict[str, bool] | None, bool, dict[str, Any]]:
    """Label -> yes or no, `None` where nothing was said; whether the file tells all labels that were shown; what is left.

    What was rejected or ignored as a whole says nothing; spans count as labels only on request.
    """
    answer, label = values.get("answer", "accept"), values.get("label")
    named = [column for column in wishes.labels if column not in _QUESTIONS and has_field(values, column)]
    if named:
        labels = [word for column in named for word in split_labels(find_field(values, column), wishes)]
        return (dict.fromkeys(map(str, labels), True) if labels and answer == "accept" else None), False, {}
    chosen = "accept" in values or "options" in values
    untaken = {key: values[key] for key in ("spans", "relations") if has_content(values.get(key))} if answer == "accept" else {}
    if wishes.spans and "spans" in values and not chosen and label is None:
        votes = dict.fromkeys(list_span_labels(as_list(values["spans"], "spans")), True)
        return (votes if answer == "accept" else None), False, {}
    if wishes.labels or (chosen and not _add_to(untaken.get("spans"), values.get("accept"))):
        untaken = {}
    if chosen:
        accept = values.get("accept")
        options = [as_object(option, "options") for option in as_list(values.get("options"), "options")]
        titles = {str(option.get("id")): _name_option(option, wishes) for option in options}
        accepted = [str(word) for word in ([accept] if isinstance(accept, str) else as_list(accept, "accept"))]
        accepted, shown = [titles.get(word, word) for word in accepted], list(titles.values())
        votes = dict.fromkeys(shown, False) | dict.fromkeys(accepted, True)
        untaken |= {"label": label} if has_content(label) and label not in accepted else {}
        return (votes if answer == "accept" else None), bool(shown), untaken
    if isinstance(label, str) and answer in ("accept", "reject"):
        return {label: answer == "accept"}, True, {} if not _add_to(untaken.get("spans"), [label]) else untaken
    if has_content(label) and answer == "accept":
        untaken["label"] = label
    return None, True, untaken


def _name_option(option: dict[str, Any], wishes: Wishes) -> str:
    """The id of an option, or its text where that names a narrative and the id does not."""
    id_, text = str(option.get("id")), str(option.get("text"))
    return text if wishes.names.find(text) and not wishes.names.find(id_) else id_


def _add_to(spans: Any, labels: Any) -> bool:
    """Whether spans carry a label that is not among `labels`; some recipes only mark what a label was found by."""
    named = {str(span.get("label")) for span in (spans if isinstance(spans, list) else []) if isinstance(span, dict)}
    accepted = [labels] if isinstance(labels, str) else labels if isinstance(labels, list) else []
    return bool(spans) and not (named and named <= {str(label) for label in accepted})
