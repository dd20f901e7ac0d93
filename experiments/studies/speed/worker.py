"""A contender in a process of its own: one core, one thread, its own peak of memory.

`Worker` is the end that asks, `serve` the end that answers; between them lines of JSON.
"""

import importlib.util
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS")


class ContenderError(Exception):
    """A contender could not start or answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """What answering a set of texts once cost, in seconds."""

    cpu: float
    wall: float


def environment(**more: str) -> dict[str, str]:
    """The environment with one thread for every library and no reaching for a model hub."""
    return {**os.environ, **dict.fromkeys(THREADS, "1"), "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1", **more}


def pin(cores: int) -> None:
    """Keep this process, and what it starts, on its last `cores` cores, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-cores:])


class Worker:
    """A running contender. It has loaded its model and warmed up."""

    def __init__(self, name: str, needs: str, work: Path) -> None:
        if importlib.util.find_spec(needs) is None:
            raise ContenderError(f"{needs} is not installed")
        self.name = name
        self._log = work / f"{name}.log".replace(" ", "-")
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, __file__, name, str(work)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment(),
            )
        self._receive()

    def run(self, texts: Path) -> Run:
        """Answer the texts of a JSON file once."""
        return Run(**self._ask("run", texts))

    def decide(self, texts: Path) -> list[list[int]]:
        """For each text the numbers of the narratives that are raised."""
        return list(self._ask("decide", texts)["raised"])

    def memory(self) -> float:
        """The largest resident memory so far, in MB."""
        return float(self._ask("memory", Path())["mb"])

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _ask(self, what: str, texts: Path) -> dict[str, Any]:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101
        stdin.write(json.dumps([what, str(texts)]) + "\n")
        stdin.flush()
        return self._receive()

    def _receive(self) -> dict[str, Any]:
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101
        line = stdout.readline()
        if not line:
            self._process.wait()
            last = self._log.read_text(encoding="utf-8").strip().splitlines()[-1:]
            raise ContenderError(f"ended with {self._process.returncode}: {' '.join(last)}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def serve(name: str, work: Path) -> None:
    """Load a contender and answer until standard input ends."""
    from contenders import CONTENDERS, Loaded

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print goes to the log
    pin(1)
    contender = next(contender for contender in CONTENDERS if contender.name == name)

    def load() -> Loaded:
        loaded = contender.load(work)
        loaded[0](read_texts(work / "warm-up.json"))
        return loaded

    loaded = load()

    def answer(what: str, texts: Path) -> dict[str, Any]:
        nonlocal loaded
        if what == "memory":
            return {"mb": peak_memory()}
        if contender.remembers:
            del loaded  # first, so that memory never holds it twice
            loaded = load()
        run, decide = loaded
        given = read_texts(texts)
        cpu, wall = time.process_time(), time.perf_counter()
        answered = run(given)
        cost = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        return cost if what == "run" else {"raised": [row.nonzero()[0].tolist() for row in decide(answered)]}

    print("{}", file=answers, flush=True)
    for line in sys.stdin:
        what, texts = json.loads(line)
        print(json.dumps(answer(what, Path(texts))), file=answers, flush=True)


def read_texts(path: Path) -> list[str]:
    """A JSON file of texts."""
    return list(json.loads(path.read_text(encoding="utf-8")))


def peak_memory() -> float:
    """The largest resident memory of this process so far, in MB, as Linux counts it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
