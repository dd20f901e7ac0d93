"""One at a time: who holds a lock, who waits, and when a lock counts as left behind."""

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import problems_of, snapshot
from helpers.killed import needs_fork

from narratives.files import holder, lock
from narratives.files.lock import LOCK, hold_lock, sweep_locks

FOREIGN = {"command": "narratives x", "process": 7, "host": "another\x1b[2J", "boot": "b", "since": "noon", "lot": "l"}


@pytest.fixture(params=["locks", "leases"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A disk on which locks hold, and one that knows none."""
    if request.param == "leases":
        monkeypatch.setattr(lock, "try_lock", lambda *_, **__: None)
    return str(request.param)


def test_a_lock_is_there_while_it_is_held_and_gone_afterwards(tmp_path: Path, disk: str) -> None:
    with hold_lock(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["process"] == os.getpid()
    assert snapshot(tmp_path) == {}


def test_a_job_may_be_part_of_another(tmp_path: Path, disk: str) -> None:
    with hold_lock(tmp_path), hold_lock(tmp_path), hold_lock(tmp_path, name=".run.lock"):
        assert set(snapshot(tmp_path)) == {LOCK, ".run.lock"}


def test_an_error_lets_go(tmp_path: Path, disk: str) -> None:
    with pytest.raises(KeyboardInterrupt), hold_lock(tmp_path):
        raise KeyboardInterrupt
    assert snapshot(tmp_path) == {}


def test_two_never_hold_it_at_once_and_the_second_says_for_whom_it_waits(tmp_path: Path, disk: str) -> None:
    inside, said, most = [0], list[str](), [0]
    waits, lets_go = threading.Event(), threading.Event()

    def hear(line: str) -> None:
        said.append(line)
        waits.set()

    def work(say: Any) -> None:
        with hold_lock(tmp_path, say):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            lets_go.wait(30)
            inside[0] -= 1

    threads = [threading.Thread(target=work, args=(hear,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert waits.wait(30)
    lets_go.set()
    for thread in threads:
        thread.join(30)
    assert most == [1]
    assert f"(process {os.getpid()} on " in said[0]
    assert snapshot(tmp_path) == {}


@needs_fork
def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    read, write = os.pipe()
    if not (child := os.fork()):
        with hold_lock(tmp_path):
            os.write(write, b".")
            signal.pause()
    os.read(read, 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert set(snapshot(tmp_path)) == {LOCK}
    said: list[str] = []
    with hold_lock(tmp_path, said.append):
        pass
    assert (said, snapshot(tmp_path)) == ([], {})


def test_a_lock_of_another_machine_counts_until_it_gives_no_sign_of_life(
    tmp_path: Path, disk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / LOCK).write_text(json.dumps(FOREIGN))
    looks = iter([False] * 5)  # five looks at it find it alive
    monkeypatch.setattr(holder.Watch, "is_dead", lambda *_: next(looks, True))
    said: list[str] = []
    with hold_lock(tmp_path, said.append):
        assert json.loads((tmp_path / LOCK).read_text())["process"] == os.getpid()
    assert next(looks, True)
    assert said == [
        f"waiting for 'narratives x' (process 7 on another?[2J, since noon) to end: one at a time may change {tmp_path}"
    ]


def test_a_lock_that_looks_the_same_for_long_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("narratives.files.holder.time.monotonic", lambda: now[0])
    watch, dead = holder.Watch(), []
    for now[0], looks in ((0.0, 1), (50.0, 1), (59.0, 2), (100.0, 2), (118.0, 2), (120.0, 2)):
        dead.append(watch.is_dead(looks))
    assert dead == [False, False, False, False, False, True]


def test_a_link_in_place_of_a_lock_is_refused_and_what_it_leads_to_is_kept(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "project" / LOCK).symlink_to(tmp_path / "mine")
    [problem] = problems_of(lambda: hold_lock(tmp_path / "project").__enter__())
    assert problem.startswith(f"{tmp_path / 'project'}: cannot be written: ")
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_folder_that_is_not_there_is_made_where_that_is_wanted_and_not_left_empty(tmp_path: Path) -> None:
    with hold_lock(tmp_path / "a" / "b"):
        assert snapshot(tmp_path) == {}
    with hold_lock(tmp_path / "a" / "b", make=True):
        assert set(snapshot(tmp_path)) == {"a", "a/b", f"a/b/{LOCK}"}
    assert snapshot(tmp_path) == {}
    with hold_lock(tmp_path / "a" / "b", make=True):
        (tmp_path / "a" / "kept").write_text("")
    assert set(snapshot(tmp_path)) == {"a", "a/kept"}


def test_what_killed_processes_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    with hold_lock(tmp_path, name=".held.lock"):
        note = (tmp_path / ".held.lock").read_text()
        (tmp_path / ".dead.lock").write_text(note)
        (tmp_path / ".cut.lock").write_text("")
        (tmp_path / ".foreign.lock").write_text(json.dumps(FOREIGN))
        (tmp_path / ".mine.lock").write_text("of another program")
        sweep_locks(tmp_path)
        assert set(snapshot(tmp_path)) == {".held.lock", ".foreign.lock", ".mine.lock"}
