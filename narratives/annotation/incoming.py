"""Records of other tools as passages, or everything that is wrong with them."""

import hashlib
import json
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from narratives.annotation.formats.entry import Entry
from narratives.annotation.names import Names
from narratives.data import Codebook, Passage
from narratives.errors import Tally, UserError, show
from narratives.labels import parse_passage


@dataclass(frozen=True, slots=True)
class Incoming:
    """A passage that comes in, and who labelled it."""

    passage: Passage
    by: str = ""
    settles: tuple[Any, ...] = ()  # for a decision: the labels that were seen when it was made
    split: str = ""  # the split that the data's makers gave it


@dataclass(frozen=True, slots=True)
class Bad:
    """A record that is refused, with every reason; each begins with the place. It may stand for the `rest` of its entry."""

    entry: Entry
    problems: list[str]


@dataclass(slots=True)
class Parsed:
    """What a reader gave, sorted."""

    good: list[Incoming] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    refused: int = 0  # records; `bad` holds them where they are wanted
    problems: Tally = field(default_factory=Tally)
    notes: Counter[str] = field(default_factory=Counter)

    def refuse(self, bad: Bad, wanted: bool) -> None:
        """Take down that a record is refused, or that all those are for which it stands."""
        if wanted:
            self.bad.append(bad)
        rest = bad.entry.rest
        self.refused += 1 if rest is None else len(rest)
        for problem in bad.problems if rest is None else ():
            self.problems.add(problem)
        for reason, count in rest.count_reasons().items() if rest else ():
            self.problems.add(f"{bad.entry.where}: {reason}", count)

    def check(self) -> None:
        """`UserError` where a record was refused; it lists every cause."""
        if self.refused:
            raise UserError(*self.problems.lines(), count=self.problems.count)


def parse_entries(
    entries: Iterable[Entry], codebook: Codebook, names: Names, existing: Sequence[Passage], keep_bad: bool = True
) -> Parsed:
    """Check every entry against the codebook, the other entries and the passages that are there."""
    parsed = Parsed()
    by_id = {passage.id: passage for passage in existing}
    for entry in entries:
        parsed.notes.update(entry.notes)
        if entry.problem:
            parsed.refuse(Bad(entry, [f"{entry.where}: {entry.problem}"]), keep_bad)
            continue
        problems: list[str] = []
        incoming = _parse(entry, codebook, names, problems)
        passage = incoming.passage
        namesake = by_id.get(passage.id)
        if passage.id and namesake and fold_text(namesake.text) != fold_text(passage.text):
            problems.append(
                f"{entry.where}: id '{passage.id}' stands at {namesake.place} with another text; "
                "give this record another id, or none and it gets one from its text"
            )
        if problems:
            parsed.refuse(Bad(entry, problems), keep_bad)
        else:
            by_id.setdefault(passage.id, passage)
            parsed.good.append(incoming)
    return parsed


def fold_text(text: str) -> str:
    """What two texts must share to count as the same: all but white space and the way in which accents are encoded."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def name_by_text(text: str) -> str:
    """The id of a text that brings none, or one that another text has."""
    return f"text-{hashlib.sha256(fold_text(text).encode('utf-8', 'replace')).hexdigest()[:16]}"


def _parse(entry: Entry, codebook: Codebook, names: Names, problems: list[str]) -> Incoming:
    def tell(problem: str) -> None:
        problems.append(f"{entry.where}: {problem}")

    values = dict(entry.values)
    if values.get("id") in (None, "") or values["id"] != values["id"]:
        values["id"] = name_by_text(str(values.get("text")))
    for key, value in values.items():
        if reason := _find_unwritable(value):
            tell(f"'{show(str(key))}' {reason}")
    values = json.loads(json.dumps(_drop_nan(values), ensure_ascii=True, default=str))
    settles = [names.resolve(labels, lambda _: None) for labels in entry.settles]
    values["narratives"] = names.resolve(values.get("narratives"), tell)
    messages: list[str] = []
    passage = parse_passage(values, codebook, entry.place, messages)
    problems += [problem.replace(str(entry.place), entry.where, 1) for problem in messages]
    return Incoming(replace(passage, place=entry.place), entry.by, tuple(settles), entry.split)


def _find_unwritable(value: Any) -> str:
    """Why no JSON file could hold a value; empty where one could. NaN is a number that is not there, and becomes null."""
    if isinstance(value, dict):
        return next((reason for part in value.items() for inner in part if (reason := _find_unwritable(inner))), "")
    if isinstance(value, (list, tuple)):
        return next((reason for inner in value if (reason := _find_unwritable(inner))), "")
    if isinstance(value, bytes):
        return "holds bytes that are no UTF-8; write the column as text, or leave it out"
    if isinstance(value, str) and any("\ud800" <= sign <= "\udfff" for sign in value):
        return "holds half a surrogate pair, which is no character; mend the export"
    if isinstance(value, float) and math.isinf(value):
        return "holds an infinite number, which is no JSON; use null"
    return ""


def _drop_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _drop_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_drop_nan(inner) for inner in value]
    return None if isinstance(value, float) and value != value else value
