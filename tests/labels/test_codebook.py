"""The codebook: what is read, in which order, and the line that each mistake is told with."""

import json
from pathlib import Path

import pytest
from helpers.examples import CODEBOOK, problems_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narratives.data import Codebook
from narratives.labels.codebook import read_codebook

LOOKS_LIKE_TOML = ['id = "toll"', "[[narrative]]", "title = 1", "# no comment", 'say "yes"', "[x]", "", "  version = 2", "a\\b"]


def read(folder: Path, text: str) -> Codebook:
    path = folder / "codebook.toml"
    path.write_text(text, encoding="utf-8", newline="")
    return read_codebook(path)


def refusal(folder: Path, text: str) -> list[str]:
    """The problems in `text`, without the path, which every line must begin with."""
    start = f"{folder / 'codebook.toml'}:"
    lines = problems_of(lambda: read(folder, text))
    assert all(line.startswith(start) for line in lines)
    return [line.removeprefix(start) for line in lines]


def test_a_codebook_is_read_with_all_its_fields(tmp_path: Path) -> None:
    more = 'include = ["a", "b"]\nexclude = ["c"]\nvoices = ["d"]\nparent = "toll"\n'
    codebook = read(tmp_path, CODEBOOK.replace('version = "1"', 'version = "1"\nrules = ["first", "second"]') + more)
    assert (codebook.name, codebook.version, codebook.rules) == ("ferry", "1", ("first", "second"))
    toll, school = codebook.narratives
    assert (toll.id, toll.title, toll.family) == ("toll", "The toll robs us", "critics")
    assert toll.definition == "The toll takes money from people who have no other way."
    assert (toll.include, toll.exclude, toll.voices, toll.parent) == ((), (), (), None)
    assert (school.include, school.exclude, school.voices, school.parent) == (("a", "b"), ("c",), ("d",), "toll")


def test_ids_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    head, toll, school = CODEBOOK.split("[[narrative]]")
    assert read(tmp_path, CODEBOOK).ids == ("toll", "school")
    assert read(tmp_path, "[[narrative]]".join([head, school + "\n", toll])).ids == ("school", "toll")


def test_a_codebook_survives_a_trip_through_json(tmp_path: Path) -> None:
    codebook = read(tmp_path, CODEBOOK + 'voices = ["a reader"]\n')
    again = Codebook.from_json(json.loads(json.dumps(codebook.to_json())))
    assert again == codebook
    assert again.digest == codebook.digest


@pytest.mark.parametrize(
    "same",
    [
        "# a remark\n" + CODEBOOK,
        CODEBOOK.replace("\n", "\r\n"),
        "\ufeff" + CODEBOOK,
        CODEBOOK.replace(" = ", "="),
        CODEBOOK.replace('family = "critics"\n', "").replace("definition =", 'family = "critics"\ndefinition ='),
    ],
    ids=["comment", "CRLF", "byte-order mark", "spaces", "order of keys"],
)
def test_the_digest_ignores_comments_and_layout(tmp_path: Path, same: str) -> None:
    assert read(tmp_path, same).digest == read(tmp_path, CODEBOOK).digest


