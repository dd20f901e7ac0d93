"""Labels reach the passage that they name, and nobody is given an answer that nobody gave."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.examples import example_passages, invoke, problems_of, write_lines, write_project
from helpers.labelled import read

from narratives.annotation.review import make_form
from narratives.data import Passage
from narratives.project.project import Project

SAME = "Cars have the town by the throat."


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


def add_twins(root: Path, *labels: Any) -> None:
    """Passages a0, a1 ... of documents of their own that say the same."""
    rows = [{"id": f"a{k}", "document": f"paper{k}", "text": SAME, "narratives": each} for k, each in enumerate(labels)]
    write_lines(root / "labels" / "twins.jsonl", *rows)


def labels_of(root: Path) -> dict[str, Any]:
    return {p.id: p.narratives for p in Project(root).read_corpus().passages if p.text == SAME}


def import_rows(root: Path, *rows: dict[str, Any]) -> None:
    done = invoke(root, "labels", "import", write_lines(root / "new.jsonl", *rows))
    assert done.exit_code == 0, done.output


def test_each_of_two_passages_with_one_text_gets_its_own_labels(root: Path) -> None:
    add_twins(root, None, None)
    import_rows(root, *({"id": f"a{k}", "text": SAME, "narratives": {"toll": "reports"}} for k in range(2)))
    assert labels_of(root) == {"a0": {"toll": "reports"}, "a1": {"toll": "reports"}}


def test_a_decision_is_about_the_passage_that_its_form_names(root: Path) -> None:
    add_twins(root, {}, {"toll": "asserts"})
    form = make_form(Passage("a1", SAME, None, "paper1"), [{"narratives": {"toll": "asserts"}}, {"narratives": {}}], why=["x"])
    review = write_lines(root / "labels" / "review" / "audit.jsonl", {**form, "decision": ["school:rebuts"]})
    done = invoke(root, "labels", "import", review)
    assert done.exit_code == 0, done.output
    assert labels_of(root) == {"a0": {}, "a1": {"school": "rebuts"}}


def test_labels_without_an_id_that_is_known_are_compared_as_before(root: Path) -> None:
    add_twins(root, {"toll": "asserts"}, None)
    import_rows(root, {"id": "other", "text": SAME, "narratives": {"toll": None}})
    assert labels_of(root) == {"a0": {"toll": "asserts"}, "a1": None}
    import_rows(root, {"id": "a1", "text": SAME}, {"id": "other", "text": SAME, "narratives": {"toll": "asserts"}})
    assert labels_of(root) == {"a0": {"toll": "asserts"}, "a1": None}
    import_rows(root, {"id": "a1", "text": SAME, "narratives": {}}, {"id": "other", "text": SAME, "narratives": {}})
    assert labels_of(root) == {"a0": {"toll": "asserts"}, "a1": {}}


def test_what_was_settled_about_one_of_two_passages_says_nothing_of_the_other(root: Path) -> None:
    add_twins(root, {"toll": "asserts"}, {"school": "asserts"})
    new = write_lines(root / "new.jsonl", {"id": "a0", "text": SAME, "narratives": {}})
    assert invoke(root, "labels", "import", new).exit_code == 1
    [conflicts] = (root / "labels" / "conflicts").glob("*.jsonl")
    form = json.loads(conflicts.read_text(encoding="utf-8"))
    assert [side["narratives"] for side in form["sides"]] == [{"toll": "asserts"}, {}]
    assert invoke(root, "labels", "import", write_lines(conflicts, {**form, "decision": 2})).exit_code == 0
    assert labels_of(root) == {"a0": {}, "a1": {"school": "asserts"}}
    done = invoke(root, "labels", "import", write_lines(root / "new.jsonl", {"id": "a1", "text": SAME, "narratives": {}}))
    assert done.exit_code == 1 and "conflicts" in done.output


def test_an_object_of_labels_in_parquet_is_refused_where_arrow_filled_it_up(tmp_path: Path) -> None:
    rows = [{"text": "one", "narratives": {"toll": "asserts"}}, {"text": "two", "narratives": {"school": "reports"}}]
    rows += [{"text": "three", "narratives": {}}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    told = [str(problem) for _, _, problem in read(tmp_path / "a.parquet")]
    for gap, problem in zip(("school", "toll", "toll"), told, strict=True):
        assert f"'narratives' holds null for '{gap}', which may mean not carried or stance not known" in problem
        assert "write labels as a list of texts, such as toll:asserts" in problem


def test_an_object_that_holds_no_labels_may_have_gaps(tmp_path: Path) -> None:
    rows = [{"text": "one", "toll": 1, "school": 0, "category": {"main": "news", "sub": None}}]
    rows += [{"text": "two", "toll": 0, "school": 0, "category": {"main": "news", "sub": "local"}}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert [labels for _, _, labels in read(tmp_path / "a.parquet")] == [{"toll": None}, {}]


@pytest.mark.parametrize("said", [{"critics": {}}, {"toll": False}])
def test_an_object_that_does_not_speak_of_every_narrative_is_no_none(tmp_path: Path, said: dict[str, Any]) -> None:
    rows = [{"text": "one", "cats": said}, {"text": "two", "cats": {"toll": True, "school": False}}]
    assert read(write_lines(tmp_path / "a.jsonl", *rows))[0][2] is None


def test_an_object_of_yes_and_no_in_parquet_is_read(tmp_path: Path) -> None:
    rows = [
        {"text": "one", "narratives": {"toll": True, "school": False}},
        {"text": "two", "narratives": {"toll": False, "school": False}},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert [labels for _, _, labels in read(tmp_path / "a.parquet")] == [{"toll": None}, {}]


MADE = {"annotator": 1, "created_at": "2024-01-01", "updated_at": "2024-01-01", "lead_time": 3.2}


def write_min(path: Path, *answers: dict[str, Any], ordered: bool = True) -> Path:
    """A file as Label Studio writes it in JSON-MIN or CSV; `ordered`: with its columns sorted by a spreadsheet program."""
    rows = [{"id": k, "text": f"Text {k}.", **answer, "annotation_id": k, **MADE} for k, answer in enumerate(answers, 1)]
    if path.suffix == ".json":
        path.write_text(json.dumps([{key: row[key] for key in row if row[key] != ""} for row in rows]), encoding="utf-8")
        return path
    with path.open("w", encoding="utf-8", newline="") as stream:
        names = sorted(rows[0]) if ordered else [key for key in rows[0] if key != "annotation_id"]
        if not ordered:
            names.insert(names.index("annotator") + 1, "annotation_id")
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(("name", "ordered"), [("min.json", True), ("min.csv", True), ("min.csv", False)])
def test_where_two_columns_hold_narratives_nobody_guesses_which_are_labels(tmp_path: Path, name: str, ordered: bool) -> None:
    answers = [{"query": "toll", "narratives": "school"}, {"query": "toll", "narratives": ""}]
    path = write_min(tmp_path / name, *answers, ordered=ordered)
    [problem] = problems_of(lambda: read(path))
    told = "'query' holds narratives, as 'narratives' does; say which are labels: --label-column narratives"
    assert problem == f"{path}: {told}"
    first, second = [labels for _, _, labels in read(path, labels=("narratives",))]
    assert (first, second) == ({"school": None}, {})


def test_answers_in_a_column_of_another_name_are_found_beside_empty_tags(tmp_path: Path) -> None:
    path = write_min(tmp_path / "min.csv", {"choice": "toll", "tags": ""}, {"choice": "school", "tags": ""})
    assert [labels for _, _, labels in read(path)] == [{"toll": None}, {"school": None}]


def ask(text: str, label: str, answer: str, by: str) -> dict[str, str]:
    return {"text": text, "label": label, "answer": answer, "_annotator_id": by}


def test_questions_that_were_shared_out_are_one_answer(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "p.jsonl", ask("A", "toll", "accept", "al"), ask("A", "school", "reject", "bo"))
    assert [(by, labels) for _, by, labels in read(path)] == [("al and bo", {"toll": None})]


def test_whoever_was_asked_less_than_others_is_told(tmp_path: Path) -> None:
    answers = [ask("A", "toll", "accept", "al"), ask("A", "school", "reject", "al"), ask("A", "toll", "reject", "bo")]
    [(_, _, told)] = read(write_lines(tmp_path / "p.jsonl", *answers))
    assert "'bo' gave no answer about school, as others did; ask, or say with --partial" in told


def test_numbers_name_the_same_document_whichever_way_a_text_comes_in(root: Path) -> None:
    table = pa.table({"text": ["para one of a paper", "para two"], "thread": [12.0, None]})
    pq.write_table(table.slice(0, 1), root / "add.parquet")
    done = invoke(root, "labels", "add", root / "add.parquet", "--document-column", "thread", "--into", "added")
    assert done.exit_code == 0, done.output
    assert json.loads((root / "labels" / "added.jsonl").read_text(encoding="utf-8"))["document"] == "12"
    done = invoke(root, "labels", "add", write_lines(root / "b.jsonl", {"text": "some text", "document": ["x"]}))
    assert done.exit_code == 2 and "'document' names a document, so a text or a number is needed" in done.output


@pytest.mark.parametrize("name", ["x" * 300, "a\nb", "../up", ".hidden"])
def test_a_name_that_no_file_should_have_is_refused(root: Path, name: str) -> None:
    path = write_lines(root / "new.jsonl", {"id": "n", "text": "a new text", "narratives": {}})
    for command in ("import", "add"):
        done = invoke(root, "labels", command, path, "--into", name)
        assert done.exit_code == 2 and len(done.output.strip().splitlines()) == 1
        assert "a plain name is needed, such as: march" in done.output


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    done = invoke(tmp_path, "init", str(tmp_path / ("x" * 300)))
    assert (done.exit_code, len(done.output.strip().splitlines())) == (2, 1)
    assert f"cd '{tmp_path / 'we ird'}' &&" in invoke(tmp_path, "init", str(tmp_path / "we ird")).output


def test_where_a_file_stands_in_the_way_nothing_is_changed(root: Path) -> None:
    (root / "labels" / "conflicts").write_text("", encoding="utf-8")
    text = example_passages()[0]["text"]
    path = write_lines(root / "new.jsonl", {"text": text, "narratives": {"school": "rebuts"}})
    [problem] = problems_of(lambda: _import(root, path))
    assert problem == f"{root / 'labels' / 'conflicts'}: cannot be written: Not a directory; nothing was changed"
    assert not list(root.glob(".change.*")) and invoke(root, "labels", "check").exit_code in (0, 1)


def _import(root: Path, path: Path) -> None:
    from narratives.annotation import ImportRequest, import_labels

    import_labels(Project(root), ImportRequest(files=[path]))
