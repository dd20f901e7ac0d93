"""Batch runs on a Ray cluster: the same files as a local run, whatever dies."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.batch_runs import collect, copy_run, kept
from helpers.examples import WORDS, invoke, problems_of, write_lines

from narratives.batch import cluster as distributed

SCRIPT = Path(__file__).parents[1] / "helpers" / "ray_cluster.py"
PARTS = 200


@pytest.fixture(scope="module")
def ends(small_done: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """How the runs of `ray_cluster.py` ended; under "folder", where they are, with the local run of the same input."""
    pytest.importorskip("ray.data", reason="Ray is not installed (the extra: cluster)")
    folder = tmp_path_factory.mktemp("ray")
    lines: list[str | dict[str, Any]] = [
        {"id": f"n{k}", "text": " ".join([WORDS[k % 14], ("toll", "school", "plain")[k % 3], WORDS[k % 13], "words" * 60])}
        for k in range(PARTS)
    ]
    lines[50] = "broken " * 60
    write_lines(folder / "new.jsonl", *lines)
    assert classify(folder, small_done, "local").exit_code == 0
    for name in ("broken", "resumed"):
        copy_half(folder / "local", folder / name)
    shutil.rmtree(folder / "broken.run" / "log")
    write_lines(folder / "broken.run" / "log", "in the way")
    outputs = [str(folder / name) for name in ("broken", "resumed", "killed")]
    command = [sys.executable, str(SCRIPT), str(folder / "new.jsonl"), str(small_done / "models" / "base"), *outputs]
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout.splitlines()[-1]), "folder": folder}


def classify(folder: Path, root: Path, output: str) -> Any:
    words: list[str | Path] = [
        "--model",
        root / "models" / "base",
        "--output",
        folder / output,
        "--format",
        "jsonl",
        "--part-size",
        "0.0003",
    ]
    return invoke(root, "classify", folder / "new.jsonl", *words, "--jobs", "1")


def copy_half(whole: Path, half: Path) -> None:
    """A run as it was when every other part was done."""
    copy_run(whole, half)
    for name in ("rejects.jsonl", "summary.json"):
        (kept(half) / name).unlink()
    for part in sorted(half.glob("part-*"))[::2]:
        part.unlink()


def test_a_cluster_goes_on_where_a_local_run_stopped_and_ends_with_the_same_bytes(ends: dict[str, Any]) -> None:
    local = collect(ends["folder"] / "local")
    assert len([name for name in local if name.startswith("part-")]) == PARTS
    assert ends["resumed"]["code"] == 0, ends["resumed"]
    assert collect(ends["folder"] / "resumed") == local


def test_a_local_run_goes_on_where_a_cluster_stopped(ends: dict[str, Any], small_done: Path) -> None:
    copy_half(ends["folder"] / "killed", ends["folder"] / "again")
    assert classify(ends["folder"], small_done, "again").exit_code == 0
    assert collect(ends["folder"] / "again") == collect(ends["folder"] / "local")


def test_a_machine_that_dies_half_way_changes_nothing(ends: dict[str, Any]) -> None:
    assert ends["killed"]["code"] == 0, ends["killed"]
    assert PARTS / 4 <= ends["seen"][0] < PARTS
    assert collect(ends["folder"] / "killed") == collect(ends["folder"] / "local")


def test_standard_output_holds_the_summary_and_nothing_else(ends: dict[str, Any]) -> None:
    for name in ("resumed", "killed"):
        answer = json.loads(ends[name]["answer"])
        answer.pop("trust")
        assert answer == json.loads((ends["folder"] / "local.run" / "summary.json").read_bytes())


def test_an_error_of_the_user_reaches_them_as_a_line(ends: dict[str, Any]) -> None:
    said = ends["broken"]["said"].splitlines()
    assert ends["broken"]["code"] == 2, ends["broken"]
    assert said[-1].startswith(f"{ends['folder'] / 'broken.run' / 'log'}") and "cannot be written" in said[-1]
    assert len(said) == 1  # with its log out of reach no part counts as done


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "find_spec", lambda name: None)
    assert problems_of(distributed.use_ray) == [
        "--engine ray: Ray Data is not installed; install narratives with its extra: cluster"
    ]


def test_a_machine_that_sees_another_folder_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lines(tmp_path / "out.run" / "plan.json", "of another run")
    monkeypatch.chdir(tmp_path)
    worker = distributed.Worker(distributed.Work("the plan", "out", str(tmp_path), "headquarters", None, ()))
    answer = worker({"item": 3})
    assert answer["part"] == 3
    assert answer["problems"] == (
        f"{platform.node()}: out: not the same folder on every machine; name one on a shared disk, or a URL"
    )


def test_ray_client_is_refused() -> None:
    pytest.importorskip("ray.data", reason="Ray is not installed (the extra: cluster)")
    assert problems_of(lambda: distributed.use_ray("ray://head:10001")) == [
        "--address ray://head:10001: run this command on a machine of the cluster, with --address auto"
    ]
