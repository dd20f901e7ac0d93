"""Label files as programs and people write them: nothing in them is changed, dropped or guessed wrongly on the way in."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.examples import invoke, problems_of, write_lines, write_project
from helpers.labelled import NAMES, read

from narratives.annotation.formats.choice import find_format, read_entries
from narratives.annotation.formats.entry import Entry, Wishes

Labels = list[Any]


def labels_of(path: Path, **wishes: Any) -> Labels:
    """What each entry carries, or its problem."""
    return [labels for _, _, labels in read(path, **wishes)]


def entries_of(path: Path, **wishes: Any) -> list[Entry]:
    return list(read_entries(path, None, Wishes(NAMES, **wishes)))


def save_table(path: Path, **columns: list[Any]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def class_table(path: Path, names: list[str], labels: list[int]) -> Path:
    """A Parquet file with class labels as Hugging Face's datasets writes them."""
    feature = {"text": {"dtype": "string", "_type": "Value"}, "label": {"names": names, "_type": "ClassLabel"}}
    table = pa.table({"text": [f"tram {k}" for k in range(len(labels))], "label": labels})
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": feature}})}), path)
    return path


# Tables


def test_bytes_in_parquet_are_text_or_refused(tmp_path: Path) -> None:
    path = save_table(tmp_path / "a.parquet", text=[b"A tram.", b"\xff\xfe"], label=["toll", "toll"])
    root = write_project(tmp_path / "project")
    done = invoke(root, "labels", "import", path)
    assert (done.exit_code, done.stderr) == (
        2,
        f"{path}:2: 'text' holds bytes that are no UTF-8; write the column as text, or leave it out\n",
    )
    assert entries_of(path)[0].values["text"] == "A tram."


def test_a_quotation_mark_in_a_table_with_tabs_swallows_no_row(tmp_path: Path) -> None:
    rows = ["id\ttext\tlabel", '1\t"Trams kill, he\ttoll', '2\tsaid and left"\tschool', "3\tBoats\ttoll"]
    assert read(write_lines(tmp_path / "a.tsv", *rows)) == [
        ('"Trams kill, he', "", {"toll": None}),
        ('said and left"', "", {"school": None}),
        ("Boats", "", {"toll": None}),
    ]
    quoted = ["id\ttext\tlabel", '1\t"Trams\tor ""boats"""\ttoll', '2\t"two', 'lines"\tschool']
    assert [text for text, _, _ in read(write_lines(tmp_path / "b.tsv", *quoted))] == ['Trams\tor "boats"', "two\nlines"]


def test_tsv_means_tabs_and_a_delimiter_in_quotes_does_not_count(tmp_path: Path) -> None:
    tabs = write_lines(tmp_path / "a.tsv", "text\tlabel\tWhich, if any, and why?", "A tram\ttoll\tfare, time")
    signs = write_lines(tmp_path / "a.csv", '"text";"label";"Which, if any, and why, or not?"', '"A tram";"toll";"x"')
    assert labels_of(tabs) == labels_of(signs) == [{"toll": None}]


