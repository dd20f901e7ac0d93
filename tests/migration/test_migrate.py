"""A codebook changes: so do all labels and checks that name its narratives, and what only a person can settle is listed."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from helpers.examples import invoke, snapshot, write_lines
from helpers.migrations import FULL, merge, read_rows, rename, split, write_migration, write_task
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narratives.labels.codebook import read_codebook
from narratives.migration.steps import UNLABELLED


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_task(tmp_path / "project")


def migrate(root: Path, *steps: dict[str, Any], version: str = "2", options: tuple[str, ...] = ()) -> dict[str, Any]:
    """What `--json` printed of a migration that must succeed."""
    done = invoke(root, "codebook", "migrate", write_migration(root, *steps, version=version), "--json", *options)
    assert (done.exit_code, done.stderr) == (0, "")
    values: dict[str, Any] = json.loads(done.stdout)
    return values


def labels_of(root: Path) -> dict[str, Any]:
    """The labels of all passages; the project must be readable."""
    assert invoke(root, "labels", "check").exit_code == 0
    return {row["id"]: row.get("narratives") for path in (root / "labels").glob("*.jsonl") for row in read_rows(path)}


def reviews_of(root: Path, version: str = "2") -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in read_rows(root / "labels" / "review" / f"{version}.jsonl")}


def decide(root: Path, decisions: dict[str, Any]) -> Result:
    """Write decisions into the list of passages to be read, and import it."""
    path = root / "labels" / "review" / "2.jsonl"
    write_lines(path, *({**row, "decision": decisions.get(row["id"])} for row in read_rows(path)))
    return invoke(root, "labels", "import", path)


def lines_of(root: Path, name: str) -> list[str]:
    return (root / name).read_bytes().decode("utf-8").split("\n")


def test_a_rename_changes_the_id_wherever_it_stands_and_no_other_byte(root: Path) -> None:
    before = {name: data for name, data in snapshot(root).items() if data is not None}
    told = migrate(root, rename("school", "class", title="A new title"))
    after = {name: data for name, data in snapshot(root).items() if data is not None}
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed - {"to-2.toml", "labels/migrations/2.toml"} == {
        f"labels/{name}" for name in ("codebook.toml", "passages.jsonl", "more.jsonl")
    } | {"tests/checks.jsonl"}
    old = str(before["labels/codebook.toml"], "utf-8")
    new = old.replace('"school"', '"class"').replace('"1"', '"2"').replace("The school is sinking", "A new title")
    assert str(after["labels/codebook.toml"], "utf-8") == new
    old = str(before["labels/more.jsonl"], "utf-8")
    assert str(after["labels/more.jsonl"], "utf-8") == old.replace("school:rebuts", "class:rebuts")
    assert (told["steps"], told["relabelled"], told["review"]) == ({"rename school -> class": 5}, 5, 0)
    assert [row["narrative"] for row in read_rows(root / "tests" / "checks.jsonl")] == ["toll", "class"]


def test_a_merge_leaves_one_label_and_asks_where_the_stances_differ(root: Path) -> None:
    write_lines(
        root / "labels" / "both.jsonl", {"id": "b", "text": "x y", "narratives": {"toll": "asserts", "school": "rebuts"}}
    )
    migrate(root, merge("toll", "school", into="services"))
    labels = labels_of(root)
    assert (labels["b"], labels["p0"], labels["l0"]) == ({"services": None}, {"services": "asserts"}, ["services:rebuts"])
    assert read_codebook(root / "labels" / "codebook.toml").narratives[1].parent == "services"
    [(id_, row)] = reviews_of(root).items()
    sides = [side["narratives"] for side in row["sides"]]
    assert (id_, sides) == ("b", [{"services": None}, {"services": "asserts"}, {"services": "rebuts"}])
    assert row["review"] == ["'toll' (asserts) and 'school' (rebuts) were merged into 'services': with which stance?"]
    assert decide(root, {"b": 3}).exit_code == 0
    assert labels_of(root)["b"] == {"services": "rebuts"}


@pytest.mark.parametrize(("until_read", "meanwhile"), [("car_toll", {"car_toll": "asserts"}), (UNLABELLED, None)])
def test_a_split_lists_every_passage_that_carried_it(root: Path, until_read: str, meanwhile: Any) -> None:
    told = migrate(root, split("toll", "car_toll", "boat_toll", until_read=until_read))
    assert labels_of(root)["p0"] == labels_of(root)["p3"] == meanwhile
    assert set(reviews_of(root)) == {"p0", "p3", "p6", "p9", "l0"}
    assert told["unlabelled"] == (0 if meanwhile else 5)
    sides = [side["narratives"] for side in reviews_of(root)["l0"]["sides"]]
    assert sides == [{"school": "rebuts", "car_toll": None}, {"school": "rebuts", "boat_toll": None}]
    number = sides.index({"school": "rebuts", "boat_toll": None}) + 1
    assert decide(root, {"l0": number, "p0": {"boat_toll": "reports"}}).exit_code == 0
    labels = labels_of(root)
    assert (labels["p0"], labels["p3"]) == ({"boat_toll": "reports"}, meanwhile)
    assert labels["l0"] == {"school": "rebuts", "boat_toll": None}


def test_a_changed_meaning_keeps_the_labels_and_lists_them_all(root: Path) -> None:
    before = labels_of(root)
    migrate(
        root, {"do": "change", "id": "flood", "parent": "", "definition": "Dams."}, {"do": "change", "id": "toll", "title": "N"}
    )
    assert labels_of(root) == before
    assert set(reviews_of(root)) == {"p0", "p3", "p6", "p9", "l0"}
    assert [side["narratives"] for side in reviews_of(root)["p0"]["sides"]] == [{"toll": "asserts"}, {}]
    narratives = read_codebook(root / "labels" / "codebook.toml").narratives
    assert (narratives[0].title, narratives[2].parent, narratives[2].definition) == ("N", None, "Dams.")
    assert "# nobody repeats it now" in "".join(lines_of(root, "labels/codebook.toml"))
    assert decide(root, {"p0": 2, "p3": 1}).exit_code == 0
    assert labels_of(root) == {**before, "p0": {}}


def test_a_retired_narrative_is_gone_and_its_checks_are_kept_apart(root: Path) -> None:
    migrate(root, {"do": "retire", "id": "toll"})
    labels = labels_of(root)
    assert (labels["p0"], labels["l0"]) == ({}, ["school:rebuts"])
    assert [row["id"] for row in read_rows(root / "tests" / "checks.jsonl")] == ["school-1"]
    assert [row["id"] for row in read_rows(root / "labels" / "migrations" / "2-checks.jsonl")] == ["toll-1"]
    assert not (root / "labels" / "review").exists()


def test_a_new_narrative_stands_behind_its_family_and_the_nearest_passages_are_listed(root: Path) -> None:
    new = {"do": "add", "id": "market", **FULL, "definition": "The market harbour closes."}
    told = migrate(root, new)
    assert read_codebook(root / "labels" / "codebook.toml").ids == ("toll", "school", "market", "flood")
    assert set(reviews_of(root)) == {"p0", "p1", "l0"}  # those that share a word with it
    assert "12 others count as not carrying it" in " ".join(told["notes"])
    assert decide(root, {"p1": 2}).exit_code == 0
    assert labels_of(root)["p1"] == {"school": "asserts", "market": "asserts"}


def test_the_file_is_kept_with_its_date_and_the_next_version_goes_on_from_there(root: Path) -> None:
    migrate(root, rename("toll", "fee"))
    [first, *rest] = lines_of(root, "labels/migrations/2.toml")
    assert first.startswith("# Applied on 20") and "ferry 1 (digest" in first and "became 2 (digest" in first
    assert rest[1:] == lines_of(root, "to-2.toml")
    migrate(root, rename("fee", "toll"), version="3")
    for version in ("2", "3"):
        done = invoke(root, "codebook", "migrate", write_migration(root, rename("toll", "fee"), version=version))
        assert (done.exit_code, "already" in done.stderr) == (2, True)


def test_passages_that_still_wait_to_be_read_are_named_by_the_next_migration(root: Path) -> None:
    migrate(root, split("toll", "a", "b", until_read="a"))
    assert decide(root, {"p0": 1}).exit_code == 0
    path = root / "labels" / "review" / "2.jsonl"
    [note] = migrate(root, rename("a", "c"), version="3")["notes"]
    assert note.startswith(f"{path}: 4 passages still wait to be read; ")
    assert invoke(root, "labels", "import", path, "--map", "a=c").exit_code == 0


def test_a_dry_run_says_the_same_and_writes_nothing(root: Path) -> None:
    steps = [split("toll", "a", "b", until_read="a"), {"do": "retire", "id": "flood"}]
    write_migration(root, *steps)
    before = snapshot(root)
    dry = migrate(root, *steps, options=("--dry-run",))
    assert snapshot(root) == before
    assert migrate(root, *steps) == {**dry, "dry_run": False}


def test_old_ids_in_the_wording_are_named(root: Path) -> None:
    told = migrate(root, {"do": "retire", "id": "toll"})
    assert told["notes"] == [
        f"{root / 'labels' / 'codebook.toml'}: 'toll' still stands in the wording on line 21; change it if it is the id"
    ]


def test_the_codebook_is_shown_with_its_support(root: Path) -> None:
    shown = invoke(root, "codebook", "show").stdout.splitlines()
    assert shown[:2] == ["ferry 1", "toll    critics      5  The toll robs us"]
    assert json.loads(invoke(root, "codebook", "show", "--json").stdout)["narratives"][1]["support"] == 5


IDS = ["toll", "school", "flood"]


@st.composite
def draw_steps(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A migration that is valid: each narrative takes part in one step, and none is left with a parent that is gone."""
    order = draw(st.permutations(IDS))
    steps: list[dict[str, Any]] = [{"do": "change", "id": "flood", "parent": ""}] if draw(st.booleans()) else []
    free = [id_ for id_ in order if not (steps and id_ == "flood")]
    if draw(st.booleans()):
        steps.append(merge(*free[:2], into=draw(st.sampled_from([free[0], "m"]))))
        free = free[2:]
    for k, id_ in enumerate(free):
        kind = draw(st.sampled_from(["rename", "split", "keep", "add"]))
        if kind == "rename":
            steps.append(rename(id_, f"r{k}"))
        elif kind == "split" and id_ != "school":
            steps.append(split(id_, id_, f"s{k}", until_read=draw(st.sampled_from([id_, f"s{k}", UNLABELLED]))))
        elif kind == "add":
            steps.append({"do": "add", "id": f"a{k}", **FULL, "family": draw(st.sampled_from(["critics", "x"]))})
    return steps or [{"do": "retire", "id": "flood"}]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=draw_steps())
