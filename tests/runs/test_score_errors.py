"""Bad files given to `narratives score`: one line a problem, exit code 2, nothing written."""

from pathlib import Path

import pytest
from click.testing import Result
from helpers.examples import CODEBOOK, invoke, snapshot, write_lines

REPEATED = "id 'p0' was used on line 2; ids must be unique"
NO_LABELS = (
    "no labels; add 'narratives', or a column of 0 and 1 for each narrative; if 'label' holds them, name it 'narratives'"
)
FORMS_TOLD = "'narratives' must be an object, a list of ids, or ids with ';' between them"


@pytest.fixture
def codebook(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "codebook.toml", *CODEBOOK.splitlines())


def run_score(codebook: Path, gold: Path, predictions: Path, *options: str) -> Result:
    words = ("--codebook", codebook, "-o", codebook.parent / "out")
    return invoke(codebook.parent, "score", gold, predictions, *words, *options)


def refusal(codebook: Path, gold: Path, predictions: Path) -> list[str]:
    """The lines with which the command ends; it must exit with 2 and write nothing."""
    before = snapshot(codebook.parent)
    result = run_score(codebook, gold, predictions)
    assert (result.exit_code, result.stdout) == (2, "")
    assert snapshot(codebook.parent) == before
    *problems, last = result.stderr.splitlines()
    assert not problems or last == f"{len(problems)} problems"
    return problems or [last]


@pytest.mark.parametrize(
    ("lines", "problems"),
    [
        (['{"id": "p0", "narratives": ["tol"]}'], ["theirs.jsonl:1: unknown narrative 'tol'; did you mean 'toll'?"]),
        (
            ['{"id": "p0", "narratives": "toll;x"}', '{"id": "p1", "narratives": {"y": null}}', "{"],
            [
                "theirs.jsonl:1: unknown narrative 'x'; known: toll, school",
                "theirs.jsonl:2: unknown narrative 'y'; known: toll, school",
                "theirs.jsonl:3: broken JSON: Expecting property name enclosed in double quotes at column 2",
            ],
        ),
        (
            ['{"id": "p1", "narratives": []}', '{"id": "p1", "narratives": []}', '{"id": "q", "narratives": []}'],
            [
                "theirs.jsonl: 1 passages without a prediction: p0; predict them too",
                "theirs.jsonl: 1 predictions for passages that are not in the gold: q; leave them out",
                "theirs.jsonl: 1 ids predicted twice: p1; keep one of each",
            ],
        ),
        (
            ['{"id": "p0", "narratives": [], "scores": {"toll": 0, "school": 1}}', '{"id": "p1", "narratives": []}'],
            ["theirs.jsonl: 1 of 2 predictions give scores; give them for all or for none"],
        ),
    ],
    ids=["unknown label", "several bad lines", "ids that do not fit", "scores for some"],
)
def test_bad_predictions_are_told(tmp_path: Path, codebook: Path, lines: list[str], problems: list[str]) -> None:
    gold = write_lines(tmp_path / "gold.csv", "id,toll,school", "p0,1,0", "p1,0,0")
    told = refusal(codebook, gold, write_lines(tmp_path / "theirs.jsonl", *lines))
    assert told == [f"{tmp_path / problem}" for problem in problems]


@pytest.mark.parametrize(
    ("name", "lines", "problems"),
    [
        ("a.csv", ["id,label", "p0,toll"], [f":2: {NO_LABELS}"]),
        (
            "a.csv",
            ["id,toll,school", "p0,1,0", ",0,0", "p0,0,0"],
            [":3: a gold passage needs an 'id', a text", f":4: {REPEATED}"],
        ),
        ("a.csv", ["id,narratives", "p0,tol"], [":2: unknown narrative 'tol'; did you mean 'toll'?"]),
        ("a.jsonl", ['{"id": "p0", "narratives": 3}'], [f":1: {FORMS_TOLD}"]),
        ("a.jsonl", ['{"id": [7], "narratives": []}'], [":1: a gold passage needs an 'id', a text"]),
        ("a.csv", ["id,toll,school"], [": no labelled passages in it"]),
    ],
)
def test_bad_gold_is_told(tmp_path: Path, codebook: Path, name: str, lines: list[str], problems: list[str]) -> None:
    path = write_lines(tmp_path / name, *lines)
    theirs = write_lines(tmp_path / "theirs.csv", "id,toll,school", "p0,1,0")
    assert refusal(codebook, path, theirs) == [f"{path}{problem}" for problem in problems]


