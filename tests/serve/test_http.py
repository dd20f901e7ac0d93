"""The HTTP interface: the rows of `classify`, whatever else is asked for at the same moment."""

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import example_passages, invoke, write_lines
from helpers.served import send, serving
from starlette.testclient import TestClient

from narratives.models import load_model
from narratives.serve.app import ROUTES
from narratives.serve.parts import Parts

TEXTS = [passage["text"] for passage in example_passages()] + ["", "  ", "toll " * 2000, "Der Zoll 🛃 ist da"]
LINES = {"accept": "application/jsonl"}
JSON = {"accept": "application/json"}


@pytest.fixture
def client(root: Path) -> Iterator[TestClient]:
    with serving(root) as client:
        yield client


def find_parts(client: TestClient) -> Parts:
    guard: Any = client.app
    parts: Parts = guard.app.app.state.parts
    return parts


def scores_of(line: str) -> str:
    match = re.search(r'"scores": (\{.*?\})', line)
    assert match
    return match[1]


def test_the_answers_are_the_rows_of_classify_byte_for_byte(root: Path, client: TestClient, tmp_path: Path) -> None:
    records = [{"id": f"t{k}", "text": text} for k, text in enumerate(TEXTS)]
    write_lines(tmp_path / "texts.jsonl", *records)
    done = invoke(
        root, "classify", tmp_path / "texts.jsonl", "--model", "base", "--output", tmp_path / "out", "--format", "jsonl"
    )
    assert done.exit_code == 0, done.output
    batch = (tmp_path / "out" / "part-00000.jsonl").read_text(encoding="utf-8").splitlines()
    served = client.post("/api/classify", json={"texts": records}, headers=LINES).text.splitlines()

    def strip(line: str) -> str:
        return re.sub(r'"file": "[^"]*", "line": \d+, ', "", line)

    assert list(map(strip, served)) == list(map(strip, batch))
    rows = client.post("/api/classify", json={"texts": records}, headers=JSON)
    assert rows.json()["answers"] == [json.loads(line) for line in served]
    assert [scores_of(line) for line in rows.text.splitlines()[1:-1]] == [scores_of(line) for line in batch]


def test_page_python_and_http_give_the_same_scores(root: Path, client: TestClient) -> None:
    text = TEXTS[0]
    row = client.post("/api/classify", json={"text": text}, headers=JSON).json()["answers"][0]
    answer = load_model(root / "models" / "base").classify([text])[0]
    assert row["scores"] == answer.scores
    assert row["narratives"] == answer.narratives
    page = send(client, "/", text=text).text
    for id_ in row["narratives"]:
        assert f"{row['scores'][id_]:.2f}" in page


def test_one_text_and_what_may_be_asked_beside(client: TestClient) -> None:
    wish = {"text": TEXTS[0], "explain": True, "titles": True, "with_text": True, "model": "base"}
    [row] = client.post("/api/classify", json=wish, headers=JSON).json()["answers"]
    assert row["id"] == "request:1"
    assert row["text"] == TEXTS[0]
    assert row["words"].keys() == row["narratives"].keys()
    assert len(row["titles"]) == len(row["narratives"])


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({}, 422, '"text"'),
        ({"text": "a", "texts": ["b"]}, 422, "either"),
        ({"texts": []}, 422, "at least one"),
        ({"texts": "a"}, 422, "list"),
        ({"texts": [1]}, 422, "text 1"),
        ({"texts": [{"id": 1}]}, 422, "'text' is not there"),
        ({"texts": [{"text": "a", "txet": 1}]}, 422, "did you mean 'text'"),
        ({"text": "a", "model": "bse"}, 404, "base"),
        ({"text": "a", "model": 1}, 422, "model"),
        ({"text": "a", "explain": 1}, 422, "true or false"),
        ({"text": "a", "modle": "base"}, 422, "did you mean 'model'"),
        ([], 422, "object"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(client: TestClient, body: Any, status: int, told: str) -> None:
    answer = client.post("/api/classify", json=body, headers=JSON)
    assert answer.status_code == status
    assert told in answer.json()["detail"]
    assert answer.json()["status"] == status


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"text": NaN}', "application/json", 400),
        (b'{"text": "\\ud800"}', "application/json", 422),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"texts": [{"text": "a", "id": ' + b"9" * 5000 + b"}]}", "application/json", 400),
        (b"text=a", "application/x-www-form-urlencoded", 415),
        (b'{"text": "a"}', "text/plain", 415),
    ],
)
def test_a_broken_body_is_refused(client: TestClient, body: bytes, kind: str, status: int) -> None:
    answer = client.post("/api/classify", content=body, headers={"content-type": kind, **JSON})
    assert answer.status_code == status, answer.text


