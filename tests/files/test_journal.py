"""Changes of several files: whatever the moment of a kill, all old or (after the next command) all new."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

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


def plant(root: Path, commit: object, **files: str) -> Path:
    """A journal that somebody else wrote, or an older version."""
    journal = root / ".change.4711"
    for name, text in {**files, "commit.json": json.dumps(commit)}.items():
        (journal / name).parent.mkdir(parents=True, exist_ok=True)
        (journal / name).write_text(text)
    return journal


def step(source: str, target: str) -> dict[str, str]:
    return {"source": source, "target": target, "mark": "", "was": ""}


@pytest.mark.parametrize("form", ["today", "older"])
@pytest.mark.parametrize("move", ["up", "absolute", "out", "link", "through a link"])
def test_a_journal_that_reaches_out_of_the_project_is_refused(tmp_path: Path, form: str, move: str) -> None:
    root, outside = write(tmp_path / "project"), tmp_path / "outside"
    outside.mkdir()
    (outside / "mine").write_text("mine")
    (root / "labels" / "link").symlink_to(outside)
    source, target = {
        "up": (".change.4711/0.new", "../outside/planted"),
        "absolute": (".change.4711/0.new", str(outside / "planted")),
        "out": ("../outside/mine", "labels/mine"),
        "link": ("labels/link/mine", "labels/mine"),
        "through a link": (".change.4711/0.new", "labels/link/planted"),
    }[move]
    commit = [[source, target]] if form == "older" else {"version": 2, "steps": [step(source, target)]}
    journal = plant(root, commit, **{"0.new": "planted"})
    before = snapshot(tmp_path)
    [problem] = problems_of(lambda: finish_changes(root))
    assert problem.startswith(f"{journal / 'commit.json'}: not a change of files inside this project; ")
    assert {name: data for name, data in snapshot(tmp_path).items() if name != "project/.lock"} == before


ALIEN = [3, {"steps": 1}, {"version": 9, "steps": []}, [[1, 2]], [["a"]], {"version": 2, "steps": [{}]}]


@pytest.mark.parametrize("commit", ALIEN)
def test_what_no_version_wrote_is_refused_and_kept(tmp_path: Path, commit: object) -> None:
    journal = plant(write(tmp_path), commit)
    assert len(problems_of(lambda: finish_changes(tmp_path))) == 1
    assert (journal / "commit.json").is_file()


@pytest.mark.parametrize("data", [b"", b"\0" * 50, b'{"version": 2, "ste'])
def test_a_commit_that_was_not_on_the_disk_when_the_power_went_did_not_happen(tmp_path: Path, data: bytes) -> None:
    before = files(write(tmp_path))
    (plant(tmp_path, 0, **{"0.new": "new"}) / "commit.json").write_bytes(data)
    finish_changes(tmp_path)
    assert files(tmp_path) == before


def test_a_change_that_an_older_version_left_is_completed(tmp_path: Path) -> None:
    moves = [["models/run", "models/history/run/0001"], ["models/.run.challenger", "models/run"]]
    texts = [[".change.4711/0.new", "labels/a.txt"], [".change.4711/1.new", "labels/b.txt"]]
    gone = [["labels/gone.txt", ".change.4711/2.old"]]
    plant(write(tmp_path), [*moves, *texts, *gone], **{"0.new": "new a\n", "1.new": "new b\n"})
    finish_changes(tmp_path)
    assert files(tmp_path) == NEW


def stop_half_way(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A change that is certain, of which nothing is carried out; its journal."""
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("narratives.files.journal._carry_out", interrupt)
        change(write(root))
    [journal] = root.glob(".change.*")
    return journal


def interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def test_an_older_change_never_undoes_what_was_changed_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = stop_half_way(tmp_path, monkeypatch)
    (tmp_path / "labels" / "a.txt").write_text("newer")
    before = files(tmp_path)
    for act in (lambda: finish_changes(tmp_path), lambda: change_files(tmp_path, {tmp_path / "labels" / "c.txt": "c"})):
        [problem] = problems_of(act)
        assert problem.startswith(f"{tmp_path / 'labels' / 'a.txt'}: was changed after a change of several files had been cut")
        assert files(tmp_path) == before
    (tmp_path / "labels" / "a.txt").write_bytes(OLD["labels/a.txt"])
    finish_changes(tmp_path)
    assert files(tmp_path) == NEW
    assert not journal.exists()


def test_a_new_change_finishes_an_older_one_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_half_way(tmp_path, monkeypatch)
    change_files(tmp_path, {tmp_path / "labels" / "a.txt": "newest\n"})
    assert files(tmp_path) == {**NEW, "labels/a.txt": b"newest\n"}


def test_a_change_that_fails_when_it_is_certain_is_finished_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    replace, count = Path.replace, iter(range(3))

    def fail(self: Path, target: Path) -> Path:
        if next(count, None) is None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        assert problems_of(lambda: change(tmp_path)) == [
            f"{tmp_path}: a change could not be finished: Input/output error; mend that, and the next command goes on"
        ]
    finish_changes(tmp_path)
    assert files(tmp_path) == NEW


def test_a_model_that_lies_aside_after_a_kill_comes_back(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "models" / "run").rename(tmp_path / "models" / ".run.0123456789ab.old")
    (tmp_path / "models" / ".x.y.old").mkdir()  # not ours
    finish_changes(tmp_path)
    assert (tmp_path / "models" / "run" / "model.json").read_bytes() == b"incumbent"
    assert (tmp_path / "models" / ".x.y.old").is_dir()


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
