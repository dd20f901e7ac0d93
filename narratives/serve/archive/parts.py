"""The Parquet files of a folder of answers, and what is needed to know of them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from narratives.errors import UserError, at
from narratives.files import open_parquet, read_json

SCORE = "score_"
_NEEDED = ("id", "file", "line", "narratives", "stances", "language")
_OTHERS = ("*.jsonl", "*.csv")
LAYOUT = 2  # of the indexes: another one is built anew


@dataclass(frozen=True, slots=True)
class Part:
    """A file of answers as it was when it was listed."""

    path: str
    size: int
    changed: int  # nanoseconds
    rows: int
    first: int  # rows of all parts before it


@dataclass(frozen=True, slots=True)
class Listing:
    """All parts of a folder, and the columns that they share."""

    parts: tuple[Part, ...]
    columns: tuple[str, ...]
    dates: str = ""  # how dates are written, such as %m/%d/%Y; empty: 2024-05-31

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return sum(part.rows for part in self.parts)

    @property
    def narratives(self) -> list[str]:
        """The narratives that have scores, in the order of the codebook."""
        return [name.removeprefix(SCORE) for name in self.columns if name.startswith(SCORE)]

    @property
    def digest(self) -> str:
        """The same for the same files."""
        return hashlib.sha256(json.dumps([LAYOUT, self.to_json()]).encode()).hexdigest()[:20]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        dates = {"dates": self.dates} if self.dates else {}
        return {"columns": list(self.columns), "parts": [list(asdict(part).values()) for part in self.parts], **dates}

    def find(self, row: int) -> tuple[Part, int]:
        """The part that holds a row, and the row's place in it."""
        low, high = 0, len(self.parts) - 1
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.parts[middle].first <= row else (low, middle - 1)
        return self.parts[low], row - self.parts[low].first


def count_known(listing: Listing, path: Path) -> int:
    """How many of the first parts the listing in `path` holds as they are now; 0 where it cannot be gone on with."""
    try:
        before = read_json(path)
    except UserError:
        return 0
    now = listing.to_json()
    same = isinstance(before, dict) and all(before.get(key) == now.get(key) for key in ("columns", "dates"))
    parts = before.get("parts") if same else None
    return len(parts) if isinstance(parts, list) and parts == now["parts"][: len(parts)] else 0


def list_files(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Path, size and time of change of every part; cheap enough to be asked every few seconds."""
    files = []
    for path in sorted(folder.glob("[!._]*.parquet")):
        status = path.stat()
        files.append((str(path), status.st_size, status.st_mtime_ns))
    return tuple(files)


def read_listing(folder: Path, dates: str = "") -> Listing:
    """Look at the parts of a folder; `UserError` where it holds no answers in Parquet."""
    files = list_files(folder)
    if not files:
        others = any(next(folder.glob(pattern), None) for pattern in _OTHERS)
        fix = (
            "answers are browsed as Parquet: classify with --format parquet" if others else "name a folder that classify wrote"
        )
        raise UserError(at(folder, None, f"no *.parquet in it; {fix}"))
    parts, columns, first = list[Part](), None, 0
    for path, size, changed in files:
        with open_parquet(Path(path)) as file:
            names, rows = tuple(file.schema_arrow.names), file.metadata.num_rows
        _check_columns(path, names)
        columns = columns or names
        if set(names) != set(columns):
            raise UserError(
                at(path, None, f"has other columns than {Path(parts[0].path).name}; keep answers of one run in a folder")
            )
        parts.append(Part(path, size, changed, rows, first))
        first += rows
    return Listing(tuple(parts), columns or (), dates)


def _check_columns(path: str, names: Sequence[str]) -> None:
    lacking = [name for name in _NEEDED if name not in names]
    if lacking or not any(name.startswith(SCORE) for name in names):
        lacks = ", ".join(lacking) or f"{SCORE}*"
        raise UserError(at(path, None, f"no answers of classify: it lacks {lacks}; name a folder that classify wrote"))
