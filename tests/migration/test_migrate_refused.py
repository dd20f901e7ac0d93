"""Migrations that cannot be carried out, or are killed half-way: every problem at once, and the old state or the new."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import invoke, snapshot, write_lines
from helpers.killed import any_end, list_states, needs_fork
from helpers.migrations import FULL, merge, rename, split, write_migration, write_task

TOGETHER = """\
version = "1"
extra = 1
[[step]]
do = "add"
id = "toll"
family = "f"
definition = 3
[[step]]
do = "rename"
from = "tol"
to = "fee"
defintion = "D."
[[step]]
do = "merge"
from = ["school"]
into = "a b"
[[step]]
do = "split"
from = "school"
until_read = "b"
[[step.into]]
id = "flood"
family = "f"
title = "t"
definition = "d"
[[step.into]]
id = "c"
[[step]]
do = "retire"
[[step]]
do = "remove"
"""
ONE_BY_ONE: list[tuple[list[dict[str, Any]], list[str]]] = [
    (
        [rename("toll", "a"), rename("a", "b")],
        ["8: 'a' comes from the step on line 2; say it all there, or make this a migration of its own"],
    ),
    (
        [{"do": "retire", "id": "toll"}, rename("toll", "b")],
        ["7: no narrative 'toll'; the step on line 2 took it away"],
    ),
    (
        [{"do": "retire", "id": "school"}],
        ['2: \'school\' is the parent of \'flood\'; give that another, or none: do = "change", id = "flood", parent = ""'],
    ),
    ([rename("toll", "school")], ["5: narrative 'school' is there already; choose another id"]),
    ([rename("toll", "toll")], ["2: this changes nothing of 'toll'; take it out"]),
    ([rename("toll", "a b")], ["5: id 'a b' may hold letters, digits, '_', '-' and '.' only"]),
    ([merge("toll", "flood", into="school")], ["5: narrative 'school' is there already; choose another id"]),
    ([{"do": "change", "id": "toll", "parent": "flod"}], ["5: parent 'flod' must be the id of another narrative"]),
    ([{"do": "change", "id": "toll", "title": "The toll robs us"}], ["2: this changes nothing of 'toll'; take it out"]),
    (
        [{"do": "change", "id": "school", "parent": "flood"}],
        ["5: the parents of 'school' lead back to it; take one of them out"],
    ),
    ([split("toll", "a", "a", until_read="a")], ["12: id 'a' was used on line 7; give it another id"]),
    (
        [split("toll", "a", until_read="a")],
        ["2: split: 'into' must be two or more narratives in full, each in a [[step.into]] table"],
    ),
    ([{"do": ["add"]}], ["3: 'do' must be one of add, rename, change, merge, split, retire, not ['add']"]),
    ([], ["1: no step; add a [[step]] table with 'do' and what it needs"]),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_task(tmp_path / "project")


def refusal(root: Path, path: Path) -> list[str]:
    """The problems, without the path where it is the migration's; nothing may have been written."""
    before = snapshot(root)
    done = invoke(root, "codebook", "migrate", path)
    assert (done.exit_code, done.stdout, snapshot(root)) == (2, "", before)
    return [line.removeprefix(f"{path}:") for line in done.stderr.splitlines()]


def test_all_problems_are_told_at_once(root: Path) -> None:
    write_lines(root / "labels" / "more.jsonl", {"id": "x", "text": "y", "narratives": ["tol"]})
    assert refusal(root, write_lines(root / "m.toml", *TOGETHER.splitlines())) == [
        "2: unknown key 'extra'; known: version, step",
        "3: narrative 'toll' has no 'title'; add it",
        "5: narrative 'toll' is there already; choose another id",
        "7: narrative 'toll': 'definition' is empty or not a text; write it in quotes",
        "10: no narrative 'tol'; did you mean 'toll'?",
        "12: unknown key 'defintion'; known: do, from, to, title, family, voices",
        "13: narrative 'a b' has no 'title'; add it",
        "13: narrative 'a b' has no 'family'; add it",
        "13: narrative 'a b' has no 'definition'; add it",
        "15: merge: 'from' must be a list of two or more ids",
        "16: id 'a b' may hold letters, digits, '_', '-' and '.' only",
        "20: split: 'until_read' says what passages count as until they are read: flood, c, (unlabelled)",
        "22: narrative 'flood' is there already; choose another id",
        "26: narrative 'c' has no 'title'; add it",
        "26: narrative 'c' has no 'family'; add it",
        "26: narrative 'c' has no 'definition'; add it",
        "28: retire: 'id' must be an id",
        "31: 'do' must be one of add, rename, change, merge, split, retire, not 'remove'",
        f"{root / 'labels' / 'more.jsonl'}:1: unknown narrative 'tol'; did you mean 'toll'?",
        "19 problems",
    ]


