"""The codebook goes out as a sheet and comes in again; labels are never left without their narrative."""

import csv
from pathlib import Path

import pytest
from helpers.examples import invoke, problems_of, snapshot, write_lines, write_project
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narratives.labels.codebook import read_codebook
from narratives.migration.sheet import import_sheet
from narratives.project.project import Project

HEAD = "id,family,title,definition,include,exclude,voices,parent"
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


def write_sheet(path: Path, *rows: list[str], head: str = HEAD) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head.split(","), *rows])
    return path


def test_out_and_in_again_changes_nothing(root: Path, tmp_path: Path) -> None:
    before = snapshot(root)
    assert invoke(root, "codebook", "export", "-o", tmp_path / "sheet.csv").stdout.startswith("2 narratives")
    assert (tmp_path / "sheet.csv").read_bytes().startswith(b"\xef\xbb\xbfid,family,title")
    done = invoke(root, "codebook", "import", tmp_path / "sheet.csv")
    assert done.exit_code == 0 and "nothing to change" in done.stdout
    assert snapshot(root) == before


def test_a_sheet_begins_a_codebook(tmp_path: Path) -> None:
    row = ["toll", "critics", "The toll", "It robs us.", "a fee\nprices", "", "traders", ""]
    sheet = write_sheet(tmp_path / "sheet.csv", row, ["ferry", "critics", "The ferry", "It sinks.", "", "", "", "toll"])
    (tmp_path / "trams").mkdir()
    done = invoke(tmp_path / "trams", "codebook", "import", sheet)
    assert done.exit_code == 0, done.output
    codebook = Project(tmp_path / "trams").read_codebook()
    assert (codebook.name, codebook.version, codebook.ids) == ("trams", "1", ("toll", "ferry"))
    assert codebook.narratives[0].include == ("a fee", "prices")
    assert codebook.narratives[1].parent == "toll"
    assert "next: narratives labels add" in done.stdout


def test_changes_keep_comments_and_order_and_raise_the_version(root: Path, tmp_path: Path) -> None:
    file = root / "labels" / "codebook.toml"
    file.write_text("# of the harbour office\n" + file.read_text())
    rows = [
        ["new", "f", "New", "A new claim.", "", "", "", ""],
        ["school", "critics", "School sinks", "Worse.", "", "", "", ""],
    ]
    toll = ["toll", "critics", "The toll robs us", "The toll takes money from people who have no other way.", "", "", "", ""]
    done = invoke(root, "codebook", "import", write_sheet(tmp_path / "sheet.csv", *rows, toll))
    assert done.exit_code == 0, done.output
    codebook = read_codebook(file)
    assert (codebook.ids, codebook.version) == (("toll", "school", "new"), "2")
    assert file.read_text().startswith("# of the harbour office\n")
    assert "new: new" in done.stdout and "changed: school" in done.stdout and "1 -> 2" in done.stdout


def test_labels_without_their_narrative_are_refused_in_one_line(root: Path, tmp_path: Path) -> None:
    before = snapshot(root)
    sheet = write_sheet(tmp_path / "sheet.csv", ["mine", "f", "Mine", "My claim.", "", "", "", ""])
    [told] = problems_of(lambda: import_sheet(Project(root), sheet))
    assert told.startswith(
        f"8 passages in {root}/labels/passages.jsonl (8) carry 2 narratives that the sheet lacks (toll, school)"
    )
    assert "delete" in told and "narratives codebook migrate FILE" in told
    assert snapshot(root) == before
    (root / "labels" / "passages.jsonl").unlink()
    (root / "labels" / "splits.csv").unlink()
    assert invoke(root, "codebook", "import", sheet).exit_code == 0
    assert Project(root).read_codebook().ids == ("mine",)


def test_what_is_wrong_names_the_row_of_the_sheet(root: Path, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "s.csv", ["a", "f", "A", "d", "", "", "", ""], ["a", "f", "", "d", "", "", "", "b"])
    told = problems_of(lambda: import_sheet(Project(root), sheet))
    assert f"{sheet}:3: narrative 'a' has no 'title'; add it" in told
    assert f"{sheet}:3: id 'a' was used on line 2; give it another id" in told
    lacking = write_sheet(tmp_path / "t.csv", ["a", "b"], head="id,titel")
    [problem] = problems_of(lambda: import_sheet(Project(root), lacking))
    assert problem.startswith(f"{lacking}:1: no column 'family'; known: titel; a codebook's sheet has the columns id, family")


def test_columns_without_a_place_are_named(root: Path, tmp_path: Path) -> None:
    write_lines(tmp_path / "s.csv", "ID,Family,Title,Definition,notes", "toll,f,T,D,mine", "school,f,S,D,x")
    summary = import_sheet(Project(root), tmp_path / "s.csv")
    assert (summary.left_out, summary.changed) == (["notes"], ["toll", "school"])


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(WORDS, WORDS, WORDS, st.lists(WORDS, max_size=3)), min_size=1, max_size=3))
def test_any_text_survives_the_way_out_and_in(tmp_path: Path, cells: list[tuple[str, str, str, list[str]]]) -> None:
    root = tmp_path / "any"
    (root / "labels").mkdir(parents=True, exist_ok=True)
    (root / "labels" / "codebook.toml").unlink(missing_ok=True)
    rows = [[f"n{k}", a, b, c, "\n".join(lists), "", "", ""] for k, (a, b, c, lists) in enumerate(cells)]
    import_sheet(Project(root), write_sheet(tmp_path / "sheet.csv", *rows))
    first = Project(root).read_codebook()
    assert [(n.family, n.title, n.definition, list(n.include)) for n in first.narratives] == [tuple(cell) for cell in cells]
    assert invoke(root, "codebook", "export", "-o", tmp_path / "back.csv").exit_code == 0
    (root / "labels" / "codebook.toml").unlink()
    import_sheet(Project(root), tmp_path / "back.csv")
    assert Project(root).read_codebook() == first
