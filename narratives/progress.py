"""Progress to see: a bar on a terminal, a line every half minute anywhere else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Progress = Callable[[int, int, str], None]  # done, total, what there is to say
Say = Callable[[str], None]  # a line for the person who waits
Show = Callable[[str], AbstractContextManager[Progress]]  # title -> progress to see

_EVERY = 30.0  # seconds between lines where there is no terminal


def print_line(line: str) -> None:
    """A notice on standard error."""
    print(line, file=sys.stderr, flush=True)


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

    start = last = time.monotonic()

    def tell(done: int, total: int, note: str) -> None:
        nonlocal last
        moment = time.monotonic()
        if moment - last >= _EVERY:
            last = moment
            seconds = (moment - start) / max(done, 1) * (total - done)
            print(f"{title}: {done} of {total}, {note}, about {seconds:.0f} s left", file=sys.stderr, flush=True)

    yield tell
