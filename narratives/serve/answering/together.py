"""Texts of many requests classified together: one thread, one model call for all that waits."""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from narratives.batch import Item, Options, answer_items
from narratives.serve.answering.shelf import Shelf
from narratives.serve.counters import Counters
from narratives.serve.guard.problems import Problem

_MOST = 512  # texts of one model call, as in a batch run


@dataclass(frozen=True, slots=True)
class _Job:
    # What one request wants: its lines come in the order of its items.
    name: str
    items: Sequence[Item]
    options: Options
    lines: "Future[list[str]]" = field(default_factory=Future)


class Together:
    """Answers requests in the order in which they came, as many at once as fit."""

    def __init__(self, shelf: Shelf, counters: Counters, waiting: int) -> None:
        self._shelf = shelf
        self._counters = counters
        self._most_waiting = waiting
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._waiting = 0
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="classify", daemon=True)
        counters.watch_waiting(lambda: self._waiting)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def end(self) -> None:
        """Answer what waits, and stop."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join()

    async def answer(self, name: str, items: Sequence[Item], options: Options) -> list[str]:
        """A line of JSONL for each item; `Problem` where too many texts wait or there is no such model."""
        job = _Job(self._shelf.get(name).name, items, options)
        with self._changed:
            if self._waiting + len(items) > self._most_waiting:
                raise Problem(429, f"{self._waiting} texts wait already; try again in a moment", {"retry-after": "1"})
            self._waiting += len(items)
            self._jobs.append(job)
            self._changed.notify()
        return await asyncio.wrap_future(job.lines)

    def _work(self) -> None:
        while group := self._take():
            wanted = [job for job in group if job.lines.set_running_or_notify_cancel()]
            if wanted:
                self._answer(wanted)

    def _take(self) -> list[_Job]:
        """All that waits for one model with one wish, up to `_MOST` texts; waits for the first. Empty at the end."""
        with self._changed:
            while not self._jobs:
                if self._ended:
                    return []
                self._changed.wait()
            first = self._jobs.popleft()
            group, count, others = [first], len(first.items), deque[_Job]()
            while self._jobs:
                job = self._jobs.popleft()
                if (job.name, job.options) == (first.name, first.options) and count + len(job.items) <= _MOST:
                    group.append(job)
                    count += len(job.items)
                else:
                    others.append(job)
            self._jobs = others
            self._waiting -= count
            return group

    def _answer(self, group: Sequence[_Job]) -> None:
        items = [item for job in group for item in job.items]
        try:
            served = self._shelf.get(group[0].name)
            lines = answer_items(items, served.model, group[0].options, served.tested)
        except Exception as error:  # what fails together may be the fault of one
            if len(group) == 1:
                group[0].lines.set_exception(error)
                return
            for job in group:
                self._answer([job])
            return
        self._counters.texts.labels(group[0].name).inc(len(items))
        self._counters.batches.observe(len(items))
        place = 0
        for job in group:
            job.lines.set_result(lines[place : place + len(job.items)])
            place += len(job.items)
