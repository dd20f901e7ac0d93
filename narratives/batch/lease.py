"""One run at a time in a store that knows no locks: an object that its holder writes anew again and again."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from narratives.errors import UserError, at
from narratives.files import PATIENCE, PAUSE, SIGN, Holder, Watch, unwritable
from narratives.progress import Say

_SETTLED = 1.0  # seconds after which nobody who found the place free may still be writing to it


@contextmanager
def hold_lease(files: Any, path: str, place: str, say: Say) -> Iterator[None]:
    """Be the only run that has the object at `path` during the block; `place` is what the user calls its folder.

    Where another has it, `say` hears whom it waits for: until the object is gone, or has not been written anew for
    `narratives.files.holder.LEASE` seconds, as after a kill. `UserError` where another run has taken it by the end.
    """
    holder = Holder.draw()
    try:
        _wait(files, path, holder, place, say)
    except OSError as error:
        raise unwritable(place, error) from error
    ended = threading.Event()
    signs = threading.Thread(target=_show_life, args=(files, path, holder, ended), daemon=True)
    signs.start()
    try:
        yield
    finally:
        ended.set()
        signs.join()
        other = _let_go(files, path, holder)
    if other:
        reason = f"{other} took this folder over, since this run gave no sign of life; give the command again when it has ended"
        raise UserError(at(place, None, reason))


def _wait(files: Any, path: str, holder: Holder, place: str, say: Say) -> None:
    watch, tries = Watch(), 0
    while True:
        note = _read(files, path)
        if note is None or watch.is_dead(note):
            if _write(files, path, holder, 0, new=note is None):
                time.sleep(_SETTLED)
                winner = _read_holder(_read(files, path))
                if winner and winner.lot == holder.lot:
                    return
        else:
            tries += 1
            if tries == PATIENCE:
                say(f"waiting for {_read_holder(note) or 'another command'} to end: one at a time may change {place}")
        time.sleep(PAUSE)


def _let_go(files: Any, path: str, holder: Holder) -> Holder | None:
    """Take the object away; whoever else has it by now."""
    with suppress(OSError):  # a store that is gone; the lease ends by itself
        other = _read_holder(_read(files, path))
        if other and other.lot != holder.lot:
            return other
        files.rm_file(path)
    return None


def _show_life(files: Any, path: str, holder: Holder, ended: threading.Event) -> None:
    sign = 0
    while not ended.wait(SIGN):
        sign += 1
        with suppress(OSError):
            other = _read_holder(_read(files, path))
            if other and other.lot != holder.lot:  # it took this run for dead
                return
            _write(files, path, holder, sign, new=False)


def _write(files: Any, path: str, holder: Holder, sign: int, new: bool) -> bool:
    """Whether it was written: where it is to be `new`, somebody may have been quicker."""
    note = holder.write_note(sign)
    try:
        files.pipe_file(path, note, **({"mode": "create"} if new else {}))
    except FileExistsError:
        return False
    except (NotImplementedError, TypeError, ValueError):  # a store that cannot tell; what it holds is read again anyway
        files.pipe_file(path, note)
    return True


def _read(files: Any, path: str) -> bytes | None:
    files.invalidate_cache()
    try:
        return bytes(files.cat_file(path))
    except FileNotFoundError:
        return None


def _read_holder(note: bytes | None) -> Holder | None:
    return Holder.parse(note or b"")
