"""Conflicts and reviews go out to a spreadsheet or to Label Studio, are decided there, and come back."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.batch_runs import write_input
from helpers.examples import invoke, snapshot, write_lines, write_project

from narratives.project.project import Project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


@pytest.fixture
def review(root: Path) -> Path:
    """A review like an audit's, of three passages."""
    lines: list[dict[str, Any]] = []
    every: list[list[dict[str, Any]]] = [
        [{"toll": "asserts"}, {}],
        [{"school": "asserts"}, {"school": "rebuts"}],
        [{}, {"toll": None}],
    ]
    for k, sides in enumerate(every):
        passage = json.loads((root / "labels" / "passages.jsonl").read_text().splitlines()[k])
        passage.pop("narratives")
        form = {"review": ["read it again"], "decision": None, "sides": [{"narratives": side} for side in sides]}
        lines.append({**form, **passage})
    return write_lines(root / "labels" / "review" / "audit.jsonl", *lines)


def labels_of(root: Path) -> dict[str, Any]:
    return {passage.id: passage.narratives for passage in Project(root).read_corpus().passages}


def send_sheet(root: Path, review: Path) -> list[dict[str, str]]:
    done = invoke(root, "labels", "export", "--review", review, "--format", "csv", "-o", root.parent / "sheet.csv")
    assert done.exit_code == 0, done.output
    with (root.parent / "sheet.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def decide(review: Path) -> list[Any]:
    return [json.loads(line)["decision"] for line in review.read_text().splitlines()]


def test_a_spreadsheet_takes_decisions_and_brings_them_back(root: Path, review: Path) -> None:
    rows = send_sheet(root, review)
    assert [(row["id"], row["why"], row["side 1"], row["side 2"]) for row in rows] == [
        ("p0", "read it again", "toll:asserts", "(none)"),
        ("p1", "read it again", "school:asserts", "school:rebuts"),
        ("p2", "read it again", "(none)", "toll"),
    ]
    rows[0]["decision"], rows[1]["decision"] = "2", "school:reports; toll"
    done = invoke(root, "labels", "import", write_input(root.parent / "back.csv", rows))
    assert done.exit_code == 0, done.output
    assert f"decisions written down in {review}: 2" in done.stdout
    labels = labels_of(root)
    assert (labels["p0"], labels["p1"], labels["p2"]) == ({}, {"school": "reports", "toll": None}, {})
    assert decide(review) == [2, ["school:reports", "toll"], None]
    assert [row["id"] for row in send_sheet(root, review)] == ["p2"]  # what is decided does not go out again


def test_the_same_sheet_may_come_back_again_with_more(root: Path, review: Path) -> None:
    rows = send_sheet(root, review)
    rows[0]["decision"] = "2.0"
    assert invoke(root, "labels", "import", write_input(root.parent / "back.csv", rows)).exit_code == 0
    rows[2]["decision"] = "2"
    assert invoke(root, "labels", "import", write_input(root.parent / "back.csv", rows)).exit_code == 0
    assert decide(review) == [2, None, 2]
    assert labels_of(root)["p2"] == {"toll": None}
    rows[0]["decision"], before = "1", snapshot(root)
    refused = invoke(root, "labels", "import", write_input(root.parent / "back.csv", rows))
    assert refused.exit_code == 2 and "was decided otherwise already (2)" in refused.stderr
    assert snapshot(root) == before


@pytest.mark.parametrize("decision", ["3", "tol"])
def test_what_is_no_decision_names_the_row_and_changes_nothing(root: Path, review: Path, decision: str) -> None:
    rows, before = send_sheet(root, review), snapshot(root)
    rows[0]["decision"], rows[1]["decision"] = "2", decision
    back = write_input(root.parent / "back.csv", rows)
    refused = invoke(root, "labels", "import", back)
    assert refused.exit_code == 2 and refused.stderr.startswith(f"{back}:3: ")
    assert snapshot(root) == before


def test_a_sheet_in_which_nothing_is_decided_says_so(root: Path, review: Path) -> None:
    rows = send_sheet(root, review)
    refused = invoke(root, "labels", "import", write_input(root.parent / "back.csv", rows))
    assert refused.exit_code == 2 and "no form in it is decided" in refused.stderr


def test_label_studio_takes_a_side_or_the_right_labels(root: Path, review: Path, tmp_path: Path) -> None:
    out = tmp_path / "tasks.json"
    assert invoke(root, "labels", "export", "--review", review, "--format", "label-studio", "-o", out).exit_code == 0
    interface = out.with_suffix(".xml").read_text()
    assert '<Choices name="side" toName="text"' in interface and '<Taxonomy name="narratives"' in interface
    tasks = json.loads(out.read_text())
    assert tasks[1]["data"]["sides"] == "1: school:asserts\n2: school:rebuts"
    side = {"from_name": "side", "to_name": "text", "type": "choices", "value": {"choices": ["2"]}}
    labels = {"from_name": "narratives", "type": "taxonomy", "value": {"taxonomy": [["toll", "reports"]]}}
    tasks[0]["annotations"] = [{"result": [side]}, {"result": [side]}]
    tasks[1]["annotations"] = [{"result": [labels]}]
    tasks[2]["annotations"] = [{"result": [side], "was_cancelled": True}]
    done = invoke(root, "labels", "import", write_lines(tmp_path / "back.json", json.dumps(tasks)))
    assert done.exit_code == 0, done.output
    assert decide(review) == [2, ["toll:reports"], None]
    assert (labels_of(root)["p0"], labels_of(root)["p1"]) == ({}, {"toll": "reports"})
    tasks[2]["annotations"] = [{"result": [side]}, {"result": [labels]}]
    refused = invoke(root, "labels", "import", write_lines(tmp_path / "back.json", json.dumps(tasks)))
    assert refused.exit_code == 2 and "'p2': decided in 2 ways; settle it in Label Studio" in refused.stderr


def test_conflicts_of_an_import_go_the_same_way(root: Path, tmp_path: Path) -> None:
    text = Project(root).read_corpus().passages[0].text
    other = write_lines(tmp_path / "other.jsonl", {"id": "x", "text": text, "narratives": {"school": "rebuts"}})
    assert invoke(root, "labels", "import", other, "--into", "march").exit_code == 1
    conflicts = root / "labels" / "conflicts" / "march.jsonl"
    [row] = send_sheet(root, conflicts)
    row["decision"] = "2"
    assert invoke(root, "labels", "import", write_input(tmp_path / "back.csv", [row])).exit_code == 0
    assert labels_of(root)["p0"] == {"school": "rebuts"} and decide(conflicts) == [2]
    again = invoke(root, "labels", "import", other)  # settled: no conflict again
    assert again.exit_code == 0, again.output


def test_a_review_that_is_gone_is_told(root: Path, review: Path) -> None:
    rows = send_sheet(root, review)
    rows[0]["decision"] = "1"
    review.unlink()
    refused = invoke(root, "labels", "import", write_input(root.parent / "back.csv", rows))
    assert refused.exit_code == 2 and str(review) in refused.stderr


def test_where_nothing_waits_nothing_goes_out(root: Path, review: Path, tmp_path: Path) -> None:
    review.write_text(review.read_text().replace('"decision": null', '"decision": 1'))
    for file, reason in ((review, "nothing in it waits"), (root / "labels" / "passages.jsonl", "no form to decide about")):
        refused = invoke(root, "labels", "export", "--review", file, "--format", "csv", "-o", tmp_path / "s.csv")
        assert refused.exit_code == 2 and reason in refused.stderr
