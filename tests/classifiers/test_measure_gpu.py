"""The script that measures a GPU runs where there is none: on the CPU, or it says so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parents[2] / "experiments" / "studies" / "speed" / "gpu" / "measure.py"


def run(*options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, str(SCRIPT), *options], capture_output=True, text=True, check=False)


def test_a_trial_on_the_cpu_measures_every_way(tiny_encoder: Path, tmp_path: Path) -> None:
    encoder = tmp_path / "encoder"  # without weights
    encoder.mkdir()
    for file in tiny_encoder.glob("*.json"):
        (encoder / file.name).write_bytes(file.read_bytes())
    size = ["--texts", "8", "--rounds", "1"]
    done = run("--device", "cpu", "--quick", *size, "--encoder", str(encoder), "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout == (tmp_path / "results.md").read_text(encoding="utf-8") + "\n"
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert results["encoder"]["weights"] == "random"
    for found in (*results["scoring"].values(), results["training"]):
        assert len(found["ways"]) >= 5
        for way in found["ways"].values():
            assert len(way["seconds"]) == 1 and 0 <= way["padding"] < 1
    assert results["skipped"] == {}
    assert results["fused"]["float32"]
    assert all(off < (0.05 if "bf16" in name else 1e-5) for name, off in results["agreement"].items())
    assert str(tmp_path) not in json.dumps(results)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so_in_one_line() -> None:
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "no GPU that torch can use on this machine; to try the script without one: --device cpu --quick\n"
