"""Reading text with errors a person can act on, and writing files that appear complete or not at all."""

import glob
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from narratives.errors import UserError, at


def read_text(path: Path) -> str:
    """The file's text (UTF-8, a byte-order mark and CRLF are accepted); `UserError` where it can't be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from None
    return decode(path, data)


def decode(path: Path, data: bytes) -> str:
    """UTF-8 bytes as text with plain line ends; `UserError` names the line of the first byte that is not UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        raise UserError(at(path, 1, "this is UTF-16 text or no text at all; save it as UTF-8"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(at(path, line, f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8")) from None
    return text.replace("\r\n", "\n")


def unreadable(path: Path | str, error: OSError) -> UserError:
    """The user's side of an `OSError` on reading."""
    if isinstance(error, FileNotFoundError):
        return UserError(at(path, None, "no such file; check the path"))
    if isinstance(error, IsADirectoryError):
        return UserError(at(path, None, "this is a folder; name a file in it"))
    return UserError(at(path, None, f"cannot be read: {error.strerror or error}; check the file and its permissions"))


def unwritable(path: Path | str, error: OSError) -> UserError:
    """The user's side of an `OSError` on writing, a full disk included."""
    reason = os.strerror(error.errno) if error.errno else error  # pyarrow words it in its own way
    return UserError(at(path, None, f"cannot be written: {reason}; nothing was changed"))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to; when the block ends well it becomes `path` in one step, else it is removed.

    The same for a file and for a folder. An `OSError` (a full disk, no permission) becomes a `UserError`.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        yield aside
        if aside.is_dir():
            _replace_folder(aside, path)
        else:
            aside.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):  # where nothing could be written there is nothing to remove
            if aside.is_dir():
                shutil.rmtree(aside, ignore_errors=True)
            else:
                aside.unlink()


def _sweep(path: Path) -> None:
    # What a killed process left half-written beside `path`; a living one's is left alone.
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        if not is_running(left.name.split(".")[-2]):
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def is_running(pid: str) -> bool:
    """Whether the process is alive, or nobody can tell."""
    return not pid.isdigit() or not Path("/proc").exists() or Path(f"/proc/{pid}").exists()


def _replace_folder(new: Path, path: Path) -> None:
    # A folder that is not empty can't be renamed over. Two renames leave a moment without it, never a mixture.
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    if path.exists():
        path.rename(old)
    try:
        new.rename(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, all of it or nothing."""
    with replacing(path) as aside:
        aside.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON that diffs well, all of it or nothing. NaN is refused: it is not JSON."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """The JSON value in `path`; `UserError` with the line where it is broken."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise UserError(at(path, error.lineno, f"broken JSON: {error.msg}")) from None


def sha256(path: Path) -> str:
    """Hex digest of a file, read in chunks."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from None
