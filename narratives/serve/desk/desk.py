"""Who reads what: the next text for each reader, no text to two at once, and decisions into the labels."""

import csv
import json
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from narratives.annotation import (
    ImportRequest,
    describe_import,
    fold_text,
    import_labels,
    make_answer,
    make_return,
    name_by_text,
)
from narratives.errors import UserError
from narratives.project import Project
from narratives.serve.desk.decisions import APPLIED, SKIPPED, UNDONE, Decisions, Entry, count_readings
from narratives.serve.desk.queues import REVIEW, TASKS, Queue, Queues, Task
from narratives.serve.guard.problems import Problem

WAITING, SECOND, SKIPPED_ONES = "", "second", "skipped"  # what may be read of a queue
VIEWS = (WAITING, SECOND, SKIPPED_ONES)
_KEPT = 600.0  # seconds that a text is kept for whom it is shown
FOLDER = "decisions"  # below labels/, where nobody reads it as passages


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a queue is."""

    waiting: int
    decided: int
    skipped: int
    open: int  # decided, and not among the labels yet
    second: int  # decided by others, and not by this reader


class Desk:
    """All queues of a project and what was decided in them."""

    def __init__(self, project: Project, files: Sequence[Path]) -> None:
        """Nothing is read before it is asked for."""
        self.queues = Queues(project, files)
        self._project = project
        self._lock = threading.Lock()
        self._decisions: dict[str, Decisions] = {}
        self._shown: dict[tuple[str, str], tuple[str, float]] = {}  # queue and text -> session, until when
        self._applying = threading.Lock()

    def find_decisions(self, queue: Queue) -> Decisions:
        """What was decided in a queue."""
        with self._lock:
            path = self._project.labels / FOLDER / f"{queue.key}.jsonl"
            return self._decisions.setdefault(queue.key, Decisions(path))

    def count(self, queue: Queue, reader: str) -> Counts:
        """How many texts wait, how many are done, and how many of these a reader could read a second time."""
        tasks, decisions = self.queues.read(queue), self.find_decisions(queue)
        standing = decisions.list_standing()
        readers = _list_readers(tasks, standing)
        skipped = _list_skipped(readers, standing)
        own = _list_own(reader, readers, standing)
        return Counts(
            waiting=len(tasks.keys() - readers.keys() - skipped.keys()),
            decided=len(readers),
            skipped=len(skipped.keys() & tasks.keys()),
            open=len(decisions.list_open()),
            second=len((readers.keys() & tasks.keys()) - own),
        )

    def choose(self, queue: Queue, reader: str, session: str, view: str) -> Task | None:
        """The next text of a view for a reader, kept for this session; `None` where there is none.

        Of the texts that somebody skipped, the one comes first that was skipped the longest ago, whoever did.
        """
        tasks, standing = self.queues.read(queue), self.find_decisions(queue).list_standing()
        readers = _list_readers(tasks, standing)
        own = _list_own(reader, readers, standing)
        skipped = _list_skipped(readers, standing)
        chosen = {
            WAITING: [task for task in tasks.values() if task.key not in readers and task.key not in skipped],
            SECOND: [task for task in tasks.values() if readers.get(task.key, set()) - {reader} and task.key not in own],
            SKIPPED_ONES: [tasks[key] for key in skipped if key in tasks],
        }[view]
        with self._lock:
            now = time.monotonic()
            self._shown = {
                place: (who, until)
                for place, (who, until) in self._shown.items()
                if until > now and not (who == session and place[0] == queue.key)
            }
            for task in chosen:
                if view == SECOND or (queue.key, task.key) not in self._shown:
                    self._shown[queue.key, task.key] = (session, now + _KEPT)
                    return task
        return None

    def list_notes(self, queue: Queue, task: Task) -> list[tuple[str, str]]:
        """Who skipped a text, and why."""
        standing = self.find_decisions(queue).list_standing()
        return [(entry.reader, entry.note) for entry in standing if entry.did == SKIPPED and entry.task == task.key]

    def decide(self, queue: Queue, entry: Entry) -> Entry:
        """Write a decision or a skip down; `Problem` where the text is no longer there."""
        tasks = self.queues.read(queue)
        if entry.task not in tasks:
            raise Problem(409, "this text is no longer in the queue, so nothing was written down; go on with the next one")
        return self.find_decisions(queue).add(entry)

    def undo(self, queue: Queue, reader: str, key: str) -> None:
        """Take back what a reader did last; `Problem` where there is nothing, or it is among the labels."""
        decisions = self.find_decisions(queue)
        with self._applying:  # what is on its way into the labels is among them afterwards
            last = decisions.find_last(reader)
            if last is None:
                raise Problem(409, "there is nothing to undo: what is among the labels is corrected there")
            decisions.add(Entry(key=key, did=UNDONE, reader=reader, task=last.task, about=[last.key]))

    def apply(self, queue: Queue) -> list[str]:
        """Put what was decided into the labels, as `labels import` does; what it did, in lines.

        Stopped half-way and begun again, it does nothing twice: what is there already is dropped.
        """
        decisions = self.find_decisions(queue)
        with self._applying:
            entries = decisions.list_open()
            if not entries:
                return ["Nothing waits to be put into the labels."]
            with tempfile.TemporaryDirectory(prefix="narratives-") as folder:
                path = self._write(queue, entries, Path(folder))
                try:
                    summary = import_labels(self._project, ImportRequest(files=[path]))
                except UserError as error:  # its file is gone when somebody reads this
                    raise UserError(*(problem.replace(str(path), queue.title) for problem in error.problems)) from None
            decisions.add(Entry(key=uuid.uuid4().hex, did=APPLIED, about=[entry.key for entry in entries]))
        titles = {entry.id: entry.title for entry in self._project.read_codebook().narratives}
        summary.narratives = {titles.get(id_, id_): count for id_, count in summary.narratives.items() if count}
        same, summary.dropped = summary.dropped, 0  # nothing is lost, which "dropped" would make readers think
        lines = [line for line in describe_import(summary) if line != "imported: 0"]
        return lines + ([f"change nothing, the labels say so already: {same}"] if same else [])

    def _write(self, queue: Queue, entries: Sequence[Entry], folder: Path) -> Path:
        """The decisions as a file for `labels import`."""
        if queue.kind != REVIEW:
            path = folder / "decisions.jsonl"
            lines = [make_answer(entry.record, entry.labels, [entry.reader], entry.note) for entry in entries]
            if queue.kind == TASKS:  # two feeds may number their texts alike: then the later one is named by its text
                taken = {p.id: fold_text(p.text) for p in self._project.read_corpus(may_be_empty=True).passages}
                for line in lines:
                    if taken.setdefault(line["id"], folded := fold_text(line["text"])) != folded:
                        line["id"] = name_by_text(line["text"])
            path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
            return path
        path, review = folder / "decisions.csv", queue.path.relative_to(self._project.root).as_posix()
        rows = [make_return(review, str(e.record["id"]), e.labels, [e.reader]) for e in _agreed(entries)]
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path


def _list_readers(tasks: Mapping[str, Task], standing: Sequence[Entry]) -> dict[str, set[str]]:
    """Who has decided about each text, here or elsewhere; only texts about which somebody has."""
    readers = {key: set(who) for key, who in count_readings(standing).items()}
    for task in tasks.values():
        if task.waiting.readers:
            readers.setdefault(task.key, set()).update(task.waiting.readers)
    return readers


def _list_skipped(readers: Mapping[str, set[str]], standing: Sequence[Entry]) -> dict[str, None]:
    """The texts that somebody skipped and nobody has decided, those first that were skipped first."""
    last = {entry.task: place for place, entry in enumerate(standing) if entry.did == SKIPPED and entry.task not in readers}
    return dict.fromkeys(sorted(last, key=last.__getitem__))


def _list_own(reader: str, readers: Mapping[str, set[str]], standing: Sequence[Entry]) -> set[str]:
    """The texts that a reader has decided or skipped."""
    own = {entry.task for entry in standing if entry.reader == reader}
    return own | {key for key, who in readers.items() if reader in who}


def _agreed(entries: Sequence[Entry]) -> list[Entry]:
    """One decision for each form: where two readers differ, `Problem` says who has to talk."""
    by_task: dict[str, Entry] = {}
    for entry in entries:
        other = by_task.setdefault(entry.task, entry)
        if other.labels != entry.labels:
            names = f"{other.reader} and {entry.reader}"
            raise Problem(409, f"{names} decided '{entry.record.get('id')}' differently; one of them has to undo it first")
    return list(by_task.values())


def find_disputed(task: Task) -> set[str]:
    """The narratives about which the sides of a review differ: those that its reader is asked about."""
    sides = [dict(side) for side in task.waiting.sides]
    ids = {id_ for side in sides for id_ in side}
    return {id_ for id_ in ids if any(id_ not in side or side[id_] != sides[0].get(id_) for side in sides)}
