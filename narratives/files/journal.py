"""Several files and folders changed as one: after a kill at any moment all are old, or the next command makes all new."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from narratives.files.atomic import is_running, unwritable, write_text

_COMMIT = "commit.json"
Move = tuple[str, str]  # from, to; both below the root


def change_files(root: Path, contents: Mapping[Path, str | None], moves: Sequence[tuple[Path, Path]] = ()) -> None:
    """Give files below `root` new contents (`None` removes one), after moving files or folders to places that are free.

    Everything is written aside first; one rename then makes the change certain, and what is left are renames, which
    `finish_changes` makes up for after a kill. A full disk becomes a `UserError` and changes nothing.
    """
    with _journal(root) as journal:
        steps: list[Move] = [(_below(root, old), _below(root, new)) for old, new in moves]
        for number, (path, text) in enumerate(contents.items()):
            if text is None:
                steps.append((_below(root, path), _below(root, journal / f"{number}.old")))
            else:
                aside = journal / f"{number}.new"
                aside.write_text(text, encoding="utf-8", newline="\n")
                steps.append((_below(root, aside), _below(root, path)))
        write_text(journal / _COMMIT, json.dumps(steps))
        _carry_out(root, journal)


def finish_changes(root: Path) -> None:
    """Complete a change that was stopped after it had become certain; throw away one that had not."""
    for journal in root.glob(".change.*"):
        if not is_running(journal.suffix[1:]):
            if (journal / _COMMIT).is_file():
                _carry_out(root, journal)
            shutil.rmtree(journal, ignore_errors=True)


@contextmanager
def _journal(root: Path) -> Iterator[Path]:
    journal = root / f".change.{os.getpid()}"
    try:
        journal.mkdir(parents=True)
        yield journal
    except OSError as error:
        raise unwritable(root, error) from error
    finally:
        shutil.rmtree(journal, ignore_errors=True)


def _carry_out(root: Path, journal: Path) -> None:
    for old, new in json.loads((journal / _COMMIT).read_text(encoding="utf-8")):
        source, target = root / old, root / new
        if source.exists() and not target.is_dir():  # else this step was done before the kill
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
