"""The decisions of a queue: a line each in a file that only grows, on the disk before the next text appears."""

import json
import threading
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from narratives.data import Labels, Stance
from narratives.errors import UserError, at
from narratives.files import append_line, hold_lock, read_from

DECIDED, SKIPPED, UNDONE, APPLIED = "decided", "skipped", "undone", "applied"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a reader did. `key` is drawn when the text is shown: the same sent twice counts once."""

    key: str
    did: str
    task: str = ""
    reader: str = ""
    narratives: dict[str, str | None] | None = None
    side: int | None = None  # of a review, in lines of before: the number of the side that was right
    note: str = ""  # why it was skipped, or what is hard about it
    guess: bool = False  # whether the reader had seen what a model guesses
    about: list[str] = field(default_factory=list)  # keys that were undone or applied
    record: dict[str, Any] = field(default_factory=dict)  # the passage, so that nothing else is needed to apply it
    when: str = ""  # UTC

    @property
    def labels(self) -> Labels:
        """What the passage carries, says this decision."""
        return {id_: None if stance is None else Stance(stance) for id_, stance in (self.narratives or {}).items()}


class Decisions:
    """All that was decided in one queue, whoever wrote it down."""

    def __init__(self, path: Path) -> None:
        """Nothing is read before it is asked for."""
        self._path = path
        self._lock = threading.RLock()
        self._place = self._lines = 0
        self._entries: dict[str, Entry] = {}
        self._undone: set[str] = set()
        self._applied: set[str] = set()

    def add(self, entry: Entry) -> Entry:
        """Write an entry down; when this returns it is on the disk. What stands already and is sent again is written once.

        A known key with something new to say, from a page that a browser went back to, is an entry of its own. `UserError`
        where the disk is full: nothing was written then.
        """
        with self._lock, hold_lock(self._path.parent, name=f".{self._path.stem}.lock", make=True):
            self._catch_up()
            if before := self._entries.get(entry.key):
                if standing := self._find_same(entry, before):
                    return standing
                entry = replace(entry, key=uuid.uuid4().hex)
            dated = replace(entry, when=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
            append_line(self._path, _to_line(dated))
            self._catch_up()
            return dated

    def list_standing(self) -> list[Entry]:
        """Decisions and skips that stand: of each reader the last for each text; in the order in which they were made."""
        with self._lock:
            self._catch_up()
            last: dict[tuple[str, str], Entry] = {}
            for entry in self._entries.values():
                if entry.did in (DECIDED, SKIPPED) and entry.key not in self._undone:
                    last.pop((entry.reader, entry.task), None)
                    last[entry.reader, entry.task] = entry
            return list(last.values())

    def list_open(self) -> list[Entry]:
        """Decisions that stand and are not among the labels yet."""
        return [entry for entry in self.list_standing() if entry.did == DECIDED and entry.key not in self._applied]

    def find_last(self, reader: str) -> Entry | None:
        """What a reader did last, as far as it can be undone."""
        own = [entry for entry in self.list_standing() if entry.reader == reader and entry.key not in self._applied]
        return own[-1] if own else None

    def _find_same(self, entry: Entry, before: Entry) -> Entry | None:
        """What stands and says the same as an entry that came with the key of `before`."""
        if entry.did not in (DECIDED, SKIPPED):
            return before if entry.did == before.did else None
        said = (entry.reader, entry.task, entry.did, entry.narratives, entry.note)
        alike = (each for each in self.list_standing() if (each.reader, each.task) == said[:2])
        return next((each for each in alike if (each.did, each.narratives, each.note) == said[2:]), None)

    def _catch_up(self) -> None:
        """Read the lines that were added since, by whatever process."""
        lines, self._place = read_from(self._path, self._place)
        for line in lines:
            self._lines += 1
            try:
                entry = Entry(**json.loads(line))
            except (ValueError, TypeError):
                problem = "not a decision; restore the file or delete the line"
                raise UserError(at(self._path, self._lines, problem)) from None
            if entry.key in self._entries:
                continue
            self._entries[entry.key] = entry
            if entry.did == UNDONE:
                self._undone |= set(entry.about)
            elif entry.did == APPLIED:
                self._applied |= set(entry.about)


def count_readings(entries: Iterable[Entry]) -> Mapping[str, set[str]]:
    """Who has decided about each text."""
    readers: dict[str, set[str]] = {}
    for entry in entries:
        if entry.did == DECIDED:
            readers.setdefault(entry.task, set()).add(entry.reader)
    return readers


def _to_line(entry: Entry) -> str:
    """What there is to say of an entry: "carries none" is something, an empty note is not."""
    values = {name: value for name, value in asdict(entry).items() if value or (name == "narratives" and value is not None)}
    return json.dumps(values, ensure_ascii=False)
