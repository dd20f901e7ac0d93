"""What the system has to be asked for: what stays through a power cut, what takes a place in one step, what has changed."""

import ctypes
import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_CURRENT_FOLDER, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)
_UNABLE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM, errno.EXDEV}


def count_processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def stamp_file(file: Path | int) -> tuple[int, int, int]:
    """Marks of a file, named or open, that change when it is replaced or written over."""
    status = os.stat(file)  # noqa: PTH116, since a path's own `stat` takes no open file
    return status.st_ino, status.st_mtime_ns, status.st_size


def sync_file(path: Path) -> None:
    """Return when the file's bytes are on the disk."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def sync_folder(path: Path) -> None:
    """Return when the names in a folder are on the disk; at once where a system cannot be asked for that."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # Windows opens no folders
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNABLE:
            raise
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """Return when a file, or a folder with all that is in it, is on the disk."""
    if not path.is_dir():
        sync_file(path)
        return
    for top, _, names in os.walk(path, topdown=False):
        for file in (Path(top, name) for name in names):
            if file.is_file():
                sync_file(file)
        sync_folder(Path(top))


def make_folders(path: Path) -> list[Path]:
    """Make a folder and those above it that are missing, on the disk when this returns; the new ones, the outermost first."""
    new = []
    while not path.exists():
        new.append(path)
        path = path.parent
    for folder in reversed(new):
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
    return new[::-1]


def exchange(first: Path, second: Path) -> bool:
    """Let two paths change places in one step; `False` where this system or this disk cannot."""
    if (rename := _find_exchange()) is None:
        return False
    if rename(_CURRENT_FOLDER, os.fsencode(first), _CURRENT_FOLDER, os.fsencode(second), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNABLE:
        return False
    raise OSError(number, os.strerror(number), str(first))


@cache
def _find_exchange() -> Callable[..., int] | None:
    if sys.platform != "linux":
        return None
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is not None:
        rename.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    return rename


def try_lock(descriptor: int, *, shared: bool = False) -> bool | None:
    """Lock an open file or folder for this process, as long as it is open. `None` where locks do not hold on this disk."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


@contextmanager
def at_work_in(folder: Path, sweep: Callable[[], None]) -> Iterator[None]:
    """Tell other processes that files are being written aside in `folder`; `sweep` first, where nobody else does that.

    The sign is a shared lock on the folder, which ends with the process: a number of a process may be given anew.
    """
    with _open_folder(folder) as descriptor:
        if descriptor is not None and try_lock(descriptor):
            sweep()
        _share(descriptor)
        yield


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Keep changes of several files below `folder` from becoming seen while the block reads it."""
    with _open_folder(folder) as descriptor:
        _share(descriptor)
        yield


@contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Wait until nobody is `reading` below `folder`, and keep readers out during the block."""
    with _open_folder(folder) as descriptor:
        if fcntl is not None and descriptor is not None:
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _share(descriptor: int | None) -> None:
    if fcntl is not None and descriptor is not None:
        with suppress(OSError):  # this disk knows no locks
            fcntl.flock(descriptor, fcntl.LOCK_SH)


@contextmanager
def _open_folder(folder: Path) -> Iterator[int | None]:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # it is not there, or this system opens no folders: what is done in it says so
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)
