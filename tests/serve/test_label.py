"""The page Label: no decision is lost or doubled, and all go into the labels as `labels import` puts them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import example_passages, invoke, write_lines
from helpers.served import find_csrf, find_field, send, serving, serving_reader
from starlette.testclient import TestClient

from narratives.annotation.review import make_form
from narratives.data import Passage
from narratives.files import ledger
from narratives.project.project import Project
from narratives.serve.desk.decisions import Decisions, Entry
from narratives.serve.desk.desk import Desk

TEXTS = [f"{word} {word[::-1]} unread {word * 2}" for word in ("tram", "bell", "road", "lamp", "fish", "cloud")]
UNLABELLED = "/label/unlabelled"


@pytest.fixture
def labels(root: Path) -> Path:
    records = [{"id": f"u{k}", "text": text, "document": f"ud{k}"} for k, text in enumerate(TEXTS)]
    return write_lines(root / "labels" / "waiting.jsonl", *records)


@pytest.fixture
def client(root: Path, labels: Path) -> Iterator[TestClient]:
    with serving_reader(root) as client:
        yield client


def another(client: TestClient, reader: str) -> TestClient:
    """A second browser at the same server."""
    other = TestClient(client.app, base_url=str(client.base_url), headers={"accept": "text/html"})
    send(other, "/label", reader=reader)
    return other


def read_text(html: str) -> str:
    match = re.search(r'class="reading-text"[^>]*>([^<]*)<', html)
    return match[1] if match else ""


def decide(client: TestClient, queue: str = UNLABELLED, page: str = "", **fields: Any) -> str:
    """Decide about the text that is shown; the text. `page` is one that was opened before."""
    html = page or client.get(queue).text
    form = {"csrf": find_csrf(client), "do": "decide", "key": find_field(html, "key"), "task": find_field(html, "task")}
    answer = client.post(queue, data={**form, **(fields or {"none": "1"})})
    assert answer.status_code == 200, answer.text
    return read_text(html)


def read_labels(root: Path) -> dict[str, Any]:
    lines = [
        line for path in sorted((root / "labels").glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return {record["id"]: record for record in map(json.loads, lines)}


def read_decisions(root: Path, queue: str = "unlabelled") -> list[dict[str, Any]]:
    path = root / "labels" / "decisions" / f"{queue}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def apply(client: TestClient, queue: str = UNLABELLED) -> str:
    return str(client.post(queue, data={"csrf": find_csrf(client), "do": "apply"}).text)


def test_a_decision_is_on_the_disk_when_the_next_text_appears(root: Path, client: TestClient) -> None:
    first = decide(client, narrative=["toll", "school"], **{"stance:toll": "reports", "stance:school": ""})
    [line] = read_decisions(root)
    assert line["narratives"] == {"toll": "reports", "school": None}
    assert (line["reader"], line["record"]["text"]) == ("Ana", first)
    assert read_text(client.get(UNLABELLED).text) not in ("", first)


def test_all_go_into_the_labels_with_the_readers_name(root: Path, client: TestClient) -> None:
    decide(client, narrative="toll", **{"stance:toll": "rebuts"})
    decide(client)
    assert read_labels(root)["u0"].get("narratives") is None
    told = apply(client)
    assert "filled in or decided: 2" in told
    assert "1  The toll robs us" in told
    records = read_labels(root)
    assert records["u0"]["narratives"] == {"toll": "rebuts"}
    assert records["u1"]["narratives"] == {}
    assert records["u0"]["readers"] == records["u1"]["readers"] == ["Ana"]
    assert invoke(root, "labels", "check").exit_code in (0, 1)
    assert "4</b> wait" in client.get("/label").text
    assert "Nothing waits" in apply(client)


def test_what_was_applied_just_before_a_kill_is_not_doubled_by_applying_again(
    root: Path, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(client, narrative="toll", **{"stance:toll": "asserts"})
    monkeypatch.setattr(Decisions, "add", lambda *_: None)  # killed between the labels and the line that says so
    apply(client)
    before = {path: path.read_bytes() for path in (root / "labels").rglob("*.jsonl")}
    monkeypatch.undo()
    assert "change nothing, the labels say so already: 1" in apply(client)
    after = {path: path.read_bytes() for path in (root / "labels").rglob("*.jsonl")}
    assert [path.name for path in after if after[path] != before.get(path)] == ["unlabelled.jsonl"]


def test_a_form_that_is_sent_twice_counts_once(root: Path, client: TestClient) -> None:
    page = client.get(UNLABELLED).text
    decide(client, page=page)
    decide(client, page=page)
    assert len(read_decisions(root)) == 1


def test_the_last_one_can_be_undone_and_comes_again(root: Path, client: TestClient) -> None:
    first = decide(client)
    decide(client)
    for _ in range(2):
        html = client.get(UNLABELLED).text
        send(client, UNLABELLED, do="undo", key=find_field(html, "key"))
    assert read_text(client.get(UNLABELLED).text) == first
    assert "Nothing waits" in apply(client)
    decide(client, narrative="school")
    apply(client)
    assert read_labels(root)["u0"]["narratives"] == {"school": None}
    answer = send(client, UNLABELLED, do="undo", key="ab" * 16)
    assert answer.status_code == 409


def test_a_text_that_is_skipped_is_set_aside_with_its_note(root: Path, client: TestClient) -> None:
    first = decide(client, do="skip", note="not a text")
    assert [(line["did"], line["note"]) for line in read_decisions(root)] == [("skipped", "not a text")]
    assert read_text(client.get(UNLABELLED).text) != first
    assert "1 skipped" in client.get("/label").text
    assert "Nothing waits" in apply(client)
    assert read_labels(root)["u0"].get("narratives") is None


def test_what_was_skipped_is_read_again_by_anybody_and_only_when_asked_for(root: Path, client: TestClient) -> None:
    first = decide(client, do="skip", note="a map?")
    second = decide(client, do="skip")
    ben, skipped = another(client, "Ben"), f"{UNLABELLED}?view=skipped"
    assert "<b>4</b> wait, 0 decided, 2 skipped" in ben.get("/label").text
    read = {decide(ben) for _ in range(3)}
    assert "Somebody else is reading the last 1" in ben.get(UNLABELLED).text
    assert read | {decide(client)} == set(TEXTS) - {first, second}
    assert "Nothing waits here" in ben.get(UNLABELLED).text
    page = client.get(skipped).text
    assert "Ana skipped it: a map?" in page
    assert decide(client, skipped, page, do="skip") == first  # still not clear: the other one comes first now
    assert [decide(ben, skipped), decide(ben, skipped)] == [second, first]
    assert "Nothing that was skipped is left" in client.get(skipped).text
    assert "<b>0</b> wait, 6 decided</p>" in client.get("/label").text


@pytest.mark.parametrize(
    "fields",
    [
        {"narrative": "nothing"},
        {"narrative": "toll", "none": "1"},
        {"note": "nothing chosen"},
        {"narrative": "toll", "stance:toll": "shouts"},
        {"none": "1", "key": "no key"},
        {"none": "1", "task": "../../x"},
        {"do": "delete"},
    ],
)
def test_what_says_nothing_clear_is_refused(root: Path, client: TestClient, fields: dict[str, str]) -> None:
    html = client.get(UNLABELLED).text
    form = {"csrf": find_csrf(client), "do": "decide", "key": find_field(html, "key"), "task": find_field(html, "task")}
    assert client.post(UNLABELLED, data={**form, **fields}).status_code == 422
    assert read_decisions(root) == []


def test_two_readers_never_get_one_text_at_once(root: Path, client: TestClient) -> None:
    ben = another(client, "Ben")
    texts = []
    for _ in range(3):
        pages = [reader.get(UNLABELLED).text for reader in (client, ben)]
        texts += [decide(reader, page=page) for reader, page in zip((client, ben), pages, strict=True)]
    assert sorted(texts) == sorted(TEXTS)
    assert [line["reader"] for line in read_decisions(root)] == ["Ana", "Ben"] * 3
    assert "Nothing waits here" in client.get(UNLABELLED).text


def test_a_second_reader_sees_no_label_and_their_agreement_is_told(root: Path, client: TestClient) -> None:
    ben = another(client, "Ben")
    for fields in ({"narrative": "toll", "stance:toll": "asserts"}, {"narrative": "toll"}, {"none": "1"}):
        decide(client, **fields)
    second = f"{UNLABELLED}?view=second"
    page = ben.get(second).text
    assert "checked" not in page
    assert "You have read all that others decided" in client.get(second).text
    for fields in ({"narrative": "toll", "stance:toll": "asserts"}, {"narrative": "school"}, {"none": "1"}):
        decide(ben, second, **fields)
    told = client.get("/label").text
    assert "Ana and Ben: 2 of 3 texts the same; F1 of one against the other 0.50; equal stances 100" in told
    assert "conflicts: 1" in apply(client)
    assert read_labels(root)["u0"]["readers"] == ["Ana", "Ben"]
    [conflict] = [
        json.loads(line) for path in (root / "labels" / "conflicts").glob("*") for line in path.open(encoding="utf-8")
    ]
    assert [side["by"] for side in conflict["sides"]] == ["Ana", "Ben"]


def test_a_disk_that_is_full_is_told_and_nothing_is_lost(
    root: Path, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = decide(client)
    html = client.get(UNLABELLED).text

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    form = {
        "csrf": find_csrf(client),
        "do": "decide",
        "key": find_field(html, "key"),
        "task": find_field(html, "task"),
        "none": "1",
    }
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "_write", fail)
        answer = client.post(UNLABELLED, data=form)
        assert answer.status_code == 507
        assert "not written down" in answer.text
    assert [line["record"]["text"] for line in read_decisions(root)] == [first]
    assert client.post(UNLABELLED, data=form).status_code == 200
    assert len(read_decisions(root)) == 2


def test_decisions_outlive_the_server(root: Path, labels: Path) -> None:
    with serving(root) as client:
        send(client, "/label", reader="Ana")
        first = decide(client)
    with serving(root) as client:
        send(client, "/label", reader="Ana")
        assert read_text(client.get(UNLABELLED).text) != first
        assert "filled in or decided: 1" in apply(client)


def test_two_servers_on_one_project_see_each_others_decisions(root: Path, labels: Path) -> None:
    with serving(root) as one, serving(root) as other:
        for client, name in ((one, "Ana"), (other, "Ben")):
            send(client, "/label", reader=name)
        texts = [decide(client) for client in (one, other, one, other)]
    assert len(set(texts)) == 4


def test_suggested_texts_are_labelled_with_the_models_guess_in_view(root: Path, tmp_path: Path) -> None:
    feed = write_lines(root / "feed.jsonl", *({"id": f"f{k}", "text": f"{text} toll"} for k, text in enumerate(TEXTS)))
    done = invoke(root, "suggest", feed, "--model", "base", "-n", "6", "-o", tmp_path / "tasks.json")
    assert done.exit_code == 0, done.output
    with serving(root, queues=(tmp_path / "tasks.json",)) as client:
        send(client, "/label", reader="Ana")
        match = re.search(r'href="(/label/tasks-\w+)"', client.get("/label").text)
        assert match
        page = client.get(match[1]).text
        assert "The model:" in page
        assert re.search(r'class="note"[^>]*>(thin|uncertain): “The (toll robs us|school is sinking)” ', page)
        assert "The model:" not in client.get(f"{match[1]}?guess=0").text
        decide(client, match[1], narrative="toll", guess="1", **{"stance:toll": "asserts"})
        assert read_decisions(root, match[1].rpartition("/")[2])[0]["guess"] is True
        assert "imported: 1" in apply(client, match[1])
    assert any(record.get("readers") == ["Ana"] for record in read_labels(root).values())


def test_tasks_that_were_labelled_elsewhere_wait_for_nobody(root: Path, labels: Path, tmp_path: Path) -> None:
    tasks: list[dict[str, Any]] = [{"id": f"t{k}", "text": text, "narratives": None} for k, text in enumerate(TEXTS)]
    queue = write_lines(tmp_path / "tasks.jsonl", *tasks)
    back = write_lines(tmp_path / "back.jsonl", {**tasks[2], "narratives": {"toll": "asserts"}, "readers": ["Ben"]})
    assert invoke(root, "labels", "import", back).exit_code == 0
    with serving(root, queues=(queue,)) as client:
        send(client, "/label", reader="Ben")
        page = client.get("/label").text
        assert "<b>5</b> wait, 1 decided" in page
        assert "Read what others decided" not in page
        send(client, "/label", reader="Ana")
        assert "Read what others decided" in client.get("/label").text


def test_a_page_without_texts_says_how_they_get_there(root: Path) -> None:
    with serving(root) as client:
        page = client.get("/label").text
    assert "Say who you are to begin" in page
    assert "<details open>" in page
    commands = ["labels add", "suggest", "serve --queue", "field draw", "labels audit", "labels import", "codebook migrate"]
    assert [command for command in commands if f"narratives {command}" not in page] == []


def test_a_guess_is_hidden_where_labels_measure_the_model(client: TestClient) -> None:
    page = client.get(UNLABELLED).text
    assert "The model:" not in page
    assert "The model:" in client.get(f"{UNLABELLED}?guess=1").text


def test_a_review_is_decided_in_its_file_and_in_the_labels(root: Path) -> None:
    passage = example_passages()[0]
    form = make_form(
        Passage(passage["id"], passage["text"], None, passage["document"]),
        [{"narratives": {"toll": "asserts"}}, {"narratives": {"school": None}}],
        why=["'toll' is carried, but scores 0.02"],
    )
    other = make_form(
        Passage("p1", example_passages()[1]["text"], None, "d1"),
        [{"narratives": {"school": "asserts"}}, {"narratives": {}}],
        why=["x"],
    )
    review = write_lines(root / "labels" / "review" / "audit.jsonl", form, other)
    with serving(root) as client:
        send(client, "/label", reader="Ana")
        match = re.search(r'href="(/label/review-\w+)"', client.get("/label").text)
        assert match
        page = client.get(match[1]).text
        assert "“The toll robs us” is carried, but scores 0.02" in page
        assert re.findall(r"as it is labelled now|Side \d", page) == ["Side 1", "as it is labelled now", "Side 2"]
        decide(client, match[1], narrative="school")  # what side 2 says
        decide(client, match[1], narrative="toll", **{"stance:toll": "reports"})  # what no side says
        assert "decisions written down" in apply(client, match[1])
        assert match[1] not in client.get("/label").text
    forms = [json.loads(line) for line in review.read_text(encoding="utf-8").splitlines()]
    assert [one["decision"] for one in forms] == [["school"], ["toll:reports"]]
    assert [one["readers"] for one in forms] == [["Ana"], ["Ana"]]
    records = read_labels(root)
    assert (records["p0"]["narratives"], records["p0"]["readers"]) == ({"school": None}, ["Ana"])
    assert records["p1"]["narratives"] == {"toll": "reports"}


def test_readers_who_decide_a_review_differently_are_asked_to_talk(root: Path) -> None:
    passage = example_passages()[0]
    form = make_form(
        Passage("p0", passage["text"], None, "d0"), [{"narratives": {"toll": "asserts"}}, {"narratives": {}}], why=["x"]
    )
    write_lines(root / "labels" / "review" / "audit.jsonl", form)
    with serving(root) as client:
        send(client, "/label", reader="Ana")
        match = re.search(r'href="(/label/review-\w+)"', client.get("/label").text)
        assert match
        decide(client, match[1], narrative="toll", **{"stance:toll": "asserts"})
        decide(another(client, "Ben"), f"{match[1]}?view=second")
        answer = client.post(match[1], data={"csrf": find_csrf(client), "do": "apply"})
        assert answer.status_code == 409
        assert "Ana and Ben" in answer.text


def test_a_queue_that_cannot_be_read_says_so_and_the_others_stand(root: Path, labels: Path, tmp_path: Path) -> None:
    with serving(root, queues=(write_lines(tmp_path / "tasks.jsonl", "{"), tmp_path / "none.json")) as client:
        page = client.get("/label").text
        assert "tasks.jsonl:1" in page
        assert "no such file" in page
        assert "6</b> wait" in page


def test_a_name_that_cannot_stand_in_a_label_is_refused(client: TestClient) -> None:
    for name in ("", "   ", "a" * 61, "a\tb\x07", "a;b"):
        assert send(client, "/label", reader=name).status_code == 422


def test_a_text_that_is_gone_is_told_and_nothing_is_written(root: Path, client: TestClient, labels: Path) -> None:
    html = client.get(UNLABELLED).text
    labels.unlink()
    form = {
        "csrf": find_csrf(client),
        "do": "decide",
        "key": find_field(html, "key"),
        "task": find_field(html, "task"),
        "none": "1",
    }
    assert client.post(UNLABELLED, data=form).status_code == 409
    assert read_decisions(root) == []


def test_a_text_is_free_again_when_its_reader_stays_away(root: Path, labels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(Project(root), ())
    queue = desk.queues.find("unlabelled")
    first = desk.choose(queue, "Ana", "a", "")
    assert first
    assert desk.choose(queue, "Ben", "b", "") != first
    monkeypatch.setattr("narratives.serve.desk.desk.time.monotonic", lambda: 1e9)
    assert desk.choose(queue, "Cem", "c", "") == first


def test_a_line_that_is_no_decision_is_told_with_its_place(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "q.jsonl", {"key": "a", "did": "decided", "task": "t", "reader": "Ana", "narratives": {}}, "{}"
    )
    with pytest.raises(Exception, match=r"q\.jsonl:2: not a decision"):
        Decisions(path).list_standing()


def test_of_one_reader_the_last_decision_about_a_text_stands(tmp_path: Path) -> None:
    decisions = Decisions(tmp_path / "q.jsonl")
    answers: list[tuple[str, dict[str, str | None]]] = [("a", {"toll": None}), ("b", {})]
    for key, labels in answers:
        decisions.add(Entry(key=key, did="decided", task="t", reader="Ana", narratives=labels))
    assert [entry.labels for entry in decisions.list_open()] == [{}]
