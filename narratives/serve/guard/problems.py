"""What a refusal looks like: problem+json (RFC 9457) for programs, a page for people."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from narratives.errors import UserError, show_controls
from narratives.serve.pages import render

TYPE = "application/problem+json"
_MISSED = {404: "there is no such page", 405: "this page does not take that method"}


class Problem(Exception):
    """What is wrong with a request, and what to do about it; `status` is that of HTTP."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase

    def to_json(self) -> bytes:
        """The body for a program."""
        value = {"type": "about:blank", "title": self.title, "status": self.status, "detail": show_controls(self.detail)}
        return json.dumps(value, ensure_ascii=True).encode() + b"\n"


def respond(request: Request, problem: Problem) -> Response:
    """The refusal in the form that the request asks for."""
    if wants_page(request):
        return render(request, "problem.html", {"problem": problem}, status=problem.status, headers=problem.headers)
    return Response(problem.to_json(), problem.status, problem.headers, media_type=TYPE)


async def explain(request: Request, error: Exception) -> Response:
    """The refusal that tells of an error, whichever it is; for one of the program a handler raises it as well."""
    if isinstance(error, UserError):
        problem = Problem(422, "; ".join(error.problems[:10]))  # what a command would have told with exit code 2
    elif isinstance(error, HTTPException):
        problem = Problem(error.status_code, _MISSED.get(error.status_code, "this request makes no sense here"), error.headers)
    elif isinstance(error, Problem):
        problem = error
    else:
        problem = Problem(500, "an error of the program; where it was started its traceback is shown")
    return respond(request, problem)


def wants_page(request: Request) -> bool:
    """Whether it is a browser that asks for a page."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