@pytest.mark.parametrize("absent", ["gold.csv", "theirs.csv", "codebook.toml"])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, codebook: Path, absent: str) -> None:
    gold, theirs = (write_lines(tmp_path / name, "id,toll,school", "p0,1,0") for name in ("gold.csv", "theirs.csv"))
    (tmp_path / absent).unlink()
    assert refusal(codebook, gold, theirs) == [f"{tmp_path / absent}: no such file; check the path"]


def test_a_task_that_nobody_knows_is_refused(tmp_path: Path, codebook: Path) -> None:
    gold = write_lines(tmp_path / "gold.csv", "id,toll,school", "p0,1,0")
    result = run_score(codebook, gold, gold, "--task", "bards")
    assert result.exit_code == 2
    assert "'bards' is not one of 'semeval2025-task10', 'cards'" in result.stderr
    assert not (tmp_path / "out").exists()


def test_gold_and_predictions_named_the_wrong_way_round_are_told(codebook: Path) -> None:
    folder = codebook.parent
    gold = write_lines(folder / "gold.jsonl", '{"id": "p0", "text": "A toll.", "narratives": ["toll"]}')
    theirs = write_lines(folder / "theirs.csv", "id,narratives", "p0,toll")
    told = "this has texts and the gold has none: name the gold first, then the predictions"
    assert refusal(codebook, theirs, gold) == [f"{gold}: {told}"]


def test_an_empty_cell_is_none_unless_other_cells_say_so_in_words(tmp_path: Path, codebook: Path) -> None:
    theirs = write_lines(tmp_path / "theirs.csv", "id,narratives", "p,toll", "q,", "r,")
    gold = write_lines(tmp_path / "gold.csv", "id,narratives", "p,toll", "q,(none)", "r,")
    [told] = refusal(codebook, gold, theirs)
    assert told.startswith(f"{gold}:4: no labels, where others say (none); leave out what nobody has labelled")
    assert run_score(codebook, write_lines(tmp_path / "gold.csv", "id,narratives", "p,toll", "q,", "r,"), theirs).exit_code == 0


def test_a_column_id_in_capitals_is_told(tmp_path: Path, codebook: Path) -> None:
    theirs = write_lines(tmp_path / "theirs.csv", "id,narratives", "p,toll")
    [told] = refusal(codebook, write_lines(tmp_path / "gold.csv", "ID,narratives", "p,toll"), theirs)
    assert told.endswith("a gold passage needs an 'id', a text; name 'ID' so")


def test_gold_that_nobody_labelled_or_another_tool_wrote_is_told(tmp_path: Path, codebook: Path) -> None:
    theirs = write_lines(tmp_path / "theirs.csv", "id,narratives", "p,none")
    told = refusal(codebook, write_lines(tmp_path / "a.jsonl", {"id": "p", "narratives": None}), theirs)
    assert "'narratives' is null; leave out what nobody has labelled" in told[0]
    task = {"id": 1, "data": {"text": "A ferry"}, "annotations": []}
    assert "another tool's export" in refusal(codebook, write_lines(tmp_path / "b.jsonl", task), theirs)[0]
    assert "did you mean '(none)'?" in refusal(codebook, write_lines(tmp_path / "c.csv", "id,narratives", "p,"), theirs)[0]
