"""What is decided again, undone, or meets labels that changed meanwhile: the last word of a reader stands, and no other."""

import threading
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import example_passages, problems_of, write_lines
from helpers.served import find_csrf, find_field, serving, serving_reader

from narratives.annotation.review import make_form
from narratives.data import Passage
from narratives.project.project import Project
from narratives.serve.desk.decisions import Decisions, Entry
from narratives.serve.desk.desk import Desk
from narratives.serve.desk.queues import REVIEW, TASKS, UNLABELLED, Queue, Task
from narratives.serve.guard.problems import Problem

NEW = {"id": "u0", "text": "tram mart unread tramtram", "document": "ud0", "narratives": None}


def make_entry(key: str, labels: dict[str, str | None], **others: Any) -> Entry:
    return Entry(key=key, did="decided", task="t", reader="Ana", narratives=labels, **others)


def open_queue(root: Path, kind: str, *files: Path) -> tuple[Desk, Queue, list[Task]]:
    """The first queue of this kind, with its texts."""
    desk = Desk(Project(root), list(files))
    queue = next(queue for queue in desk.queues.list_all() if queue.kind == kind)
    return desk, queue, list(desk.queues.read(queue).values())


def decide(desk: Desk, queue: Queue, task: Task, labels: dict[str, str | None]) -> None:
    record = {"id": task.waiting.passage.id, "text": task.waiting.passage.text, "document": task.waiting.passage.document}
    desk.decide(queue, Entry(task.key * 2, "decided", task.key, "Ana", labels, record=record))


def read_labels(root: Path, id_: str) -> Any:
    [passage] = [passage for passage in Project(root).read_corpus().passages if passage.id == id_]
    return passage.narratives


@pytest.mark.parametrize("again", [[{"toll": None}, {}], [{"toll": None}, {}, {"toll": None}], [{}, {}, {"school": "asserts"}]])
def test_a_page_that_is_gone_back_to_may_say_something_else(tmp_path: Path, again: list[dict[str, str | None]]) -> None:
    decisions = Decisions(tmp_path / "q.jsonl")
    for labels in again:
        decisions.add(make_entry("a", labels))
    assert [entry.narratives for entry in decisions.list_open()] == again[-1:]


