"""The HTTP interface: classify, codebook, models, health and counts."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from narratives.serve.answering.shelf import Served
from narratives.serve.answering.wishes import read_wish
from narratives.serve.guard.bodies import read_object
from narratives.serve.guard.problems import Problem
from narratives.serve.guard.session import COOKIE
from narratives.serve.pages import read_static, render
from narratives.serve.parts import find_parts

_LINES = "application/jsonl"


async def classify(request: Request) -> Response:
    """`POST /api/classify`: the rows that `narratives classify --format jsonl` writes, in the order of the texts."""
    parts = find_parts(request)
    wish = read_wish(await read_object(request), parts.settings.limits)
    lines = await parts.together.answer(wish.model, wish.items, wish.options)
    if _LINES in request.headers.get("accept", ""):
        return Response("".join(lines), media_type=_LINES)
    rows = ",\n".join(line.rstrip("\n") for line in lines)
    return Response(f'{{"answers": [\n{rows}\n]}}\n', media_type="application/json")


async def codebook(request: Request) -> Response:
    """`GET /api/codebook`: that of the project, or with `?model=` the one that a model speaks."""
    parts = find_parts(request)
    name = request.query_params.get("model")
    spoken = parts.shelf.get(name).model.codebook if name else parts.read_codebook()
    return JSONResponse({**spoken.to_json(), "digest": spoken.digest})


async def models(request: Request) -> Response:
    """`GET /api/models`: what is served, and the figures of its test."""
    return JSONResponse({"models": [_describe(served) for served in find_parts(request).shelf.all]})


async def healthz(request: Request) -> Response:
    """`GET /healthz`: whether the server answers and every model is the one that stands on disk."""
    parts = find_parts(request)
    stale = sum(bool(served.problem) for served in parts.shelf.all)
    return JSONResponse({"status": "ok", "models": len(parts.shelf.names), "stale_models": stale})


async def metrics(request: Request) -> Response:
    """`GET /metrics`: counts for Prometheus."""
    return Response(find_parts(request).counters.render(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def api_page(request: Request) -> Response:
    """`GET /api`: what can be asked for, with an example of each."""
    return render(request, "api.html", {"document": _read_openapi(request), "base": str(request.base_url).rstrip("/")})


async def openapi(request: Request) -> Response:
    """`GET /api/openapi.json`: the same for programs."""
    return JSONResponse(_read_openapi(request))


async def static(request: Request) -> Response:
    """`GET /static/NAME`: a style or a script of ours."""
    asset = read_static(request.path_params["name"])
    if asset is None:
        raise Problem(404, "there is no such file")
    return Response(asset[0], media_type=asset[1])


async def enter(request: Request) -> Response:
    """`GET /enter`: where a browser gives the token."""
    return render(request, "enter.html", {"wrong": False})


async def take_token(request: Request) -> Response:
    """`POST /enter`: a session for who knows the token."""
    from urllib.parse import parse_qs

    sessions = request.state.sessions
    try:
        fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10)
    except ValueError:  # more fields than our form has
        fields = {}
    if not sessions.is_token("".join(fields.get("token", []))):
        return render(request, "enter.html", {"wrong": True}, status=403)
    response = RedirectResponse("/", 303)
    response.set_cookie(COOKIE, sessions.make(), path="/", httponly=True, samesite="strict")
    return response


def _describe(served: Served) -> dict[str, Any]:
    model, tested = served.model, served.tested
    figures = {
        id_: {"support": row.support, "raised": row.raised, "precision": row.precision}
        for id_, row in (tested.narratives.items() if tested else ())
    }
    return {
        "name": served.name,
        "run": model.run,
        "classifier": model.classifier_name,
        "digest": model.digest,
        "codebook": model.codebook.digest[:12],
        "narratives": list(model.codebook.ids),
        "thresholds": dict(zip(model.codebook.ids, model.thresholds.tolist(), strict=True)),
        "tested": {"passages": tested.passages, "raised": tested.raised, "narratives": figures} if tested else None,
        "problem": served.problem,
    }


def _read_openapi(request: Request) -> Any:
    import json

    from narratives import __version__

    asset = read_static("openapi.json")
    if asset is None:
        raise Problem(404, "the description of the interface is not installed")
    document = json.loads(asset[0])
    document["info"]["version"] = __version__
    document["servers"] = [{"url": str(request.base_url).rstrip("/")}]
    return document
