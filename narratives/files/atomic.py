"""Reading text with errors a person can act on, and writing files that appear complete or not at all."""

import glob
import hashlib
import io
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from narratives.errors import UserError, at
from narratives.files.disk import at_work_in, exchange, make_folders, sync_folder, sync_tree
from narratives.files.encodings import decode_stream, explain_byte, without_option

_ASIDE = re.compile(r"\.(.+)\.([0-9a-f]{12}|\d+)\.(old|partial)")  # numbers: of older versions


def read_text(path: Path, encoding: str | None = None) -> str:
    """The file's text (UTF-8, a byte-order mark and CRLF are accepted); `UserError` where it can't be read.

    With an `encoding` it may be another one: "" reads what its mark says, else it is a name such as cp1252.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from None
    return decode(path, data if encoding is None else decode_stream(io.BytesIO(data), encoding, str(path)).read(), encoding)


def decode(path: Path, data: bytes, encoding: str | None = None) -> str:
    """UTF-8 bytes as text with plain line ends; `UserError` names the line of the first byte that is not UTF-8.

    Without an `encoding` it does not speak of the option that names one.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        raise UserError(at(path, 1, "this is UTF-16 text or no text at all; save it as UTF-8"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = explain_byte(data, error.start)
        raise UserError(at(path, line, without_option(reason) if encoding is None else reason)) from None
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
def replacing(path: Path, *, sweep: bool = True, settle: bool = True) -> Iterator[Path]:
    """Give a path to write to; when the block ends well it becomes `path` in one step, else it is removed.

    The same for a file and for a folder. When this returns, what was written survives a power cut. An `OSError` (a full disk,
    no permission) becomes a `UserError`, and so does a device or a pipe at this path: nothing may take its place. Without
    `sweep`, what a killed process left beside `path` is left to the caller. Without `settle`, a power cut may still take the
    name away, until the folder is synced.
    """
    aside = None
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UserError(at(path, None, "is a device or a pipe; name a file"))
        make_folders(path.parent)
        with at_work_in(path.parent, (lambda: _sweep(path)) if sweep else lambda: None):
            aside = name_aside(path)
            yield aside
            sync_tree(aside)
            if aside.is_dir() and path.exists():
                _replace_folder(aside, path)
            else:
                aside.replace(path)
            if settle:
                sync_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        if aside:
            with suppress(OSError):  # where nothing could be written there is nothing to remove
                _remove(aside)


def name_aside(path: Path, ending: str = "partial") -> Path:
    """A name beside `path` that nobody else draws: a process's number is no name, since it may be given anew."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.{ending}")


def restore_folders(folder: Path) -> None:
    """Bring back what a process that was killed between two renames left aside in `folder`; nobody may be at work in it."""
    for aside in sorted(folder.glob(".*.old")):
        if (match := _ASIDE.fullmatch(aside.name)) and aside.is_dir() and not aside.is_symlink():
            _restore(aside, aside.with_name(match[1]))


def _restore(aside: Path, place: Path) -> None:
    if place.exists():
        _remove(aside)
    else:
        aside.rename(place)
        sync_folder(place.parent)


def _sweep(path: Path) -> None:
    # What a killed process left beside `path`; nobody is at work in this folder now.
    for leftover in sorted(path.parent.glob(f".{glob.escape(path.name)}.*")):
        if (match := _ASIDE.fullmatch(leftover.name)) and match[1] == path.name:
            if match[3] == "old":
                _restore(leftover, path)
            else:
                _remove(leftover)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _replace_folder(new: Path, path: Path) -> None:
    # A folder that is not empty can't be renamed over. Where the two cannot be exchanged, two renames leave a moment without
    # it, never a mixture; whoever comes next brings the old one back.
    if exchange(new, path):
        return
    old = name_aside(path, "old")
    path.rename(old)
    sync_folder(path.parent)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
    sync_folder(path.parent)
    _remove(old)


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
