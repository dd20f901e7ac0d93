"""Fresh labels come into a project: checked first, compared with what is there, written all together or not at all."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from helpers.examples import example_passages, invoke, snapshot, write_lines, write_project

NEW = {"id": "n1", "text": "the new tram toll bites", "document": "nd", "narratives": {"toll": "asserts"}, "date": "2026"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


def bring(root: Path, *records: str | dict[str, Any], options: tuple[str, ...] = ()) -> Result:
    """Import records from a JSONL file that lies outside the labels."""
    return invoke(root, "labels", "import", write_lines(root / "in.jsonl", *records), *options)


def summary(result: Result) -> dict[str, Any]:
    """What `--json` printed."""
    values: dict[str, Any] = json.loads(result.stdout)
    return values


def labels_of(root: Path) -> dict[str, Any]:
    """The labels of every passage of the project."""
    assert invoke(root, "labels", "check").exit_code in (0, 1)
    lines = [line for path in (root / "labels").glob("*.jsonl") for line in path.read_text(encoding="utf-8").splitlines()]
    return {values["id"]: values["narratives"] for values in map(json.loads, lines)}


def there(k: int, **changes: Any) -> dict[str, Any]:
    """Passage k of the project, changed."""
    return {**example_passages()[k], **changes}


def test_new_passages_get_a_file_and_their_documents_a_split(root: Path) -> None:
    before = (root / "labels" / "splits.csv").read_text(encoding="utf-8")
    done = bring(root, NEW, {"id": "n2", "text": "a ferry at noon", "narratives": {}}, options=("--into", "march", "--json"))
    told = summary(done)
    assert (done.exit_code, told["imported"], told["none"], told["narratives"]) == (0, 2, 1, {"toll": 1, "school": 0})
    lines = (root / "labels" / "march.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0]) == {**NEW, "language": "und", "source": ""}
    after = (root / "labels" / "splits.csv").read_text(encoding="utf-8")
    assert after.startswith(before)
    assert {line.split(",")[0] for line in after.removeprefix(before).splitlines()} == {"nd", "n2"}
    assert sum(told["new_documents"].values()) == 2


def test_the_same_import_twice_changes_nothing_more(root: Path) -> None:
    assert bring(root, NEW).exit_code == 0
    before = snapshot(root)
    done = bring(root, NEW, options=("--json",))
    assert (done.exit_code, summary(done)["dropped"], summary(done)["imported"]) == (0, 1, 0)
    assert snapshot(root) == before


def test_white_space_and_the_encoding_of_accents_make_no_other_text(root: Path) -> None:
    assert bring(root, {**NEW, "text": "café  at the\nport"}).exit_code == 0
    done = bring(root, {**NEW, "id": "n9", "text": " cafe\u0301 at the port "}, options=("--json",))
    assert (summary(done)["dropped"], summary(done)["imported"]) == (1, 0)


def test_a_record_without_an_id_gets_the_same_one_whenever_it_comes(root: Path) -> None:
    record: dict[str, Any] = {"text": "a boat without a number", "narratives": ["toll"]}
    assert bring(root, record, options=("--into", "a")).exit_code == 0
    first = (root / "labels" / "a.jsonl").read_text(encoding="utf-8")
    (root / "labels" / "a.jsonl").unlink()
    assert bring(root, {**record, "text": record["text"] + "  "}, options=("--into", "b")).exit_code == 0
    assert json.loads(first)["id"] == json.loads((root / "labels" / "b.jsonl").read_text(encoding="utf-8"))["id"]
    assert json.loads(first)["document"] == json.loads(first)["id"]


def test_every_bad_record_is_told_and_nothing_is_written(root: Path) -> None:
    before = snapshot(root / "labels")
    done = bring(
        root,
        NEW,
        "{",
        {"id": "b", "text": ""},
        {"text": "x", "narratives": ["tol"]},
        there(3, text="quite another text", id="p0"),
    )
    path = root / "in.jsonl"
    assert (done.exit_code, done.stdout, snapshot(root / "labels")) == (2, "", before)
    assert done.stderr.splitlines() == [
        f"{path}:2: broken JSON: Expecting property name enclosed in double quotes at column 2",
        f"{path}:3: 'text' is empty; fill it in or delete the line",
        f"{path}:4: unknown label 'tol'; did you mean 'toll'? --map 'tol=toll'",
        f"{path}:5: id 'p0' stands at {root / 'labels' / 'passages.jsonl'}:1 with another text; "
        "give this record another id, or none and it gets one from its text",
        "4 problems",
    ]


def test_many_bad_records_of_a_few_causes_are_a_line_for_each(root: Path) -> None:
    broken = ['{"text": ' + "1" * number for number in range(1, 501)]
    stances = [{"text": f"a text {number}", "narratives": {"toll": f"says{number}"}} for number in range(500)]
    done = bring(root, *broken, *stances)
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 3)
    assert done.stderr.splitlines()[-1] == "1000 problems"


def test_of_many_bad_records_some_are_shown_and_all_are_counted(root: Path) -> None:
    keys = ["".join(letters) for letters in itertools.product("abcdefgh", repeat=3)][:500]
    done = bring(root, *[f'{{"{key}": 1, "{key}": 2}}' for key in keys])
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 101)
    assert done.stderr.splitlines()[-1] == "500 problems; the first 100 are shown"


def test_good_records_can_be_taken_and_the_bad_ones_mended(root: Path) -> None:
    bad = {"id": "n2", "text": "the tram again", "narratives": ["toll", "skool"]}
    done = bring(root, NEW, bad, options=("--accept-good", "--json"))
    told = summary(done)
    assert (done.exit_code, told["imported"], told["rejected"]) == (1, 1, 1)
    again = invoke(root, "labels", "import", told["files"]["rejected"], "--map", "skool=school:reports", "--json")
    assert (again.exit_code, summary(again)["imported"]) == (0, 1)
    assert labels_of(root)["n2"] == {"toll": None, "school": "reports"}


def test_a_bad_record_never_comes_back_as_one_without_labels(root: Path) -> None:
    table = write_lines(root / "a.csv", "text,toll,school", "a tram,maybe,0")
    told = summary(invoke(root, "labels", "import", table, "--accept-good", "--json"))
    again = invoke(root, "labels", "import", told["files"]["rejected"])
    assert (again.exit_code, "unknown label '?'" in again.stderr) == (2, True)


def test_other_labels_for_a_text_wait_for_a_decision_and_the_rest_is_imported(root: Path) -> None:
    done = bring(root, NEW, there(0, narratives={"school": None}), options=("--json",))
    told = summary(done)
    assert (done.exit_code, told["imported"], told["conflicts"]) == (1, 1, 1)
    [conflict] = map(json.loads, Path(told["files"]["conflicts"]).read_text(encoding="utf-8").splitlines())
    assert (conflict["id"], conflict["decision"]) == ("p0", None)
    assert [side["narratives"] for side in conflict["sides"]] == [{"toll": "asserts"}, {"school": None}]
    assert labels_of(root)["p0"] == {"toll": "asserts"}


@pytest.mark.parametrize(
    ("decision", "labels"),
    [(1, {"toll": "asserts"}), (2, {"school": None}), ({"toll": "rebuts"}, {"toll": "rebuts"}), ([], {})],
)
def test_a_decision_is_carried_out_and_remembered(root: Path, decision: Any, labels: Any) -> None:
    others = (root / "labels" / "passages.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    path = Path(summary(bring(root, there(0, narratives=["school"]), options=("--json",)))["files"]["conflicts"])
    write_lines(path, {**json.loads(path.read_text(encoding="utf-8")), "decision": decision})
    assert invoke(root, "labels", "import", path).exit_code == 0
    assert labels_of(root)["p0"] == labels
    assert (root / "labels" / "passages.jsonl").read_text(encoding="utf-8").splitlines()[1:] == others
    again = bring(root, there(0, narratives=["school"]), options=("--json",))
    assert (again.exit_code, summary(again)["dropped"]) == (0, 1)


def test_a_conflict_that_nobody_decided_stays_one(root: Path) -> None:
    path = summary(bring(root, there(0, narratives=["school"]), options=("--json",)))["files"]["conflicts"]
    done = invoke(root, "labels", "import", path, "--json")
    assert (done.exit_code, summary(done)["conflicts"]) == (1, 1)


def test_two_annotators_who_differ_are_a_conflict_and_two_who_agree_are_one_passage(root: Path) -> None:
    same = {"text": "agreed tram", "narratives": ["toll"]}
    done = bring(root, NEW, {**NEW, "narratives": {}}, same, {**same, "narratives": {"toll": "reports"}}, options=("--json",))
    told = summary(done)
    assert (done.exit_code, told["imported"], told["dropped"], told["conflicts"]) == (1, 1, 1, 1)


def test_labels_for_a_text_that_nobody_had_labelled_are_filled_in(root: Path) -> None:
    write_lines(root / "labels" / "more.jsonl", {"id": "u", "text": "an unread tram", "source": "wire"})
    done = bring(root, {"id": "u", "text": "an unread tram", "narratives": {"toll": "rebuts"}}, options=("--json",))
    assert (done.exit_code, summary(done)["updated"], summary(done)["imported"]) == (0, 1, 0)
    [line] = (root / "labels" / "more.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {"id": "u", "text": "an unread tram", "source": "wire", "narratives": {"toll": "rebuts"}}


def test_a_tool_without_stances_does_not_contradict_those_that_are_known(root: Path) -> None:
    done = bring(root, there(0, narratives=["toll"]), options=("--json",))
    assert (done.exit_code, summary(done)["dropped"], labels_of(root)["p0"]) == (0, 1, {"toll": "asserts"})


def test_a_newcomer_that_nearly_repeats_a_held_out_passage_is_named_and_not_trained_on(root: Path) -> None:
    held_out = there(9)
    done = bring(
        root,
        {"id": "near", "text": held_out["text"] + " x", "document": "new", "narratives": held_out["narratives"]},
        {"id": "inside", "text": held_out["text"] + " y", "document": "d0", "narratives": held_out["narratives"]},
        options=("--json",),
    )
    told = {one["id"]: one for one in summary(done)["kept_out"]}
    assert told["near"] == {"id": "near", "like": "p9", "held_out": "test", "split": "test"}
    assert told["inside"] == {"id": "inside", "like": "p9", "held_out": "test", "split": "train"}
    trained = invoke(root, "train", "base")
    assert "nearly repeat a passage of another split: not trained on" in trained.stderr


def test_a_dry_run_says_the_same_and_writes_nothing(root: Path) -> None:
    records = [NEW, there(0, narratives=["school"])]
    write_lines(root / "in.jsonl", *records)
    before = snapshot(root)
    dry = bring(root, *records, options=("--dry-run", "--json"))
    assert snapshot(root) == before
    wet = bring(root, *records, options=("--json",))
    assert {**summary(dry), "dry_run": False} == summary(wet)


def test_a_project_without_a_passage_takes_its_first(root: Path) -> None:
    for name in ("passages.jsonl", "splits.csv"):
        (root / "labels" / name).unlink()
    assert bring(root, NEW, {"id": "n2", "text": "a ferry at noon", "narratives": {}}).exit_code == 0
    assert labels_of(root) == {"n1": {"toll": "asserts"}, "n2": {}}


def test_a_name_that_is_taken_or_no_name_is_refused(root: Path) -> None:
    for name, told in [("passages", "is there already"), ("../x", "a plain name is needed")]:
        done = bring(root, NEW, options=("--into", name))
        assert (done.exit_code, told in done.stderr) == (2, True)


def test_a_rename_that_met_nothing_is_told(root: Path) -> None:
    done = bring(root, NEW, options=("--map", "tool=toll"))
    assert "--map tool: labels of that name: 0" in done.stdout
