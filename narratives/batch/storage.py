"""A folder to write answers to: on this machine's disks, or in any store that fsspec knows (a path with `://`)."""

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from narratives.batch.lease import hold_lease
from narratives.errors import UserError, at
from narratives.files import hold_lock, replacing, sha256, sync_folder, unreadable, unwritable
from narratives.progress import Say

KEPT = "_run"  # what is no answer has names that begin so; where it lies, `OutputFolder.kept` says
_LEASE = f"{KEPT}/lock.json"


def is_url(path: str) -> bool:
    """Whether fsspec has to be asked."""
    return "://" in path


def to_plain(path: str) -> str:
    """The path that a `file://` URL means; any other as it is."""
    return path.removeprefix("file://")


def filesystem(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and the path in it; `UserError` where fsspec or its driver is not installed."""
    try:
        import fsspec

        files, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        fix = "install narratives with its extra cluster, and what fsspec needs for this store (such as s3fs)"
        raise UserError(at(url, None, f"cannot be reached: {error}; {fix}")) from None
    files.invalidate_cache()  # other machines write there too
    return files, str(path)


@dataclass(frozen=True)
class OutputFolder:
    """Files in it appear complete or not at all.

    Names that begin with `_run/` are of what is no answer: it lies beside the folder, in `answers.run/`, so that programs
    which read a whole folder find one type of file in it.
    """

    root: str

    @cached_property
    def kept(self) -> str:
        """Where plan, logs and rejects lie; found once, so that a run never keeps them in two places."""
        return find_kept(self.root)

    def hold(self, say: Say) -> AbstractContextManager[None]:
        """Be the only run that writes to it."""
        if is_url(self.root):
            files, path = filesystem(self.place(_LEASE))
            return hold_lease(files, path, self.root, say)
        is_inside = self.kept == _join(self.root, KEPT)
        return hold_lock(Path(self.root if is_inside else self.kept), say, make=True)

    def is_gone(self) -> bool:
        """Whether somebody took the answers away, as a folder, and left what lies beside them."""
        if is_url(self.root):
            return self.kept != _join(self.root, KEPT) and not _list_below(self.root)
        return not Path(self.root).exists()

    def list_names(self) -> set[str]:
        """The names of the files in it, at any depth; none where it is not there yet."""
        names = {name for name in _list_below(self.root) if not name.startswith(f"{KEPT}/")}
        return names | {f"{KEPT}/{name}" for name in _list_below(self.kept)}

    def read(self, name: str) -> str | None:
        """A file's text, or `None` where it is not there."""
        try:
            if is_url(self.root):
                files, path = filesystem(self.place(name))
                return bytes(files.cat_file(path)).decode()
            return Path(self.place(name)).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unreadable(self.place(name), error) from None

    def has(self, name: str, mark: Mapping[str, Any] | None, thorough: bool = False) -> bool:
        """Whether a file is the one that `write` described (`None`: it holds anything at all).

        Its bytes are read only where that is to be `thorough` and the file lies on this machine.
        """
        place = self.place(name)
        try:
            if is_url(self.root):
                files, path = filesystem(place)
                size, thorough = files.size(path), False
            else:
                size = Path(place).stat().st_size
            if mark is None:
                return bool(size > 0)
            return bool(size == mark["size"]) and not (thorough and sha256(Path(place)) != mark["sha256"])
        except FileNotFoundError:
            return False
        except OSError as error:
            raise unreadable(place, error) from None

    def write(self, name: str, fill: Callable[[Path], None], *, settle: bool = True) -> dict[str, Any]:
        """Have `fill` write a file aside, then make it `name` in one step; its size in bytes and its digest.

        Without `settle`, a power cut may take the file away as a whole, until `settle` was called.
        """
        if not is_url(self.root):
            with replacing(Path(self.place(name)), sweep=False, settle=settle) as aside:
                fill(aside)
                return _describe(aside)
        with tempfile.TemporaryDirectory() as folder:
            aside = Path(folder) / Path(name).name
            files, path = filesystem(self.place(name))
            try:
                fill(aside)
                files.put_file(str(aside), path)  # a store shows an object when it is whole
                return _describe(aside)
            except OSError as error:
                raise unwritable(self.place(name), error) from error

    def write_text(self, name: str, text: str, *, settle: bool = True) -> None:
        """Write a text, all of it or nothing."""
        self.write(name, lambda path: _fill(path, text), settle=settle)

    def settle(self, names: Iterable[str]) -> None:
        """Return when the names of these files survive a power cut, too."""
        if not is_url(self.root):
            for folder in sorted({Path(self.place(name)).parent for name in names}):
                sync_folder(folder)

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        if is_url(self.root):
            files, path = filesystem(self.place(name))
            if files.exists(path):
                files.rm_file(path)
        else:
            Path(self.place(name)).unlink(missing_ok=True)

    def place(self, name: str) -> str:
        """Where a file of this name lies."""
        first, _, remainder = name.partition("/")
        return _join(self.kept, remainder) if first == KEPT else _join(self.root, name)


def find_kept(root: str) -> str:
    """Where what is no answer lies for a folder of answers: `answers.run` beside `answers`.

    It is `_run` in it where an earlier version left it, and where nothing can be put beside the folder: a bucket, a disk, a
    folder in one that may not be written.
    """
    inside = _join(root, KEPT)
    if is_url(root):
        files, path = filesystem(root)
        stays = "/" not in path.strip("/") or files.exists(f"{path.rstrip('/')}/{KEPT}/plan.json")
        return inside if stays else f"{root.rstrip('/')}.run"
    plain = os.path.normpath(root)
    if Path(plain).is_symlink() or Path(plain).name in ("", ".."):
        plain = os.path.realpath(root)
    beside = Path(f"{plain}.run")
    if Path(inside, "plan.json").is_file() or Path(plain).is_mount():
        return inside
    if beside.is_dir() or not Path(plain).is_dir() or os.access(beside.parent, os.W_OK):
        return str(beside)
    return inside


def _join(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}" if is_url(folder) else os.path.join(folder, name)  # noqa: PTH118


def _list_below(place: str) -> set[str]:
    if is_url(place):
        files, top = filesystem(place)
        try:
            return {path.removeprefix(top.rstrip("/") + "/") for path in files.find(top)}
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise unreadable(place, error) from None
    folder = Path(place)
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def _describe(path: Path) -> dict[str, Any]:
    return {"size": path.stat().st_size, "sha256": sha256(path)}


def _fill(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
