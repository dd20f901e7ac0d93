"""Several files and folders changed as one: after a kill at any moment all are old, or the next command makes all new."""

import errno
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from narratives.errors import UserError, at
from narratives.files.atomic import restore_folders, sha256, unwritable, write_text
from narratives.files.disk import changing, make_folders, sync_file, sync_folder
from narratives.files.lock import hold_lock, sweep_locks
from narratives.progress import Say

_COMMIT = "commit.json"
_VERSION = 2
_LONGEST = 255  # bytes of a file's name
_SMALL = 1 << 20  # bytes of a file that tells two folders apart by what is in it; of larger ones the size has to do


@dataclass(frozen=True, slots=True)
class _Step:
    # A file or folder to be moved. Paths are below the root.
    source: str
    target: str
    mark: str | None = None  # what the source was when the change became certain; `None` in journals of older versions
    was: str | None = None  # what stood at the target then, "" for nothing

    @property
    def is_new(self) -> bool:
        """Whether the source lies in the journal."""
        return self.source.startswith(".change.")


def change_files(root: Path, contents: Mapping[Path, str | None], moves: Sequence[tuple[Path, Path]] = ()) -> None:
    """Give files below `root` new contents (`None` removes one), after moving files or folders to places that are free.

    Everything is written aside first; one rename then makes the change certain, and what is left are renames, which
    `finish_changes` makes up for after a kill or a power cut. A full disk becomes a `UserError` and changes nothing.
    """
    with hold_lock(root):
        _finish(root)  # a newer change must not be undone by an older one
        journal = root / f".change.{uuid.uuid4().hex[:12]}"
        try:
            steps = _compose(root, journal, contents, moves)
            write_text(journal / _COMMIT, json.dumps({"version": _VERSION, "steps": [asdict(step) for step in steps]}))
        except BaseException as error:
            if not (journal / _COMMIT).exists():  # else it is certain, and the next command finishes it
                shutil.rmtree(journal, ignore_errors=True)
            if isinstance(error, OSError):
                place = error.filename or ""
                raise unwritable(root if str(place).startswith(str(journal)) or not place else place, error) from error
            raise
        _carry_out(root, journal, steps)


def finish_changes(root: Path, say: Say | None = None) -> None:
    """Complete a change that was stopped after it had become certain; throw away one that had not.

    `UserError` where it would undo what was changed since, or reaches out of `root`.
    """
    if _list_journals(root) or any(root.glob("*/.*.old")):
        with hold_lock(root, say):
            _finish(root)
            for folder in {aside.parent for aside in root.glob("*/.*.old")}:
                restore_folders(folder)
    sweep_locks(root)


def _compose(root: Path, journal: Path, contents: Mapping[Path, str | None], moves: Sequence[tuple[Path, Path]]) -> list[_Step]:
    """Write the new contents into the journal, on the disk when this returns, and list what is to be moved."""
    steps = [_Step(_below(root, old), _below(root, new), _mark(old), "") for old, new in moves]
    if missing := [old for old, _ in moves if not old.exists()]:
        raise FileNotFoundError(f"{missing[0]} is not there")
    changes = [(_below(root, path), path, text) for path, text in contents.items()]
    make_folders(journal)
    for number, (name, path, text) in enumerate(changes):
        _check_place(path)
        if text is None:
            steps.append(_Step(name, _below(root, journal / f"{number}.old"), _mark(path), ""))
        else:
            aside = journal / f"{number}.new"
            aside.write_text(text, encoding="utf-8", newline="\n")
            sync_file(aside)
            steps.append(_Step(_below(root, aside), name, _mark(aside), _mark(path)))
    return steps


