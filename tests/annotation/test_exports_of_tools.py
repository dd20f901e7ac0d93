"""Exports as tools and people write them: each arrives as it was meant, or is told with what to write on the command line."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.examples import invoke, problems_of, write_lines, write_project
from helpers.labelled import NAMES, read

from narratives.annotation.formats.choice import read_entries
from narratives.annotation.formats.entry import Entry, Wishes

Values = dict[str, Any]
CHOICE = {"from_name": "narr", "type": "choices", "value": {"choices": ["toll"]}}
TASK = {"id": 1, "data": {"text": "A tram."}}


def entries_of(path: Path, **wishes: Any) -> list[Entry]:
    return list(read_entries(path, None, Wishes(NAMES, **wishes)))


def labels_of(path: Path, **wishes: Any) -> list[Any]:
    """What each entry carries, or its problem."""
    return [labels for _, _, labels in read(path, **wishes)]


def save(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def region(name: str, **value: Any) -> Values:
    return {"from_name": name, "to_name": "text", "type": next(iter(value)), "value": value}


def span(label: str) -> Values:
    return {"from_name": "mark", "type": "labels", "value": {"start": 0, "end": 3, "text": "A t", "labels": [label]}}


# Label Studio, Argilla, Prodigy


@pytest.mark.parametrize(
    ("task", "note"),
    [
        ({"annotations": [{"was_cancelled": True, "result": [CHOICE]}]}, "tasks that were skipped"),
        ({"annotations": [], "predictions": [{"result": [CHOICE]}]}, "tasks with nothing but predictions"),
        ({"annotations": [], "drafts": [{"result": [CHOICE]}]}, "tasks with a draft"),
        ({"annotations": [{"result": [region("comment", text=["I can't say"])]}]}, "answers that hold nothing but a remark"),
    ],
)
def test_what_is_no_answer_is_said_not_to_be_one(tmp_path: Path, task: Values, note: str) -> None:
    [entry] = entries_of(save(tmp_path / "a.json", [{**TASK, **task}]))
    assert entry.values["narratives"] is None
    assert any(told.startswith(note) and told.endswith("taken as not labelled") for told in entry.notes)


def test_an_answer_without_a_choice_means_none_and_is_counted(tmp_path: Path) -> None:
    [entry] = entries_of(save(tmp_path / "a.json", [{**TASK, "annotations": [{"result": []}]}]))
    assert (entry.values["narratives"], entry.notes) == ([], ("answers in which nothing was chosen, taken as carrying none",))


@pytest.mark.parametrize(
    ("beside", "told"),
    [
        (span("toll"), {"toll": None}),
        (span("Evidence"), "--label-column narr keeps it beside the text"),
        (span("school"), "--spans takes their labels for the whole text, --label-column narr keeps it beside the text"),
        (region("stance", choices=["reports"]), {"toll": "reports"}),
        (region("mood", choices=["sad"]), "a further --label-column mood takes it as labels too"),
        (region("school", number=1), {"toll": None, "school": None}),
    ],
)
def test_a_second_control_adds_to_the_labels_or_is_told_with_what_helps(tmp_path: Path, beside: Values, told: Any) -> None:
    task = {**TASK, "annotations": [{"result": [CHOICE, beside]}]}
    [labels] = labels_of(save(tmp_path / "a.json", [task]))
    assert labels.endswith(told) if isinstance(told, str) else labels == told


def test_suggestions_are_no_labels(tmp_path: Path) -> None:
    record = {"fields": {"text": "A tram."}, "suggestions": {"narr": {"value": ["toll"]}}, "responses": {}, "metadata": {}}
    [entry] = entries_of(save(tmp_path / "a.json", [record]))
    assert (entry.values["narratives"], "nothing but suggestions" in entry.notes[0]) == (None, True)


def test_options_of_prodigy_may_be_numbers_with_texts_and_another_field_may_hold_the_labels(tmp_path: Path) -> None:
    options = [{"id": 0, "text": "The toll robs us"}, {"id": 1, "text": "school"}]
    task = {"text": "A tram.", "_input_hash": 1, "answer": "accept"}
    assert labels_of(write_lines(tmp_path / "a.jsonl", {**task, "options": options, "accept": [1]})) == [{"school": None}]
    cats = write_lines(tmp_path / "b.jsonl", {**task, "cats": {"toll": 1.0, "school": 0.0}})
    assert labels_of(cats, labels=("cats",)) == [{"toll": None}]
    unknown = write_lines(tmp_path / "c.jsonl", {**task, "options": [{"id": "Mood"}], "accept": []})
    assert labels_of(unknown)[0].startswith("unknown label 'Mood'")


def test_spans_count_on_request_whatever_field_holds_them(tmp_path: Path) -> None:
    entities = [{"label": "school", "start_offset": 0, "end_offset": 3}]
    path = write_lines(tmp_path / "a.jsonl", {"id": 1, "text": "A tram.", "entities": entities, "Comments": []})
    assert "--spans takes their labels" in labels_of(path)[0]
    assert labels_of(path, spans=True) == [{"school": None}]
    both = write_lines(tmp_path / "b.jsonl", {"text": "A tram.", "label": "toll", "spans": [{"start": 0, "label": "school"}]})
    assert labels_of(both, spans=True) == [{"toll": None, "school": None}]


# Cells


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("\"['toll' 'school']\"", {"toll": None, "school": None}),
        ("\"array(['toll'], dtype=object)\"", {"toll": None}),
        ("nan", None),
        ("NA", None),
        ("f/toll", {"toll": None}),
        ("F: The school is sinking", {"school": None}),
        ('"{""critics"": {""toll"": 1, ""school"": 0}}"', {"toll": None}),
    ],
)
def test_a_cell_is_read_as_programs_write_it(tmp_path: Path, cell: str, labels: Any) -> None:
    assert labels_of(write_lines(tmp_path / "a.csv", "text,labels", f"A tram,{cell}")) == [labels]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([{"name": "toll", "stance": "asserts"}, {"name": "school"}], {"toll": "asserts", "school": None}),
        ([{"label": "toll", "score": 0.2}], "say which of their fields is the label: --label-column labels.label"),
        ([{"label": "toll", "annotator": "a"}], "write a record for each, or take all labels together"),
        ([0, 1, 0, 1], "give each narrative a column, or name them in a file, a line each: --label-names FILE"),
        ("None", "if it says that nothing is carried: --map 'None=(none)'"),
        ("The tol robs us", "did you mean 'The toll robs us'? --map 'The tol robs us=toll'"),
    ],
)
def test_labels_in_json_are_taken_or_told_with_a_fix_that_works(tmp_path: Path, value: Any, told: Any) -> None:
    path = write_lines(tmp_path / "a.jsonl", {"text": "A tram", "labels": value})
    if isinstance(told, str):
        assert told in invoke(write_project(tmp_path / "project"), "labels", "import", path).stderr
    else:
        assert labels_of(path) == [told]


def test_a_dotted_path_leads_through_lists(tmp_path: Path) -> None:
    answers = [{"code": "toll", "sure": 3}, {"code": "school", "sure": 1}]
    path = write_lines(tmp_path / "a.jsonl", {"text": "A tram", "answers": answers})
    assert labels_of(path, labels=("answers.code",)) == [{"toll": None, "school": None}]


def test_a_stance_beside_a_label_is_its_stance(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", "text,narrative,stance", "A tram,toll,rebuts", "A boat,school,")
    assert labels_of(path) == [{"toll": "rebuts"}, {"school": None}]
    other = write_lines(tmp_path / "b.csv", "text,narrative,stance", "A tram,toll,FAVOR")
    assert labels_of(other) == [{"toll": None}]


@pytest.mark.parametrize("column", ["WorkerId", "ASSIGNMENT:worker_id", "Coder", "annotator_id"])
def test_two_people_are_two_people_whatever_the_column_is_called(tmp_path: Path, column: str) -> None:
    path = write_lines(tmp_path / "a.csv", f"text,label,{column}", "A tram,toll,ann", "A tram,school,ben")
    assert [(by, labels) for _, by, labels in read(path)] == [("ann", {"toll": None}), ("ben", {"school": None})]


def test_minus_one_for_every_narrative_is_not_labelled_even_where_empty_means_none(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", "text,toll,school", "A tram,-1,-1", "A boat,0,1")
    assert labels_of(path, empty_is_none=True) == [None, {"school": None}]


# Files of data sets


def test_texts_may_stand_in_another_table_and_a_header_may_lack(tmp_path: Path) -> None:
    labels = write_lines(tmp_path / "labels.csv", "id,toll,school", "a1,1,0", "a2,0,0")
    texts = write_lines(tmp_path / "texts.csv", "id,comment", "a1,A tram", "a2,A boat")
    assert read(labels, texts=texts, text="comment") == [("A tram", "", {"toll": None}), ("A boat", "", {})]
    assert "no text with the id 'a2'" in labels_of(labels, texts=write_lines(tmp_path / "t.csv", "id,text", "a1,A tram"))[1]
    bare = write_lines(tmp_path / "bare.tsv", "A tram at noon\t0,1\tx1", "A boat at night\t2\tx2")
    wishes: Values = {"header": ("text", "labels", "id"), "class_names": ("toll", "school", "(none)")}
    assert [entry.values["id"] for entry in entries_of(bare, **wishes)] == ["x1", "x2"]
    assert labels_of(bare, **wishes) == [{"toll": None, "school": None}, {}]
    long = write_lines(tmp_path / "long.tsv", "A tram that comes by at noon every day\t0", "A boat at night\t2")
    assert "--columns text,labels,id" in problems_of(lambda: labels_of(long))[0]


def test_data_without_a_validation_part_gets_one_and_a_training_part_alone_is_dealt_out(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    for name in ("splits.csv", "passages.jsonl"):
        (root / "labels" / name).unlink()
    lines = [f"{k},{k * 7919 % 1009:b} tram {k * 104729 % 10007:b} {k},toll" for k in range(60)]
    train = write_lines(tmp_path / "train.csv", "id,text,label", *lines[:50])
    test = write_lines(tmp_path / "test_labels.csv", "id,text,label", *lines[50:])
    alone = json.loads(invoke(root, "labels", "import", train, "--dry-run", "--json").stdout)
    assert alone["new_documents"]["test"] > 0 and "the data has no test part" in " ".join(alone["notes"])
    both = json.loads(invoke(root, "labels", "import", train, test, "--json").stdout)["new_documents"]
    assert both["test"] == 10 and both["train"] + both["validation"] == 50 and 0 < both["validation"] < 25


def test_classes_of_a_list_are_named_in_the_metadata(tmp_path: Path) -> None:
    feature = {"labels": {"feature": {"names": ["toll", "school"], "_type": "ClassLabel"}, "_type": "List"}}
    table = pa.table({"text": ["A tram", "A boat"], "labels": [[0, 1], []]})
    metadata = {"huggingface": json.dumps({"info": {"features": feature}})}
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "a.parquet")
    assert labels_of(tmp_path / "a.parquet") == [{"toll": None, "school": None}, {}]
