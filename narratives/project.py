"""A project: the folder with labels/, experiments/ and models/, and where everything in it lies."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from narratives.codebook import Codebook, read_codebook
from narratives.config import RunConfig, list_further, read_config
from narratives.data import Passage
from narratives.errors import UserError, at, did_you_mean
from narratives.passages import read_files, read_passages
from narratives.splits import Splits, read_splits
from narratives.toml_file import read_toml

_COPY = "; to start another, copy the folder of one and edit its config.toml"
_PAST = "history"


@dataclass(frozen=True, slots=True)
class Project:
    """Paths and readers; nothing is read before it is asked for."""

    root: Path

    @property
    def labels(self) -> Path:
        """The folder of the codebook, the passages and the splits."""
        return self.root / "labels"

    @property
    def splits_file(self) -> Path:
        """Which document is in which split."""
        return self.labels / "splits.csv"

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

    def read_codebook(self) -> Codebook:
        """The project's codebook; `UserError` with a hint where this is no project."""
        path = self.labels / "codebook.toml"
        if not path.is_file():
            raise UserError(
                at(path, None, "no such file; run in a project's folder, name one with --project, or: narratives init DIR")
            )
        return read_codebook(path)

    def read_passages(self, codebook: Codebook) -> list[Passage]:
        """All passages, in file order."""
        return read_passages(self.labels, codebook)

    def read_splits(self) -> Splits:
        """The split of each document."""
        return read_splits(self.splits_file)

    def read_config(self, run: str) -> RunConfig:
        """The config of a run; `UserError` names the runs that there are, and patterns that match no file."""
        path = self.experiment(run) / "config.toml"
        if run == _PAST:
            raise UserError(at(path, None, f"models/{_PAST} keeps past models; give the run another name"))
        if not path.is_file():
            runs = [config.parent.name for config in sorted(self.root.glob("experiments/*/config.toml"))]
            hint = did_you_mean(run, runs) or "; narratives init adds the first ones"
            raise UserError(at(path, None, f"no run '{run}'{hint}{_COPY if hint.startswith('; known') else ''}"))
        config = read_config(path)
        self.find_further(run)
        return config

    def find_further(self, run: str) -> list[Path]:
        """The files of a run's further test passages, in the order of their paths; `UserError` where a pattern has none."""
        file = read_toml(self.experiment(run) / "config.toml")
        found: set[Path] = set()
        for pattern in list_further(file):
            matches = [path for path in self.labels.glob(pattern) if path.is_file() and path.parent != self.labels]
            if not matches:
                problem = f"no file in {self.labels} matches '{pattern}'; write one, or take the pattern out"
                raise UserError(at(file.path, file.line("evaluation", key="further_test"), problem))
            found.update(matches)
        return sorted(found)

    def find_all_further(self) -> list[Path]:
        """The files of all runs' further test passages."""
        found: set[Path] = set()
        for path in sorted(self.root.glob("experiments/*/config.toml")):
            with suppress(UserError):  # what is wrong with a config is told where its run is
                found.update(self.find_further(path.parent.name))
        return sorted(found)

    def read_further(self, files: Sequence[Path], codebook: Codebook, known: Sequence[Passage]) -> dict[str, list[Passage]]:
        """The labelled passages of further files, by their path below labels/; `known` are those of labels/ itself."""
        further: dict[str, list[Passage]] = {path.relative_to(self.labels).as_posix(): [] for path in files}
        for passage in read_files(files, codebook, known):
            if passage.narratives is not None:
                path = Path(passage.place.rpartition(":")[0])
                further[path.relative_to(self.labels).as_posix()].append(passage)
        return further
