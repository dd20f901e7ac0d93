"""Prodigy: JSONL of `db-out`, with choices (`options`, `accept`) or one yes-or-no question a line (`label`, `answer`)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from narratives.annotation.formats.entry import Entry, Wishes, as_list, as_object
from narratives.annotation.formats.items import read_items
from narratives.data import Place

_BOOKKEEPING = {"options", "accept", "answer", "label", "config", "score", "priority", "spans", "tokens", "html", "style"}
_REFUSED = "ignored or rejected as a whole, taken as not labelled"


@dataclass(slots=True)
class _Text:
    place: Place
    values: dict[str, Any]
    votes: dict[str, dict[str, bool]] = field(default_factory=dict)  # annotator -> label -> yes or no
    asked: set[str] = field(default_factory=set)
    open: bool = False  # the options that were shown are not in the file


def read(path: Path, wishes: Wishes) -> Iterator[Entry]:
    """A record for each annotator of each text; answers to several lines about one text are put together."""
    texts: dict[str, _Text] = {}
    for item in read_items(path):
        if item.problem:
            yield item
            continue
        values = {k: v for k, v in item.values.items() if k not in _BOOKKEEPING and not k.startswith("_")}
        if wishes.text and wishes.text in values:
            values["text"] = values.pop(wishes.text)
        if not isinstance(values.get("id"), str):
            values.pop("id", None)
        try:
            votes, shown = _read_votes(item.values)
        except ValueError as error:
            yield replace(item, problem=str(error))
            continue
        text = texts.setdefault(str(values.get("text", item.place)), _Text(item.place, values))
        if votes is not None:
            by = str(item.values.get("_annotator_id") or item.values.get("_session_id") or "")
            text.votes.setdefault(by, {}).update(votes)
            text.asked |= votes.keys()
            text.open |= not shown
    for text in texts.values():
        lacking = [] if text.open or not text.votes else wishes.lacking(text.asked)
        if lacking:
            names = ", ".join(lacking[:5]) + (" ..." if len(lacking) > 5 else "")
            problem = f"nobody was asked about {names}; ask, or say with --partial that what was not asked is not carried"
            yield Entry(text.place, text.values, problem=problem)
            continue
        for by, votes in text.votes.items():
            labels = [label for label, yes in votes.items() if yes]
            yield Entry(text.place, {**text.values, "narratives": labels}, by)
        if not text.votes:
            yield Entry(text.place, {**text.values, "narratives": None}, note=_REFUSED)


def _read_votes(values: dict[str, Any]) -> tuple[dict[str, bool] | None, bool]:
    """Label -> yes or no, `None` where nothing was said; and whether the file tells all labels that were shown."""
    answer, label = values.get("answer", "accept"), values.get("label")
    if "accept" in values or "options" in values:
        accepted = [str(word) for word in as_list(values.get("accept"), "accept")]
        shown = [str(as_object(option, "options").get("id")) for option in as_list(values.get("options"), "options")]
        votes = dict.fromkeys(shown, False) | dict.fromkeys(accepted, True)
        return (votes if answer == "accept" else None), bool(shown)
    if isinstance(label, str) and answer in ("accept", "reject"):
        return {label: answer == "accept"}, True
    return None, True
