"""Several processes on one machine that share nothing: each loads the model and is handed parts, one at a time."""

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from narratives.batch.plan import Plan
from narratives.errors import UserError

_MODULE = "narratives.batch.worker"


def run_workers(
    plan: Plan,
    output: str,
    model_folder: Path,
    pending: list[int],
    jobs: int,
    tell: Callable[[int, int], None],
    trust: Collection[str] = (),
) -> None:
    """Classify the pending parts in `jobs` processes; `tell` hears of (part, texts done so far), -1 where all are.

    While there are many parts each worker is given one more than it works on, to begin with while it writes.
    Workers are spoken to in lines of JSON. One whose standard input closes ends at once, so none outlives its parent.
    """
    messages: SimpleQueue[tuple[int, dict[str, Any]]] = SimpleQueue()
    command = [sys.executable, "-P", "-m", _MODULE, output, str(model_folder), *trust]  # -P: no module from the current folder
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    workers = [
        subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment,
            process_group=0,  # Ctrl-C is for the parent to answer
        )
        for _ in range(jobs)
    ]
    waiting, ahead = deque(pending), [0] * jobs
    try:
        for k, worker in enumerate(workers):
            threading.Thread(target=_listen, args=(k, worker, messages), daemon=True).start()
        _hand_out(workers, ahead, waiting)
        open_parts = len(pending)
        while open_parts:
            k, message = messages.get()
            if "problems" in message:
                raise UserError(*message["problems"])
            if "left" in message:
                raise _explain_end(workers[k].wait())
            tell(message["part"], message["texts"])
            if message["texts"] < 0:
                open_parts -= 1
                ahead[k] -= 1
                _hand_out(workers, ahead, waiting)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def _listen(k: int, worker: "subprocess.Popen[str]", messages: "SimpleQueue[tuple[int, dict[str, Any]]]") -> None:
    for line in worker.stdout or ():
        messages.put((k, json.loads(line)))
    messages.put((k, {"left": True}))


def _hand_out(workers: "Sequence[subprocess.Popen[str]]", ahead: list[int], waiting: deque[int]) -> None:
    """Give each worker a part, and while there are many left another; `ahead` is how many each has and has not done."""
    for most in (1, 2):
        for k, worker in enumerate(workers):
            if ahead[k] < most and len(waiting) > (0 if most == 1 else len(workers)) and worker.stdin:
                ahead[k] += 1
                try:
                    worker.stdin.write(f"{waiting.popleft()}\n")
                    worker.stdin.flush()
                except BrokenPipeError:  # it has ended; its listener says so
                    continue


def _explain_end(code: int) -> Exception:
    if code < 0:
        return UserError(
            f"a worker process was killed (signal {-code}), most often for lack of memory; run the same command again with "
            "fewer --jobs: what is done stays done"
        )
    return RuntimeError(f"a worker process ended with exit code {code}; its traceback stands above")