@pytest.mark.parametrize(
    "other",
    [
        CODEBOOK.replace("robs us", "robs you"),
        CODEBOOK.replace('version = "1"', 'version = "2"'),
        CODEBOOK.replace('version = "1"', 'version = "1"\nrules = ["a"]'),
        CODEBOOK + 'include = ["a"]\n',
        CODEBOOK.replace("toll", "fee"),
    ],
    ids=["title", "version", "rules", "include", "id"],
)
def test_the_digest_changes_with_the_content(tmp_path: Path, other: str) -> None:
    assert read(tmp_path, other).digest != read(tmp_path, CODEBOOK).digest


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (CODEBOOK.replace('"school"', '"toll"'), "11: id 'toll' was used on line 5; give it another id"),
        (CODEBOOK + "voice = ['a']\n", "15: unknown key 'voice'; did you mean 'voices'?"),
        (CODEBOOK + "colour = 'red'\n", "15: unknown key 'colour'; known: {known}"),
        ("verson = '1'\n" + CODEBOOK, "1: unknown key 'verson'; did you mean 'version'?"),
        (CODEBOOK + "\n[narratives]\nx = 1\n", "16: unknown key 'narratives'; did you mean 'narrative'?"),
        (
            CODEBOOK.replace('"The school gets worse every year."', '" "'),
            "14: narrative 'school': 'definition' is empty or not a text; write it in quotes",
        ),
        (CODEBOOK.replace('"toll"', "3"), "5: this narrative: 'id' is empty or not a text; write it in quotes"),
        (CODEBOOK.replace('title = "The school is sinking"\n', ""), "10: narrative 'school' has no 'title'; add it"),
        (CODEBOOK.replace('id = "toll"\n', ""), "4: this narrative has no 'id'; add it"),
        (CODEBOOK + 'voices = "anybody"\n', "15: narrative 'school': 'voices' must be a list of texts"),
        (CODEBOOK + "include = [\n  'a',\n  3,\n]\n", "15: narrative 'school': 'include' must be a list of texts"),
        (CODEBOOK.replace('"toll"', '"the toll"'), "5: id 'the toll' may hold letters, digits, '_', '-' and '.' only"),
        (CODEBOOK + 'parent = "tolls"\n', "15: parent 'tolls' must be the id of another narrative"),
        (CODEBOOK + 'parent = "school"\n', "15: parent 'school' must be the id of another narrative"),
        (CODEBOOK.replace('version = "1"', "version = 1"), "2: 'version' must be a text that is not empty"),
        (CODEBOOK.replace('name = "ferry"\n', ""), "1: 'name' must be a text that is not empty"),
        ("rules = 'one'\n" + CODEBOOK, "1: 'rules' must be a list of texts"),
        (CODEBOOK.split("[[")[0], " no narrative; add a [[narrative]] table with id, title, family and definition"),
        (CODEBOOK.replace('id = "school"', "id = school"), "11: not valid TOML: Invalid value"),
        (CODEBOOK + 'voices = ["a"\n', "16: not valid TOML: Unclosed array (at end of document)"),
        (CODEBOOK + 'id = "again"\n', "15: not valid TOML: Cannot overwrite a value"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    known = "id, title, family, definition, include, exclude, voices, parent"
    assert refusal(tmp_path, text) == [problem.replace("{known}", known)]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = CODEBOOK.replace('version = "1"', "version = 1").replace("title", "tittle").replace('"school"', '"toll"')
    assert refusal(tmp_path, text) == [
        "2: 'version' must be a text that is not empty",
        "6: unknown key 'tittle'; did you mean 'title'?",
        "4: narrative 'toll' has no 'title'; add it",
        "12: unknown key 'tittle'; did you mean 'title'?",
        "10: narrative 'toll' has no 'title'; add it",
        "11: id 'toll' was used on line 5; give it another id",
    ]


def test_a_byte_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "codebook.toml"
    path.write_bytes(CODEBOOK.replace("sinking", "zéro").encode("latin-1"))
    assert problems_of(lambda: read_codebook(path)) == [f"{path}:12: byte 0xe9 is not UTF-8; save the file as UTF-8"]


def test_a_codebook_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "codebook.toml"
    assert problems_of(lambda: read_codebook(path)) == [f"{path}: no such file; check the path"]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(LOOKS_LIKE_TOML)), st.sampled_from(["'''", '"""']))
def test_lines_of_a_long_text_are_not_taken_for_keys(tmp_path: Path, lines: list[str], quotes: str) -> None:
    inside = "\n".join(lines).replace("\\", "" if quotes == '"""' else "\\")
    before, after = CODEBOOK.split('"The toll takes money from people who have no other way."')
    text = f"{before}{quotes}{inside} .{quotes}{after}colour = 1\n"
    line = 15 + inside.count("\n")
    assert refusal(tmp_path, text)[0].startswith(f"{line}: unknown key 'colour'")


def test_what_looks_like_a_key_in_a_list_or_a_comment_is_none(tmp_path: Path) -> None:
    text = CODEBOOK + "# colour = 1\ninclude = [\n  'colour = 1',  # voices = 2\n  \"[[narrative]]\",\n]\ncolour = 1\n"
    assert refusal(tmp_path, text)[0].startswith("20: unknown key 'colour'")


def test_parents_that_run_in_a_circle_are_refused(tmp_path: Path) -> None:
    entry = '[[narrative]]\nid = "{}"\nfamily = "f"\ntitle = "T"\ndefinition = "D"\nparent = "{}"\n'
    path = tmp_path / "codebook.toml"
    path.write_text('name = "n"\nversion = "1"\n' + entry.format("a", "b") + entry.format("b", "a"), encoding="utf-8")
    assert problems_of(lambda: read_codebook(path)) == [
        f"{path}:8: the parents of 'a' lead back to it; take one of them out",
        f"{path}:14: the parents of 'b' lead back to it; take one of them out",
    ]
