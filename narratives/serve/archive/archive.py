"""A folder of answers that is kept in view: its index is built beside, and swapped when parts have come."""

import hashlib
import os
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narratives.errors import UserError, at
from narratives.files import open_parquet, write_json
from narratives.serve.archive.index import make_index
from narratives.serve.archive.parts import Listing, count_known, list_files, read_listing
from narratives.serve.archive.words import find_words, make_words

_SHOWN = ("id", "file", "line", "start", "end", "text", "narratives", "stances", "language", "language_note", "source", "date")


@dataclass(frozen=True, slots=True)
class View:
    """An index that is complete, and open to be asked."""

    listing: Listing
    connection: Any
    words: Path | None  # `None` where the answers hold no texts

    def ask(self, sql: str, values: Sequence[Any], rows: Sequence[int] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query; `rows` are to be had as the table `hits`."""
        import pyarrow as pa

        with self.connection.cursor() as cursor:
            if rows is not None:
                cursor.register("hits", pa.table({"row": pa.array(rows, pa.int64())}))
            answer: list[tuple[Any, ...]] = cursor.execute(sql, values).fetchall()
            return answer

    def search(self, words: Sequence[str]) -> list[int] | None:
        """The rows whose texts hold all the words; `None` where they are too many."""
        return find_words(self.words, words) if self.words else []

    def fetch(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """What the page shows of each row, in the order of `rows`: read from the parts that hold them."""
        places: dict[str, list[tuple[int, int]]] = {}
        for row in rows:
            part, place = self.listing.find(row)
            places.setdefault(part.path, []).append((place, row))
        records: dict[int, dict[str, Any]] = {}
        columns = [name for name in _SHOWN if name in self.listing.columns]
        for path, some in places.items():
            records |= _read_places(Path(path), sorted(some), columns)
        return [dict.fromkeys(_SHOWN) | records[row] for row in rows]


class Archive:
    """One folder of answers."""

    def __init__(self, folder: Path, cache: Path, dates: str = "") -> None:
        """`cache` is where indexes lie, `dates` how dates are written; nothing is read yet."""
        self.folder = folder
        self._dates = dates
        self.name = folder.name or str(folder)
        self.progress = (0, 0)
        self.problem = ""
        self._place = cache / hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:20]
        self._building = threading.Lock()
        self._files: object = None
        self._view: View | None = None

    @property
    def view(self) -> View | None:
        """The newest complete index; `None` while the first one is built."""
        return self._view

    def refresh(self) -> None:
        """Build an index where parts have come, gone or changed; the former one answers meanwhile."""
        with self._building:
            files = list_files(self.folder)
            if files == self._files:
                return
            try:
                listing = read_listing(self.folder, self._dates)
                self._view = self._open(listing)
                self._sweep(listing.digest)
                self.problem = ""
            except UserError as error:
                self.problem = error.problems[0]
            self._files = files

    def _open(self, listing: Listing) -> View:
        import duckdb

        has_texts = "text" in listing.columns
        index, words = (self._place / f"{listing.digest}.{ending}" for ending in ("duckdb", "sqlite"))
        try:
            self._place.mkdir(parents=True, exist_ok=True, mode=0o700)
            former, done = self._find_former(listing)
            if not index.exists():
                make_index(listing, index, former, done, self._tell)
            if has_texts and not words.exists():
                older = former.with_suffix(".sqlite") if former else None
                older = older if older and older.exists() else None
                make_words(listing, words, older, done if older else 0, self._tell)
            if not index.with_suffix(".json").exists():
                write_json(index.with_suffix(".json"), listing.to_json())
        except (OSError, sqlite3.Error, duckdb.Error) as error:
            reason = getattr(error, "strerror", None) or next(iter(str(error).splitlines()), "")
            raise UserError(
                at(self._place, None, f"no index could be written: {reason}; free space, or name --cache")
            ) from error
        config: dict[str, Any] = {"threads": max(1, os.cpu_count() or 1), "enable_external_access": "false"}
        return View(listing, duckdb.connect(str(index), read_only=True, config=config), words if has_texts else None)

    def _find_former(self, listing: Listing) -> tuple[Path | None, int]:
        """The index of an earlier state of the folder that can be gone on with, and how many parts it holds."""
        counts = {path.with_suffix(".duckdb"): count_known(listing, path) for path in self._place.glob("[!.]*.json")}
        best = max(counts, key=lambda path: counts[path], default=None)
        return (best, counts[best]) if best and counts[best] else (None, 0)

    def _sweep(self, digest: str) -> None:
        """Remove the indexes of earlier states: who is reading them has them open."""
        for old in self._place.glob("[!.]*"):
            if old.stem != digest:
                old.unlink(missing_ok=True)

    def _tell(self, done: int, total: int) -> None:
        self.progress = (done, total)


def make_archives(folders: Sequence[Path], cache: Path | None, dates: str = "") -> list[Archive]:
    """The folders of answers; `UserError` where one is none or two have one name."""
    place = cache or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "narratives" / "answers"
    archives: list[Archive] = []
    for folder in folders:
        read_listing(folder)
        if folder.name in [archive.name for archive in archives]:
            raise UserError(f"--answers {folder}: another folder has this name; rename one")
        archives.append(Archive(folder, place, dates))
    return archives


def _read_places(path: Path, places: Sequence[tuple[int, int]], columns: Sequence[str]) -> dict[int, dict[str, Any]]:
    """Records by row; `places` are places in the file, in order, each with its row."""
    records: dict[int, dict[str, Any]] = {}
    with open_parquet(path) as file:
        first, left = 0, list(places)
        for group in range(file.metadata.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            some = [(place - first, row) for place, row in left if place < first + count]
            left = left[len(some) :]
            if some:
                table = file.read_row_group(group, columns=list(columns)).take([place for place, _ in some])
                records |= {row: values for (_, row), values in zip(some, table.to_pylist(), strict=True)}
            first += count
    return records
