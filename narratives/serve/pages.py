"""The templates of the pages, and what all of them are given."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

if TYPE_CHECKING:
    from jinja2 import Environment

MENU = {"/": "Try", "/answers": "Answers", "/label": "Label", "/models": "Reports and models", "/api": "HTTP interface"}
_STATIC = {"css": "text/css", "js": "text/javascript", "json": "application/json"}


def render(
    request: Request,
    template: str,
    content: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A page; every value in it is escaped."""
    session = getattr(request.state, "session", "")
    shared = {
        "menu": MENU,
        "path": request.url.path,
        "csrf": request.state.sessions.make_csrf(session) if session else "",
    }
    html = make_environment().get_template(template).render({**shared, **content})
    return HTMLResponse(html, status, dict(headers or {}))


@cache
def make_environment() -> "Environment":
    """The templates. A name that is not there is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("narratives.serve"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": _count, "hundred": _hundred, "pair": _pair, "tell": _tell, "code": _mark_code}
    return environment


@cache
def read_static(name: str) -> tuple[bytes, str] | None:
    """A file of ours and its type; `None` where there is none of this name."""
    if name == "report.css":
        from narratives.report import read_asset

        return read_asset("style.css")[0].encode(), "text/css"
    kind = _STATIC.get(name.rpartition(".")[2], "")
    ours = {file.name: file for file in files("narratives.serve").joinpath("static").iterdir()}
    if not kind or name not in ours:
        return None
    return ours[name].read_bytes(), kind


def _count(number: int) -> str:
    """A count with narrow blanks between thousands."""
    return f"{number:,}".replace(",", "\u202f")


def _hundred(share: float | None) -> str:
    """A share as a percentage."""
    return "unknown" if share is None else f"{100 * share:.0f}\u202f%"


def _mark_code(text: str) -> Markup:
    """A text with what stands between backticks set as code."""
    pieces = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if k % 2 else escape(piece) for k, piece in enumerate(pieces)
    )


def _pair(values: Iterable[object]) -> list[tuple[str, str]]:
    """Values of a choice that are their own words."""
    return [(str(value), str(value)) for value in values]


def _tell(values: Iterable[tuple[str, int]]) -> list[tuple[str, str]]:
    """Values of a choice with how many have each."""
    return [(value, f"{value} ({_count(n)})") for value, n in values]