def _check_place(path: Path) -> None:
    """`OSError` where a file could not be moved to a place: later it would be certain, and could not be done."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder", str(path))
    if len(os.fsencode(path.name)) > _LONGEST:
        raise OSError(errno.ENAMETOOLONG, "its name is too long", str(path))
    parent = next(folder for folder in path.parents if folder.exists())
    if not parent.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "a file stands where a folder is needed", str(parent))
    if not os.access(parent, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "must not be written to", str(parent))


def _finish(root: Path) -> None:
    for journal in _list_journals(root):
        steps = _read_commit(root, journal)
        if steps is None:
            shutil.rmtree(journal, ignore_errors=True)
        else:
            _carry_out(root, journal, _find_open(root, journal, steps))


def _list_journals(root: Path) -> list[Path]:
    return sorted(path for path in root.glob(".change.*") if path.is_dir())


def _read_commit(root: Path, journal: Path) -> list[_Step] | None:
    """The steps of a change; `None` for one that did not become certain. `UserError` for what none of our commands wrote."""
    path = journal / _COMMIT
    if not path.is_file():
        return None
    try:
        value = json.loads(path.read_bytes())
    except ValueError:  # it was not on the disk when the power went, and so nothing was moved
        return None
    steps = _to_steps(value)
    names = [name for step in steps or () for name in (step.source, step.target)]
    inside = root.resolve()
    if steps is None or journal.is_symlink() or not all(_is_inside(inside, name) for name in names):
        raise UserError(
            at(path, None, f"not a change of files inside this project; look where it comes from, and delete {journal}")
        )
    return steps


def _to_steps(value: Any) -> list[_Step] | None:
    try:
        if isinstance(value, list):  # of older versions: (from, to)
            steps = [_Step(source, target) for source, target in value]
        elif value["version"] == _VERSION:
            steps = [_Step(**step) for step in value["steps"]]
        else:
            return None
    except (TypeError, ValueError, KeyError):
        return None
    texts = (text for step in steps for text in (step.source, step.target, step.mark or "", step.was or ""))
    return steps if all(isinstance(text, str) for text in texts) else None


def _is_inside(inside: Path, name: str) -> bool:
    try:
        path = (inside / name).resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle; a zero byte
        return False
    return not Path(name).is_absolute() and inside in path.parents


def _find_open(root: Path, journal: Path, steps: Sequence[_Step]) -> list[_Step]:
    """The steps that are still to be done; `UserError` where a place is no longer as it was when they were decided."""
    open_steps, free, problems = list[_Step](), set[str](), list[str]()
    for step in steps:
        source, target = root / step.source, root / step.target
        present_mark = "" if step.target in free else _mark(target)
        if step.mark is None:  # an older version's
            is_open = source.exists() and (step.target in free or not target.is_dir())
        elif step.is_new or step.target.startswith(".change."):
            is_open = source.exists()
        else:
            is_open = present_mark != step.mark
        if not is_open:
            continue
        if step.mark is not None and (present_mark != step.was or (step.source not in free and _mark(source) != step.mark)):
            path = source if present_mark == step.was else target
            fix = f"to leave it so, delete {journal}; to finish that change, bring back what stood there"
            problems.append(at(path, None, f"was changed after a change of several files had been cut short; {fix}"))
        open_steps.append(step)
        free = (free | {step.source}) - {step.target}
    if problems:
        raise UserError(*problems)
    return open_steps


def _carry_out(root: Path, journal: Path, steps: Sequence[_Step]) -> None:
    touched = {journal}
    try:
        with changing(root):
            for step in steps:
                source, target = root / step.source, root / step.target
                make_folders(target.parent)
                source.replace(target)
                touched |= {source.parent, target.parent}
        for folder in filter(Path.exists, touched):
            sync_folder(folder)
        (journal / _COMMIT).unlink()
        sync_folder(journal)
    except OSError as error:
        problem = f"a change could not be finished: {os.strerror(error.errno or 0)}; mend that, and the next command goes on"
        raise UserError(at(error.filename2 or error.filename or root, None, problem)) from error
    shutil.rmtree(journal, ignore_errors=True)


def _mark(path: Path) -> str:
    """What stands at a path: the digest of a file, one of a folder's names, sizes and small files, "" for nothing."""
    if not path.is_dir():
        return sha256(path) if path.exists() else ""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        size = file.stat().st_size if file.is_file() else -1
        digest.update(f"{file.relative_to(path).as_posix()}\0{size}\n".encode("utf-8", "surrogateescape"))
        if 0 <= size <= _SMALL:
            digest.update(file.read_bytes())
    return f"folder {digest.hexdigest()}"


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
