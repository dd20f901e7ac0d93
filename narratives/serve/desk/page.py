"""`GET /label` and below: choose a queue, read a text, decide, and go on."""

import asyncio
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from narratives.annotation import to_task
from narratives.batch import Options
from narratives.data import STANCES
from narratives.errors import UserError, did_you_mean
from narratives.serve.answering.wishes import take_texts
from narratives.serve.desk.agreement import measure_agreement
from narratives.serve.desk.decisions import DECIDED, SKIPPED, Entry
from narratives.serve.desk.desk import SKIPPED_ONES, VIEWS, WAITING, Desk, find_disputed
from narratives.serve.desk.queues import REVIEW, Queue, Task
from narratives.serve.guard.bodies import read_form, take_one
from narratives.serve.guard.problems import Problem
from narratives.serve.pages import render
from narratives.serve.parts import Parts, find_parts

COOKIE = "narratives_reader"
_LONGEST_NAME, _LONGEST_NOTE = 60, 1000
_KEY = re.compile(r"[0-9a-f]{16,64}")


async def label_page(request: Request) -> Response:
    """All queues, how far they are, and how well readers agree."""
    parts = find_parts(request)
    reader = _find_reader(request)
    rows = await asyncio.to_thread(_describe_queues, parts.desk, reader)
    return render(request, "label.html", {"rows": rows, "reader": reader, "told": []})


