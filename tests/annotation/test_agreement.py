"""How far readers agree: kappa and F1 by narrative, of field samples and of any import; notes on hard cases are kept."""

import json
from pathlib import Path

import pytest
from helpers.examples import invoke, problems_of, write_lines, write_project
from helpers.fields import read_tasks, start_field
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score

from narratives.annotation import ImportRequest
from narratives.annotation.agreement import _find_f1, _find_kappa, compare_readers, read_notes
from narratives.field.design import Design
from narratives.field.drawing import draw
from narratives.project import Project


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30), st.integers(1, 200))
def test_kappa_and_f1_agree_with_scikit_learn(both: int, first: int, second: int, none: int) -> None:
    a = [1] * (both + first) + [0] * (second + none)
    b = [1] * both + [0] * first + [1] * second + [0] * none
    assert _find_kappa(both, first, second, len(a)) == pytest.approx(cohen_kappa_score(a, b), abs=1e-4)
    assert _find_f1(both, first, second) == pytest.approx(f1_score(a, b), abs=1e-4)


def test_two_readers_of_a_part_of_a_sample_are_compared(tmp_path: Path) -> None:
    project, texts, answers = start_field(tmp_path)
    draw(project, answers, texts, Design(n=80, second=50, name="may"), output=tmp_path / "tasks.json")
    read_tasks(tmp_path / "tasks.json", tmp_path / "anna.json", note="history, no claim")
    read_tasks(tmp_path / "tasks-second.json", tmp_path / "ben.json", by="ben", miss=2)
    for name in ("anna", "ben"):
        assert invoke(project, "labels", "import", tmp_path / f"{name}.json").exit_code == 0
    [pair] = compare_readers(Project(project))
    assert (pair.first, pair.second, pair.texts) == ("anna", "ben", 50)
    [row] = [row for row in pair.narratives if row.id == "toll"]
    assert row.first == 50 - pair.same == len(pair.differing) > 0 and row.second == 0
    assert pair.kappa is not None and 0 < pair.kappa < 1
    result = invoke(project, "labels", "agreement")
    assert "anna and ben: 50 texts" in result.output
    assert json.loads(invoke(project, "labels", "agreement", "--json").stdout)[0]["texts"] == 50
    assert [note.note for note in read_notes(Project(project))] == ["history, no claim"]
    assert "history, no claim" in invoke(project, "labels", "agreement", "--notes").output


def test_any_two_annotators_of_an_import_are_compared(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    rows = []
    for k in range(12):
        for by, found in (("anna", k < 4), ("ben", k < 3)):
            rows.append({"text": f"text number {k}", "narratives": ["toll"] if found else [], "by": by})
    path = tmp_path / "both.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    [pair] = compare_readers(Project(root), ImportRequest(files=[path]))
    assert (pair.texts, pair.same) == (12, 11)
    assert pair.f1 == pytest.approx(6 / 7, abs=1e-4)


def test_tables_of_readers_may_be_in_another_encoding(tmp_path: Path) -> None:
    root, path = write_project(tmp_path / "project"), tmp_path / "both.csv"
    path.write_bytes("text;labels;coder\nDie F\xe4hre;toll;anna\nDie F\xe4hre;toll;ben\n".encode("cp1252"))
    refused = invoke(root, "labels", "agreement", path)
    assert refused.exit_code == 2 and "--encoding cp1252" in refused.stderr
    done = invoke(root, "labels", "agreement", path, "--encoding", "cp1252", "--json")
    assert json.loads(done.stdout)[0]["same"] == 1


def test_files_are_read_as_the_options_of_import_say_and_what_is_passed_over_is_told(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    rows = ["text,code,coder", "A ferry,Fare,anna", "A ferry,Fare,ben", "A boat,,anna", "A boat,school,ben"]
    path = write_lines(tmp_path / "both.csv", *rows)
    refused = invoke(root, "labels", "agreement", path)
    assert refused.exit_code == 2 and "rename it: --map 'Fare=ID'" in refused.stderr
    done = invoke(root, "labels", "agreement", path, "--map", "Fare=toll")
    assert "anna and ben: 1 texts" in done.stdout and "taken as not labelled; --empty none if" in done.stderr
    done = invoke(root, "labels", "agreement", path, "--map", "Fare=toll", "--empty", "none")
    assert "anna and ben: 2 texts, the same in 1" in done.stdout


def test_a_reader_alone_agrees_with_nobody(tmp_path: Path) -> None:
    project, texts, answers = start_field(tmp_path)
    draw(project, answers, texts, Design(n=30, name="may"), output=tmp_path / "tasks.json")
    read_tasks(tmp_path / "tasks.json", tmp_path / "anna.json")
    invoke(project, "labels", "import", tmp_path / "anna.json")
    [problem] = problems_of(lambda: compare_readers(Project(project)))
    assert "no two readers have read the same texts (read by: anna)" in problem


def test_a_reader_who_reads_again_takes_back_what_was_said(tmp_path: Path) -> None:
    project, texts, answers = start_field(tmp_path)
    draw(project, answers, texts, Design(n=40, name="may"), output=tmp_path / "tasks.json")
    read_tasks(tmp_path / "tasks.json", tmp_path / "one.json", miss=1)
    read_tasks(tmp_path / "tasks.json", tmp_path / "two.json")
    invoke(project, "labels", "import", tmp_path / "one.json")
    result = invoke(project, "labels", "import", tmp_path / "two.json")
    assert "the same" in result.output and "changed" in result.output
    assert "40 the same" in invoke(project, "labels", "import", tmp_path / "two.json").output
