"""Texts of many requests classified together: one thread, one model call for all that waits."""

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate

from narratives.batch import Item, Options, answer_items
from narratives.serve.answering.shelf import Shelf
from narratives.serve.counters import Counters
from narratives.serve.guard.problems import Problem

_MOST = 512  # texts of one model call, as in a batch run
_PATIENCE = 0.004  # seconds that a call waits for as many requests as the last one had
Outcome = list[str] | Exception


@dataclass(frozen=True, slots=True)
class _Job:
    # What one request wants: its lines come in the order of its items, in the loop that asked.
    name: str
    items: Sequence[Item]
    options: Options
    lines: "asyncio.Future[list[str]]"


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
        self._last = 1  # requests that were answered together the last time
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
        lines = asyncio.get_running_loop().create_future()
        job = _Job(self._shelf.get(name).name, items, options, lines)
        with self._changed:
            if self._waiting + len(items) > self._most_waiting:
                raise Problem(429, f"{self._waiting} texts wait already; try again in a moment", {"retry-after": "1"})
            self._waiting += len(items)
            self._jobs.append(job)
            if len(self._jobs) in (1, self._last):
                self._changed.notify()
        answers: list[str] = await lines
        return answers

    def _work(self) -> None:
        while group := self._take():
            self._last = len(group)
            wanted = [job for job in group if not job.lines.cancelled()]
            if wanted:
                _deliver(wanted, self._answer(wanted))

    def _take(self) -> list[_Job]:
        """All that waits for one model with one wish, up to `_MOST` texts; waits for the first. Empty at the end.

        Who was answered together asks again together: a moment of patience makes one call of what would be two.
        """
        with self._changed:
            while not self._jobs:
                if self._ended:
                    return []
                self._changed.wait()
            if len(self._jobs) < self._last and not self._ended:
                self._changed.wait(_PATIENCE)
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

    def _answer(self, group: Sequence[_Job]) -> list[Outcome]:
        items = [item for job in group for item in job.items]
        try:
            served = self._shelf.get(group[0].name)
            lines = answer_items(items, served.model, group[0].options, served.tested)
        except Exception as error:  # what fails together may be the fault of one
            return [error] if len(group) == 1 else [outcome for job in group for outcome in self._answer([job])]
        self._counters.texts.labels(group[0].name).inc(len(items))
        self._counters.batches.observe(len(items))
        stops = [*accumulate(len(job.items) for job in group)]
        return [lines[stop - len(job.items) : stop] for job, stop in zip(group, stops, strict=True)]


def _deliver(group: Sequence[_Job], outcomes: Sequence[Outcome]) -> None:
    """Wake the loops that wait: each once, not once for each request."""
    pairs: dict[asyncio.AbstractEventLoop, list[tuple[_Job, Outcome]]] = {}
    for job, outcome in zip(group, outcomes, strict=True):
        pairs.setdefault(job.lines.get_loop(), []).append((job, outcome))
    for loop, each in pairs.items():
        with suppress(RuntimeError):  # the loop has ended, and so has whoever asked
            loop.call_soon_threadsafe(_hand_over, each)


def _hand_over(pairs: Sequence[tuple[_Job, Outcome]]) -> None:
    for job, outcome in pairs:
        if job.lines.done():  # its request took too long
            continue
        if isinstance(outcome, Exception):
            job.lines.set_exception(outcome)
        else:
            job.lines.set_result(outcome)
