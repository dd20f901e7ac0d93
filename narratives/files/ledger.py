"""A file that only grows: a line is on the disk before anybody is told so, and a torn one is no line."""

import os
from pathlib import Path

from narratives.files.atomic import unwritable
from narratives.files.disk import make_folders, sync_folder


def append_line(path: Path, line: str) -> None:
    """Add a line; it is on the disk when this returns. A full disk becomes a `UserError`, and the file is as it was.

    What a killed process left of a line is cut off first. One at a time: hold a lock.
    """
    if "\n" in line:
        raise ValueError("one line, not several")
    try:
        make_folders(path.parent)
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            end = _find_end(descriptor)
            os.ftruncate(descriptor, end)
            try:
                _write(descriptor, line.encode() + b"\n", end)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error


def read_from(path: Path, start: int) -> tuple[list[str], int]:
    """The whole lines after the first `start` bytes, and where they end; what is torn is not read."""
    if not path.exists():
        return [], 0
    with path.open("rb") as stream:
        stream.seek(start)
        data = stream.read()
    whole = data[: data.rfind(b"\n") + 1]
    return whole.decode("utf-8").split("\n")[:-1], start + len(whole)


def _find_end(descriptor: int) -> int:
    """Where the last whole line ends."""
    place = os.fstat(descriptor).st_size
    while place:
        start = max(0, place - 4096)
        cut = os.pread(descriptor, place - start, start).rfind(b"\n")
        if cut >= 0:
            return start + cut + 1
        place = start
    return 0


def _write(descriptor: int, data: bytes, place: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, place)
        data, place = data[written:], place + written
