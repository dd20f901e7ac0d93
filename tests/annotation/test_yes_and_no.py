"""How people say yes and no in a table with a column for each narrative: what cannot be mistaken is read, all else told."""

from pathlib import Path

import pytest
from helpers.examples import problems_of, write_lines
from helpers.labelled import read


def test_ticks_and_words_are_read(tmp_path: Path) -> None:
    rows = ["A,✓,", "B,✔\ufe0f,nein", "C,Ja,N", "D,WAHR,FALSCH", "E,oui,non", "F,☑,0"]
    path = write_lines(tmp_path / "a.csv", "text,toll,school", *rows)
    assert [labels for _, _, labels in read(path)] == [{"toll": None}] * len(rows)


@pytest.mark.parametrize("mark", ["-", "✗", "?", "0.5"])
def test_a_mark_that_may_say_anything_is_told_with_the_fix(tmp_path: Path, mark: str) -> None:
    path = write_lines(tmp_path / "a.csv", "text,toll,school", f"A,{mark},1", "B,1,0")
    [(_, _, told), (_, _, good)] = read(path)
    assert f"'toll' holds '{mark}'; write 1 where the narrative is raised and 0 where not" in told and good == {"toll": None}


def test_an_x_says_yes_but_beside_ticks_nobody_can_tell(tmp_path: Path) -> None:
    assert read(write_lines(tmp_path / "a.csv", "text,toll,school", "A,x,"))[0][2] == {"toll": None}
    path = write_lines(tmp_path / "b.csv", "text,toll,school", "A,✓,", "B,x,✓")
    [problem] = problems_of(lambda: read(path))
    assert (
        problem
        == f"{path}:3: 'x' may say yes or no where '✓' stands in other cells; write 1 where the narrative is carried, else 0"
    )
