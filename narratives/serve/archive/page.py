"""`GET /answers`: the rows of a folder of answers, and how they are spread over time."""

import asyncio
import sqlite3
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from narratives.data import STANCES
from narratives.serve.archive.archive import Archive, View
from narratives.serve.archive.chart import HEIGHT, WIDTH, choose_unit, draw_strips
from narratives.serve.archive.export import MOST, write_rows
from narratives.serve.archive.queries import (
    PAGE,
    Row,
    count_by_time,
    count_narratives,
    count_rows,
    find_days,
    list_rows,
    list_values,
    select,
)
from narratives.serve.archive.wishes import ANY, NONE, SORTS, Wish, read_wish
from narratives.serve.guard.problems import Problem
from narratives.serve.pages import render
from narratives.serve.parts import Parts, find_parts


async def answers_page(request: Request) -> Response:
    """One page of rows, the filters above it, the counts over time below."""
    parts = find_parts(request)
    if not parts.archives:
        return render(request, "answers_none.html", {})
    archive = _choose(parts, request.query_params.get("folder", ""))
    view = archive.view
    names = [other.name for other in parts.archives]
    if view is None:
        shared = {"folders": names, "folder": archive.name, "problem": archive.problem, "progress": archive.progress}
        return render(request, "answers_wait.html", shared)
    wish = read_wish(request.query_params, view.listing.narratives)
    content = await asyncio.to_thread(_gather, view, wish, parts)
    words = {"sorts": SORTS, "stances": STANCES, "any": ANY, "none": NONE, "most": MOST}
    shown = {"folders": names, "folder": archive.name, "problem": archive.problem}
    return render(request, "answers.html", {**shown, **words, **content})


async def export(request: Request) -> Response:
    """`GET /answers.csv`: the same rows as a file."""
    view, wish = _find(request)
    name = "answers.csv"
    return StreamingResponse(
        _stream(view, wish), media_type="text/csv", headers={"content-disposition": f'attachment; filename="{name}"'}
    )


async def progress(request: Request) -> Response:
    """`GET /answers/progress`: how far the index is, for the page that waits."""
    archive = _choose(find_parts(request), request.query_params.get("folder", ""))
    done, total = archive.progress
    return JSONResponse({"ready": archive.view is not None, "done": done, "total": total, "problem": archive.problem})


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as the page shows it."""

    record: dict[str, Any]
    score: float
    raised: list[tuple[str, str | None, float | None]]  # narrative, stance, score


def _gather(view: View, wish: Wish, parts: Parts) -> dict[str, Any]:
    try:
        selection = select(view, wish)
    except sqlite3.OperationalError:  # its file was replaced while it was asked
        raise Problem(409, "answers were added in this moment; ask again") from None
    rows = list_rows(view, selection, wish, PAGE + 1)
    span = find_days(view)
    days = (max(span[0], wish.since or span[0]), min(span[1], wish.until or span[1])) if span else None
    unit = choose_unit(*days) if days else "month"
    counts = count_by_time(view, selection, wish, unit) if days else []
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return {
        "wish": wish,
        "rows": _show(view, rows[:PAGE]),
        "next": wish.to_query(after=f"{last.key}~{last.row}") if last else "",
        "total": count_rows(view, selection),
        "texts": view.listing.rows,
        "narratives": view.listing.narratives,
        "titles": parts.titles,
        "sources": list_values(view, "source"),
        "languages": list_values(view, "language"),
        "has_words": view.words is not None,
        "has_dates": span is not None,
        "has_column": "date" in view.listing.columns,
        "unit": unit,
        "days": days,
        "strips": draw_strips(counts, view.listing.narratives, *days, unit) if days and days[0] <= days[1] else [],
        "width": WIDTH,
        "height": HEIGHT,
    }


def _show(view: View, rows: list[Row]) -> list[Shown]:
    numbers = [row.row for row in rows]
    scores, ids = count_narratives(view, numbers), view.listing.narratives
    shown = []
    for row, record in zip(rows, view.fetch(numbers), strict=True):
        by_id = {ids[k]: score for k, score in scores[row.row].items()}
        raised = [(id_, stance, by_id.get(id_)) for id_, stance in zip(record["narratives"], record["stances"], strict=True)]
        shown.append(Shown(record, row.score, raised))
    return shown


def _find(request: Request) -> tuple[View, Wish]:
    archive = _choose(find_parts(request), request.query_params.get("folder", ""))
    if archive.view is None:
        raise Problem(409, "the index of these answers is still being built; try again in a moment")
    return archive.view, read_wish(request.query_params, archive.view.listing.narratives)


def _choose(parts: Parts, name: str) -> Archive:
    for archive in parts.archives:
        if not name or archive.name == name:
            return archive
    raise Problem(404, f"no folder of answers '{name[:80]}'; start the server with --answers DIR")


async def _stream(view: View, wish: Wish) -> Any:
    pieces = write_rows(view, wish)
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
