"""A worker process: part numbers on standard input, progress on standard output, both in lines.

`python -m narratives.batch.worker OUTPUT MODEL [CLASS...]`, as `narratives.batch.processes` starts it.
"""

import json
import os
import sys
import threading
from collections.abc import Collection
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TextIO

from narratives.batch.behind import WriteBehind
from narratives.batch.parts import Cursor
from narratives.batch.plan import check_model
from narratives.batch.plan_file import read_plan
from narratives.batch.storage import OutputFolder
from narratives.batch.work import answer_part
from narratives.errors import UserError
from narratives.models import load_model


def work(output: str, model_folder: Path, trust: Collection[str], orders: TextIO, replies: TextIO) -> None:
    """Classify each part that `orders` names. At the end of `orders` the process ends, whatever it is doing."""
    numbers: SimpleQueue[int] = SimpleQueue()
    threading.Thread(target=_take_orders, args=(orders, numbers), daemon=True).start()

    def reply(number: int, texts: int) -> None:
        try:
            print(json.dumps({"part": number, "texts": texts}), file=replies, flush=True)
        except BrokenPipeError:
            os._exit(0)  # the parent is gone

    try:
        folder = OutputFolder(output)
        plan, model, cursor = read_plan(folder), load_model(model_folder, trust), Cursor()
        check_model(plan, model, folder)
        with WriteBehind() as behind:
            while True:
                if numbers.empty():
                    behind.settle()
                number = numbers.get()
                write = answer_part(plan, number, model, folder, cursor, partial(reply, number))
                behind.put(write, partial(reply, number, -1))
    except UserError as error:
        print(json.dumps({"problems": error.problems}), file=replies, flush=True)


def _take_orders(orders: TextIO, numbers: "SimpleQueue[int]") -> None:
    for line in orders:
        numbers.put(int(line))
    os._exit(0)  # the parent is gone or needs no more; files are written aside, so nothing is left half-done


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not get between the replies
    work(sys.argv[1], Path(sys.argv[2]), sys.argv[3:], sys.stdin, answers)
