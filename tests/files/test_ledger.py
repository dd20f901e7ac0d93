"""A file that only grows: what was told to be there is there, and what was torn is not."""

import errno
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import problems_of
from helpers.killed import needs_fork

from narratives.files.ledger import append_line, read_from


def test_lines_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "lines.jsonl"
    for line in ("one", "zwei ä", ""):
        append_line(path, line)
    assert read_from(path, 0) == (["one", "zwei ä", ""], len("one\nzwei ä\n\n".encode()))


def test_only_what_is_new_is_read(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    append_line(path, "one")
    _, place = read_from(path, 0)
    append_line(path, "two")
    assert read_from(path, place)[0] == ["two"]
    assert read_from(tmp_path / "nothing", 0) == ([], 0)


@pytest.mark.parametrize("torn", ["to", "x" * 10_000, "ä"])
def test_a_torn_line_is_not_read_and_the_next_one_stands_alone(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "lines.jsonl"
    append_line(path, "one")
    with path.open("ab") as stream:
        stream.write(torn.encode()[:-1])
    assert read_from(path, 0)[0] == ["one"]
    append_line(path, "two")
    assert path.read_bytes() == b"one\ntwo\n"


def test_a_line_that_holds_two_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one line"):
        append_line(tmp_path / "lines.jsonl", "one\ntwo")


@pytest.mark.parametrize("step", ["pwrite", "fsync"])
def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    path = tmp_path / "lines.jsonl"
    append_line(path, "one")
    original = getattr(os, step)
    written: list[int] = []

    def fail(descriptor: int, *given: Any) -> int:
        if given and not written:  # half of it fits
            written.append(original(descriptor, given[0][:2], given[1]))
            return written[0]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        assert "No space left" in problems_of(lambda: append_line(path, "two"))[0]
    assert path.read_bytes() == b"one\n"
    append_line(path, "three")
    assert read_from(path, 0)[0] == ["one", "three"]


@needs_fork
def test_after_kills_at_any_moment_every_line_that_was_told_is_there_once(tmp_path: Path) -> None:
    path, rng, told = tmp_path / "lines.jsonl", random.Random(5), list[str]()
    for run in range(10):
        reading, writing = os.pipe()
        if not (child := os.fork()):
            for k in range(1000):
                append_line(path, f"{run}-{k}")
                os.write(writing, f"{run}-{k}\n".encode())
            os._exit(0)
        os.close(writing)
        time.sleep(rng.uniform(0.001, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reading, "rb") as stream:
            told += stream.read().decode().split("\n")[:-1]
    lines = read_from(path, 0)[0]
    assert len(set(lines)) == len(lines)
    assert set(told) <= set(lines)
    assert len(lines) - len(told) <= 10  # of each run at most one that nobody was told
