"""A server in this process, without a socket, and what its pages say."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from narratives.project.project import Project
from narratives.serve.app import make_app
from narratives.serve.settings import Settings
from narratives.serve.start import list_models

BASE = "http://127.0.0.1:8765"
PAGE = {"accept": "text/html"}


@contextmanager
def serving(root: Path, **settings: Any) -> Iterator[TestClient]:
    """A client of a server of the project at `root`."""
    made = Settings(project=Project(root), cache=root / "cache", **settings)
    with TestClient(make_app(made, list_models(made), print), base_url=BASE, headers=PAGE) as client:
        yield client


@contextmanager
def serving_reader(root: Path, reader: str = "Ana", **settings: Any) -> Iterator[TestClient]:
    """The same, for somebody who has given a name on the page Label."""
    with serving(root, **settings) as client:
        send(client, "/label", reader=reader)
        yield client


def find_csrf(client: TestClient, path: str = "/label") -> str:
    """What a form of a page carries."""
    match = re.search(r'name="csrf" value="(\w+)"', client.get(path).text)
    assert match
    return match[1]


def send(client: TestClient, path: str, **fields: Any) -> Any:
    """Send a form as a page would, and follow where it leads."""
    return client.post(path, data={"csrf": find_csrf(client), **fields})


def find_field(html: str, name: str) -> str:
    """The value of a hidden field of the form that decides."""
    form = html[html.index('id="decide"') :]
    match = re.search(rf'name="{name}" value="([^"]*)"', form)
    assert match
    return match[1]
