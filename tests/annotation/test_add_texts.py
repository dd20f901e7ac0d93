"""Raw texts come into the project as passages that nobody has labelled, go out to be labelled, and come back."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.batch_runs import write_input
from helpers.examples import invoke, snapshot, write_lines, write_project

from narratives.data import Passage
from narratives.project.project import Project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


def added(root: Path, *words: str | Path) -> list[Passage]:
    done = invoke(root, "labels", "add", *words)
    assert done.exit_code == 0, done.output
    return [passage for passage in Project(root).read_corpus().passages if passage.narratives is None]


@pytest.mark.parametrize("name", ["new.txt", "new.csv", "new.tsv", "new.jsonl", "new.parquet"])
def test_texts_of_every_form_become_unlabelled_passages(root: Path, tmp_path: Path, name: str) -> None:
    texts = write_input(tmp_path / name, [{"text": f"text number {k}"} for k in range(3)])
    passages = added(root, texts, "--language", "en", "--source", "harbour radio")
    assert [passage.text for passage in passages] == [f"text number {k}" for k in range(3)]
    assert {(passage.language, passage.source) for passage in passages} == {("en", "harbour radio")}
    assert len({passage.document for passage in passages}) == 3
    assert invoke(root, "labels", "check").exit_code == 0


def test_what_records_say_of_themselves_is_kept(root: Path, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"key": "x1", "body": "erste Zeile", "language": "de", "date": "2026-01-02", "thread": "t", "likes": 3},
        {"key": "x2", "body": "second line", "thread": "t"},
    ]
    words = ["--text-column", "body", "--id-column", "key", "--document-column", "thread", "--keep", "likes"]
    first, second = added(root, write_input(tmp_path / "new.jsonl", rows), *words, "--language", "en")
    assert (first.id, first.document, first.language) == ("x1", "t", "de")
    assert first.extras == {"date": "2026-01-02", "likes": 3}
    assert (second.id, second.document, second.language) == ("x2", "t", "en")


def test_texts_that_are_there_or_come_twice_are_left_out_and_told(root: Path, tmp_path: Path) -> None:
    old = Project(root).read_corpus().passages[0]
    rows = [
        {"id": "p0", "text": "new text"},
        {"id": "a", "text": f" {old.text} "},
        {"id": "b", "text": "new  text"},
        {"text": " "},
    ]
    done = invoke(root, "labels", "add", write_input(tmp_path / "new.jsonl", rows))
    assert "added: 1 of 4 texts" in done.stdout and "2 that are there already or came twice" in done.stdout
    assert "1 that are empty" in done.stdout and "given another id: 1" in done.stdout
    assert "next: narratives labels export --unlabelled" in done.stdout


def test_a_number_drawn_by_lot_is_the_same_in_any_order_and_marked(root: Path, tmp_path: Path) -> None:
    rows = [{"id": f"n{k}", "text": f"text number {k}"} for k in range(40)]
    one = write_input(tmp_path / "one.jsonl", rows)
    two = write_input(tmp_path / "two.jsonl", rows[::-1])
    other = write_project(tmp_path / "other")
    drawn = [added(root, one, "-n", "5"), added(other, two, "-n", "5")]
    assert {p.id for p in drawn[0]} == {p.id for p in drawn[1]} and len(drawn[0]) == 5
    assert {passage.extras["chosen"] for passage in drawn[0]} == {"by lot"}


def test_a_record_without_a_text_stops_all_unless_the_good_ones_will_do(root: Path, tmp_path: Path) -> None:
    texts = write_lines(tmp_path / "new.jsonl", {"text": "good"}, "broken", {"text": 7})
    before = snapshot(root)
    refused = invoke(root, "labels", "add", texts)
    assert refused.exit_code == 2 and f"{texts}:2: " in refused.stderr and f"{texts}:3: 'text' is int" in refused.stderr
    assert snapshot(root) == before
    assert [passage.text for passage in added(root, texts, "--accept-good")] == ["good"]


def test_they_go_out_alone_and_come_back_labelled(root: Path, tmp_path: Path) -> None:
    added(root, write_input(tmp_path / "new.txt", [{"text": "the toll again"}, {"text": "the school again"}]))
    sheet = tmp_path / "sheet.csv"
    assert invoke(root, "labels", "export", "--unlabelled", "--format", "csv", "-o", sheet).stdout.startswith("2 passages")
    with sheet.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    rows[0]["narratives"], rows[1]["narratives"] = "toll:asserts", "(none)"
    write_input(sheet, rows)
    done = invoke(root, "labels", "import", sheet)
    assert done.exit_code == 0, done.output
    labels = {passage.id: passage.narratives for passage in Project(root).read_corpus().passages}
    assert (labels["new.txt:1"], labels["new.txt:2"]) == ({"toll": "asserts"}, {})
    tasks = tmp_path / "tasks.json"
    none_left = invoke(root, "labels", "export", "--unlabelled", "--format", "label-studio", "-o", tasks)
    assert none_left.exit_code == 2 and "every passage is labelled" in none_left.stderr


def test_unlabelled_tasks_hold_no_answer(root: Path, tmp_path: Path) -> None:
    added(root, write_input(tmp_path / "new.txt", [{"text": "the toll again"}]))
    invoke(root, "labels", "export", "--unlabelled", "--format", "label-studio", "-o", tmp_path / "tasks.json")
    [task] = json.loads((tmp_path / "tasks.json").read_text())
    assert task["data"]["text"] == "the toll again" and "annotations" not in task
