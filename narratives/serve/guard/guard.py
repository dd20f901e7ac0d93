"""The door of the server: every request passes here before anything is done for it."""

import asyncio
import ipaddress
import time
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from narratives.serve.counters import Counters
from narratives.serve.guard.problems import Problem, respond
from narratives.serve.guard.session import COOKIE, Sessions
from narratives.serve.settings import Settings

OPEN = ("/healthz", "/enter")  # what may be asked for without the token
_PROGRAMS = ("/api/", "/healthz", "/metrics", "/static/")  # whoever asks for these needs no session
_PATIENCE = 20
_SAFE = ("GET", "HEAD", "OPTIONS")
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_STATIC_HEADERS = [(b"cache-control", b"max-age=3600")]
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # "no-referrer" would take the origin from our own forms too
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"cache-control", b"no-store"),
]


class Guard:
    """Checks who asks and from where, keeps bodies and times within limits, and sets the headers of every answer."""

    def __init__(self, app: ASGIApp, settings: Settings, sessions: Sessions, counters: Counters) -> None:
        self.app = app
        self.settings = settings
        self.sessions = sessions
        self.counters = counters
        self._is_ours = lru_cache(maxsize=64)(self._find_ours)  # nearly all requests name the same host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        pairs = reversed(scope["headers"])  # of two with one name the first counts
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
        state = scope.setdefault("state", {})
        state |= {"session": self.sessions.read(headers.get("cookie", "")), "sessions": self.sessions}
        fresh = ""
        if not state["session"] and not self.settings.token and not scope["path"].startswith(_PROGRAMS):
            fresh = self.sessions.make()
            state["session"] = fresh.partition(".")[0]

        async def tell(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                deadline.reschedule(None)  # what has begun to come may take its time
                _add_headers(message, scope["path"], fresh)
            await send(message)

        request = Request(scope, receive)
        patience = _PATIENCE if scope["path"].startswith("/label") else 1  # labels of a whole project are read and written
        seconds = self.settings.limits.seconds * patience
        try:
            async with asyncio.timeout(seconds) as deadline:
                if refusal := self._refuse(request, headers):
                    await refusal(scope, receive, tell)
                else:
                    await self.app(scope, self._limit(request, receive), tell)
        except TimeoutError:
            problem = Problem(408, f"it took longer than {seconds:g} seconds; send fewer or shorter texts, or try again")
            await respond(request, problem)(scope, receive, _with_headers(send, scope["path"]))
            status = 408
        except Problem as problem:  # of a body that was too large, noticed outside of a handler
            await respond(request, problem)(scope, receive, tell)
        finally:
            self.counters.note_request(scope, status, time.perf_counter() - began)

    def _refuse(self, request: Request, headers: Mapping[str, str]) -> Response | None:
        """Why this request is not for us; `None` where it is."""
        host = headers.get("host", "")
        if not self._is_ours(host):
            names = "an IP address, localhost, or a name that was given with --name"
            return respond(request, Problem(403, f"this server is not called '{host[:80]}'; ask for {names}"))
        if request.method not in _SAFE:
            origin = headers.get("origin")
            ours = [f"{scheme}://{host}".lower() for scheme in ("http", "https")]  # a proxy may speak TLS for us
            if origin is not None and origin.lower() not in ours:
                return respond(request, Problem(403, "a page of another site sent this; use the pages of this server"))
            if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                return respond(request, Problem(403, "a page of another site sent this; use the pages of this server"))
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            return respond(request, Problem(400, "Content-Length is no number"))
        if int(length) > self.settings.limits.body:
            return respond(request, self._tell_large())
        if self.settings.token and not self._may_enter(request, headers):
            if request.method in _SAFE and "text/html" in headers.get("accept", ""):
                return RedirectResponse("/enter", 303)
            reason = "this server asks for a token: send the header Authorization: Bearer TOKEN, or open /enter in a browser"
            return respond(request, Problem(401, reason, {"www-authenticate": "Bearer"}))
        return None

    def _may_enter(self, request: Request, headers: Mapping[str, str]) -> bool:
        path = request.url.path
        kind, _, token = headers.get("authorization", "").partition(" ")
        has_token = kind.lower() == "bearer" and self.sessions.is_token(token.strip())
        return has_token or bool(request.state.session) or path in OPEN or path.startswith("/static/")

    def _find_ours(self, host: str) -> bool:
        """Whether a `Host` is one of ours: a name that somebody else may point at this machine is not (DNS rebinding)."""
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if not name or parts.username is not None or parts.path or parts.query or parts.fragment:
            return False
        if self.settings.port and port is not None and port != self.settings.port and not self.settings.token:
            return False
        if name in ("localhost", *(ours.lower() for ours in self.settings.names)):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or bool(self.settings.token)

    def _limit(self, request: Request, receive: Receive) -> Receive:
        """The same body, as far as it is not too large."""
        size = 0

        async def take() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.settings.limits.body:
                raise self._tell_large()
            return message

        return take

    def _tell_large(self) -> Problem:
        return Problem(413, f"more than {self.settings.limits.body >> 20} MB; send it in pieces, or use narratives classify")


def _with_headers(send: Send, path: str) -> Send:
    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            _add_headers(message, path, "")
        await send(message)

    return tell


def _add_headers(message: Message, path: str, cookie: str) -> None:
    headers = message["headers"] = list(message.get("headers", ()))
    names = {name for name, _ in headers}
    headers += [(name, value) for name, value in _STATIC_HEADERS if path.startswith("/static/") and name not in names]
    names = {name for name, _ in headers}
    headers += [(name, value) for name, value in _HEADERS if name not in names]
    if cookie and dict(headers).get(b"content-type", b"").startswith(b"text/html"):
        headers.append((b"set-cookie", f"{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Strict".encode()))
