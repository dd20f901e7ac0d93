"""What a refusal looks like: problem+json (RFC 9457) for programs, a page for people."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from narratives.errors import UserError, show_controls
from narratives.serve.pages import render

TYPE = "application/problem+json"


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


def wants_page(request: Request) -> bool:
    """Whether it is a browser that asks for a page."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def from_user_error(error: UserError) -> Problem:
    """What a command would have told with exit code 2."""
    return Problem(422, "; ".join(error.problems[:10]))