def test_what_is_sent_again_is_written_once(tmp_path: Path) -> None:
    decisions = Decisions(tmp_path / "q.jsonl")
    answers: list[dict[str, str | None]] = [{"toll": None}, {"toll": None}, {}, {}]
    for labels in answers:
        decisions.add(make_entry("a", labels))
    assert len((tmp_path / "q.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_what_was_undone_can_be_decided_on_the_page_of_before(tmp_path: Path) -> None:
    decisions = Decisions(tmp_path / "q.jsonl")
    decisions.add(make_entry("a", {}))
    for _ in range(2):  # sent twice
        decisions.add(Entry("b", "undone", "t", "Ana", about=["a"]))
    assert decisions.list_open() == []
    decisions.add(make_entry("a", {}))
    assert [entry.narratives for entry in decisions.list_open()] == [{}]
    assert len((tmp_path / "q.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_undoing_works_on_the_page_that_decided(root: Path) -> None:
    write_lines(root / "labels" / "waiting.jsonl", NEW)
    with serving_reader(root) as client:
        page = client.get("/label/unlabelled").text
        form = {"csrf": find_csrf(client), "task": find_field(page, "task"), "none": "1"}
        client.post("/label/unlabelled", data={**form, "do": "decide", "key": find_field(page, "key")})
        undo = page[page.index('id="undo"') : page.index('id="decide"')]
        key = undo.split('name="key" value="')[1].split('"')[0]
        client.post("/label/unlabelled", data={**form, "do": "undo", "key": key})
        assert str(NEW["text"]) in client.get("/label/unlabelled").text


def test_a_text_whose_id_another_text_has_gets_one_of_its_own(root: Path, tmp_path: Path) -> None:
    known = example_passages()[0]
    one, two = {**NEW, "id": known["id"], "query": "school"}, {**NEW, "id": "zz", "text": "bell road lamp"}
    tasks = write_lines(tmp_path / "tasks.jsonl", one, two)
    desk, queue, texts = open_queue(root, TASKS, tasks)
    for task in texts:
        decide(desk, queue, task, {"toll": "reports"})
    assert desk.apply(queue)[0].startswith("imported: 2")
    passages = {passage.text: passage for passage in Project(root).read_corpus().passages}
    assert passages[str(known["text"])].id == known["id"]
    assert passages[str(NEW["text"])].id.startswith("text-")
    assert passages["bell road lamp"].id == "zz"


def test_a_text_that_was_mended_since_is_told_and_not_doubled(root: Path) -> None:
    path = write_lines(root / "labels" / "waiting.jsonl", NEW)
    desk, queue, [task] = open_queue(root, UNLABELLED)
    decide(desk, queue, task, {})
    write_lines(path, {**NEW, "text": "tram mart unraed tramtram"})
    [problem] = problems_of(lambda: desk.apply(queue))
    assert "id 'u0' stands at" in problem and problem.startswith("Unlabelled passages:")


def write_review(root: Path, *sides: dict[str, str | None]) -> None:
    passage = example_passages()[0]
    form = make_form(Passage("p0", passage["text"], None, "d0"), [{"narratives": side} for side in sides], why=["x"])
    write_lines(root / "labels" / "review" / "audit.jsonl", form)


def test_a_review_is_decided_by_labels_though_its_sides_change(root: Path) -> None:
    write_review(root, {"toll": "asserts"}, {"school": None})
    desk, queue, [task] = open_queue(root, REVIEW)
    decide(desk, queue, task, {"school": None})  # side 2
    write_review(root, {"toll": "asserts"}, {"toll": "rebuts"})  # another audit, and side 2 is another one
    desk.apply(queue)
    assert read_labels(root, "p0") == {"school": None}


def test_what_cannot_be_put_into_the_labels_is_told_with_its_queue(root: Path) -> None:
    write_review(root, {"toll": "asserts"}, {"school": None})
    desk, queue, [task] = open_queue(root, REVIEW)
    decide(desk, queue, task, {})
    passage = example_passages()[1]
    other = make_form(
        Passage("p1", passage["text"], None, "d1"), [{"narratives": {}}, {"narratives": {"toll": None}}], why=["x"]
    )
    write_lines(root / "labels" / "review" / "audit.jsonl", other)  # p0 is no longer asked about
    [problem] = problems_of(lambda: desk.apply(queue))
    assert problem.startswith("Review: audit:")


def test_nothing_is_undone_while_it_goes_into_the_labels(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lines(root / "labels" / "waiting.jsonl", NEW)
    desk, queue, [task] = open_queue(root, UNLABELLED)
    decide(desk, queue, task, {"toll": "reports"})
    refused: list[int] = []

    def undo() -> None:
        try:
            desk.undo(queue, "Ana", "f" * 32)
        except Problem as problem:
            refused.append(problem.status)

    waiting = threading.Thread(target=undo)
    write = desk._write

    def come_in_the_middle(*given: Any) -> Path:
        waiting.start()
        return write(*given)

    monkeypatch.setattr(desk, "_write", come_in_the_middle)
    desk.apply(queue)
    waiting.join()
    assert refused == [409]
    assert read_labels(root, "u0") == {"toll": "reports"}


def test_a_name_that_no_file_can_have_is_not_there(root: Path) -> None:
    name = "a" * 300
    with serving(root) as client:
        for path in (f"/static/{name}.css", f"/reports/{name}/report.html", f"/models/{name}/promote"):
            assert client.get(path).status_code == 404


def test_a_form_with_too_many_fields_does_not_enter(root: Path) -> None:
    with serving(root, token="0123456789abcdef") as client:
        answer = client.post("/enter", content="&".join(f"f{k}=1" for k in range(20)))
        assert answer.status_code == 403
