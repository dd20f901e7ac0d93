"""Progress to see: a bar on a terminal, a line every half minute anywhere else; and what memory it takes."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Progress = Callable[[int, int, str], None]  # done, total, what there is to say
Say = Callable[[str], None]  # a line for the person who waits
Show = Callable[[str], AbstractContextManager[Progress]]  # title -> progress to see

_EVERY = 30.0  # seconds between lines where there is no terminal
_MARKS = 6  # lines that the time left is told by: the last minutes, since a machine may be busier than it was


def print_line(line: str) -> None:
    """A notice on standard error."""
    print(line, file=sys.stderr, flush=True)


def find_memory() -> int:
    """The most memory that this process has had so far, in megabytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # another system than Linux or macOS
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most // (1 << 20 if sys.platform == "darwin" else 1 << 10))


@contextmanager
def show_progress(title: str) -> Iterator[Progress]:
    """Give a function of (done, total, note) that draws on standard error."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(desc=title, total=0, leave=False, dynamic_ncols=True) as bar:

            def draw(done: int, total: int, note: str) -> None:
                bar.total = total
                bar.set_postfix_str(note, refresh=False)
                bar.update(done - bar.n)

            yield draw
        return

    last = time.monotonic()
    marks: deque[tuple[float, int]] = deque(maxlen=_MARKS)  # when how much was done, as it was told

    def tell(done: int, total: int, note: str) -> None:
        nonlocal last
        moment = time.monotonic()
        if not marks or done < marks[-1][1]:  # another step of the work, which counts from the beginning
            marks.clear()
            marks.append((moment, done))  # and not from before: what came first had another pace
        if moment - last < _EVERY:
            return
        last = moment
        since, before = marks[0]
        marks.append((moment, done))
        left = f", about {(moment - since) / (done - before) * (total - done):.0f} s left" if done > before else ""
        print(f"{title}: {done} of {total}, {note}{left}", file=sys.stderr, flush=True)

    yield tell
