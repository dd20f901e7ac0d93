"""What waits to be labelled: files of tasks, field samples, reviews, conflicts, and passages that nobody has labelled."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from narratives.annotation import (
    READERS,
    Waiting,
    list_samples,
    read_open,
    read_reviews,
    read_sample_texts,
    read_tasks,
    sample_folder,
)
from narratives.data import Codebook, Passage
from narratives.errors import UserError
from narratives.labels import BY_LOT, Corpus
from narratives.project import Project
from narratives.serve.guard.problems import Problem

TASKS, FIELD, UNLABELLED, REVIEW = "tasks", "field", "unlabelled", "review"
UNKNOWN_READER = ""  # of labels that do not say whose they are; nobody can be called so
_ABOUT = {
    TASKS: "From a file of tasks. Put into the labels, they are passages of this project.",
    FIELD: "Of a feed, drawn by lot. Their labels measure it; no model learns from them.",
    UNLABELLED: "Passages of this project without labels, but for those that a review asks about.",
}
_FOLDERS = {
    "review": ("Review", "Labels in doubt: are they right?"),
    "conflicts": ("Conflicts", "Labels that contradict each other: decide which are right."),
}
_CHANGED = ("Changed codebook", "What a new version of the codebook leaves open: which labels does it give these passages?")


@dataclass(frozen=True, slots=True)
class Queue:
    """Where texts wait: `key` names it in addresses and in the file of its decisions."""

    key: str
    title: str
    kind: str
    path: Path  # of the file; the folder of a field sample, or of all labels for passages that nobody has labelled
    about: str  # what its texts are, in a sentence


@dataclass(frozen=True, slots=True)
class Task:
    """A text that waits. The same text under the same id has the same `key`, whatever else changes."""

    key: str
    waiting: Waiting
    hidden: bool  # whether a reader should not see what a model guesses
    now: int | None = None  # of a review: the number of the side that is the label as it stands


@dataclass(frozen=True, slots=True)
class _Read:
    stamp: object
    tasks: dict[str, Task]


class Queues:
    """The queues of a project, read when asked for and again when their files change."""

    def __init__(self, project: Project, files: Sequence[Path]) -> None:
        """`files` are files of tasks, as `suggest` and `labels export` write them."""
        self._project = project
        self._files = list(files)
        self._reading = threading.Lock()
        self._read: dict[str, _Read] = {}
        self._corpus: tuple[object, Corpus | None] = (None, None)  # as it was when the files of labels had that stamp

    def list_all(self) -> list[Queue]:
        """All queues, those that were named first."""
        labels = self._project.labels
        queues = [
            Queue(_make_key("tasks", path.resolve()), f"Tasks: {path.name}", TASKS, path, _ABOUT[TASKS]) for path in self._files
        ]
        for name in list_samples(labels):
            key = _make_key(FIELD, Path(name))
            queues.append(Queue(key, f"Field sample: {name}", FIELD, sample_folder(labels, name), _ABOUT[FIELD]))
        for folder, named in _FOLDERS.items():
            for path in sorted((labels / folder).glob("*.jsonl")):
                migrated = folder == "review" and (labels / "migrations" / f"{path.stem}.toml").is_file()
                title, about = _CHANGED if migrated else named
                queues.append(Queue(_make_key(folder, Path(path.name)), f"{title}: {path.stem}", REVIEW, path, about))
        return [*queues, Queue("unlabelled", "Unlabelled passages", UNLABELLED, labels, _ABOUT[UNLABELLED])]

    def find(self, key: str) -> Queue:
        """The queue of this key; `Problem` where there is none."""
        for queue in self.list_all():
            if queue.key == key:
                return queue
        raise Problem(404, "there is no such queue; open the page Label again")

    def read(self, queue: Queue) -> Mapping[str, Task]:
        """The texts of a queue by key, in order; `UserError` where its file cannot be read."""
        with self._reading:
            labels = self._project.labels
            stamp = ([_stamp(path) for path in (queue.path, *(labels / folder for folder in _FOLDERS))], _stamp(labels))
            read = self._read.get(queue.key)
            if read is None or read.stamp != stamp:
                read = _Read(stamp, self._make_tasks(queue, self._read_corpus(stamp[1])))
                self._read[queue.key] = read
            return read.tasks

    def _read_corpus(self, stamp: object) -> Corpus | None:
        """All labels, once for all queues; `None` where there are none yet."""
        if self._corpus[0] != stamp:
            filled = self._project.splits_file.is_file() or any(self._project.labels.glob("*.jsonl"))
            self._corpus = (stamp, self._project.read_corpus(may_be_empty=True) if filled else None)
        return self._corpus[1]

    def _make_tasks(self, queue: Queue, corpus: Corpus | None) -> dict[str, Task]:
        codebook = self._project.read_codebook()
        passages = corpus.passages if corpus else []
        labelled = {passage.text: passage for passage in passages if passage.narratives is not None and not passage.by_model}
        if queue.kind == UNLABELLED:
            asked = _list_asked(self._project.labels)
            some = [Waiting(passage) for passage in passages if passage.narratives is None and passage.text not in asked]
        elif queue.kind == FIELD:
            some = read_sample_texts(self._project.labels, queue.path.name, codebook)
        else:
            some = _read_file(queue, codebook)
        if queue.kind == TASKS:
            some = [_note_labelled(waiting, labelled) for waiting in some]
        splits = corpus.splits if corpus else {}
        tasks = [
            Task(make_task_key(waiting), waiting, _is_hidden(waiting, splits), _find_now(waiting, labelled)) for waiting in some
        ]
        return {task.key: task for task in tasks}


def make_task_key(waiting: Waiting) -> str:
    """A short digest of id and text."""
    passage = waiting.passage
    return hashlib.sha256(f"{passage.id}\0{passage.text}".encode("utf-8", "replace")).hexdigest()[:16]


def _read_file(queue: Queue, codebook: Codebook) -> list[Waiting]:
    if not queue.path.is_file():
        raise UserError(f"{queue.path}: no such file; start the server with a --queue that is there")
    return read_tasks(queue.path, codebook) if queue.kind == TASKS else read_reviews(queue.path, codebook)


def _list_asked(labels: Path) -> set[str]:
    """The texts about which a review or a conflict asks, where they are to be decided."""
    return {str(form.get("text")) for folder in _FOLDERS for _, forms in read_open(labels / folder) for form in forms}


def _note_labelled(waiting: Waiting, labelled: Mapping[str, Passage]) -> Waiting:
    """A task whose text was labelled elsewhere since has its readers: it waits for nobody."""
    passage = labelled.get(waiting.passage.text)
    if passage is None:
        return waiting
    readers = passage.extras.get(READERS)
    return replace(waiting, readers=tuple(map(str, readers)) if readers and isinstance(readers, list) else (UNKNOWN_READER,))


def _find_now(waiting: Waiting, labelled: Mapping[str, Passage]) -> int | None:
    """Which side of a review says what the labels say now."""
    passage = labelled.get(waiting.passage.text) if waiting.sides else None
    return next((k for k, side in enumerate(waiting.sides, 1) if passage and side == passage.narratives), None)


def _is_hidden(waiting: Waiting, splits: Mapping[str, str]) -> bool:
    """A guess may be shown where a model's doubt chose the text; nowhere else, so that labels measure the model fairly."""
    chosen = waiting.passage.extras.get("chosen", "")
    return not chosen or chosen == BY_LOT or splits.get(waiting.passage.document) == "test" or bool(waiting.sides)


def _make_key(kind: str, path: Path) -> str:
    return f"{kind}-{hashlib.sha256(str(path).encode('utf-8', 'surrogateescape')).hexdigest()[:10]}"


def _stamp(path: Path) -> object:
    files = sorted(path.glob("*.*")) if path.is_dir() else [path]
    return [(file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.is_file()]
