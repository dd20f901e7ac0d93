"""Who may ask: names, origins, tokens, forms and limits; what is refused is refused with a reason."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import problems_of
from helpers.served import BASE, find_csrf, send, serving
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from narratives import batch
from narratives.project.project import Project
from narratives.serve.answering import together
from narratives.serve.app import ROUTES
from narratives.serve.guard.session import COOKIE
from narratives.serve.settings import Limits, Settings
from narratives.serve.start import check_settings

TOKEN = "a-token-that-is-long-enough"
JSON = {"accept": "application/json"}
FORMS = [route.path for route in ROUTES if route.methods and "POST" in route.methods and route.path != "/api/classify"]
PAGES = ["/", "/answers", "/label", "/models", "/api", "/enter", "/nowhere"]


@pytest.fixture
def client(root: Path) -> Iterator[TestClient]:
    with serving(root) as client:
        yield client


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost:80", "a@127.0.0.1", "10.0.0.1"])
def test_a_name_that_is_not_ours_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/api/models", headers={"host": host, **JSON})
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765", "LOCALHOST"])
def test_our_own_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_a_further_name_is_answered_where_it_was_given(root: Path) -> None:
    with serving(root, names=("Desk.example",)) as client:
        assert client.get("/healthz", headers={"host": "desk.example:8765"}).status_code == 200


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}])
def test_what_another_site_sends_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/api/classify", json={"text": "a"}, headers=headers).status_code == 403


def test_our_own_origin_is_answered(client: TestClient) -> None:
    assert client.post("/api/classify", json={"text": "a"}, headers={"origin": BASE}).status_code == 200


@pytest.mark.parametrize("path", [path for path in FORMS if path != "/enter"])
def test_a_form_without_its_token_changes_nothing(client: TestClient, path: str) -> None:
    find_csrf(client)
    address = path.replace("{queue}", "unlabelled").replace("{run}", "base")
    for csrf in ("", "0" * 64):
        answer = client.post(address, data={"csrf": csrf, "reader": "Eve", "text": "a"}, headers=JSON)
        assert answer.status_code == 403, answer.text


def test_the_token_of_one_session_is_of_no_use_in_another(root: Path) -> None:
    with serving(root) as client:
        csrf = find_csrf(client)
        client.cookies.clear()
        find_csrf(client)
        assert client.post("/label", data={"csrf": csrf, "reader": "Eve"}).status_code == 403


def test_the_session_is_a_cookie_that_no_script_and_no_other_site_gets(client: TestClient) -> None:
    cookie = client.get("/").headers["set-cookie"].lower()
    assert cookie.startswith(COOKIE)
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_a_cookie_that_somebody_made_up_is_no_session(client: TestClient) -> None:
    client.cookies.set(COOKIE, "name.signature", domain="127.0.0.1")
    assert "set-cookie" in client.get("/").headers


def test_with_a_token_strangers_see_nothing(root: Path) -> None:
    with serving(root, token=TOKEN) as client:
        for path in ("/api/models", "/api/codebook", "/metrics", "/", "/label", "/answers.csv", "/reports/base/report.html"):
            assert client.get(path, headers=JSON).status_code == 401
        for wrong in ("Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer \xe9"):
            headers = {b"authorization": wrong.encode("latin-1"), b"accept": b"application/json"}
            assert client.get("/api/models", headers=headers).status_code == 401
        assert client.get("/healthz").status_code == 200
        assert client.get("/", follow_redirects=False).headers["location"] == "/enter"
        assert client.get("/api/models", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_who_gives_the_token_may_enter(root: Path) -> None:
    with serving(root, token=TOKEN) as client:
        assert client.post("/enter", data={"token": "wrong"}).status_code == 403
        entered = client.post("/enter", data={"token": TOKEN}, follow_redirects=False)
        assert "httponly" in entered.headers["set-cookie"].lower()
        assert TOKEN not in entered.headers["set-cookie"]
        assert "Try a text" in client.get("/").text
        assert send(client, "/label", reader="Ana").status_code == 200


def test_other_machines_need_a_token(root: Path) -> None:
    def check(**settings: Any) -> list[str]:
        return problems_of(lambda: check_settings(Settings(project=Project(root), **settings)))

    assert "--token" in check(host="0.0.0.0")[0]
    assert "16" in check(token="short")[0]
    check_settings(Settings(project=Project(root), host="0.0.0.0", token=TOKEN))
    check_settings(Settings(project=Project(root), host="::1"))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_and_fetches_nothing_but_our_own_files(client: TestClient, path: str) -> None:
    answer = client.get(path)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert re.findall(r"<script(?![^>]*\ssrc=\"/static/)", answer.text) == []
    assert re.findall(r"\s(?:on\w+|style)=", answer.text) == []
    assert [link for link in re.findall(r'(?:src|href|action)="([^"]*)"', answer.text) if "//" in link] == []


def test_hostile_text_is_only_text(client: TestClient) -> None:
    hostile = "toll <script>alert(1)</script> <img src=x onerror=alert(1)> {{ 7 * 7 }} market tekram toll arketmarket"
    page = send(client, "/", text=hostile).text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert" in page
    assert "{{ 7 * 7 }}" in page


def test_a_body_that_is_too_large_is_refused(root: Path) -> None:
    with serving(root, limits=Limits(body=1000)) as client:
        assert client.post("/api/classify", json={"text": "a" * 2000}).status_code == 413

        def pieces() -> Iterator[bytes]:
            for _ in range(10):
                yield b"a" * 200

        answer = client.post("/api/classify", content=pieces(), headers={"content-type": "application/json"})
        assert answer.status_code == 413


def test_too_many_texts_are_refused(root: Path) -> None:
    with serving(root, limits=Limits(texts=3)) as client:
        answer = client.post("/api/classify", json={"texts": ["a"] * 4}, headers=JSON)
        assert answer.status_code == 413
        assert "at most 3" in answer.json()["detail"]


def test_what_takes_too_long_is_told_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer_slowly(*given: Any) -> list[str]:
        time.sleep(0.5)
        return batch.answer_items(*given)

    monkeypatch.setattr(together, "answer_items", answer_slowly)
    with serving(root, limits=Limits(seconds=0.1)) as client:
        answer = client.post("/api/classify", json={"text": "a"}, headers=JSON)
        assert answer.status_code == 408
        assert answer.headers["content-type"] == "application/problem+json"


def test_more_than_can_wait_is_told_to_come_back(root: Path) -> None:
    with serving(root, limits=Limits(waiting=2)) as client:
        answer = client.post("/api/classify", json={"texts": ["a"] * 3}, headers=JSON)
        assert answer.status_code == 429
        assert answer.headers["retry-after"]


values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text() | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "id", "x", "language"]), inner, max_size=3)
    ),
    max_leaves=6,
)
objects = st.dictionaries(
    st.sampled_from(["text", "texts", "model", "explain", "titles", "with_text", "txet"]), values, max_size=4
)


@given(body=objects.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40))
@hypothesis_settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_sent_is_answered_or_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/classify", content=body, headers={"content-type": "application/json", **JSON})
    assert answer.status_code == 200 or 400 <= answer.status_code < 500
    if answer.status_code == 200:
        assert answer.json()["answers"]
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]


@given(query=st.dictionaries(st.sampled_from(["narrative", "sort", "after", "since", "least", "folder"]), st.text(max_size=30)))
@hypothesis_settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_stands_in_an_address_breaks_no_page(client: TestClient, query: dict[str, str]) -> None:
    for path in ("/answers", "/answers.csv", "/label/unlabelled", "/api/codebook"):
        assert client.get(path, params=query).status_code < 500
