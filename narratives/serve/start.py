"""Start the server: what must be so before it may listen, and where it listens."""

import errno
import ipaddress
import socket
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from narratives.errors import UserError
from narratives.progress import Say
from narratives.serve.settings import Settings

_NEEDED = ("starlette", "uvicorn", "duckdb", "prometheus_client")
_SHORTEST = 16  # characters of a token that cannot be guessed


def check_settings(settings: Settings) -> None:
    """`UserError` where strangers could enter, or what the server needs is not installed."""
    if lacking := [name for name in _NEEDED if find_spec(name) is None]:
        raise UserError(f"serve needs {', '.join(lacking)}; install narratives with its extra: pip install '.[serve]'")
    if not is_loopback(settings.host) and not settings.token:
        raise UserError(f"--host {settings.host}: other machines can reach it; give a secret of 16 characters or more: --token")
    if settings.token and (len(settings.token) < _SHORTEST or not settings.token.isascii() or not settings.token.isprintable()):
        raise UserError(f"--token: give {_SHORTEST} printable ASCII characters or more, such as: openssl rand -hex 16")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def list_models(settings: Settings) -> list[Path]:
    """The folders of the models to serve."""
    if settings.models is not None:
        return list(settings.models)
    return sorted(path.parent for path in settings.project.root.glob("models/[!.]*/model.json"))


def serve(settings: Settings, say: Say) -> None:
    """Answer until somebody ends it; `say` hears the address. `UserError` where the port is taken."""
    import uvicorn

    from narratives.serve.app import make_app

    check_settings(settings)
    app = make_app(settings, list_models(settings), say)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    listening = _listen(settings.host, settings.port)
    port = listening.getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    say(f"open http://{host}:{port}/  (Ctrl-C ends it)")
    with suppress(KeyboardInterrupt):  # it has answered what was asked, and stops
        uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket: uvicorn's own way writes a line of its own where it fails."""
    host = host.strip("[]")
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise UserError(f"--port {port}: another program listens there already; take another one: --port N") from None
        if error.errno == errno.EACCES:
            raise UserError(f"--port {port}: only an administrator may listen there; take one above 1023: --port N") from None
        reason = f"{error.strerror or error}".lower()
        problem = f"--host {host}, --port {port}: cannot listen there ({reason}); name an address of this machine"
        raise UserError(problem) from None
    return listening
