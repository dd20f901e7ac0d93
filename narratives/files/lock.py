"""One command at a time: the lock that whoever changes a folder holds, and what the others are told while they wait."""

import errno
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from narratives.files.atomic import unwritable
from narratives.files.disk import make_folders, try_lock
from narratives.files.holder import PATIENCE, PAUSE, SIGN, Holder, Watch
from narratives.progress import Say

LOCK = ".lock"
_OPEN = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_ABSENT = (FileNotFoundError, NotADirectoryError, PermissionError)
_held = threading.local()  # by this thread: a job may be part of another


@contextmanager
def hold_lock(folder: Path, say: Say | None = None, *, name: str = LOCK, make: bool = False) -> Iterator[None]:
    """Be the only one, of all processes and machines, that holds the lock `name` in `folder` during the block.

    The lock is a file in it that says who holds it, and is gone afterwards. Where another process holds it, `say` hears whom
    it waits for. On this machine the lock ends with its process; one of another machine counts until it has given no sign of
    life for `LEASE` seconds. A folder that is missing or may not be written has nothing to protect, unless `make` asks for it.
    """
    path = folder.absolute() / name
    mine: set[Path] = _held.__dict__.setdefault("paths", set())
    if path in mine:
        yield
        return
    try:
        lock, new = _wait(path, say, make)
    except OSError as error:
        if make or (not isinstance(error, _ABSENT) and error.errno != errno.EROFS):
            raise unwritable(folder, error) from error
        yield
        return
    mine.add(path)
    ended = threading.Event()
    threading.Thread(target=_show_life, args=(path, ended), daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        mine.discard(path)
        lock.release()
        for subfolder in reversed(new):
            with suppress(OSError):  # something was written there
                subfolder.rmdir()


def sweep_locks(folder: Path) -> None:
    """Remove the locks in `folder` whose processes were killed on this machine."""
    for path in folder.glob(".*lock"):
        with suppress(OSError):
            descriptor = os.open(path, _OPEN)
            holder = _read_holder(descriptor)
            is_ours = not holder.is_foreign if holder else not os.fstat(descriptor).st_size  # empty after a power cut
            if is_ours and try_lock(descriptor):
                _Lock(path, descriptor, True).release()
            else:
                os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Lock:
    path: Path
    descriptor: int
    locked: bool  # else the file alone is the lock

    def release(self) -> None:
        with suppress(OSError):  # somebody may have taken it for dead
            if self.locked and _is_at(self.descriptor, self.path):
                self.path.unlink()  # before others get it: whoever waits finds that this file is no longer in its place
        is_ours = self.locked or _is_at(self.descriptor, self.path)
        os.close(self.descriptor)
        if is_ours and not self.locked:
            self.path.unlink(missing_ok=True)


def _wait(path: Path, say: Say | None, make: bool) -> tuple[_Lock, list[Path]]:
    """The lock, and the folders that were made for it."""
    watch, tries, new = Watch(), 0, list[Path]()
    while True:
        try:
            new += make_folders(path.parent) if make else []
            lock = _take(path, watch)
        except FileNotFoundError:
            if make:  # whoever had made it took it away
                continue
            raise
        if isinstance(lock, _Lock):
            return lock, new
        tries += lock is not None
        if lock is not None and tries == PATIENCE and say:
            say(f"waiting for {lock or 'another command'} to end: one at a time may change {path.parent}")
        time.sleep(PAUSE)


def _take(path: Path, watch: Watch) -> "_Lock | Holder | str | None":
    """The lock; whoever holds it ("" where it does not say); `None` where it is to be tried again."""
    is_new = False
    try:
        descriptor = os.open(path, _OPEN | os.O_CREAT | os.O_EXCL, 0o666)
        is_new = True
    except FileExistsError:
        try:
            descriptor = os.open(path, _OPEN)
        except FileNotFoundError:
            return None
    try:
        locked, holder = try_lock(descriptor), _read_holder(descriptor)
        if locked and not _is_at(descriptor, path):
            return None
        trusted = is_new or (locked and not (holder and holder.is_foreign))
        if locked is False or not (trusted or watch.is_dead((holder, os.fstat(descriptor).st_mtime_ns))):
            return holder or ""
        if locked is None and not is_new:
            path.unlink(missing_ok=True)
            return None
        note = Holder.draw().write_note()
        with suppress(OSError):  # a full disk; the lock holds all the same
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, note, 0)
        if locked is None:
            time.sleep(PAUSE)
            if path.read_bytes() != note:  # two took it for dead at once
                return None
        lock, descriptor = _Lock(path, descriptor, bool(locked)), -1
        return lock
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _read_holder(descriptor: int) -> Holder | None:
    try:
        return Holder.parse(os.pread(descriptor, 10_000, 0))
    except OSError:
        return None


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _show_life(path: Path, ended: threading.Event) -> None:
    while not ended.wait(SIGN):
        with suppress(OSError):
            os.utime(path)
