"""`POST /api/classify` without the router: what is asked for a thousand times a second should not look for its way."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from narratives.errors import UserError
from narratives.serve.answering.api import classify
from narratives.serve.guard.problems import Problem, explain

PATH = "/api/classify"


class Direct:
    """Answers requests to classify itself, with the function that the route names, and hands on all others.

    Router and middleware take as long as a third of a short text does.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, refuse or hand on; an error of the program is told as one and raised, as the router does."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        scope.update({"app": self.app, "endpoint": classify})
        request = Request(scope, receive)
        try:
            response = await classify(request)
        except Exception as error:
            await (await explain(request, error))(scope, receive, send)
            if not isinstance(error, (Problem, UserError)):
                raise
        else:
            await response(scope, receive, send)
