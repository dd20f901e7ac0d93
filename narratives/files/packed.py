"""Files as their bytes are meant: unpacked where their ending says so, JSON as an object a line; pipes and folders refused."""

import gzip
import io
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, BinaryIO, cast

from narratives.errors import UserError, at
from narratives.files.atomic import unreadable
from narratives.files.encodings import decode_stream
from narratives.files.json_lines import JsonLines
from narratives.files.unpacked import check_unpacked

PACKED = {".gz": "gzip", ".zst": "zstd"}
JSON = (".json", ".js")  # one value, or a script of an archive of X that holds one
_ARCHIVES = {".zip", ".tar", ".tgz", ".bz2", ".xz", ".7z", ".rar"}
_BUFFER = 1 << 17  # bytes
_LONG_WINDOW = "packed with a window longer than 128 MiB; unpack it first: zstd -d --long=31"


def strip_packing(path: PurePath | str) -> tuple[str, str]:
    """A path without the endings that say how it is packed, and that packing ("" for none), the outermost first."""
    name, steps = str(path), list[str]()
    while packing := PACKED.get(PurePath(name).suffix.lower(), ""):
        name = name[: name.rindex(".")]
        steps.append(packing)
    return name, " ".join(steps)


def check_file(path: Path) -> None:
    """`UserError` where `path` is no plain file: not there, a folder, a pipe, or packed in a way that is not read."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise unreadable(path, error) from None
    if stat.S_ISDIR(mode):
        raise unreadable(path, IsADirectoryError())
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode):
        raise UserError(at(path, None, "is a pipe or a device, no file; save what it gives to a file and name that"))
    if {path.suffix.lower(), Path(strip_packing(path)[0]).suffix.lower()} & _ARCHIVES:
        raise UserError(at(path, None, "is an archive; unpack it first and name the file in it"))


def unpack(raw: Any, packing: str, path: str, size: int, encoding: str | None = None) -> BinaryIO:
    """The bytes of an open file of `size` bytes as they were before packing; `packing` may name several steps.

    Text becomes UTF-8 as `decode_stream` does it, unless `encoding` is `None`: then the file is none, or must be UTF-8.
    Reading it is a `UserError` once it unpacks to something out of all proportion.
    """
    stream, steps = raw, packing.split()
    for step in steps:
        if step == "json":
            continue
        if step == "gzip":
            unpacked: Any = gzip.GzipFile(fileobj=stream)
            unpacked.myfileobj = stream  # closed with it
            unpacked = _Unpacking(path, unpacked, size)
        else:
            import pyarrow

            unpacked = _Unpacking(path, pyarrow.CompressedInputStream(stream, "zstd"), size)
        stream = io.BufferedReader(unpacked, _BUFFER)
    stream = stream if encoding is None else decode_stream(stream, encoding, path)
    return cast(BinaryIO, io.BufferedReader(JsonLines(stream), _BUFFER) if "json" in steps else stream)


class _Unpacking(io.RawIOBase):
    """Passes on what a file unpacks to; `UserError` once it is out of all proportion to the file."""

    def __init__(self, path: str, unpacked: Any, packed: int) -> None:
        self._path, self._unpacked, self._packed, self._so_far = path, unpacked, packed, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; 0 at the end."""
        count = int(self._unpacked.readinto(buffer))
        self._so_far += count
        if reason := check_unpacked(self._packed, self._so_far):
            raise UserError(at(self._path, None, reason))
        return count

    def close(self) -> None:
        """Close the file too."""
        self._unpacked.close()
        super().close()


@contextmanager
def open_unpacked(path: Path, *, by_lines: bool = True, encoding: str | None = None) -> Iterator[BinaryIO]:
    """The unpacked bytes of a file, JSON as an object a line if `by_lines`; `encoding` is that of `unpack`.

    `UserError` where there is no such file, or where reading it within the block shows that it is packed in another way.
    """
    check_file(path)
    inner, packing = strip_packing(path)
    steps = f"{packing} json" if by_lines and inner.lower().endswith(JSON) else packing
    try:
        with unpack(path.open("rb", buffering=_BUFFER), steps, str(path), path.stat().st_size, encoding) as stream:
            yield stream
    except (EOFError, OSError, zlib.error) as error:
        if isinstance(error, OSError) and (error.errno is not None or not packing):
            raise unreadable(path, error) from None
        raise UserError(at(path, None, explain_unpacking(error, packing))) from None


def explain_unpacking(error: Exception, packing: str) -> str:
    """Why a packed file could not be unpacked, and what to do."""
    if "requires too much memory" in str(error):
        return _LONG_WINDOW
    if "Not a gzipped file" in str(error) or "Unknown frame descriptor" in str(error):
        return f"not packed with {packing}, though its ending says so; rename it to what it is"
    return f"cut short or not {packing}: {error}; get it again"
