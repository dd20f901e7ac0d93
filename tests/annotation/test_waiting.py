"""Texts that wait for a reader, and what a reader's decision looks like to `labels import`."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import example_passages, invoke, make_codebook, problems_of, write_lines, write_project
from helpers.labelled import CODEBOOK

from narratives.annotation.review import make_form
from narratives.annotation.tasks import Suggestion, write_suggestions
from narratives.annotation.waiting import make_answer, make_return, read_reviews, read_tasks, to_task
from narratives.data import Passage, Stance

PASSAGES = [
    Passage(f"t{k}", f"text number {k}", None, f"d{k}", extras={"chosen": "uncertain: toll 0.40 at 0.30"}) for k in range(3)
]


@pytest.mark.parametrize("form", ["label-studio", "jsonl"])
def test_what_suggest_wrote_waits_with_its_reason(tmp_path: Path, form: str) -> None:
    path = tmp_path / ("tasks.json" if form == "label-studio" else "tasks.jsonl")
    suggestions = [Suggestion(passage, {"toll": 0.4, "school": 0.1}, {"toll": Stance.ASSERTS}) for passage in PASSAGES]
    write_suggestions(path, form, suggestions, CODEBOOK, "base")
    waiting = read_tasks(path, CODEBOOK)
    assert [(task.passage.id, task.passage.text) for task in waiting] == [(p.id, p.text) for p in PASSAGES]
    assert {task.why for task in waiting} == {"uncertain: toll 0.40 at 0.30"}
    assert all(task.passage.narratives is None for task in waiting)


def test_a_text_that_has_labels_does_not_wait(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {"id": "a", "text": "a text", "narratives": {}},
        {"id": "b", "text": "b text", "narratives": None},
    ]
    path = write_lines(tmp_path / "tasks.jsonl", *lines)
    assert [task.passage.id for task in read_tasks(path, CODEBOOK)] == ["b"]


def test_a_file_of_tasks_that_is_broken_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "tasks.jsonl", {"id": "a"}, '{"id": "b", "text": "b", "narratives": {"x": null}}')
    assert len(problems_of(lambda: read_tasks(path, CODEBOOK))) >= 2


def test_a_form_waits_with_its_sides_until_it_is_decided(tmp_path: Path) -> None:
    form = make_form(PASSAGES[0], [{"narratives": {"toll": "asserts"}}, {"narratives": []}], why=["scores low"])
    conflict = make_form(PASSAGES[1], [{"narratives": ["school"], "by": "Ana"}, {"narratives": {}, "where": "x:1"}])
    path = write_lines(tmp_path / "audit.jsonl", form, conflict, {**form, "decision": 1})
    first, second = read_reviews(path, CODEBOOK)
    assert (first.sides, first.why) == (({"toll": Stance.ASSERTS}, {}), "scores low")
    assert (second.sides, second.why) == (({"school": None}, {}), "side 1: Ana\nside 2: x:1")


def test_a_form_of_another_codebook_is_refused_with_its_place(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "audit.jsonl", make_form(PASSAGES[0], [{"narratives": {"toll": None}}], why=["x"]))
    assert problems_of(lambda: read_reviews(path, make_codebook("other")))[0].startswith(f"{path}:1: ")


def import_lines(root: Path, *lines: dict[str, Any]) -> str:
    done = invoke(root, "labels", "import", write_lines(root / "in.jsonl", *lines))
    assert done.exit_code in (0, 1), done.output
    return done.output


def test_the_names_of_all_who_agree_stand_beside_the_labels(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    line = {"id": "n", "text": "a new toll text", "document": "n", "narratives": None}
    [task] = read_tasks(write_lines(root / "tasks.jsonl", line), CODEBOOK)
    answers = [make_answer(to_task(task), {"toll": None}, [name]) for name in ("Ana", "Ben", "Ana")]
    assert "imported: 1" in import_lines(root, *answers)
    [path] = (root / "labels").glob("imported-*.jsonl")
    record = json.loads(path.read_text(encoding="utf-8"))
    assert (record["narratives"], record["readers"]) == ({"toll": None}, ["Ana", "Ben"])


def test_labels_that_nobody_signed_stay_unsigned(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    import_lines(root, {"id": "n", "text": "a new toll text", "document": "n", "narratives": {}})
    assert "readers" not in "".join(path.read_text(encoding="utf-8") for path in (root / "labels").glob("*.jsonl"))


@pytest.mark.parametrize(
    ("decision", "written"),
    [({"school": Stance.REBUTS}, ["school:rebuts"]), ({"toll": Stance.REPORTS}, ["toll:reports"]), ({}, ["(none)"])],
)
def test_a_decision_about_a_form_comes_back_with_its_reader(tmp_path: Path, decision: Any, written: Any) -> None:
    root = write_project(tmp_path / "project")
    passage = example_passages()[0]
    sides = [{"narratives": passage["narratives"]}, {"narratives": {"school": "rebuts"}}]
    form = make_form(Passage("p0", passage["text"], None, "d0"), sides, why=["x"])
    review = write_lines(root / "labels" / "review" / "audit.jsonl", form)
    row = make_return("labels/review/audit.jsonl", "p0", decision, ["Ana", "Ben"])
    with (root / "back.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(row))
        writer.writeheader()
        writer.writerow(row)
    done = invoke(root, "labels", "import", root / "back.csv")
    assert done.exit_code == 0, done.output
    decided = json.loads(review.read_text(encoding="utf-8"))
    assert (decided["decision"], decided["readers"]) == (written, ["Ana", "Ben"])
    first = json.loads((root / "labels" / "passages.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first["readers"] == ["Ana", "Ben"]
    assert first["narratives"] == decision
