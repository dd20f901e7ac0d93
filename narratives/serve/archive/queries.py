"""A wish as SQL over the index: which rows, in which order, how many, and when."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from narratives.data import STANCES
from narratives.serve.archive.archive import View
from narratives.serve.archive.wishes import ANY, NONE, Wish
from narratives.serve.guard.problems import Problem

PAGE = 25  # rows shown at once
_FIRST = "DATE '0001-01-01'"  # stands for a date that is not there
_KEYS = {  # sort -> expression, type, direction
    "row": ("0", "INTEGER", "ASC"),
    "doubt": ("doubt", "FLOAT", "DESC"),
    "score": ("score", "FLOAT", "DESC"),
    "new": (f"coalesce(date, {_FIRST})", "DATE", "DESC"),
    "old": (f"coalesce(date, {_FIRST})", "DATE", "ASC"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is shown: its number, and what its key was, so that the next page can begin after it."""

    row: int
    key: str
    score: float


@dataclass(frozen=True, slots=True)
class Selection:
    """The part of an index that a wish speaks of, in SQL."""

    table: str  # texts or leads
    where: str
    values: list[Any]
    hits: list[int] | None  # rows that hold the words


def select(view: View, wish: Wish) -> Selection:
    """The rows of a wish; `Problem` where its words stand in too many texts, or there are none to search."""
    clauses: list[str] = []
    values: list[Any] = []
    named = wish.narrative not in ("", ANY, NONE)
    if named:
        clauses.append("k = ?")
        values.append(view.listing.narratives.index(wish.narrative))
        clauses += [] if wish.near else ["raised"]
    elif wish.narrative == NONE:
        clauses.append("raised = 0")
    elif wish.narrative == ANY or wish.stance:
        clauses.append("raised > 0")
    if wish.stance:
        code = list(map(str, STANCES)).index(wish.stance)
        clauses.append("stance = ?" if named else "row IN (SELECT row FROM leads WHERE raised AND stance = ?)")
        values.append(code)
    for column in ("source", "language"):
        if value := getattr(wish, column):
            clauses.append(f"{column} = ?")
            values.append(value)
    for operator, day in ((">=", wish.since), ("<=", wish.until)):
        if day:
            clauses.append(f"date {operator} ?")
            values.append(day)
    if wish.least:
        clauses.append("score >= CAST(? AS FLOAT)")
        values.append(wish.least)
    hits = _search(view, wish)
    clauses += ["row IN (SELECT row FROM hits)"] if hits is not None else []
    return Selection("leads" if named else "texts", " AND ".join(clauses) or "true", values, hits)


def list_rows(view: View, selection: Selection, wish: Wish, limit: int) -> list[Row]:
    """The first rows after the place that the wish names, in its order."""
    key, kind, direction = _KEYS[wish.sort]
    values, after = list(selection.values), ""
    if wish.after:
        sign = ">" if direction == "ASC" else "<"
        after = f" AND ({key} {sign} CAST(? AS {kind}) OR ({key} = CAST(? AS {kind}) AND row > ?))"
        values += [wish.after[0], wish.after[0], wish.after[1]]
    order = "row" if wish.sort == "row" else f"{key} {direction}, row"
    sql = (
        f"SELECT row, {key}, score FROM {selection.table} "  # noqa: S608  # every word of it is ours
        f"WHERE {selection.where}{after} ORDER BY {order} LIMIT {limit}"
    )
    return [Row(row, str(place), score) for row, place, score in _ask(view, sql, values, selection)]


def count_rows(view: View, selection: Selection) -> int:
    """How many rows there are."""
    sql = f"SELECT count(*) FROM {selection.table} WHERE {selection.where}"  # noqa: S608  # every word of it is ours
    return int(_ask(view, sql, selection.values, selection)[0][0])


def list_values(view: View, column: str) -> list[tuple[str, int]]:
    """The most frequent values of a column, with how many texts have each."""
    sql = f"SELECT {column}, count(*) AS n FROM texts WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT 200"  # noqa: S608
    return [(str(value), int(n)) for value, n in view.ask(sql, [])]


def find_days(view: View) -> tuple[datetime.date, datetime.date] | None:
    """The first and the last date; `None` where no answer has one."""
    first, last = view.ask("SELECT min(date), max(date) FROM texts", [])[0]
    return (first, last) if first else None


def count_by_time(view: View, selection: Selection, wish: Wish, unit: str) -> list[tuple[int, datetime.date, int]]:
    """Narrative, first day of the month (week, day, year), and how many texts raise it there, not only nearly."""
    clauses, values = selection.where, list(selection.values)
    if selection.table == "texts" and clauses != "true":  # a text may raise several: count those that it raises
        clauses = f"row IN (SELECT row FROM texts WHERE {clauses})"  # noqa: S608  # every word of it is ours
    sql = (
        f"SELECT k, date_trunc('{unit}', date)::DATE, count(*) FROM leads "  # noqa: S608  # every word of it is ours
        f"WHERE date IS NOT NULL AND raised AND {clauses} GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [(int(k), day, int(n)) for k, day, n in _ask(view, sql, values, selection)]


def count_narratives(view: View, rows: Sequence[int]) -> dict[int, dict[int, float]]:
    """Of each row the narratives that it raises, by column, with their scores."""
    scores: dict[int, dict[int, float]] = {row: {} for row in rows}
    sql = "SELECT row, k, score FROM leads WHERE raised AND row IN (SELECT row FROM hits)"
    for row, k, score in view.ask(sql, [], rows):
        scores[row][k] = score
    return scores


def _search(view: View, wish: Wish) -> list[int] | None:
    if not wish.words:
        return None
    if view.words is None:
        raise Problem(422, "these answers hold no texts to search in; classify with --text, which keeps them")
    hits = view.search(wish.lookup)
    if hits is None:
        raise Problem(422, "these words stand in more than 300,000 texts; add a word that stands in fewer")
    return hits


def _ask(view: View, sql: str, values: Sequence[Any], selection: Selection) -> list[tuple[Any, ...]]:
    import duckdb

    try:
        return view.ask(sql, values, selection.hits)
    except duckdb.ConversionException:  # a place in the list that nobody of ours wrote
        raise Problem(422, "after: open the first page again") from None
