"""`GET /models`, `GET /reports/...` and the promotion of a model that waits."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from narratives.report import read_asset
from narratives.serve.guard.bodies import read_form, take_one
from narratives.serve.guard.problems import Problem
from narratives.serve.pages import render
from narratives.serve.parts import Parts, find_parts
from narratives.serve.records.overview import find_report, list_models, list_reports, list_retrainings


async def models_page(request: Request) -> Response:
    """Models, reports, verdicts."""
    content = await asyncio.to_thread(_gather, find_parts(request))
    return render(request, "models.html", content)


async def report(request: Request) -> Response:
    """A page that another command wrote: cut off from ours, with its style and, where it is the report's own, its script."""
    path = await asyncio.to_thread(find_report, find_parts(request).settings.project, request.path_params["path"])
    if path is None:
        raise Problem(404, "there is no such report; narratives report RUN writes one")
    digest = read_asset("script.js")[1]
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts"
    )
    body = await asyncio.to_thread(path.read_bytes)
    return Response(body, media_type="text/html", headers={"content-security-policy": policy})


async def ask_promotion(request: Request) -> Response:
    """`GET /models/RUN/promote`: the first question."""
    return render(request, "promote.html", await _find_waiting(request) | {"again": False})


async def promote(request: Request) -> Response:
    """`POST /models/RUN/promote`: the second question, and with the run's name typed, the deed."""
    form, content = await read_form(request), await _find_waiting(request)
    run = request.path_params["run"]
    if "sure" not in form:
        return render(request, "promote.html", content | {"again": True})
    if take_one(form, "sure") != run:
        raise Problem(422, f"to promote it, type the name of the run: {run}; nothing was changed")
    if not await asyncio.to_thread(find_parts(request).promotions.begin, run):
        raise Problem(409, "another promotion is under way, or this model waits no longer; look at the page of models")
    return RedirectResponse("/models", 303)


async def _find_waiting(request: Request) -> dict[str, Any]:
    parts, run = find_parts(request), request.path_params["run"]
    if not await asyncio.to_thread(parts.promotions.waits, run):
        raise Problem(404, "no model waits for this run")
    content = await asyncio.to_thread(_gather, parts)
    verdicts = [verdict for verdict in content["retrainings"] if verdict.run == run]
    return {"run": run, "verdict": verdicts[0] if verdicts else None}


def _gather(parts: Parts) -> dict[str, Any]:
    project = parts.settings.project
    versions, problem = list_models(project)
    return {
        "versions": versions,
        "problem": problem,
        "stale": [served for served in parts.shelf.all if served.problem],
        "served": parts.shelf.names,
        "reports": list_reports(project),
        "retrainings": list_retrainings(project),
        "promotions": parts.promotions.list_states(),
    }
