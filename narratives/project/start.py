"""`init`: a new project that trains at once, or the missing files of one that exists."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from narratives.errors import UserError, at
from narratives.files import unwritable, write_text


def init_project(root: Path) -> list[Path]:
    """Write the starter files that are not there yet, and return them. Nothing that exists is touched.

    Where `labels/` holds anything already, the example labels are left out.
    """
    try:
        return _write_starter(root)
    except OSError as error:
        raise unwritable(root, error) from error


def _write_starter(root: Path) -> list[Path]:
    if root.exists() and not root.is_dir():
        raise UserError(at(root, None, "this is a file; name a folder"))
    labels = root / "labels"
    has_labels = labels.is_dir() and any(labels.iterdir())
    written = []
    for source, name in _walk(files("narratives.project") / "starter"):
        target = root / name
        if target.exists() or (has_labels and name.parts[0] == "labels"):
            continue
        write_text(target, source.read_text(encoding="utf-8"))
        written.append(target)
    return written


def _walk(folder: Traversable, prefix: Path = Path()) -> list[tuple[Traversable, Path]]:
    paths: list[tuple[Traversable, Path]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = prefix / entry.name
        paths += _walk(entry, name) if entry.is_dir() else [(entry, name)]
    return paths