def test_after_any_valid_migration_everything_can_be_read_and_no_old_id_is_left(
    tmp_path_factory: pytest.TempPathFactory, steps: list[dict[str, Any]]
) -> None:
    root = write_task(tmp_path_factory.mktemp("any"))
    splits = (root / "labels" / "splits.csv").read_bytes()
    texts = {row["id"]: row["text"] for path in (root / "labels").glob("*.jsonl") for row in read_rows(path)}
    migrate(root, *steps)
    ids = set(read_codebook(root / "labels" / "codebook.toml").ids)
    carried = {word.split(":")[0] for labels in labels_of(root).values() for word in labels or ()}
    assert carried <= ids
    assert {row["narrative"] for row in read_rows(root / "tests" / "checks.jsonl")} <= ids
    after = {row["id"]: row["text"] for path in (root / "labels").glob("*.jsonl") for row in read_rows(path)}
    assert after == texts
    assert (root / "labels" / "splits.csv").read_bytes() == splits


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(id_=st.sampled_from(IDS), new=st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,9}", fullmatch=True).filter(lambda n: n not in IDS))
def test_a_rename_there_and_back_is_the_identity_on_all_files(
    tmp_path_factory: pytest.TempPathFactory, id_: str, new: str
) -> None:
    root = write_task(tmp_path_factory.mktemp("back"))
    before = {name: data for name, data in snapshot(root).items() if data is not None}
    migrate(root, rename(id_, new))
    migrate(root, rename(new, id_), version="1")
    after = snapshot(root)
    assert {name: after.get(name) for name in before} == before


