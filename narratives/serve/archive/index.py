"""An index of a folder of answers: a narrow row for each text, and one for each narrative that it raises or nearly raises."""

import os
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from narratives.data import STANCES
from narratives.serve.archive.parts import SCORE, Listing, Part

NEAR = 0.2  # a score from which a narrative is indexed though it is not raised
_AT_ONCE = 64  # parts in one statement
Tell = Callable[[int, int], None]  # rows done, rows in all

_TABLES = """
CREATE TABLE parts (path VARCHAR, size BIGINT, changed BIGINT, rows BIGINT, first BIGINT);
CREATE TABLE texts (row BIGINT, date DATE, language VARCHAR, source VARCHAR, raised SMALLINT, score FLOAT, doubt FLOAT);
CREATE TABLE leads (row BIGINT, k SMALLINT, raised BOOLEAN, stance TINYINT, score FLOAT, doubt FLOAT,
                    date DATE, language VARCHAR, source VARCHAR);
"""


def make_index(listing: Listing, target: Path, former: Path | None, done: int, tell: Tell) -> None:
    """Write the index of all parts to `target`, complete or not at all; the first `done` parts stand in `former` already."""
    import duckdb

    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}.partial")
    try:
        if former is not None and done:
            shutil.copyfile(former, aside)
        connection = duckdb.connect(str(aside), config={"threads": max(1, os.cpu_count() or 1)})
        try:
            if not done:
                connection.execute(_TABLES)
            for start in range(done, len(listing.parts), _AT_ONCE):
                some = listing.parts[start : start + _AT_ONCE]
                _add(connection, listing, some)
                tell(some[-1].first + some[-1].rows, listing.rows)
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
        aside.with_name(f"{aside.name}.wal").unlink(missing_ok=True)


def _add(connection: Any, listing: Listing, parts: Sequence[Part]) -> None:
    connection.executemany("INSERT INTO parts VALUES (?, ?, ?, ?, ?)", [tuple(asdict(part).values()) for part in parts])
    files = [part.path for part in parts]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE fresh AS {_select(listing)}",  # the names in it are quoted
        [files],
    )
    connection.execute(
        "INSERT INTO texts SELECT row, date, language, source, len(narratives), score, doubt FROM fresh ORDER BY row"
    )
    connection.execute(f"""
        INSERT INTO leads
        SELECT row, lead.k, lead.place > 0, coalesce(list_position({list(map(str, STANCES))}, stances[lead.place]), 0) - 1,
               lead.score, 1 - 2 * abs(lead.score - 0.5), date, language, source
        FROM (SELECT *, unnest([{_list_scores(listing)}]) AS lead FROM fresh WHERE score >= {NEAR} OR len(narratives) > 0)
        WHERE lead.score >= {NEAR} OR lead.place > 0
        ORDER BY lead.k, row""")  # noqa: S608  # the names in it are quoted
    connection.execute("DROP TABLE fresh")


def _select(listing: Listing) -> str:
    scores = [quote(f"{SCORE}{id_}") for id_ in listing.narratives]
    doubts = [f"1 - 2 * abs({score} - 0.5)" for score in scores]
    date, source = (_find_column(listing, name) for name in ("date", "source"))
    return f"""
        SELECT parts.first + file_row_number AS row, {_to_day(date, listing.dates)} AS date, language, {source} AS source,
               narratives, stances, {_greatest(scores)} AS score, {_greatest(doubts)} AS doubt, {", ".join(scores)}
        FROM read_parquet(?, filename = true, file_row_number = true) AS answers JOIN parts ON parts.path = answers.filename
    """  # noqa: S608  # the names in it are quoted


def _find_column(listing: Listing, name: str) -> str:
    """Where a value that was kept of the input stands: in its own column, or in the whole record."""
    if name in listing.columns:
        return f"CAST({quote(name)} AS VARCHAR)"
    if "record" in listing.columns:
        return f"json_extract_string(record, '$.{name}')"
    return "CAST(NULL AS VARCHAR)"


def _to_day(text: str, written: str) -> str:
    """A date that may lack its day or its month, as the first day of it; NULL where it is none in the years 1 to 9999."""
    day = f"TRY_CAST(left({text}, 10) || CASE length({text}) WHEN 4 THEN '-01-01' WHEN 7 THEN '-01' ELSE '' END AS DATE)"
    if written:
        day = f"CAST(try_strptime(trim({text}), {_text(written)}) AS DATE)"
    return f"CASE WHEN {day} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN {day} END"


def _greatest(values: Sequence[str]) -> str:
    return f"greatest({', '.join(values)})"


def _list_scores(listing: Listing) -> str:
    return ", ".join(
        f"{{'k': {k}, 'score': {quote(f'{SCORE}{id_}')}, 'place': coalesce(list_position(narratives, {_text(id_)}), 0)}}"
        for k, id_ in enumerate(listing.narratives)
    )


def quote(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