def test_requests_at_the_same_moment_get_each_their_own_answers(client: TestClient) -> None:
    alone = {text: client.post("/api/classify", json={"text": text}, headers=LINES).text for text in TEXTS}
    with ThreadPoolExecutor(8) as pool:
        texts = TEXTS * 6
        answers = pool.map(lambda text: client.post("/api/classify", json={"text": text}, headers=LINES).text, texts)
        assert list(answers) == [alone[text] for text in texts]
    assert f'narratives_texts_total{{model="base"}} {len(TEXTS) * 7}.0' in client.get("/metrics").text


def test_a_model_that_was_promoted_answers_without_a_new_start(root: Path, client: TestClient) -> None:
    parts = find_parts(client)
    before = client.get("/api/models", headers=JSON).json()["models"][0]
    config = root / "experiments" / "base" / "config.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("min_df = 1", "min_df = 2"), encoding="utf-8")
    assert invoke(root, "train", "base").exit_code == 0
    parts.shelf.refresh()
    after = client.get("/api/models", headers=JSON).json()["models"][0]
    assert after["digest"] != before["digest"]
    [row] = client.post("/api/classify", json={"text": TEXTS[0]}, headers=JSON).json()["answers"]
    assert row["scores"] == load_model(root / "models" / "base").classify([TEXTS[0]])[0].scores
    assert 'narratives_model_reloads_total{model="base"} 1.0' in client.get("/metrics").text


def test_where_the_new_model_cannot_be_read_the_old_one_answers(root: Path, client: TestClient) -> None:
    before = client.post("/api/classify", json={"text": TEXTS[0]}, headers=LINES).text
    shutil.rmtree(root / "models" / "base")
    find_parts(client).shelf.refresh()
    assert client.post("/api/classify", json={"text": TEXTS[0]}, headers=LINES).text == before
    assert client.get("/healthz").json()["stale_models"] == 1
    assert "cannot be read" in client.get("/models").text


def test_the_codebook_is_that_of_the_project(client: TestClient) -> None:
    book = client.get("/api/codebook", headers=JSON).json()
    assert [entry["id"] for entry in book["narratives"]] == ["toll", "school"]
    assert client.get("/api/codebook?model=base", headers=JSON).json() == book
    assert client.get("/api/codebook?model=other", headers=JSON).status_code == 404


def test_every_address_for_programs_is_described(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    programs = {route.path for route in ROUTES if route.path.startswith("/api/") or route.path in ("/healthz", "/metrics")}
    assert set(document["paths"]) == programs
    assert set(document["components"]["schemas"]["Answer"]["properties"]) <= {
        *client.post("/api/classify", json={"text": TEXTS[0]}, headers=JSON).json()["answers"][0]
    }
    page = client.get("/api").text
    assert all(path in page for path in programs)


def test_the_test_of_a_model_stands_beside_it(client: TestClient) -> None:
    [model] = client.get("/api/models", headers=JSON).json()["models"]
    assert model["tested"]["passages"] == 5
    assert set(model["tested"]["narratives"]) == {"toll", "school"}


def test_without_a_model_the_other_pages_stand(root: Path) -> None:
    shutil.rmtree(root / "models")
    with serving(root) as client:
        assert "No model is served yet" in client.get("/").text
        assert client.get("/label").status_code == 200
        assert client.post("/api/classify", json={"text": "a"}, headers=JSON).status_code == 404


def test_two_models_answer_side_by_side(root: Path) -> None:
    shutil.copytree(root / "models" / "base", root / "models" / "other")
    with serving(root) as client:
        page = send(client, "/", text=TEXTS[0]).text
        assert page.count('class="reading"') == 2
        assert send(client, "/", text=TEXTS[0], model="other").text.count('class="reading"') == 1


def test_a_damaged_model_is_left_out_and_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(root / "models" / "base", root / "models" / "other")
    (root / "models" / "other" / "model.json").write_text("{}", encoding="utf-8")
    with serving(root) as client:
        assert client.get("/healthz").json()["models"] == 1
    assert "left out" in capsys.readouterr().out
