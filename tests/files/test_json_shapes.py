"""Which records a JSON value holds: none is passed over without a word."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import problems_of

from narratives.files import Record, find_field, join_pieces, read_records, take_field

A, B = {"text": "A tram", "label": "toll"}, {"text": "A boat", "label": "school"}


def records_of(path: Path, text: str) -> list[Any]:
    path.write_text(text, encoding="utf-8")
    return [record.values for record in read_records(path) if isinstance(record, Record)]


@pytest.mark.parametrize(
    ("value", "records"),
    [
        ({"train": [A], "dev": [B]}, [{"split": "train", **A}, {"split": "dev", **B}]),
        ({"text": {"0": "A tram", "1": "A boat"}, "label": {"0": "toll", "1": "school"}}, [A, B]),
        ({"text": ["A tram", "A boat"], "label": ["toll", "school"]}, [A, B]),
        ({"columns": ["text", "label"], "index": [0, 1], "data": [["A tram", "toll"], ["A boat", "school"]]}, [A, B]),
        ({"data": [A, B], "errors": [{"code": 5}]}, [A, B]),
        (["A tram", "A boat"], [{"text": "A tram"}, {"text": "A boat"}]),
        ({"a1": A, "a2": B}, [{"id": "a1", **A}, {"id": "a2", **B}]),
    ],
)
def test_records_are_found_whatever_shape_holds_them(tmp_path: Path, value: Any, records: list[Any]) -> None:
    assert records_of(tmp_path / "a.json", json.dumps(value)) == records


def test_of_several_lists_none_is_chosen(tmp_path: Path) -> None:
    text = json.dumps({"features": [{"name": "x"}], "rows": [{"row": A}, {"row": B}]})
    [told] = problems_of(lambda: records_of(tmp_path / "a.json", text))
    assert told.endswith("it holds several lists ('features', 'rows'); write the records of one into a file: jq -c '.rows[]'")


def test_the_script_of_an_archive_is_read(tmp_path: Path) -> None:
    assert records_of(tmp_path / "tweets.js", f"window.YTD.tweets.part0 = {json.dumps([A, B])}") == [A, B]


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.csv", b"PK\x03\x04rest", "this is a ZIP archive or a file of an office program"),
        ("a.jsonl", gzip.compress(b"{}"), "this is packed with gzip; add .gz to the file's name"),
        ("a.jsonl.gz", b'{"text": "A tram"}', "not packed with gzip, though its ending says so"),
        ("a.csv", b"PAR1....", "this is Parquet; give the file the ending .parquet"),
        ("a.jsonl", b'{\n "text": "A tram"\n}\n', "an object runs over several lines; give the file the ending .json"),
        ("a.csv", b"text|label\nA tram|toll\n", ""),
    ],
)
def test_a_file_with_a_wrong_ending_is_called_what_it_is(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(data)
    if told:
        assert told in problems_of(lambda: list(read_records(tmp_path / name)))[0]
    else:
        assert list(read_records(tmp_path / name)) == [Record(2, {"text": "A tram", "label": "toll"})]


def test_paths_lead_through_lists_and_texts_in_pieces_are_joined() -> None:
    values: dict[str, Any] = {"a": [{"b": 1, "c": 2}, {"b": [3, 4]}]}
    assert find_field(values, "a.b") == [1, 3, 4]
    assert (take_field(values, "a.b"), values) == ([1, 3, 4], {"a": [{"c": 2}, {}]})
    assert join_pieces(["One two.", "Three four."]) == "One two.\nThree four."
    assert join_pieces([{"author": "a", "text": "Hello."}, {"author": "b", "text": "Yes."}]) == "Hello.\nYes."
    assert join_pieces(["see ", {"type": "link", "text": "x.org"}]) == "see x.org"
    assert join_pieces(["two", "words"]) == ["two", "words"]
