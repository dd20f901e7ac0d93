"""The form in which a passage goes to a person to be decided about, and comes back: conflicts, audits, changed codebooks.

A form is the passage as it stands in our JSONL, but without its labels. `sides` holds the labels that may be right; into
`decision` the person writes a side's number, or the right labels. As long as it is null, nothing is decided.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narratives.data import Passage
from narratives.files import Record, read_records
from narratives.labels import to_record

HINT = 'write a side\'s number or the right labels into "decision"'


@dataclass(frozen=True, slots=True)
class Decision:
    """What a form says once it is back: one answer, or, while it is open, each side for an answer."""

    labels: Any  # as they stand in the file, to be looked up and checked
    by: str = ""
    settles: tuple[Any, ...] = ()  # the labels that were seen when it was decided; empty while it is open


def make_form(
    passage: Passage, sides: Sequence[Mapping[str, Any]], *, why: Sequence[str] = (), doubt: float | None = None
) -> dict[str, Any]:
    """A passage to be decided about. Each side holds `narratives`, perhaps with `where` they stand and `by` whom.

    `why` says what to look for. A form without it is a conflict: each side counts as an answer of its own until it is decided.
    """
    record = to_record(passage)
    del record["narratives"]
    review = {"review": list(why)} if why else {}
    score = {} if doubt is None else {"doubt": doubt}
    return {**review, **score, "decision": None, "sides": [dict(side) for side in sides], **record}


def is_form(values: Mapping[str, Any]) -> bool:
    """Whether a record is such a form."""
    return "decision" in values and isinstance(values.get("sides"), list)


def read_form(values: dict[str, Any]) -> tuple[dict[str, Any], list[Decision]]:
    """The passage's own values, and what the form says of its labels: nothing while a review is open.

    `ValueError` says what a person wrote that cannot be understood.
    """
    passage_values = {key: value for key, value in values.items() if key not in ("decision", "sides", "review")}
    decision, sides = values["decision"], values["sides"]
    if decision is None and values.get("review"):
        return passage_values, []
    if not all(isinstance(side, dict) and isinstance(side.get("narratives"), (dict, list)) for side in sides):
        raise ValueError("every one of the 'sides' needs its 'narratives'; leave them as they were written")
    labels = [side["narratives"] for side in sides]
    if decision is None:
        return passage_values, [Decision(labels=side["narratives"], by=str(side.get("by", ""))) for side in sides]
    if isinstance(decision, (dict, list)):
        return passage_values, [Decision(labels=decision, settles=tuple(labels))]
    if isinstance(decision, int) and not isinstance(decision, bool) and 1 <= decision <= len(sides):
        return passage_values, [Decision(labels=labels[decision - 1], settles=tuple(labels))]
    raise ValueError(f"'decision' must be a side's number, 1 to {len(sides)}, or the right labels")


def holds_decisions(path: Path) -> bool:
    """Whether a person has decided something in a file of forms, or it holds anything else that must not be lost."""
    return any(not isinstance(record, Record) or record.values.get("decision") is not None for record in read_records(path))


def read_open(folder: Path) -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """The files of a folder of forms, each with the forms in it that nobody has decided; files without any are left out."""
    for path in sorted(folder.glob("*.jsonl")):
        records = [record.values for record in read_records(path) if isinstance(record, Record)]
        if waiting := [values for values in records if "decision" in values and values["decision"] is None]:
            yield path, waiting
