"""Files that a tool never wrote like this: refused with a reason, never a crash."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.labelled import CODEBOOK, NAMES
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.annotation.formats.choice import find_format, read_entries
from narratives.annotation.formats.entry import Wishes
from narratives.annotation.incoming import parse_entries
from narratives.errors import UserError

SAMPLES = Path(__file__).parents[1] / "data" / "imports"
ODD: list[Any] = [
    None,
    1,
    -1.5,
    True,
    "",
    "x",
    "toll",
    [],
    ["toll"],
    [["toll", "asserts"]],
    {},
    {"choices": ["toll"]},
    "{",
    [{}],
]


def load(path: Path) -> list[Any]:
    text = path.read_text(encoding="utf-8")
    values: list[Any] = json.loads(text) if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]
    return values


def find_places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place] * bool(place) + [found for key, below in inside for found in find_places(below, (*place, key))]


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("*.json*")))
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_another_shape_is_refused_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    values = load(SAMPLES / name)
    place = data.draw(st.sampled_from(find_places(values)))
    holder: Any = values
    for key in place[:-1]:
        holder = holder[key]
    if data.draw(st.booleans()):
        del holder[place[-1]]
    else:
        holder[place[-1]] = json.loads(json.dumps(data.draw(st.sampled_from(ODD))))
    path = tmp_path_factory.mktemp("odd") / name
    lines = [json.dumps(value) for value in values]
    path.write_text(f"[{','.join(lines)}]" if path.suffix == ".json" else "\n".join(lines), encoding="utf-8")
    for form in (find_format(SAMPLES / name), None):
        try:
            parsed = parse_entries(read_entries(path, form, Wishes(NAMES)), CODEBOOK, NAMES, [])
        except UserError as error:
            assert error.problems
        else:
            assert all(bad.problems for bad in parsed.bad)
