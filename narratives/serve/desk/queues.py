"""What waits to be labelled: files of tasks, field samples, reviews, conflicts, and passages that nobody has labelled."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from narratives.annotation import Waiting, list_samples, read_reviews, read_sample_texts, read_tasks, sample_folder
from narratives.data import Codebook
from narratives.errors import UserError
from narratives.labels import BY_LOT
from narratives.project import Project
from narratives.serve.guard.problems import Problem

TASKS, FIELD, UNLABELLED, REVIEW = "tasks", "field", "unlabelled", "review"
_FOLDERS = {"review": "Review", "conflicts": "Conflicts"}


@dataclass(frozen=True, slots=True)
class Queue:
    """Where texts wait: `key` names it in addresses and in the file of its decisions."""

    key: str
    title: str
    kind: str
    path: Path  # of the file; the folder of a field sample, or of all labels for passages that nobody has labelled


@dataclass(frozen=True, slots=True)
class Task:
    """A text that waits. The same text under the same id has the same `key`, whatever else changes."""

    key: str
    waiting: Waiting
    hidden: bool  # whether a reader should not see what a model guesses


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

    def list_all(self) -> list[Queue]:
        """All queues, those that were named first."""
        queues = [Queue(_make_key("tasks", path.resolve()), f"Tasks: {path.name}", TASKS, path) for path in self._files]
        for name in list_samples(self._project.labels):
            place = sample_folder(self._project.labels, name)
            queues.append(Queue(_make_key(FIELD, Path(name)), f"Field sample: {name}", FIELD, place))
        for folder, title in _FOLDERS.items():
            for path in sorted((self._project.labels / folder).glob("*.jsonl")):
                queues.append(Queue(_make_key(folder, Path(path.name)), f"{title}: {path.stem}", REVIEW, path))
        return [*queues, Queue("unlabelled", "Unlabelled passages", UNLABELLED, self._project.labels)]

    def find(self, key: str) -> Queue:
        """The queue of this key; `Problem` where there is none."""
        for queue in self.list_all():
            if queue.key == key:
                return queue
        raise Problem(404, "there is no such queue; open the page Label again")

    def read(self, queue: Queue) -> Mapping[str, Task]:
        """The texts of a queue by key, in order; `UserError` where its file cannot be read."""
        with self._reading:
            stamp = (_stamp(queue.path), _stamp(self._project.labels))
            read = self._read.get(queue.key)
            if read is None or read.stamp != stamp:
                read = _Read(stamp, self._make_tasks(queue))
                self._read[queue.key] = read
            return read.tasks

    def _make_tasks(self, queue: Queue) -> dict[str, Task]:
        codebook, splits = self._project.read_codebook(), dict[str, str]()
        if queue.kind == UNLABELLED or self._project.splits_file.is_file():
            corpus = self._project.read_corpus(may_be_empty=True)
            splits = corpus.splits
        if queue.kind == UNLABELLED:
            some = [Waiting(passage) for passage in corpus.passages if passage.narratives is None]
        elif queue.kind == FIELD:
            some = read_sample_texts(self._project.labels, queue.path.name, codebook)
        else:
            some = _read_file(queue, codebook)
        tasks = [Task(make_task_key(waiting), waiting, _is_hidden(waiting, splits)) for waiting in some]
        return {task.key: task for task in tasks}


def make_task_key(waiting: Waiting) -> str:
    """A short digest of id and text."""
    passage = waiting.passage
    return hashlib.sha256(f"{passage.id}\0{passage.text}".encode("utf-8", "replace")).hexdigest()[:16]


def _read_file(queue: Queue, codebook: Codebook) -> list[Waiting]:
    if not queue.path.is_file():
        raise UserError(f"{queue.path}: no such file; start the server with a --queue that is there")
    return read_tasks(queue.path, codebook) if queue.kind == TASKS else read_reviews(queue.path, codebook)


def _is_hidden(waiting: Waiting, splits: Mapping[str, str]) -> bool:
    """A guess may be shown where a model's doubt chose the text; nowhere else, so that labels measure the model fairly."""
    chosen = waiting.passage.extras.get("chosen", "")
    return not chosen or chosen == BY_LOT or splits.get(waiting.passage.document) == "test" or bool(waiting.sides)


def _make_key(kind: str, path: Path) -> str:
    return f"{kind}-{hashlib.sha256(str(path).encode('utf-8', 'surrogateescape')).hexdigest()[:10]}"


def _stamp(path: Path) -> object:
    files = sorted(path.glob("*.*")) if path.is_dir() else [path]
    return [(file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.is_file()]