@pytest.mark.parametrize(("steps", "problems"), ONE_BY_ONE)
def test_a_step_that_makes_no_sense_is_told_with_its_line(root: Path, steps: list[dict[str, Any]], problems: list[str]) -> None:
    assert refusal(root, write_migration(root, *steps)) == problems


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ("1", "1: the codebook is at 1 already; give the version that it will have"),
        ("a/b", "1: version 'a/b' names files; use letters, digits, '.', '-', '+' and '_' only"),
    ],
)
def test_a_version_must_be_new_and_fit_to_name_files(root: Path, version: str, problem: str) -> None:
    path = write_migration(root, rename("toll", "fee")).read_text(encoding="utf-8").replace('"2"', f'"{version}"')
    assert refusal(root, write_lines(root / "m.toml", *path.splitlines())) == [problem]


INLINE = 'narrative = [{id = "toll", title = "t", family = "f", definition = "d"}]'
QUOTED = '[[narrative]]\n"id" = "toll"\ntitle = "t"\nfamily = "f"\ndefinition = "d"'


@pytest.mark.parametrize("narratives", [INLINE, QUOTED])
def test_a_codebook_in_a_form_that_cannot_be_edited_is_left_alone(tmp_path: Path, narratives: str) -> None:
    path = write_lines(tmp_path / "labels" / "codebook.toml", 'name = "n"', 'version = "1"', narratives)
    assert refusal(tmp_path, write_migration(tmp_path, rename("toll", "fee"))) == [
        f"{path}: its layout cannot be edited; write each narrative as a [[narrative]] table with a key a line"
    ]


def test_a_codebook_without_a_passage_can_be_changed(root: Path) -> None:
    for path in (root / "labels").glob("*.jsonl"):
        path.unlink()
    shutil.rmtree(root / "tests")
    path = root / "labels" / "codebook.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    old = path.read_bytes()
    inline = f'[{{id = "a", {", ".join(f"{k} = {v!r}" for k, v in FULL.items())}}}, {{id = "toll", family = "f"}}]'
    file = write_lines(root / "m.toml", 'version = "2"', "[[step]]", 'do = "split"', 'from = "toll"', f"into = {inline}")
    assert [line.split(":")[0] for line in refusal(root, file)] == ["2", "5", "5", "3 problems"]
    assert invoke(root, "codebook", "migrate", write_migration(root, rename("flood", "wave"))).exit_code == 0
    assert path.read_bytes() == old.replace(b"'flood'", b"'wave'").replace(b'version = "1"', b'version = "2"')


@needs_fork
@any_end
def test_a_kill_at_any_step_leaves_the_old_project_or_the_new(root: Path, power: bool) -> None:
    steps = [split("toll", "a", "b", until_read="(unlabelled)"), rename("school", "class"), {"do": "retire", "id": "flood"}]
    path = write_migration(root, *steps)
    old = snapshot(root)
    states = list_states(root, lambda: invoke(root, "codebook", "migrate", path), power)
    new = states[-1]  # of the one that was not killed
    changed = {name for name in new if new[name] != old.get(name) and new[name] is not None}
    names = (
        "codebook.toml",
        "passages.jsonl",
        "more.jsonl",
        "review/2.jsonl",
        "migrations/2.toml",
        "migrations/2-checks.jsonl",
    )
    assert changed == {"tests/checks.jsonl", *(f"labels/{name}" for name in names)}
    files = [{name: data for name, data in state.items() if data is not None} for state in (old, new, *states)]
    assert all(state in files[:2] for state in files[2:])
    assert files[0] in files[2:]
    assert files[1] in files[2:-1]


def test_a_model_of_the_old_version_says_so_until_it_is_trained_again(small_done: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(small_done, tmp_path / "small"))
    told = invoke(root, "codebook", "migrate", write_migration(root, rename("toll", "fee"))).stdout
    assert told.endswith("models trained so far speak ferry 1; train anew: narratives run base\n")
    speaks = "speaks ferry 1, the project is at ferry 2"
    refused = invoke(root, "evaluate", "base")
    assert (refused.exit_code, refused.stderr) == (
        2,
        f"{root / 'models' / 'base'}: {speaks}; train again: narratives train base\n",
    )
    refused = invoke(root, "compare", "base", "base")
    assert (refused.exit_code, f"run 'base' {speaks}; train it again: narratives run base" in refused.stderr) == (2, True)
    texts = write_lines(root / "new.txt", "market tekram toll")
    done = invoke(root, "classify", texts, "--model", "base", "--output", root / "answers", "--jobs", "1")
    notice = f"model 'base': {speaks}; to bring it up to date: narratives train base"
    assert (done.exit_code, done.stderr.splitlines()[0]) == (0, notice)
    assert invoke(root, "run", "base").exit_code == 0
    done = invoke(root, "classify", texts, "--model", "base", "--output", root / "again", "--jobs", "1")
    assert (done.exit_code, "speaks" in done.stderr) == (0, False)
