"""Batch runs to test with: inputs in every format, a run in this process or in one of its own, and what it wrote."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.examples import snapshot

from narratives.batch.job import BatchSummary, Workers, classify_files
from narratives.batch.plan import Options
from narratives.batch.resume import Existing

TEXTS = [
    "a toll at the bridge barrier",
    "the teacher gave the exam to a pupil",
    "she went home, and that was all",
    "toll, exam",
]

SIZE = 1048  # bytes in a part, as `start` has it
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc on this system")


def write_input(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A file of `rows`, in the format that its ending names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".txt":
        path.write_text("".join(row["text"] + "\n" for row in rows), encoding="utf-8")
    else:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


def number_texts(count: int) -> list[dict[str, Any]]:
    """Rows with texts that all differ, and now and then a record that is none."""
    rows: list[dict[str, Any]] = [{"id": f"n{k}", "text": f"{TEXTS[k % 4]} {k}", "language": "en"} for k in range(count)]
    for k in range(5, count, 29):
        rows[k] = {"id": f"n{k}", "text": k}
    return rows


def run(model: Path, output: Path, *inputs: Path | str, jobs: int = 1, restart: bool = False, **options: Any) -> BatchSummary:
    """Classify in this process, by default as JSONL."""
    chosen = Options(**{"form": "jsonl", **options})
    existing = Existing.REPLACE if restart else Existing.GO_ON
    return classify_files([str(path) for path in inputs], model, str(output), chosen, Workers(jobs), existing=existing)


def add(model: Path, output: Path, *inputs: Path | str, said: list[str] | None = None, **options: Any) -> BatchSummary:
    """Add inputs to a folder of answers, in this process."""
    chosen = Options(**{"form": "jsonl", **options})
    names = [str(path) for path in inputs]
    say = said.append if said is not None else lambda _: None
    return classify_files(names, model, str(output), chosen, Workers(1), existing=Existing.ADD, say=say)


def start(model: Path, output: Path, *words: Path | str, **settings: Any) -> "subprocess.Popen[str]":
    """The command in a process of its own, which leads a group."""
    command = [sys.executable, "-m", "narratives", "classify", *map(str, words), "--model", str(model)]
    command += ["--output", str(output), "--format", "jsonl", "--part-size", "0.001"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, process_group=0, **settings)


def read_rows(output: Path) -> list[dict[str, Any]]:
    """The answers of all parts in one shape: id, narratives (a list), scores and the rest."""
    rows: list[dict[str, Any]] = []
    for path in sorted(output.glob("part-*")):
        if path.suffix == ".jsonl":
            part = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
            part = [{**row, "narratives": list(row["narratives"])} for row in part]
        elif path.suffix == ".parquet":
            part = pq.read_table(path).to_pylist()
        else:
            with path.open(encoding="utf-8", newline="") as stream:
                part = [{**row, "narratives": [n for n in row["narratives"].split(";") if n]} for row in csv.DictReader(stream)]
        if path.suffix != ".jsonl":
            for row in part:
                row["scores"] = {key[6:]: float(row.pop(key)) for key in list(row) if key.startswith("score_")}
        rows += part
    return rows


def kept(output: Path) -> Path:
    """Where plan, logs and rejects of a folder of answers lie."""
    return output.with_name(f"{output.name}.run")


def locate(output: Path, name: str) -> Path:
    """A file of a run by the name that the run has for it."""
    return kept(output) / name.removeprefix("_run/") if name.startswith("_run/") else output / name


def collect(output: Path) -> dict[str, bytes | None]:
    """What a run wrote, by the names that it has for its files."""
    return {**snapshot(output), **{f"_run/{name}": data for name, data in snapshot(kept(output)).items()}}


def copy_run(output: Path, copy: Path) -> Path:
    """A folder of answers under another name, with what lies beside it."""
    shutil.copytree(kept(output), kept(copy))
    return Path(shutil.copytree(output, copy))


def read_rejects(output: Path) -> list[tuple[str, int, str]]:
    """File, line and reason of every bad record."""
    path = kept(output) / "rejects.jsonl"
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    return [tuple(json.loads(line).values()) for line in lines]


def wait_for_parts(output: Path, count: int, process: "subprocess.Popen[str]") -> None:
    """Return when `count` parts are done, or the process has ended."""
    while process.poll() is None and len(list(output.glob("part-*"))) < count:
        time.sleep(0.001)


def list_children(pid: int) -> list[int]:
    """The processes that a process started and that are still there."""
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be noticed does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for_end(pids: list[int], seconds: float = 30) -> None:
    """Return when all of them have ended; `AssertionError` where one lives on."""
    end = time.monotonic() + seconds
    while alive := [pid for pid in pids if is_alive(pid)]:
        assert time.monotonic() < end, f"still running: {alive}"
        time.sleep(0.01)


def kill(process: "subprocess.Popen[str]", whole_group: bool) -> None:
    """SIGKILL for the process, or for it and its workers at once; return when all are gone."""
    everyone = [process.pid, *list_children(process.pid)]
    for pid in everyone if whole_group else everyone[:1]:
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)
    process.communicate()
    wait_for_end(everyone)
