"""A full disk in the middle of each command: one line on standard error, exit code 2, every file as it was."""

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest
from examples import invoke, snapshot, write_lines

from narratives.classifiers.tfidf import TfidfClassifier

FULL = Path("/dev/full")
NO_SPACE = "cannot be written: No space left on device; nothing was changed"
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full on this system")


def check_full(root: Path, path: Path, *words: str | Path) -> None:
    """The command must meet the full disk at `path`, say so, and leave every file as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = snapshot(root)
    path.with_name(f".{path.name}.{os.getpid()}.partial").symlink_to(FULL)  # where it is written before it is renamed
    result = invoke(root, *words)
    assert isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"{path}: {NO_SPACE}\n"
    assert snapshot(root) == before


@needs_full
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("old", [True, False])
def test_a_full_disk_stops_classify_and_leaves_the_old_answers(root: Path, form: str, old: bool) -> None:
    lines = [f"a text about the toll {k}" for k in range(2000)]
    text, out = write_lines(root / "new.txt", *lines), root / "out" / f"predictions.{form}"
    words = ("classify", text, "--model", "base", "--output", root / "out", "--format", form)
    if old:
        assert invoke(root, *words).exit_code == 0
    check_full(root, out, *words)


@needs_full
@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("evaluate", "experiments/base/predictions.jsonl"),
        ("evaluate", "experiments/base/evaluation.json"),
        ("report", "experiments/base/report.md"),
        ("report", "experiments/base/report.html"),
    ],
)
def test_a_full_disk_stops_a_run_and_leaves_the_old_answers(root: Path, command: str, name: str) -> None:
    check_full(root, root / name, command, "base")


@needs_full
def test_a_full_disk_leaves_the_splits_as_they_were(root: Path) -> None:
    write_lines(root / "labels" / "more.jsonl", {"id": "new", "text": "a new document"})
    check_full(root, root / "labels" / "splits.csv", "train", "base")


def test_a_full_disk_leaves_the_old_model(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(self: TfidfClassifier, folder: Path) -> NoReturn:
        (folder / "tfidf.skops").write_text("half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(TfidfClassifier, "save", fill)
    before = snapshot(root)
    result = invoke(root, "train", "base")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == f"{root / 'models' / 'base'}: {NO_SPACE}"
    assert snapshot(root) == before


@needs_full
def test_a_full_disk_stops_init_and_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    check_full(tmp_path, tmp_path / "experiments" / "tfidf" / "config.toml", "init", tmp_path)
