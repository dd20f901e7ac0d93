"""A JSON file is read as the records in it, one after the other, whatever holds them; packed files as what is in them."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import problems_of
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.files import json_lines
from narratives.files.json_lines import BrokenJson, JsonLines, read_values
from narratives.files.records import BadRecord, Record, read_records

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


def values_of(data: bytes) -> list[Any]:
    """The records with their lines."""
    return list(read_values(io.BytesIO(data)))


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("chunk", [3, 1 << 20])
@settings(max_examples=30, deadline=None)
@given(values=st.lists(VALUES, max_size=4))
def test_the_elements_of_a_list_come_back(values: list[Any], chunk: int, indent: int | None) -> None:
    before, json_lines._CHUNK = json_lines._CHUNK, chunk
    try:
        text = json.dumps(values, indent=indent)
        records = [{"text": value} if isinstance(value, str) else value for value in values]
        assert [value for _, value in values_of(text.encode())] == records
        lines = JsonLines(io.BytesIO(text.encode())).readall()
        assert [json.loads(line) for line in lines.splitlines()] == records
    finally:
        json_lines._CHUNK = before


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ('{"id": "1"}\n{"id": "2"}', [{"id": "1"}, {"id": "2"}]),
        ('{"name": "c", "messages": [{"text": "a"}, {"text": "b"}]}', [{"text": "a"}, {"text": "b"}]),
        ('{"data": [{"text": "a"}], "meta": {"count": 1}}', [{"text": "a"}]),
        ('{"k1": {"text": "a"}, "k2": {"text": "b"}}', [{"id": "k1", "text": "a"}, {"id": "k2", "text": "b"}]),
        ('{"text": "a", "parts": [{"text": "b"}]}', [{"text": "a", "parts": [{"text": "b"}]}]),
        ('[{"tweet": {"text": "a"}}]', [{"tweet": {"text": "a"}}]),
        ('{"data": {"text": "a"}, "annotations": [{"id": 1}]}', [{"data": {"text": "a"}, "annotations": [{"id": 1}]}]),
        ("[]", []),
    ],
)
def test_records_are_found_whatever_holds_them(text: str, records: list[Any]) -> None:
    assert [value for _, value in values_of(text.encode())] == records


@pytest.mark.parametrize(
    ("data", "line", "told"),
    [
        (b'[\n{"a": 1},\n{"b', 3, "broken JSON"),
        (b'[{"a": 1}', 1, "the list is not closed"),
        (b'[\n{"a": 1, "a": 2}]', 2, "key 'a' stands twice"),
        (b'[{"a": "\xff"}]', 1, "byte 0xff is not UTF-8"),
        (b"[" * 100_000, 1, "broken JSON: nested too deeply"),
        (b"[" + b"1" * 5000 + b"]", 1, "broken JSON: a number has too many digits"),
    ],
)
def test_what_breaks_is_told_with_its_line(data: bytes, line: int, told: str) -> None:
    with pytest.raises(BrokenJson) as caught:
        values_of(data)
    assert (caught.value.line, caught.value.reason[: len(told)]) == (line, told)


def test_records_of_json_and_packed_files_are_streamed_like_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b'[{"id": "1", "text": "a"},\n 7, {"text": "\\ud800"}]'))
    good, bad, half = read_records(path)
    assert good == Record(1, {"id": "1", "text": "a"})
    assert isinstance(bad, BadRecord)
    assert isinstance(half, BadRecord)
    assert half.reason.startswith("half a surrogate pair")
    path.write_bytes(b"[{}]")
    assert problems_of(lambda: list(read_records(path)))[0].startswith(f"{path}: not packed with gzip")
