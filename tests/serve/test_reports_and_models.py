"""Reports and models: what other commands wrote is shown, cut off from our pages; a promotion is asked for twice."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.examples import invoke
from helpers.served import find_csrf, serving
from starlette.testclient import TestClient

JSON = {"accept": "application/json"}


@pytest.fixture
def waiting(root: Path) -> Path:
    """A project with a verdict, in which a model waits."""
    assert invoke(root, "retrain", "base", "--force").exit_code in (0, 1)
    config = root / "experiments" / "base" / "config.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("min_df = 1", "min_df = 2"), encoding="utf-8")
    assert invoke(root, "retrain", "base", "--dry-run").exit_code in (0, 1)
    assert (root / "models" / ".base.challenger").is_dir()
    return root


@pytest.fixture
def client(root: Path) -> Iterator[TestClient]:
    with serving(root) as client:
        yield client


def test_models_reports_and_verdicts_are_listed(waiting: Path) -> None:
    with serving(waiting) as client:
        page = client.get("/models").text
    assert "current, served" in page
    assert "waiting" in page
    assert 'href="/reports/base/report.html"' in page
    assert "base, retraining 0001: " in page


def test_a_measured_feed_and_its_trends_are_listed(root: Path) -> None:
    folder = root / "experiments" / "field" / "may"
    folder.mkdir(parents=True)
    for name in ("report.html", "trends.html"):
        (folder / name).write_text(f"<!doctype html><title>{name}</title>", encoding="utf-8")
    with serving(root) as client:
        page = client.get("/models").text
        assert "A feed, measured: may" in page
        assert "Trends of a feed: may" in page
        assert client.get("/reports/field/may/trends.html").status_code == 200


def test_a_report_is_shown_in_a_room_of_its_own(client: TestClient) -> None:
    answer = client.get("/reports/base/report.html")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "allow-same-origin" not in policy
    assert "script-src 'sha256-" in policy
    assert "unsafe-inline'; img" in policy  # of styles alone


@pytest.mark.parametrize(
    "path",
    [
        "../labels/codebook.toml",
        "base/config.toml",
        "base/../../x/report.html",
        "%2e%2e/report.html",
        "x/report.html",
        "base/%00/report.html",
    ],
)
def test_nothing_but_reports_is_shown(client: TestClient, path: str) -> None:
    assert client.get(f"/reports/{path}").status_code == 404


def test_a_link_that_leads_out_of_the_project_is_not_followed(root: Path, client: TestClient, tmp_path: Path) -> None:
    secret = tmp_path / "secret.html"
    secret.write_text("secret", encoding="utf-8")
    (root / "experiments" / "out").mkdir()
    (root / "experiments" / "out" / "report.html").symlink_to(secret)
    assert client.get("/reports/out/report.html").status_code == 404


def test_a_promotion_is_asked_for_twice_and_then_done(waiting: Path) -> None:
    with serving(waiting) as client:
        before = client.get("/api/models", headers=JSON).json()["models"][0]["digest"]
        address = "/models/base/promote"
        assert "verdict" in client.get(address).text
        csrf = find_csrf(client, address)
        second = client.post(address, data={"csrf": csrf})
        assert "second question" in second.text
        assert client.post(address, data={"csrf": csrf, "sure": "bsae"}).status_code == 422
        assert (waiting / "models" / ".base.challenger").is_dir()
        assert "under way" in client.post(address, data={"csrf": csrf, "sure": "base"}).text
        for _ in range(600):
            page = client.get("/models").text
            if "under way" not in page:
                break
            time.sleep(0.1)
        assert "promotion done: version" in page
        assert not (waiting / "models" / ".base.challenger").exists()
        for _ in range(100):
            after = client.get("/api/models", headers=JSON).json()["models"][0]["digest"]
            if after != before:
                break
            time.sleep(0.1)
        assert after == json.loads((waiting / "models" / "base" / "model.json").read_text(encoding="utf-8"))["digest"]


def test_where_nothing_waits_nothing_is_promoted(client: TestClient) -> None:
    for run in ("base", "nothing", ".base", "..", "%2e%2e"):
        assert client.get(f"/models/{run}/promote").status_code == 404
        answer = client.post(f"/models/{run}/promote", data={"csrf": find_csrf(client), "sure": run})
        assert answer.status_code == 404


def test_a_history_that_cannot_be_read_is_told(root: Path, client: TestClient) -> None:
    (root / "models" / "history.jsonl").write_text("nonsense\n", encoding="utf-8")
    assert "history.jsonl:1" in client.get("/models").text


def test_a_verdict_that_cannot_be_read_is_told(root: Path, client: TestClient) -> None:
    folder = root / "experiments" / "base" / "retraining" / "0001"
    folder.mkdir(parents=True)
    (folder / "verdict.json").write_text("{", encoding="utf-8")
    assert "retraining 0001: unreadable" in client.get("/models").text
