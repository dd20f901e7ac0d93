"""`GET /` and `POST /`: paste a text, and see what each model finds in it."""

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from narratives.batch import Options
from narratives.serve.answering.wishes import take_texts
from narratives.serve.guard.bodies import is_text, read_form, take_one
from narratives.serve.guard.problems import Problem
from narratives.serve.pages import render
from narratives.serve.parts import Parts, find_parts
from narratives.serve.tryout.reading import list_names, make_reading

LONGEST = 200_000  # characters: a long report; a book is for the command


async def try_page(request: Request) -> Response:
    """An empty page to paste a text into."""
    return render(request, "try.html", _fill(find_parts(request), "", []))


async def read_text(request: Request) -> Response:
    """The same page with the answers of the chosen models, side by side."""
    parts, form = find_parts(request), await read_form(request)
    text = take_one(form, "text")
    if not text.strip():
        raise Problem(422, "there is no text; paste one, or drop a file of text on the page")
    if len(text) > LONGEST or not is_text(text):
        raise Problem(413, f"more than {LONGEST} characters; take narratives classify for texts of this size")
    names = list_names(parts.shelf.names, form.get("model", []))
    rows = await asyncio.gather(*(_ask(parts, name, text) for name in names))
    raised = {id_ for row in rows for id_ in row["narratives"]}
    served = [parts.shelf.get(name) for name in names]
    readings = [await asyncio.to_thread(make_reading, *pair, text, raised) for pair in zip(served, rows, strict=True)]
    near = await asyncio.to_thread(parts.neighbours.find, text)
    return render(request, "try.html", {**_fill(parts, text, names), "readings": readings, "near": near})


async def _ask(parts: Parts, name: str, text: str) -> dict[str, Any]:
    [line] = await parts.together.answer(name, take_texts([{"text": text}]), Options(form="jsonl", explain=True))
    row: dict[str, Any] = json.loads(line)
    return row


def _fill(parts: Parts, text: str, chosen: list[str]) -> dict[str, Any]:
    return {
        "models": parts.shelf.names,
        "chosen": chosen or parts.shelf.names,
        "text": text,
        "readings": [],
        "near": [],
        "titles": parts.titles,
        "longest": LONGEST,
    }
