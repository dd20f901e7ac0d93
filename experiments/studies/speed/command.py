"""`narratives classify` as a user starts it: start-up, reading and writing included."""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from worker import ContenderError, environment, pin

CLASSIFY = [sys.executable, "-m", "narratives", "classify"]


@dataclass(frozen=True, slots=True)
class CommandCost:
    """Seconds, and the largest resident memory of one of its processes in MB."""

    cpu: float
    wall: float
    memory_mb: float


def classify(texts: list[str], model: Path, jobs: int = 1, parts: int = 0) -> CommandCost:
    """Run the command once on a JSONL file of `texts`, on as many cores as it has processes; `parts` instead of its own."""
    with TemporaryDirectory() as folder:
        source = Path(folder) / "texts.jsonl"
        rows = (json.dumps({"id": str(k), "text": text}) for k, text in enumerate(texts))
        source.write_text("".join(row + "\n" for row in rows), encoding="utf-8")
        command = [*CLASSIFY, str(source), "--model", str(model.resolve()), "--output", f"{folder}/out"]
        command += ["--jobs", str(jobs), *(["--part-size", str(source.stat().st_size / 2**20 / parts)] if parts else [])]
        return measure_command(command, jobs)


def measure_command(command: list[str], jobs: int = 1) -> CommandCost:
    """What a command costs on so many cores."""
    run = subprocess.run([sys.executable, __file__, str(jobs), *command], capture_output=True, text=True, env=environment())  # noqa: S603
    if run.returncode:
        raise ContenderError(run.stderr.strip()[-300:])
    return CommandCost(**json.loads(run.stdout))


def measure(jobs: int, command: list[str]) -> CommandCost:
    """Run a command from this small process: the peak memory of a large one would be counted as the command's own."""
    pin(jobs)
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=sys.stderr)  # noqa: S603
    _, status, used = os.wait4(process.pid, 0)  # this child and those that it waited for
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(process.returncode)
    return CommandCost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


if __name__ == "__main__":
    print(json.dumps(asdict(measure(int(sys.argv[1]), sys.argv[2:]))))