def test_several_label_columns_are_joined(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", "id,text,T1,T2", "1,A tram,toll,", "2,A boat,school,toll", "3,A bus,,")
    assert labels_of(path, labels=("T1", "T2"), empty_is_none=True) == [{"toll": None}, {"school": None, "toll": None}, {}]
    assert problems_of(lambda: labels_of(path, labels=("T1", "T3"))) == [
        f"{path}: --label-column T3: no such field in it; known: id, text, T1, T2"
    ]


def test_a_row_for_each_code_is_one_passage_unless_annotators_are_named(tmp_path: Path) -> None:
    rows = ["Document name;Code;Segment", "a.pdf;Critics > The toll robs us;A tram", "a.pdf;school;A tram", "b.pdf;toll;A boat"]
    path = write_lines(tmp_path / "a.csv", *rows)
    wishes: dict[str, Any] = {"text": "Segment", "labels": ("Code",), "columns": {"document": "Document name"}}
    joined, _ = entries_of(path, **wishes)
    assert (joined.values["document"], joined.values["narratives"]) == ("a.pdf", ["Critics > The toll robs us", "school"])
    assert labels_of(path, **wishes) == [{"toll": None, "school": None}, {"toll": None}]
    coders = write_lines(tmp_path / "b.csv", "text,coder,label", "A tram,ann,toll", "A tram,ben,school")
    assert read(coders) == [("A tram", "ann", {"toll": None}), ("A tram", "ben", {"school": None})]


@pytest.mark.parametrize(
    "cell", ['"toll\nschool"', '"toll, school"', "toll; school", "toll | school", "\"['toll', 'school']\""]
)
def test_codes_of_one_cell_are_told_apart(tmp_path: Path, cell: str) -> None:
    assert labels_of(write_lines(tmp_path / "a.csv", "id,text,Codes", f"1,A tram,{cell}")) == [{"toll": None, "school": None}]


def test_null_labels_follow_what_the_user_says_of_empty_ones(tmp_path: Path) -> None:
    path = save_table(tmp_path / "a.parquet", id=["1", "2"], text=["A tram", "A boat"], label=["toll", None])
    assert labels_of(path, empty_is_none=True) == [{"toll": None}, {}]
    assert labels_of(path) == [{"toll": None}, None]
    assert entries_of(path)[1].notes[0].startswith("no label at all")


# Numbers


def test_whole_numbers_can_be_renamed_and_class_names_are_read(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    path = write_lines(tmp_path / "a.jsonl", {"text": "new tram", "label": 0}, {"text": "new boat", "label": 4})
    done = invoke(root, "labels", "import", path, "--map", "0=toll", "--map", "4=(none)", "--json")
    assert (done.exit_code, json.loads(done.stdout)["narratives"], json.loads(done.stdout)["none"]) == (
        0,
        {"toll": 1, "school": 0},
        1,
    )
    named = class_table(tmp_path / "b.parquet", ["toll", "The school is sinking"], [1, 0, -1, 7])
    assert labels_of(named)[:3] == [{"school": None}, {"toll": None}, None]
    assert entries_of(named)[3].values["narratives"] == ["7"]


@pytest.mark.parametrize(
    ("record", "id_"),
    [
        ({"id": "00149", "label": ["toll"]}, "00149"),
        ({"id": 1.0, "narratives": ["toll"]}, "1"),
        ({"ID": 7, "tags": "toll"}, "7"),
    ],
)
def test_ids_are_kept(tmp_path: Path, record: dict[str, Any], id_: str) -> None:
    [entry] = entries_of(write_lines(tmp_path / "a.jsonl", {"text": "A tram", **record}))
    assert entry.values["id"] == id_


def test_numbers_of_a_tool_are_left_out_with_a_note_and_kept_on_request(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", {"id": 5, "text": "A tram", "label": ["toll"]})
    [entry] = entries_of(path)
    assert (entry.values["id"], "--id-column id keeps them" in entry.notes[0]) == (None, True)
    [entry] = entries_of(path, columns={"id": "id"})
    assert (entry.values["id"], entry.notes) == ("5", ())


def test_a_missing_number_beside_the_text_is_null(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    path = save_table(tmp_path / "a.parquet", text=["new tram", "new boat"], label=["toll", "toll"], likes=[1.0, float("nan")])
    assert invoke(root, "labels", "import", path, "--into", "a").exit_code == 0
    lines = (root / "labels" / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line).get("likes") for line in lines] == [1.0, None]


# Names


def test_letters_that_nobody_sees_are_letters_of_names(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    names = ["گزارش\u200c۱", "Le\u00a0Monde", "\u200fتقرير"]
    records = [{"id": name, "document": name, "text": f"new {k}", "narratives": ["toll"]} for k, name in enumerate(names)]
    assert invoke(root, "labels", "import", write_lines(tmp_path / "a.jsonl", *records)).exit_code == 0
    bad = write_lines(tmp_path / "b.jsonl", {"id": "a\tb", "text": "x", "narratives": []})
    assert "control character" in invoke(root, "labels", "import", bad).stderr


def test_white_space_and_case_do_not_part_a_label_from_its_title(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", "text,label", "A tram,The\u00a0Toll robs us ", "A boat,toll\u00a0\u00a0x")
    first, _ = labels_of(path)
    assert first == {"toll": None}
    told = invoke(write_project(tmp_path / "project"), "labels", "import", path).stderr
    assert "unknown label 'toll\\xa0\\xa0x'; did you mean 'toll'?" in told


# JSON


def test_records_keyed_by_id_or_in_a_list_of_an_object_are_found(tmp_path: Path) -> None:
    keyed, inner = tmp_path / "keyed.json", tmp_path / "inner.json"
    keyed.write_text(json.dumps({"a1": {"text": "A tram", "label": "toll"}, "a2": {"text": "A boat", "label": "school"}}))
    inner.write_text(json.dumps({"name": "c", "messages": [{"text": ["A ", {"text": "tram"}], "label": "toll"}]}))
    assert [(entry.values["id"], entry.values["text"]) for entry in entries_of(keyed)] == [("a1", "A tram"), ("a2", "A boat")]
    assert read(inner) == [("A tram", "inner", {"toll": None})]


def test_fields_inside_others_are_named_with_dots(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", {"message": {"text": "A tram", "nr": 3}, "coding": {"codes": ["toll"]}})
    wishes: dict[str, Any] = {"text": "message.text", "labels": ("coding.codes",), "columns": {"id": "message.nr"}}
    assert read(path, **wishes) == [("A tram", "", {"toll": None})]
    assert entries_of(path, **wishes)[0].values["id"] == "3"


def test_keys_that_name_narratives_and_other_words_for_labels_are_read(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [{"toll": 1, "school": 0}, {"toll": 0, "school": 0}]
    path = write_lines(tmp_path / "a.jsonl", *({"text": f"tram {k}", **line} for k, line in enumerate(lines)))
    assert labels_of(path) == [{"toll": None}, {}]
    for key in ("narrative", "category", "Tags", "codes"):
        assert labels_of(write_lines(tmp_path / "b.jsonl", {"text": "A tram", key: "toll"})) == [{"toll": None}]
    scores = write_lines(tmp_path / "c.jsonl", {"text": "A tram", "cats": {"toll": 1.0, "school": 0.0}})
    assert labels_of(scores) == [{"toll": None}]
    [told] = problems_of(lambda: labels_of(write_lines(tmp_path / "d.jsonl", {"text": "A tram", "claims": ["toll"]})))
    assert told.endswith("'claims' names narratives: --label-column claims")


def test_a_repeated_key_is_reported_in_a_list_too(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.json", '[{"text": "A tram", "label": "toll", "label": "school"}]')
    [told] = labels_of(path)
    assert told.startswith("key 'label' stands twice in one object")


def test_what_is_nested_too_deeply_is_reported(tmp_path: Path) -> None:
    deep: Any = "toll"
    for _ in range(400):
        deep = [deep]
    path = write_lines(
        tmp_path / "a.json", json.dumps([{"text": "A tram", "label": deep}, {"text": "A boat", "label": "toll"}])
    )
    assert labels_of(path) == ["broken JSON: nested too deeply", {"toll": None}]


# Files


def test_packed_files_are_read_and_archives_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "A tram", "label": "toll"}\n'))
    assert labels_of(path) == [{"toll": None}]
    archive = write_lines(tmp_path / "a.zip", "PK")
    assert problems_of(lambda: labels_of(archive)) == [f"{archive}: is an archive; unpack it first and name the file in it"]
    cut = tmp_path / "b.jsonl.gz"
    cut.write_bytes(path.read_bytes()[:-9])
    assert problems_of(lambda: labels_of(cut))[0].startswith(f"{cut}: cut short or not gzip")


def test_a_pipe_is_called_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jsonl")
    told = problems_of(lambda: find_format(tmp_path / "a.jsonl"))
    assert told == [f"{tmp_path / 'a.jsonl'}: is a pipe or a device, no file; save what it gives to a file and name that"]


def test_labels_in_the_form_of_semeval_come_with_the_texts_beside_them(tmp_path: Path) -> None:
    texts = {"EN_1.txt": "A tram", "EN_2.txt": "A boat", "EN_3.txt": "A bus"}
    for name, text in texts.items():
        write_lines(tmp_path / "raw-documents" / name, text)
    lines = ["EN_1.txt\tURW: The toll robs us\tURW: The toll robs us: Other;URW: The toll robs us: The school is sinking"]
    path = write_lines(tmp_path / "labels.txt", *lines, "EN_2.txt\tOther\tOther", "EN_3.txt\tURW: Boats\tURW: Boats: Other")
    assert find_format(path) == "semeval"
    found = read(path)
    assert found[:2] == [("A tram", "", {"toll": None, "school": None}), ("A boat", "", {})]
    done = invoke(write_project(tmp_path / "project"), "labels", "import", path)
    assert f"{path}:3: unknown label 'URW: Boats'" in done.stderr
    (tmp_path / "raw-documents").rename(tmp_path.parent / "elsewhere")
    assert problems_of(lambda: read(path)) == [
        f"{path}: labels without texts; name the folder that holds a file for each text: --texts DIR"
    ]
