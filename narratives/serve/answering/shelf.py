"""The models that are served: loaded once, and anew when another one has taken the place on disk."""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from narratives.errors import UserError
from narratives.evaluation import ModelTest, read_tested
from narratives.files import stamp_file
from narratives.models import TESTED_FILE, Model, load_model
from narratives.progress import Say
from narratives.serve.guard.problems import Problem

Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Served:
    """A model as it was read, with the figures of its test."""

    name: str
    folder: Path
    model: Model
    tested: ModelTest | None
    stamp: Stamp
    problem: str = ""  # why what stands on disk now is not served


class Shelf:
    """The models by name, in the order in which they were named."""

    def __init__(
        self,
        folders: Sequence[Path],
        hear: Callable[[str], None] = lambda _: None,
        leave_out: Say | None = None,
        trust: Collection[str] = (),
    ) -> None:
        """Load all; `UserError` where one cannot be read or two have one name. `hear` gets the names of those read anew.

        With `leave_out` a model that cannot be read is left out, and the reason said. `trust` is that of `load_model`.
        """
        self._trust = trust
        self._hear = hear
        self._reading = threading.Lock()
        self._served: dict[str, Served] = {}
        for folder in folders:
            if folder.name in self._served:
                raise UserError(f"--model {folder}: there is a model of this name already; serve them one at a time")
            try:
                self._served[folder.name] = _read(folder, trust)
            except UserError as error:
                if leave_out is None:
                    raise
                leave_out(f"left out: {error.problems[0]}")

    @property
    def names(self) -> list[str]:
        """What the models are called."""
        return list(self._served)

    @property
    def all(self) -> list[Served]:
        """Every model as it is now."""
        return list(self._served.values())

    def get(self, name: str) -> Served:
        """The model of this name, the first for an empty one; `Problem` where there is none."""
        if not self._served:
            raise Problem(404, "no model is served; train one: narratives run tfidf")
        if not name:
            return next(iter(self._served.values()))
        if name not in self._served:
            raise Problem(404, f"no model '{name[:80]}'; there are {', '.join(self._served)}")
        return self._served[name]

    def refresh(self) -> None:
        """Read anew what has changed on disk. Until that is done, and where it cannot be read, the old model answers."""
        with self._reading:
            for name, old in list(self._served.items()):
                stamp = _stamp(old.folder)
                if stamp == old.stamp:
                    continue
                try:
                    self._served[name] = _read(old.folder, self._trust)
                    self._hear(name)
                except UserError as error:  # half copied, damaged or gone
                    problem = error.problems[0]
                    self._served[name] = Served(name, old.folder, old.model, old.tested, stamp, problem)


def _read(folder: Path, trust: Collection[str]) -> Served:
    stamp = _stamp(folder)  # before it is read: what changes meanwhile is read once more
    model = load_model(folder, trust)
    return Served(folder.name, folder, model, read_tested(folder / TESTED_FILE, model.digest), stamp)


def _stamp(folder: Path) -> Stamp:
    marks = []
    for name in ("model.json", TESTED_FILE):
        try:
            marks.append(stamp_file(folder / name))
        except OSError:
            marks.append((0, 0, 0))
    return tuple(marks)