async def set_reader(request: Request) -> Response:
    """`POST /label`: who reads. The name goes into each label."""
    name = " ".join(take_one(await read_form(request), "reader").split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable() or ";" in name:
        raise Problem(422, f"a name of at most {_LONGEST_NAME} letters, without a semicolon")
    response = RedirectResponse("/label", 303)
    response.set_cookie(COOKIE, quote(name), path="/", httponly=True, samesite="strict", max_age=180 * 24 * 3600)
    return response


async def read_next(request: Request) -> Response:
    """`GET /label/QUEUE`: the next text for this reader."""
    parts, reader = find_parts(request), _find_reader(request)
    if not reader:
        return RedirectResponse("/label", 303)
    queue = parts.desk.queues.find(request.path_params["queue"])
    view = _read_view(request.query_params.get("view", WAITING))
    task = await asyncio.to_thread(parts.desk.choose, queue, reader, request.state.session, view)
    counts = await asyncio.to_thread(parts.desk.count, queue, reader)
    last = await asyncio.to_thread(parts.desk.find_decisions(queue).find_last, reader)
    asked = request.query_params.get("guess")
    shown = task is not None and bool(parts.shelf.names) and (asked == "1" if asked else not task.hidden)
    guess = await _guess(parts, task) if task and shown else []
    codebook = parts.settings.project.read_codebook()
    titles = {entry.id: entry.title for entry in codebook.narratives}
    content = {
        "queue": queue,
        "task": task,
        "counts": counts,
        "reader": reader,
        "last": last,
        "view": view,
        "notes": parts.desk.list_notes(queue, task) if task and view == SKIPPED_ONES else [],
        "shown": shown,
        "guess": guess,
        "can_guess": bool(parts.shelf.names),
        "codebook": codebook,
        "titles": titles,
        "why": _name_titles(task.waiting.why, titles).splitlines() if task and (shown or task.waiting.sides) else [],
        "disputed": find_disputed(task) if task else set(),
        "stances": list(map(str, STANCES)),
        "key": uuid.uuid4().hex,
        "undo_key": uuid.uuid4().hex,
        "longest": _LONGEST_NOTE,
    }
    return render(request, "label_text.html", content)


async def decide(request: Request) -> Response:
    """`POST /label/QUEUE`: decide, skip, undo, or put what was decided into the labels."""
    parts, reader, form = find_parts(request), _find_reader(request), await read_form(request)
    if not reader:
        raise Problem(422, "say who you are first: open the page Label")
    queue = parts.desk.queues.find(request.path_params["queue"])
    do = take_one(form, "do")
    if do == "apply":
        lines = await asyncio.to_thread(parts.desk.apply, queue)
        rows = await asyncio.to_thread(_describe_queues, parts.desk, reader)
        return render(request, "label.html", {"rows": rows, "reader": reader, "told": lines})
    if do == "undo":
        key = take_one(form, "key")
        if not _KEY.fullmatch(key):
            raise Problem(422, "this form is not complete; open the page again")
        await asyncio.to_thread(parts.desk.undo, queue, reader, key)
    elif do in ("decide", "skip"):
        entry = _read_entry(form, do, reader, parts, queue)
        try:
            await asyncio.to_thread(parts.desk.decide, queue, entry)
        except UserError as error:
            raise Problem(507, f"not written down: {error.problems[0]}; free space, go back and decide again") from None
        parts.counters.decisions.inc()
    else:
        raise Problem(422, "do: one of decide, skip, undo, apply")
    view = _read_view(take_one(form, "view"))
    return RedirectResponse(f"/label/{queue.key}{f'?view={view}' if view else ''}", 303)


def _name_titles(why: str, titles: Mapping[str, str]) -> str:
    """Why a text is here, with the titles that stand on the page in place of the ids that files hold."""

    def name(match: re.Match[str]) -> str:
        title = titles.get(match[1] or match[2])
        return f"“{title}”" if title else match[0]

    return re.sub(r"'([^']+)'|([\w.-]+)(?= \d| has \d)", name, why)  # ids stand in quotes, or before a number


def _read_view(value: str) -> str:
    return value if value in VIEWS else WAITING


@dataclass(frozen=True, slots=True)
class Row:
    """A queue as the page lists it."""

    queue: Queue
    counts: Any
    agreements: list[Any]
    problem: str


def _describe_queues(desk: Desk, reader: str) -> list[Row]:
    rows = []
    for queue in desk.queues.list_all():
        try:
            counts = desk.count(queue, reader)
            agreements = measure_agreement(desk.find_decisions(queue).list_standing())
            if queue.kind != REVIEW or counts.waiting or counts.decided or counts.skipped:
                rows.append(Row(queue, counts, agreements, ""))
        except UserError as error:
            rows.append(Row(queue, None, [], error.problems[0]))
    return rows


def _read_entry(form: dict[str, list[str]], do: str, reader: str, parts: Parts, queue: Queue) -> Entry:
    """What a form says; `Problem` where it says nothing clear."""
    key, task_key = take_one(form, "key"), take_one(form, "task")
    if not _KEY.fullmatch(key) or not _KEY.fullmatch(task_key):
        raise Problem(422, "this form is not complete; open the page again")
    task = parts.desk.queues.read(queue).get(task_key)
    if task is None:
        raise Problem(409, "this text is no longer in the queue, so nothing was written down; go on with the next one")
    note = take_one(form, "note").strip()[:_LONGEST_NOTE]
    if do == "skip":
        return Entry(key=key, did=SKIPPED, task=task_key, reader=reader, note=note, record=to_task(task.waiting))
    labels = _read_labels(form, parts.settings.project.read_codebook().ids)
    return Entry(
        key=key,
        did=DECIDED,
        task=task_key,
        reader=reader,
        narratives=labels,
        note=note,
        guess=take_one(form, "guess") == "1",
        record=to_task(task.waiting),
    )


def _read_labels(form: dict[str, list[str]], ids: tuple[str, ...]) -> dict[str, str | None]:
    chosen, none = form.get("narrative", []), take_one(form, "none") == "1"
    if none == bool(chosen):
        raise Problem(422, "choose the narratives that the text carries, or 0: carries none; not both")
    labels: dict[str, str | None] = {}
    for id_ in chosen:
        if id_ not in ids:
            raise Problem(422, f"unknown narrative '{id_[:80]}'{did_you_mean(id_, ids)}")
        stance = take_one(form, f"stance:{id_}")
        if stance not in ("", *STANCES):
            raise Problem(422, f"stance: one of {', '.join(STANCES)}")
        labels[id_] = stance or None
    return labels


async def _guess(parts: Parts, task: Task) -> list[tuple[str, str | None, float]]:
    """What the first model raises for a text, highest score first."""
    passage = task.waiting.passage
    items = take_texts([{"text": passage.text, "language": passage.language}])
    [line] = await parts.together.answer("", items, Options(form="jsonl"))
    row = json.loads(line)
    claims = [(id_, stance, row["scores"][id_]) for id_, stance in row["narratives"].items()]
    return sorted(claims, key=lambda claim: -claim[2])


def _find_reader(request: Request) -> str:
    name = unquote(request.cookies.get(COOKIE, ""))
    return name if name.isprintable() and len(name) <= _LONGEST_NAME and ";" not in name else ""
