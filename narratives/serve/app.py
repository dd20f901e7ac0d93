"""The application: which path is answered by what, and what runs beside."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from narratives.errors import UserError
from narratives.progress import Say
from narratives.serve.answering import api
from narratives.serve.answering.shelf import Shelf
from narratives.serve.answering.together import Together
from narratives.serve.counters import Counters
from narratives.serve.guard.guard import Guard
from narratives.serve.guard.problems import Problem, from_user_error, respond
from narratives.serve.guard.session import Sessions
from narratives.serve.parts import Parts
from narratives.serve.settings import Settings
from narratives.serve.tryout import page as tryout
from narratives.serve.tryout.nearest import Neighbours

_LOOK = 1.0  # seconds between two looks at the models on disk

ROUTES = [
    Route("/", tryout.try_page),
    Route("/", tryout.read_text, methods=["POST"]),
    Route("/api", api.api_page),
    Route("/api/classify", api.classify, methods=["POST"]),
    Route("/api/codebook", api.codebook),
    Route("/api/models", api.models),
    Route("/api/openapi.json", api.openapi),
    Route("/healthz", api.healthz),
    Route("/metrics", api.metrics),
    Route("/enter", api.enter),
    Route("/enter", api.take_token, methods=["POST"]),
    Route("/static/{name}", api.static),
]


def make_app(settings: Settings, models: Sequence[Path], say: Say) -> ASGIApp:
    """Load the models and put everything together; `UserError` where something named is not there.

    `say` hears which models are left out, where nobody named any.
    """
    counters = Counters()
    leave_out = say if settings.models is None else None
    shelf = Shelf(models, lambda name: counters.reloads.labels(name).inc(), leave_out)
    parts = Parts(
        settings=settings,
        shelf=shelf,
        together=Together(shelf, counters, settings.limits.waiting),
        counters=counters,
        neighbours=Neighbours(settings.project),
    )
    app = Starlette(
        routes=ROUTES,
        lifespan=_live,
        exception_handlers={Problem: _refuse, UserError: _explain, HTTPException: _miss, Exception: _fail},
    )
    app.state.parts = parts
    return Guard(app, settings, Sessions.start(settings.token), counters)


@asynccontextmanager
async def _live(app: Starlette) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    parts.together.start()
    warming = asyncio.create_task(asyncio.to_thread(parts.neighbours.read))  # seconds that nobody should wait for
    watching = asyncio.create_task(_watch(parts))
    try:
        yield
    finally:
        watching.cancel()
        warming.cancel()
        await asyncio.to_thread(parts.together.end)


async def _watch(parts: Parts) -> None:
    """Look for models that were promoted or rolled back."""
    while True:
        await asyncio.sleep(_LOOK)
        await asyncio.to_thread(parts.shelf.refresh)


async def _refuse(request: Request, error: Exception) -> Response:
    return respond(request, error if isinstance(error, Problem) else Problem(500, ""))


async def _explain(request: Request, error: Exception) -> Response:
    return respond(request, from_user_error(error) if isinstance(error, UserError) else Problem(500, ""))


async def _miss(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    told = {404: "there is no such page", 405: "this page does not take that method"}
    headers = error.headers if isinstance(error, HTTPException) else None
    return respond(request, Problem(status, told.get(status, "this request makes no sense here"), headers))


async def _fail(request: Request, error: Exception) -> Response:
    return respond(request, Problem(500, "an error of the program; where it was started its traceback is shown"))
