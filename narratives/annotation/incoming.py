"""Records of other tools as passages, or everything that is wrong with them."""

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from narratives.annotation.formats.entry import Entry
from narratives.annotation.names import Names
from narratives.data import Codebook, Passage
from narratives.labels import parse_passage


@dataclass(frozen=True, slots=True)
class Incoming:
    """A passage that comes in, and who labelled it."""

    passage: Passage
    by: str = ""
    settles: tuple[Any, ...] = ()  # for a decision: the labels that were seen when it was made


@dataclass(frozen=True, slots=True)
class Bad:
    """A record that is refused, with every reason; each begins with the place."""

    entry: Entry
    problems: list[str]


@dataclass(slots=True)
class Parsed:
    """What a reader gave, sorted."""

    good: list[Incoming] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)


def parse_entries(entries: Iterable[Entry], codebook: Codebook, names: Names, existing: Sequence[Passage]) -> Parsed:
    """Check every entry against the codebook, the other entries and the passages that are there."""
    parsed = Parsed()
    taken = {passage.id: passage for passage in existing}
    for entry in entries:
        if entry.note:
            parsed.notes[entry.note] += 1
        if entry.problem:
            parsed.bad.append(Bad(entry, [f"{entry.place}: {entry.problem}"]))
            continue
        problems: list[str] = []
        incoming = _parse(entry, codebook, names, problems)
        passage = incoming.passage
        other = taken.get(passage.id)
        if passage.id and other and fold_text(other.text) != fold_text(passage.text):
            problems.append(
                f"{entry.place}: id '{passage.id}' stands at {other.place} with another text; "
                "give this record another id, or none and it gets one from its text"
            )
        if problems:
            parsed.bad.append(Bad(entry, problems))
        else:
            taken.setdefault(passage.id, passage)
            parsed.good.append(incoming)
    return parsed


def fold_text(text: str) -> str:
    """What two texts must share to count as the same: all but white space and the way in which accents are encoded."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _parse(entry: Entry, codebook: Codebook, names: Names, problems: list[str]) -> Incoming:
    def tell(problem: str) -> None:
        problems.append(f"{entry.place}: {problem}")

    values = dict(entry.values)
    if values.get("id") in (None, ""):
        folded = fold_text(str(values.get("text")))
        values["id"] = "text-" + hashlib.sha256(folded.encode("utf-8", "replace")).hexdigest()[:16]
    try:  # what no JSON file could hold would fail on writing
        text = json.dumps(values, ensure_ascii=False, allow_nan=False, default=str)
        text.encode("utf-8")
        values = json.loads(text)
    except ValueError as error:
        surrogate = isinstance(error, UnicodeError)
        tell("half a surrogate pair is no character; mend the export" if surrogate else "NaN is no JSON; use null")
    settles = [names.resolve(seen, lambda _: None) for seen in entry.settles]
    values["narratives"] = names.resolve(values.get("narratives"), tell)
    passage = parse_passage(values, codebook, entry.place, problems)
    return Incoming(replace(passage, place=entry.place), entry.by, tuple(settles))
