"""Field samples on the page Label: read there or elsewhere, by one reader or two, with notes beside what is hard."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.examples import invoke
from helpers.fields import read_tasks, start_field
from helpers.served import find_csrf, find_field, serving_reader
from starlette.testclient import TestClient

from narratives.annotation.agreement import read_notes
from narratives.field.design import Design
from narratives.field.drawing import draw
from narratives.field.measurement import report
from narratives.project.project import Project
from narratives.serve.desk.queues import FIELD, Queues

LABELS = Path("labels", "field", "may", "labels.jsonl")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a sample of 40 texts that nobody has read."""
    root, feed, answers = start_field(tmp_path)
    draw(root, answers, feed, Design(n=40, by=("month",), name="may"), output=tmp_path / "tasks.json")
    return root


@pytest.fixture
def client(project: Path) -> Iterator[TestClient]:
    with serving_reader(project) as client:
        yield client


def find_address(project: Path) -> str:
    [queue] = [queue for queue in Queues(Project(project), []).list_all() if queue.kind == FIELD]
    return f"/label/{queue.key}"


def read_all(client: TestClient, address: str, count: int, view: str = "", note: str = "") -> list[str]:
    """Decide about so many texts as somebody who knows the truth; the texts' keys."""
    keys = []
    for k in range(count):
        html = client.get(f"{address}?view={view}").text
        keys.append(find_field(html, "task"))
        form = {"csrf": find_csrf(client), "do": "decide", "key": find_field(html, "key"), "task": keys[-1]}
        labels = {"narrative": "toll", "stance:toll": "reports"} if " robbed<" in html else {"none": "1"}
        answer = client.post(address, data={**form, **labels, "view": view, "note": note if not k else ""})
        assert answer.status_code == 200, answer.text
    return keys


def apply(client: TestClient, address: str) -> str:
    return str(client.post(address, data={"csrf": find_csrf(client), "do": "apply"}).text)


def read_labels(project: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (project / LABELS).read_text(encoding="utf-8").splitlines()]


def test_a_sample_that_was_drawn_is_a_queue_without_being_named(project: Path, client: TestClient) -> None:
    page = client.get("/label").text
    assert "Field sample: may" in page
    assert "<b>40</b> wait, 0 decided" in page


def test_what_is_decided_there_measures_the_feed(project: Path, client: TestClient) -> None:
    address = find_address(project)
    read_all(client, address, 40)
    assert "Nothing waits here" in client.get(address).text
    assert "40" in apply(client, address)
    assert {label["by"] for label in read_labels(project)} == {"Ana"}
    result = report(project)
    assert result.read == 40
    assert result.narratives["toll"].prevalence
    texts = (project / "labels").glob("*.jsonl")
    assert not any("quiet" in path.read_text(encoding="utf-8") for path in texts)  # nothing of it is trained on


def test_the_model_is_not_seen_in_it(project: Path, client: TestClient) -> None:
    assert "The model:" not in client.get(find_address(project)).text


def test_a_note_beside_a_hard_case_is_kept_with_the_label_and_listed(project: Path, client: TestClient) -> None:
    address = find_address(project)
    read_all(client, address, 2, note="is this history?")
    apply(client, address)
    assert [(note.by, note.note) for note in read_notes(Project(project))] == [("Ana", "is this history?")]


def test_what_was_read_elsewhere_does_not_come_again_except_to_a_second_reader(
    project: Path, client: TestClient, tmp_path: Path
) -> None:
    address = find_address(project)
    tasks = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
    (tmp_path / "tasks.json").write_text(json.dumps(tasks[:10]), encoding="utf-8")
    read = read_tasks(tmp_path / "tasks.json", tmp_path / "read.json", by="ben")
    assert invoke(project, "labels", "import", read).exit_code == 0
    page = client.get("/label").text
    assert "<b>30</b> wait, 10 decided" in page
    assert "Read what others decided" in page
    again = read_all(client, address, 10, view="second")
    assert len(set(again)) == 10
    assert not set(again) & set(read_all(client, address, 5))
    apply(client, address)
    assert len(read_labels(project)) == 25
    [pair] = report(project).agreement
    assert (pair.first, pair.second, pair.texts, pair.same) == ("Ana", "ben", 10, 10)


def test_a_sample_that_is_damaged_says_so_and_the_others_stand(project: Path, client: TestClient) -> None:
    (project / "labels" / "field" / "may" / "sample.jsonl").write_text("{\n", encoding="utf-8")
    page = client.get("/label").text
    assert "sample.jsonl:1" in page
    assert "Unlabelled passages" in page
