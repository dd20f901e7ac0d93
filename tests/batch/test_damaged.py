"""What a power cut or a signal leaves of a batch run: nothing that is damaged counts as done, and all ends as it would have."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.batch_runs import SIZE, collect, kept, locate, needs_proc, number_texts, run, start, wait_for_parts, write_input
from helpers.examples import problems_of

from narratives.batch.job import report_status
from narratives.files.lock import LOCK, hold_lock


@pytest.fixture
def folder(small_done: Path) -> Path:
    return small_done / "models" / "base"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Seven parts."""
    return write_input(tmp_path / "new.jsonl", number_texts(110))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def blank(path: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("damage", [cut, empty, blank, Path.unlink])
@pytest.mark.parametrize("name", ["part-00001.{}", "_run/log/part-00001.jsonl"])
def test_a_damaged_part_is_done_again(
    folder: Path, texts: Path, tmp_path: Path, form: str, damage: Callable[[Path], None], name: str
) -> None:
    out = tmp_path / "out"
    run(folder, out, texts, part_size=SIZE, form=form)
    whole = collect(out)
    damage(locate(out, name.format(form)))
    (kept(out) / "summary.json").write_bytes(b"")
    told = report_status(str(out))
    assert told.parts - told.done == (0 if damage is blank and name.startswith("part") else 1)  # a status reads no answers
    run(folder, out, texts, part_size=SIZE, form=form)
    assert collect(out) == whole


def test_a_run_of_an_older_version_that_is_done_stays_done(folder: Path, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run(folder, out, texts, part_size=SIZE)
    for path in (kept(out) / "log").iterdir():
        first, *rest = path.read_text().split("\n")
        counts = json.loads(first)
        del counts["answers"]  # which it did not write
        path.write_text("\n".join([json.dumps(counts), *rest]))
    assert report_status(str(out)) == done


@pytest.mark.parametrize("left", [b"", b"\0" * 100])
def test_a_plan_that_holds_nothing_yields_to_restart(folder: Path, texts: Path, tmp_path: Path, left: bytes) -> None:
    out = tmp_path / "out"
    run(folder, out, texts, part_size=SIZE)
    whole = collect(out)
    (kept(out) / "plan.json").write_bytes(left)
    assert problems_of(lambda: run(folder, out, texts, part_size=SIZE)) == [
        f"{out}.run/plan.json: holds nothing, as after a power cut; name another --output, or begin anew with --restart"
    ]
    run(folder, out, texts, part_size=SIZE, restart=True)
    assert collect(out) == whole


def test_a_plan_names_no_files_elsewhere(folder: Path, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(folder, out, texts, part_size=SIZE)
    path = kept(out) / "plan.json"
    path.write_text(path.read_text().replace('"form": "jsonl"', '"form": "/../../x"', 1))
    [problem] = problems_of(lambda: report_status(str(out)))
    assert problem.startswith(f"{path}: not the plan of a batch run")


@needs_proc
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_that_is_told_to_end_leaves_nothing_half_written(folder: Path, tmp_path: Path, jobs: str) -> None:
    texts, out = write_input(tmp_path / "new.jsonl", number_texts(700)), tmp_path / "out"
    process = start(folder, out, texts, "--jobs", jobs)
    wait_for_parts(out, 3, process)
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert [*out.rglob(".*")] == []
    run(folder, out, texts, part_size=SIZE)
    run(folder, tmp_path / "whole", texts, part_size=SIZE)
    assert collect(out) == collect(tmp_path / "whole")


def test_two_runs_into_one_folder_take_turns(folder: Path, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with hold_lock(tmp_path / "out.run", make=True):
        processes = [start(folder, out, texts) for _ in range(2)]
        for process in processes:
            assert process.stderr
            line = process.stderr.readline()
            assert line.startswith("waiting for 'narratives")
            assert f"(process {os.getpid()} on " in line
    said = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sum(" parts were done already" in text for text in said) == 1
    assert not (tmp_path / "out.run" / LOCK).exists()
    run(folder, tmp_path / "whole", texts, part_size=SIZE)
    assert collect(out) == collect(tmp_path / "whole")


def test_what_is_no_file_among_good_ones_is_left_out_in_one_line(folder: Path, tmp_path: Path) -> None:
    inputs = tmp_path / "in"
    write_input(inputs / "a.jsonl", number_texts(3))
    (inputs / "self.jsonl").symlink_to("self.jsonl")
    (inputs / "lost.jsonl").symlink_to("nowhere.jsonl")
    os.mkfifo(inputs / "pipe.jsonl")
    for name in (inputs, f"{inputs}/*.jsonl"):
        out = tmp_path / "out"
        process = start(folder, out, name, "--jobs", "1")
        _, said = process.communicate()
        assert process.returncode == 0
        [line] = [line for line in said.splitlines() if "left out" in line]
        assert line.startswith("3 files were left out: their ending is not known, they are links to nothing or pipes, or JSON ")
        assert [path.name for path in sorted(out.glob("part-*"))] == ["part-00000.jsonl"]
        shutil.rmtree(out)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("self.jsonl", "is a link to nothing (self.jsonl); mend it or leave it out"),
        ("lost.jsonl", "is a link to nothing (nowhere.jsonl); mend it or leave it out"),
        ("pipe.jsonl", "is a pipe; give it to standard input: ... | narratives classify - --model RUN"),
    ],
)
def test_what_is_no_file_and_named_is_refused_in_one_line(folder: Path, tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "self.jsonl").symlink_to("self.jsonl")
    (tmp_path / "lost.jsonl").symlink_to("nowhere.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert problems_of(lambda: run(folder, tmp_path / "out", tmp_path / name)) == [f"{tmp_path / name}: {told}"]
    assert not (tmp_path / "out").exists()


def test_closed_standard_input_is_told_in_one_line(folder: Path) -> None:
    command = [sys.executable, "-m", "narratives", "classify", "-", "--model", str(folder)]
    done = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "standard input is closed: give the texts to it, ... | narratives classify -, or name a file\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("words", [["classify", "-"], ["classify", "in.jsonl", "--output", "out", "--format", "jsonl"]])
def test_a_full_standard_output_is_told_in_one_line(folder: Path, tmp_path: Path, words: list[str]) -> None:
    write_input(tmp_path / "in.jsonl", number_texts(3))
    command = [sys.executable, "-m", "narratives", *words, "--model", str(folder)]
    with Path("/dev/full").open("w") as full, (tmp_path / "in.jsonl").open() as stdin:
        done = subprocess.run(command, stdin=stdin, stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "standard output: cannot be written: No space left on device; what is in files stays\n"
    assert (tmp_path / "out" / "part-00000.jsonl").exists() == ("--output" in words)
