"""Which device this is, and how fast it multiplies matrices."""

import platform
import subprocess
import time
from collections.abc import Callable
from importlib.metadata import version
from shutil import which
from statistics import median
from typing import Any

import torch

REPEATS = 20
CANDIDATES = ("FLASH_ATTENTION", "EFFICIENT_ATTENTION", "CUDNN_ATTENTION")


def describe(device: torch.device) -> dict[str, Any]:
    """Name, memory and versions."""
    found: dict[str, Any] = {name: version(name) for name in ("torch", "transformers", "tokenizers")}
    found |= {"python": platform.python_version(), "cpu_cores": torch.get_num_threads(), "device": device.type}
    if device.type == "cuda":
        facts = torch.cuda.get_device_properties(device)
        found |= {"card": facts.name, "memory_gib": round(facts.total_memory / 2**30, 1), "driver": _find_driver()}
        found |= {"capability": f"{facts.major}.{facts.minor}", "multiprocessors": facts.multi_processor_count}
        found["cuda"] = torch.version.cuda
    return found


def measure_peak(device: torch.device, quick: bool) -> dict[str, Any]:
    """Operations a second of products of square matrices of random numbers, by number format and size: medians.

    The largest bf16 rate is what all shares are shares of.
    """
    sizes = (128, 256) if quick else (1024, 2048) if device.type == "cpu" else (2048, 4096, 8192, 16384)
    rates: dict[str, dict[str, float]] = {}
    for name, form in (("bf16", torch.bfloat16), ("float32", torch.float32)):
        rates[name] = {}
        for size in sizes:
            left, right = (torch.randn(size, size, device=device, dtype=form) for _ in range(2))
            out = torch.empty_like(left)
            rates[name][str(size)] = 2 * size**3 / time_on(device, lambda a=left, b=right, c=out: torch.mm(a, b, out=c))
    return {"rates": rates, "peak": max(rates["bf16"].values())}


def time_on(device: torch.device, work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median seconds of `work`, by the card's own clock where there is a card."""
    for _ in range(3):
        work()
    if device.type != "cuda":
        return median(time_whole(device, work) for _ in range(repeats))
    torch.cuda.synchronize(device)
    marks = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(repeats)]
    for start, end in marks:
        start.record()
        work()
        end.record()
    torch.cuda.synchronize(device)
    return median(start.elapsed_time(end) / 1000 for start, end in marks)


def time_whole(device: torch.device, work: Callable[[], object]) -> float:
    """Seconds of `work` once, until the device has done all of it."""
    synchronise(device)
    start = time.perf_counter()
    work()
    synchronise(device)
    return time.perf_counter() - start


def synchronise(device: torch.device) -> None:
    """Wait for a card."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def find_fused(work: Callable[[], object]) -> list[str]:
    """The fused attention kernels that can do `work`."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    able = []
    for name in CANDIDATES:
        try:
            with sdpa_kernel([getattr(SDPBackend, name)]):
                work()
        except RuntimeError:  # torch says "No available kernel"
            continue
        able.append(name)
    return able


def _find_driver() -> str:
    program = which("nvidia-smi")
    if program is None:
        return "unknown"
    command = [program, "--query-gpu=driver_version", "--format=csv,noheader"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return asked.stdout.split("\n")[0].strip() or "unknown"
