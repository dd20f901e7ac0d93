"""A full disk in the middle of each command: one line on standard error, exit code 2, every file as it was."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from helpers.batch_runs import collect, kept, locate
from helpers.examples import invoke, snapshot, write_lines

from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.files import atomic
from narratives.files.atomic import name_aside

FULL = Path("/dev/full")
NO_SPACE = "cannot be written: No space left on device; nothing was changed"
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full on this system")


@contextmanager
def full_at(path: Path) -> Iterator[None]:
    """The disk is full for whatever is written to `path`."""

    def lead_astray(target: Path, ending: str = "partial") -> Path:
        aside = name_aside(target, ending)
        if target.absolute() == path.absolute():
            aside.symlink_to(FULL)  # where it is written before it is renamed
        return aside

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atomic, "name_aside", lead_astray)
        yield


def check_full(root: Path, path: Path, *words: str | Path) -> None:
    """The command must meet the full disk at `path`, say so, and leave every file as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = snapshot(root)
    with full_at(path):
        result = invoke(root, *words)
    assert isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"{path}: {NO_SPACE}\n"
    assert snapshot(root) == before


@needs_full
@pytest.mark.parametrize(
    "name", ["_run/plan.json", "_run/log/part-00001.jsonl", "part-00001.{}", "_run/rejects.jsonl", "_run/summary.json"]
)
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_full_disk_stops_classify_and_what_is_done_stays_done(root: Path, form: str, name: str) -> None:
    lines = [f"a text about the toll {k}" for k in range(200)]
    text, full = write_lines(root / "new.jsonl", "no JSON", *({"text": line} for line in lines)), name.format(form)
    words = ("classify", text, "--model", "base", "--format", form, "--part-size", "0.005", "--jobs", "1", "--output")
    assert invoke(root, *words, root / "whole").exit_code == 0
    path = locate(root / "out", full)
    with full_at(path):
        result = invoke(root, *words, root / "out")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{path}: {NO_SPACE}\n")
    assert (root / "out" / "part-00000").with_suffix(f".{form}").exists() == (name != "_run/plan.json")
    assert [*(root / "out").rglob(".*"), *kept(root / "out").rglob(".*")] == []
    assert invoke(root, *words, root / "out").exit_code == 0
    assert collect(root / "out") == collect(root / "whole")


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
        (folder / "tfidf.safetensors").write_text("half of it")
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
