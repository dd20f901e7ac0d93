"""From a record to a text to classify: what is missing is told, what is kept is plain."""

import json
import math
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narratives.batch.items import EMPTY, Columns, Item, to_item, to_plain
from narratives.files.records import Record

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.binary() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def item_of(values: dict[str, Any], *keep: str) -> Item:
    return to_item(Record(7, values), Columns(keep=keep), "in/a.jsonl", "a.jsonl")


def refusal(values: dict[str, Any]) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        item_of(values)
    return str(caught.value)


@pytest.mark.parametrize(
    ("id_", "expected"),
    [
        ("x", "x"),
        (" x\n", " x\n"),
        (5, "5"),
        (0, "0"),
        (1.5, "1.5"),
        (True, "True"),
        (b"\xffk", "\\xffk"),
        (Decimal("1.50"), "1.50"),
        (None, "a.jsonl:7"),
        ("", "a.jsonl:7"),
        (math.nan, "a.jsonl:7"),
    ],
)
def test_an_id_is_a_text_or_made_of_file_and_line(id_: Any, expected: str) -> None:
    assert item_of({"id": id_, "text": "t"}).id == expected
    assert item_of({"text": "t"}).id == "a.jsonl:7"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"text": None}, "'text' is missing"),
        ({"a": 1, "b": 2}, "'text' is not there; the record has a, b"),
        ({str(k): k for k in range(9)}, "'text' is not there; the record has 0, 1, 2, 3, 4, 5, 6, 7, 8"),
        ({}, "'text' is not there; the record has nothing"),
        ({"text": 5}, "'text' is int, not a text"),
        ({"text": ["a"]}, "'text' is list, not a text"),
        ({"text": b"\xff"}, "'text' holds bytes that are no UTF-8; write the column as text"),
        ({"text": "a", "id": ["x"]}, "'id' is list, not a text or a number"),
        ({"text": "a", "id": {}}, "'id' is dict, not a text or a number"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_record_without_a_text_says_why(values: dict[str, Any], told: str) -> None:
    assert refusal(values) == told


@pytest.mark.parametrize(("text", "note"), [("", EMPTY), (" \n\u00a0", EMPTY), ("a", ""), ("\0", "")])
def test_an_empty_text_is_noted_and_kept(text: str, note: str) -> None:
    item = item_of({"text": text})
    assert (item.text, item.note) == (text, note)


@pytest.mark.parametrize(("language", "expected"), [("ar", "ar"), ("", "und"), (None, "und"), (5, "und")])
def test_a_language_is_taken_where_it_is_a_text(language: Any, expected: str) -> None:
    assert item_of({"text": "a", "language": language}).language == expected


def test_kept_columns_are_carried_and_a_missing_one_is_null() -> None:
    values = {"id": "x", "text": "a", "day": date(2024, 2, 29), "n": 1, "raw": b"\xff", "x": math.inf, "l": [{"a": math.nan}]}
    kept = item_of(values, "day", "n", "raw", "x", "l", "nowhere").kept
    assert kept == {"day": "2024-02-29", "n": 1, "raw": "\\xff", "x": None, "l": [{"a": None}], "nowhere": None}
    everything = item_of({"id": "x", "text": "a", "day": date(2024, 2, 29)}, "all").kept
    assert everything == {"record": {"text": "a", "day": "2024-02-29"}}


@given(VALUES)
def test_whatever_is_kept_json_can_hold(value: Any) -> None:
    kept = item_of({"text": "a", "x": value}, "x").kept["x"]
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept
    plain = to_plain(kept)
    assert plain is None or isinstance(plain, str)
    if isinstance(kept, str):
        assert plain == kept
    elif plain is not None:
        assert json.loads(plain) == kept
