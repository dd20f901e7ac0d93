"""Writing in a thread of its own: while the disk is waited for, the next part is answered."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

Deed = Callable[[], object]


class WriteBehind:
    """Carries out what it is given one after the other, and holds one at most that is not done.

    As a context it ends only when the last is done. What fails there is raised by the next `put` or `settle`.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._last: tuple[Future[object], Deed] | None = None

    def put(self, write: Deed, done: Deed) -> None:
        """Begin to write, when what was given before is written; `done` is called when this is known to be."""
        self.settle()
        self._last = self._thread.submit(write), done

    def settle(self) -> None:
        """Return when all is written."""
        if self._last:
            (future, done), self._last = self._last, None
            future.result()
            done()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self.settle()
        finally:
            self._thread.shutdown()
