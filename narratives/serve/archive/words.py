"""Which texts hold given words: an index of SQLite's FTS5, built once for a folder of answers."""

import re
import shutil
import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from narratives.files import open_parquet
from narratives.serve.archive.index import Tell
from narratives.serve.archive.parts import Listing, Part

MOST = 300_000  # texts that a search may give: a word that stands in more of them finds nothing
_WORD = re.compile(r"[^\W_]+")
_TABLE = "CREATE VIRTUAL TABLE words USING fts5(text, content='', detail=none, tokenize='unicode61 remove_diacritics 2')"


def make_words(listing: Listing, target: Path, former: Path | None, done: int, tell: Tell) -> None:
    """Write the index of all texts to `target`; the first `done` parts stand in `former` already."""
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}.partial")
    try:
        if former is not None and done:
            shutil.copyfile(former, aside)
        with closing(sqlite3.connect(aside, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")  # it is a copy: what is lost is made again
            connection.execute("BEGIN")
            if former is None or not done:
                connection.execute(_TABLE)
            for part in listing.parts[done:]:
                connection.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", _read_texts(part))
                tell(part.first + part.rows, listing.rows)
            connection.execute("COMMIT")
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def find_words(path: Path, words: Sequence[str]) -> list[int] | None:
    """The rows of the texts that hold all the words, in order; `None` where these are more than `MOST`."""
    query = " AND ".join(f'"{word}"' for word in words)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", (query, MOST + 1)).fetchall()
    return [row for (row,) in rows] if len(rows) <= MOST else None


def split_words(text: str) -> list[str]:
    """The words of a search: letters and digits, each once."""
    return list(dict.fromkeys(_WORD.findall(text)))


def _read_texts(part: Part) -> list[tuple[int, str]]:
    with open_parquet(Path(part.path)) as file:
        texts = file.read(columns=["text"]).column("text").to_pylist()
    return [(part.first + place, text) for place, text in enumerate(texts) if text]
