"""Several processes: the same bytes, none that outlives its parent, and a plain word where one is lost."""

import os
import signal
from pathlib import Path

import pytest
from helpers.batch_runs import (
    SIZE,
    collect,
    is_alive,
    list_children,
    needs_proc,
    number_texts,
    run,
    start,
    wait_for_end,
    wait_for_parts,
    write_input,
)
from helpers.examples import problems_of

from narratives.files import count_processors

KILLED = "a worker process was killed (signal 9), most often for lack of memory; run the same command again"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    return write_input(tmp_path / "new.jsonl", number_texts(500))


@pytest.fixture
def folder(finished: Path) -> Path:
    return finished / "models" / "tfidf"


def test_there_is_a_processor() -> None:
    assert count_processors() >= 1


@needs_proc
def test_a_lost_worker_is_told_and_the_rest_can_be_done(folder: Path, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(folder, out, texts, "--jobs", "2")
    wait_for_parts(out, 1, process)
    workers = list_children(process.pid)
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    said = process.communicate()[1]
    assert (process.returncode, said) == (2, f"{KILLED} with fewer --jobs: what is done stays done\n")
    wait_for_end(workers)
    run(folder, out, texts, jobs=2, part_size=SIZE)
    run(folder, tmp_path / "whole", texts, part_size=SIZE)
    assert collect(out) == collect(tmp_path / "whole")


@needs_proc
def test_no_worker_outlives_its_parent(folder: Path, texts: Path, tmp_path: Path) -> None:
    process = start(folder, tmp_path / "out", texts, "--jobs", "2")
    while process.poll() is None and len(list_children(process.pid)) < 2:
        pass
    workers = list_children(process.pid)  # still loading the model
    process.kill()
    said = process.communicate()[1]
    wait_for_end(workers)
    assert (len(workers), said) == (2, "")
    assert not is_alive(process.pid)


def test_what_stops_a_worker_is_told_as_by_the_run_itself(folder: Path, texts: Path, tmp_path: Path) -> None:
    (tmp_path / "out.run" / "log").mkdir(parents=True)
    (tmp_path / "out.run" / "log" / "part-00001.jsonl").mkdir()
    told = problems_of(lambda: run(folder, tmp_path / "out", texts, jobs=2, part_size=SIZE))
    assert told == [f"{tmp_path}/out.run/log/part-00001.jsonl: cannot be written: Is a directory; nothing was changed"]
    assert told == problems_of(lambda: run(folder, tmp_path / "out", texts, part_size=SIZE))


def test_modules_that_lie_about_are_not_taken_for_ours(
    folder: Path, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise RuntimeError('the wrong json')")
    monkeypatch.chdir(tmp_path)
    assert run(folder, tmp_path / "out", texts, jobs=2, part_size=SIZE).done > 1
