"""A project: the folder with labels/, experiments/ and models/, and where everything in it lies."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from glob import glob
from pathlib import Path

from narratives.data import Codebook, Passage
from narratives.errors import UserError, at, did_you_mean
from narratives.files import LOCK, TomlFile, hold_lock, read_toml, reading
from narratives.labels import SPLITS_FILE, Corpus, find_codebook, read_corpus, read_files
from narratives.progress import Say
from narratives.project.config import RunConfig, find_foreign, list_background, list_further, read_config

_COPY = "; to start another, copy the folder of one and edit its config.toml"
_PAST = "history"


@dataclass(frozen=True, slots=True)
class Project:
    """Paths and readers; nothing is read before it is asked for."""

    root: Path
    trust: tuple[str, ...] = ()  # classes of other packages that a model may name, besides those that a config names

    @property
    def trusted(self) -> frozenset[str]:
        """The classes of other packages that may be imported to read a model: those of its configs, and those of `trust`."""
        names = set(self.trust)
        for path in self.root.glob("experiments/*/config.toml"):
            with suppress(UserError):  # what is wrong with a config is told where its run is
                names.update(find_foreign(read_toml(path)))
        return frozenset(names)

    @property
    def labels(self) -> Path:
        """The folder of the codebook, the passages and the splits."""
        return self.root / "labels"

    @property
    def splits_file(self) -> Path:
        """Which document is in which split."""
        return self.labels / SPLITS_FILE

    @property
    def checks_file(self) -> Path:
        """Behavioural checks, where the project has some."""
        return self.root / "tests" / "checks.jsonl"

    def experiment(self, run: str) -> Path:
        """The folder of a run's question and answers."""
        return self.root / "experiments" / run

    def model(self, run: str) -> Path:
        """The folder of what a run learned."""
        return self.root / "models" / run

    def checkpoint(self, run: str) -> Path:
        """Where a training that is under way keeps its state."""
        return self.root / "models" / f".{run}.checkpoint"

    def challenger(self, run: str) -> Path:
        """Where a retrained model waits for its verdict."""
        return self.root / "models" / f".{run}.challenger"

    def past_model(self, run: str, version: int) -> Path:
        """The folder of a model that was replaced."""
        return self.root / "models" / _PAST / run / f"{version:04}"

    @property
    def history_file(self) -> Path:
        """Which model replaced which, and when."""
        return self.root / "models" / "history.jsonl"

    def lock(self, say: Say | None = None, run: str = "") -> AbstractContextManager[None]:
        """The right to change labels, models and history, or with `run` to train it; `say` hears whom it waits for.

        From reading to writing: what was read stays true until then. Whoever needs both takes that of the run first.
        """
        return hold_lock(self.root, say, name=f".{run}.lock" if run else LOCK)

    @property
    def corpus(self) -> Corpus:
        """All labels, read anew each time: keep it, and hand it on."""
        return self.read_corpus()

    def read_corpus(self, *, may_be_empty: bool = False) -> Corpus:
        """All labels; `UserError` lists every problem. A folder without passages is one, unless it `may_be_empty`."""
        with reading(self.root):
            return read_corpus(self.labels, may_be_empty=may_be_empty)

    def read_codebook(self) -> Codebook:
        """The project's codebook; `UserError` with a hint where this is no project."""
        return find_codebook(self.labels)

    def read_config(self, run: str) -> RunConfig:
        """The config of a run; `UserError` names the runs that there are, and patterns that match no file."""
        path = self.experiment(run) / "config.toml"
        if reason := _find_clash(self, run):
            raise UserError(at(path, None, f"{reason}; give the run another name"))
        if not path.is_file():
            runs = [config.parent.name for config in sorted(self.root.glob("experiments/*/config.toml"))]
            hint = did_you_mean(run, runs) or "; narratives init adds the first ones"
            raise UserError(at(path, None, f"no run '{run}'{hint}{_COPY if hint.startswith('; known') else ''}"))
        file = read_toml(path)
        background = tuple(self._find_background(file))
        return replace(read_config(path), further=tuple(self._find_further(file)), background=background)

    def find_all_further(self) -> list[Path]:
        """The files of all runs' further test passages, in the order of their paths."""
        files: set[Path] = set()
        for path in sorted(self.root.glob("experiments/*/config.toml")):
            with suppress(UserError):  # what is wrong with a config is told where its run is
                files.update(self._find_further(read_toml(path)))
        return sorted(files)

    def read_further(self, files: Sequence[Path], corpus: Corpus) -> dict[str, list[Passage]]:
        """The labelled passages of further files, by their path below labels/; none may stand in the corpus too."""
        further: dict[str, list[Passage]] = {path.relative_to(self.labels).as_posix(): [] for path in files}
        for passage in read_files(files, corpus.codebook, corpus.passages):
            if passage.narratives is not None and passage.place and not passage.by_model:
                further[passage.place.file.relative_to(self.labels).as_posix()].append(passage)
        return further

    def _find_background(self, config: TomlFile) -> list[Path]:
        """The files that a config's `background` names, by default all of `labels/background/`, in the order of their paths."""
        patterns = list_background(config)
        if patterns is None:
            return sorted(path for path in (self.labels / "background").glob("[!.]*") if path.is_file())
        files: set[Path] = set()
        for pattern in patterns:
            names = glob(str(self.root / pattern), recursive=True)  # noqa: PTH207  # `Path.glob` takes no absolute pattern
            matches = [Path(name) for name in names if Path(name).is_file()]
            if not matches:
                problem = f"no file in {self.root} matches '{pattern}'; mend the pattern, or take it out"
                raise UserError(at(config.path, config.line("training", key="background"), problem))
            files.update(matches)
        return sorted(files)

    def _find_further(self, config: TomlFile) -> list[Path]:
        """The files that a config's `further_test` names, in the order of their paths; `UserError` where a pattern has none."""
        files: set[Path] = set()
        for pattern in list_further(config):
            inside = self.labels.resolve()  # a link may lead elsewhere
            files_below = (path for path in self.labels.glob(pattern) if path.is_file() and path.parent != self.labels)
            matches = [path for path in files_below if inside in path.resolve().parents]
            if not matches:
                problem = f"no file in {self.labels} matches '{pattern}'; write one, or take the pattern out"
                raise UserError(at(config.path, config.line("evaluation", key="further_test"), problem))
            files.update(matches)
        return sorted(files)


def _find_clash(project: Project, run: str) -> str:
    """What of our own has, or would have, the name of this run; empty where nothing."""
    if run.casefold() in (_PAST, f"{_PAST}.jsonl"):
        return f"models/{run.casefold()} keeps past models"
    if not run or run.startswith(".") or Path(run).name != run:
        return f"'{run}' is no name for a run: what is half-done lies in hidden folders"
    for place in re.finditer("-vs-", run):
        pair = (run[: place.start()], run[place.end() :])
        if all(name and (project.experiment(name) / "config.toml").is_file() for name in pair):
            return f"experiments/{run} keeps the comparison of '{pair[0]}' with '{pair[1]}'"
    return ""
