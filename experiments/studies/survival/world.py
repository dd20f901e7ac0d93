"""A small project, the jobs that are stopped or run at once in it, and what of it must be the same at the end."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from helpers import retraining
from helpers.examples import write_lines
from helpers.killed import STEPS as STEPS
from helpers.migrations import rename, write_migration

State = dict[str, bytes]
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?")
REFUSED = 2
_PASSING = re.compile(r"(^|/)\.|^models/base/tested\.json$")  # locks, journals, what is aside; figures that follow later
BROKEN = [
    b"{",
    b'{"id": "a", "text": 5}',
    b'{"id": "b"}',
    b'"a text"',
    b"[1, 2]",
    b"\xff\xfe",
    b'{"text": "no end',
    b'{"id": {"a": [[]]}, "text": null}',
    b"NaN",
    b'{"text": ["x"]} {"text": "y"}',
]


@dataclass(frozen=True, slots=True)
class Job:
    """A command, and the folders in which it leaves something."""

    name: str
    act: Callable[[Path], object]
    folders: tuple[str, ...] = ("labels", "models")
    repeats: bool = True  # given again when it is done it changes nothing


def preload() -> None:
    """Import what the jobs need once, for all processes that are forked."""
    names = ("cli", "annotation", "batch", "migration", "runs", "report")
    for name in (*(f"narratives.{name}" for name in names), "sklearn.linear_model", "scipy.sparse", "pyarrow.parquet"):
        import_module(name)


def make_world(root: Path) -> None:
    """120 labelled passages, a trained and evaluated run, and what the jobs read."""
    retraining.write_project(root, 120)
    write_migration(root, rename("flood", "water"))
    for name in ("march", "april"):
        lines = [
            {"id": f"{name}{k}", "text": f"{name} text {k} of {k * 7 + 1}", "narratives": {"toll": None}} for k in range(9)
        ]
        write_lines(root / f"{name}.jsonl", *lines)
    write_lines(root / "open.txt", *(f"a text that nobody has labelled, number {k} of {k * k}" for k in range(9)))
    write_lines(root / "feed.jsonl", *({"id": f"f{k}", "text": f"feed {k} toll {k * 13}"} for k in range(400)))
    for words in (("train", "base"), ("evaluate", "base"), ("report", "base")):
        run_command(root, *words)


def run_command(root: Path, *words: str) -> int:
    """A command in this process; what it says goes nowhere."""
    from click.testing import CliRunner

    from narratives.cli import cli

    os.chdir(root)
    result = CliRunner().invoke(cli, ["--project", str(root), *words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code


def view(root: Path, job: Job | None = None) -> State:
    """The files that count, without the times at which they were written; after a job only those of its folders."""
    folders = job.folders if job else ("labels", "models", "experiments", "out", "tests")
    state = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and name.split("/")[0] in folders and not _PASSING.search(name):
            state[name] = _TIME.sub(b"TIME", path.read_bytes())
    return state


def _command(name: str, *words: str, **more: object) -> Job:
    return Job(name, lambda root: run_command(root, *(word.replace("ROOT", str(root)) for word in words)), **more)  # type: ignore[arg-type]


_CLASSIFY = ("classify", "feed.jsonl", "--model", "base", "--output", "out", "--jobs", "1", "--part-size", "0.002")
JOBS = [
    _command("classify", *_CLASSIFY, folders=("out",)),
    _command("import", "labels", "import", "march.jsonl", folders=("labels",), repeats=False),
    _command("migrate", "codebook", "migrate", "to-2.toml", folders=("labels", "tests"), repeats=False),
    _command("retrain", "retrain", "base", "--force", "--promote", folders=("models",), repeats=False),
    _command("train", "train", "base", folders=("labels", "models")),
]
PAIRED = [
    _command("import march", "labels", "import", "march.jsonl"),
    _command("import april", "labels", "import", "april.jsonl"),
    _command("add", "labels", "add", "open.txt"),
    _command("audit", "labels", "audit"),
    _command("migrate", "codebook", "migrate", "to-2.toml"),
    _command("train", "train", "base"),
    _command("retrain", "retrain", "base", "--force", "--promote"),
    _command("evaluate", "evaluate", "base"),
    _command("evaluate validation", "evaluate", "base", "--split", "validation"),
    _command("report", "report", "base"),
    _command("run", "run", "base"),
    _command("classify", *_CLASSIFY),
]
