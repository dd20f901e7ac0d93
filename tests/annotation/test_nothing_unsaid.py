"""What is passed over on the way in is said, and what a message advises works when it is done."""

import gzip
import json
from pathlib import Path

import pytest
from helpers.examples import invoke, write_lines, write_project
from helpers.labelled import read


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


def test_stances_may_be_in_capitals_and_other_words_are_told(root: Path, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", "text,label,Stance", "A ferry,toll,Reports", "A boat,toll,supports")
    assert [labels for _, _, labels in read(path)] == [{"toll": "reports"}, {"toll": None}]
    notes = json.loads(invoke(root, "labels", "import", path, "--json").stdout)["notes"]
    assert notes == {"'stance' says other words than asserts, reports, rebuts; kept beside the text, as no stance": 1}


def test_other_words_for_splits_are_told(root: Path, tmp_path: Path) -> None:
    rows = ["text,label,split", "A ferry,toll,train", "A boat,toll,test", "A raft,toll,fold 3"]
    said = invoke(root, "labels", "import", write_lines(tmp_path / "a.csv", *rows)).stdout
    assert (
        "'split' says other words than train, validation and test; kept beside the text, and the documents dealt out: 1" in said
    )


def test_a_label_that_is_no_text_is_told(root: Path, tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "a.jsonl", *({"text": f"t{k}", "narratives": [word]} for k, word in enumerate([None, "", ["x"]]))
    )
    told = invoke(root, "labels", "import", path).stderr.splitlines()
    assert [line.partition("1: ")[2] or line for line in told[:1]] == ["a label must be a text, not null; take it out"]
    assert 'not ""; take it out' in told[1] and 'not ["x"]; take it out' in told[2]


def test_what_a_label_denies_is_not_what_it_is_near_to(root: Path, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", "text,label", "A ferry,not toll")
    told = invoke(root, "labels", "import", path).stderr
    assert "if it says that nothing is carried: --map 'not toll=(none)', else: --map 'not toll=ID'" in told
    assert invoke(root, "labels", "import", path, "--map", "not toll=(none)").exit_code == 0


def test_the_field_of_an_object_that_is_the_label_is_named(root: Path, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", {"text": "A ferry", "annotations": [{"category": "toll", "sure": 0.5}]})
    assert "--label-column annotations.category" in invoke(root, "labels", "import", path).stderr
    done = invoke(root, "labels", "import", path, "--label-column", "annotations.category", "--json")
    assert json.loads(done.stdout)["narratives"]["toll"] == 1


def test_columns_of_several_people_are_not_joined_on_advice(root: Path, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", "text,coder_a,coder_b", "A ferry,toll,school")
    assert "write a row for each: text,labels,annotator" in invoke(root, "labels", "agreement", path).stderr


def test_raw_texts_are_added_and_what_stands_beside_them_is_told(root: Path, tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "a.jsonl", {"id": "1", "text": "A ferry", "author": "Ann", "labels": ["toll"], "date": "2024"}
    )
    said = invoke(root, "labels", "add", path).stdout
    assert "left out, though they look like labels: labels; texts with labels come in with: narratives labels import" in said
    assert "columns left out: author; --keep NAME,NAME" in said


@pytest.mark.parametrize("column", ["narratives", "autor"])
def test_a_column_that_cannot_be_kept_is_refused(root: Path, tmp_path: Path, column: str) -> None:
    path = write_lines(tmp_path / "a.jsonl", {"text": "A ferry", "author": "Ann", "narratives": ["toll"]})
    done = invoke(root, "labels", "add", path, "--keep", column)
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1
    assert ("narratives labels import" if column == "narratives" else "did you mean 'author'?") in done.stderr
    assert not list((root / "labels").glob("added*"))


def test_files_of_another_form_than_their_ending_says_are_told(root: Path, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", {"text": "A ferry, a boat", "label": "toll"})
    assert "these are JSON records, no table; give the file the ending .jsonl" in invoke(root, "labels", "import", path).stderr
    assert invoke(root, "labels", "import", path.rename(tmp_path / "a.jsonl")).exit_code == 0
    path = write_lines(tmp_path / "b.jsonl", "text,label", "A raft,toll")
    assert "if the file is a table or plain text, give it the ending .csv" in invoke(root, "labels", "import", path).stderr
    assert invoke(root, "labels", "import", path.rename(tmp_path / "b.csv")).exit_code == 0


def test_a_file_that_was_packed_twice_is_read_once_its_name_says_so(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(gzip.compress(b'{"text": "A ferry", "label": "toll"}\n')))
    assert "add .gz to the file's name" in invoke(root, "labels", "import", path).stderr
    assert invoke(root, "labels", "import", path.rename(tmp_path / "a.jsonl.gz.gz")).exit_code == 0


def test_texts_in_a_plain_list_come_in_as_the_message_says(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"texts": ["A ferry", "A boat"]}))
    assert "write it into a .json file of its own: jq '.texts'" in invoke(root, "labels", "add", path).stderr
    path.write_text(json.dumps(["A ferry", "A boat"]))
    assert "added: 2 of 2" in invoke(root, "labels", "add", path).stdout
