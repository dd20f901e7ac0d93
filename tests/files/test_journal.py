"""Changes of several files: whatever the moment of a kill, all old or (after the next command) all new."""

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.examples import problems_of, snapshot

from narratives.files.journal import change_files, finish_changes

OLD = {"labels/a.txt": b"old a", "labels/gone.txt": b"going", "models/run/model.json": b"incumbent"}
NEW = {
    "labels/a.txt": b"new a\n",
    "labels/b.txt": b"new b\n",
    "models/history/run/0001/model.json": b"incumbent",
    "models/run/model.json": b"challenger",
}
CHALLENGER = "models/.run.challenger/model.json"


def write(root: Path) -> Path:
    for name, data in {**OLD, CHALLENGER: b"challenger"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def change(root: Path) -> None:
    contents = {root / "labels/a.txt": "new a\n", root / "labels/b.txt": "new b\n", root / "labels/gone.txt": None}
    models = root / "models"
    moves = [(models / "run", models / "history/run/0001"), (models / ".run.challenger", models / "run")]
    change_files(root, contents, moves)


def files(root: Path) -> dict[str, bytes]:
    return {name: data for name, data in snapshot(root).items() if data is not None}


def test_all_files_and_folders_change(tmp_path: Path) -> None:
    change(write(tmp_path))
    assert files(tmp_path) == NEW


def kill_at(root: Path, step: int) -> int:
    """Make the change in a process that dies as if killed at its `step`-th touch of the disk; its exit code."""
    code = (
        "import os, sys; sys.path[:0] = sys.argv[3:5]; from pathlib import Path\n"
        "import test_journal, narratives.files.journal\n"
        "count = 0\n"
        "def wrap(name):\n"
        "    inner = getattr(Path, name)\n"
        "    def touch(self, *args, **options):\n"
        "        global count; count += 1\n"
        "        if count == int(sys.argv[2]): os._exit(9)\n"
        "        return inner(self, *args, **options)\n"
        "    setattr(Path, name, touch)\n"
        "for name in ('mkdir', 'write_text', 'replace'): wrap(name)\n"
        "test_journal.change(Path(sys.argv[1]))\n"
    )
    arguments = [sys.executable, "-c", code, str(root), str(step), str(Path(__file__).parent), str(Path(__file__).parents[1])]
    return subprocess.run(arguments, check=False).returncode


def test_a_kill_at_any_step_leaves_all_old_or_all_new(tmp_path: Path) -> None:
    ends = set()
    for step in range(1, 40):
        root = write(tmp_path / str(step))
        code = kill_at(root, step)
        finish_changes(root)
        found = files(root)
        assert found in ({**OLD, CHALLENGER: b"challenger"}, NEW), f"killed at step {step}"
        ends.add(found == NEW)
        if code == 0:
            break
    assert ends == {False, True}


def test_a_living_process_is_left_to_finish_its_own_change(tmp_path: Path) -> None:
    journal = tmp_path / ".change.1"  # the first process of the system is always there
    journal.mkdir()
    finish_changes(tmp_path)
    assert journal.is_dir()


def test_what_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    (write(tmp_path) / "labels/b.txt").mkdir()
    before = files(tmp_path)
    (tmp_path / "file").write_text("in the way")
    [problem] = problems_of(lambda: change_files(tmp_path / "file", {tmp_path / "file" / "x": "text"}))
    assert "cannot be written" in problem
    assert {name: data for name, data in files(tmp_path).items() if name != "file"} == before


def test_paths_outside_the_root_are_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="subpath"):
        change_files(tmp_path / "a", {tmp_path / "b": "text"})
