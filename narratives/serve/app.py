"""The application: which path is answered by what, and what runs beside."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp

from narratives.errors import UserError
from narratives.progress import Say
from narratives.serve.answering import api
from narratives.serve.answering.direct import Direct
from narratives.serve.answering.shelf import Shelf
from narratives.serve.answering.together import Together
from narratives.serve.archive import page as archive
from narratives.serve.archive.archive import Archive, make_archives
from narratives.serve.counters import Counters
from narratives.serve.desk import page as desk
from narratives.serve.desk.desk import Desk
from narratives.serve.guard.guard import Guard
from narratives.serve.guard.problems import Problem, explain
from narratives.serve.guard.session import Sessions
from narratives.serve.parts import Parts
from narratives.serve.records import page as records
from narratives.serve.records.promotion import Promotions
from narratives.serve.settings import Settings
from narratives.serve.tryout import page as tryout
from narratives.serve.tryout.nearest import Neighbours

_LOOK, _LOOK_ANSWERS = 1.0, 10.0  # seconds between two looks at the models on disk, at a folder of answers

ROUTES = [
    Route("/", tryout.try_page),
    Route("/", tryout.read_text, methods=["POST"]),
    Route("/api", api.api_page),
    Route("/api/classify", api.classify, methods=["POST"]),
    Route("/api/codebook", api.codebook),
    Route("/api/models", api.models),
    Route("/api/openapi.json", api.openapi),
    Route("/answers", archive.answers_page),
    Route("/answers.csv", archive.export),
    Route("/answers/progress", archive.progress),
    Route("/label", desk.label_page),
    Route("/label", desk.set_reader, methods=["POST"]),
    Route("/label/{queue}", desk.read_next),
    Route("/label/{queue}", desk.decide, methods=["POST"]),
    Route("/models", records.models_page),
    Route("/models/{run}/promote", records.ask_promotion),
    Route("/models/{run}/promote", records.promote, methods=["POST"]),
    Route("/reports/{path:path}", records.report),
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
    shelf = Shelf(models, lambda name: counters.reloads.labels(name).inc(), leave_out, settings.project.trusted)
    parts = Parts(
        settings=settings,
        shelf=shelf,
        together=Together(shelf, counters, settings.limits.waiting),
        counters=counters,
        neighbours=Neighbours(settings.project),
        archives=make_archives(settings.answers, settings.cache, settings.dates),
        desk=Desk(settings.project, settings.queues),
        promotions=Promotions(settings.project),
    )
    app = Starlette(
        routes=ROUTES,
        lifespan=_live,
        exception_handlers=dict.fromkeys((Problem, UserError, HTTPException, Exception), explain),
    )
    app.state.parts = parts
    return Guard(Direct(app), settings, Sessions.start(settings.token), counters)


@asynccontextmanager
async def _live(app: Starlette) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    parts.together.start()
    warming = asyncio.create_task(asyncio.to_thread(parts.neighbours.read))  # seconds that nobody should wait for
    tasks = [
        warming,
        asyncio.create_task(_watch_models(parts)),
        *(asyncio.create_task(_watch_answers(archive)) for archive in parts.archives),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.to_thread(parts.together.end)


async def _watch_models(parts: Parts) -> None:
    """Look for models that were promoted or rolled back."""
    while True:
        await asyncio.sleep(_LOOK)
        await asyncio.to_thread(parts.shelf.refresh)


async def _watch_answers(archive: Archive) -> None:
    """Build the index of a folder of answers, and again when there are more."""
    while True:
        await asyncio.to_thread(archive.refresh)
        await asyncio.sleep(_LOOK_ANSWERS)