def test_further_test_passages_follow_too(root: Path) -> None:
    old = read_codebook(root / "labels" / "codebook.toml").ids[0]
    place = root / "labels" / "languages" / "ru.jsonl"
    write_lines(place, {"id": "ru1", "text": "мост и паром", "document": "ru1", "narratives": {old: "reports"}})
    config = ["[classifier]", 'name = "tfidf"', "[evaluation]", 'further_test = ["languages/*.jsonl"]']
    write_lines(root / "experiments" / "abroad" / "config.toml", *config)
    migrate(root, rename(old, "renamed"))
    assert [row["narratives"] for row in read_rows(place)] == [{"renamed": "reports"}]
    assert invoke(root, "labels", "check").exit_code == 0


def test_labels_of_further_test_passages_are_never_taken_away(root: Path) -> None:
    old, other = read_codebook(root / "labels" / "codebook.toml").ids[:2]
    place = root / "labels" / "languages" / "ru.jsonl"
    row = {"id": "ru1", "text": "мост и паром", "document": "ru1", "narratives": {old: "reports", other: "rebuts"}}
    write_lines(place, row)
    config = ["[classifier]", 'name = "tfidf"', "[evaluation]", 'further_test = ["languages/*.jsonl"]']
    write_lines(root / "experiments" / "abroad" / "config.toml", *config)
    into = [{"id": f"new{k}", "family": "critics", "title": f"New {k}", "definition": f"Claim {k}."} for k in range(2)]
    step = {"do": "split", "from": old, "into": into, "until_read": "(unlabelled)"}
    before = snapshot(root)
    file = write_migration(root, step)
    done = invoke(root, "codebook", "migrate", file)
    file.unlink()
    assert done.exit_code == 2 and f"{place}:1: a further test passage, which is on no list to be read" in done.output
    assert snapshot(root) == before
    notes = migrate(root, {**step, "until_read": "new0"})["notes"]
    assert "further test passages whose new labels are in doubt, and on no list to be read: 1" in notes
    assert [row["narratives"] for row in read_rows(place)] == [{"new0": "reports", other: "rebuts"}]
