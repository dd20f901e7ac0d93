"""`narratives retrain`: better labels are promoted, spoiled ones are held, and the reason is named."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import invoke, snapshot, write_lines
from helpers.retraining import CODEBOOK, Record, forget, hide, read_labels, relabel, shuffle, split_of, write_project

from narratives.models.folder import load_model
from narratives.project.project import Project
from narratives.runs.history import read_events


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose model was trained by `retrain`."""
    root = write_project(tmp_path_factory.mktemp("retrain") / "project")
    done = invoke(root, "retrain", "base")
    assert (done.exit_code, "base: promoted, version 1" in done.stdout) == (0, True)
    return root


@pytest.fixture(scope="module")
def ignorant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose model saw a third of the labels that there are now."""
    root = write_project(tmp_path_factory.mktemp("ignorant") / "project")
    whole = read_labels(root)
    relabel(root, hide(3), "train")
    assert invoke(root, "train", "base").exit_code == 0
    write_lines(root / "labels" / "passages.jsonl", *whole)
    return root


@pytest.fixture
def root(taught: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(taught, tmp_path / "project"))


@pytest.fixture
def poor(ignorant: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ignorant, tmp_path / "poor"))


def digest(root: Path) -> str:
    return load_model(root / "models" / "base").digest


def retrain(root: Path, *words: str) -> tuple[int, dict[str, Any]]:
    done = invoke(root, "retrain", "base", "--json", *words)
    return done.exit_code, json.loads(done.stdout)


def words_of(verdict: dict[str, Any]) -> dict[str, str]:
    return {ruling["id"]: ruling["word"] for ruling in verdict["narratives"]}


def test_labels_that_have_not_changed_are_not_trained_on_again(root: Path) -> None:
    before = snapshot(root)
    done = invoke(root, "retrain", "base")
    assert (done.exit_code, done.stdout.splitlines()[0], snapshot(root)) == (0, "base: unchanged", before)


def test_more_labels_are_promoted_and_the_page_tells_of_them(poor: Path) -> None:
    old = digest(poor)
    done = invoke(poor, "retrain", "base")
    assert done.exit_code == 0
    assert done.stdout.startswith("base: promoted, version 2\n  micro F1 +0.")
    assert "toll: train 10 -> 29 (19 new)" in done.stderr
    assert digest(poor) != old == load_model(poor / "models" / "history" / "base" / "0001").digest
    folder = poor / "experiments" / "base" / "retraining" / "0001"
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    assert (verdict["decision"], verdict["incumbent"]["digest"], verdict["challenger"]["digest"]) == (
        "promote",
        old,
        digest(poor),
    )
    assert set(words_of(verdict).values()) == {"better"}
    assert verdict["changes"]["narratives"]["toll"]["train"]["added"] == 19
    flips = [json.loads(line) for line in (folder / "flips.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(flips) == verdict["flips"]["all"] > 0
    assert flips[0]["text"] in (folder / "report.md").read_text(encoding="utf-8")
    assert all(
        word in (folder / "report.html").read_text(encoding="utf-8") for word in ("Verdict", flips[0]["text"], "The rule:")
    )
    evaluation = json.loads((poor / "experiments" / "base" / "evaluation.json").read_text(encoding="utf-8"))
    assert evaluation["training"] == load_model(poor / "models" / "base").training
    assert retrain(poor)[1]["decision"] == "unchanged"


def test_shuffled_training_labels_are_held(root: Path) -> None:
    old = digest(root)
    relabel(root, shuffle, "train")
    code, verdict = retrain(root)
    assert (code, verdict["decision"], verdict["promoted"], digest(root)) == (1, "hold", False, old)
    assert [event.event for event in read_events(Project(root))][-1] == "held"


def test_labels_shuffled_everywhere_are_held_though_no_model_is_ahead(root: Path) -> None:
    relabel(root, shuffle, "train", "validation", "test")
    code, verdict = retrain(root)
    assert (code, "read the new test labels" in verdict["reasons"][-1]) == (1, True)


def test_one_spoiled_narrative_is_held_and_named(root: Path) -> None:
    relabel(root, forget("school"), "train", "validation")
    code, verdict = retrain(root)
    assert (code, verdict["reasons"][0].split(":")[0]) == (1, "school fell silent")
    assert words_of(verdict) == {"toll": "same", "school": "fell silent", "flood": "same"}


def test_a_held_model_waits_is_not_trained_again_and_can_be_promoted_by_hand(root: Path) -> None:
    relabel(root, forget("school"), "train", "validation")
    first = invoke(root, "retrain", "base")
    assert "promote it all the same: narratives retrain base --promote" in first.stdout
    waiting = load_model(root / "models" / ".base.challenger").digest
    again = invoke(root, "retrain", "base")
    assert (again.exit_code, "not trained again" in again.stderr) == (1, True)
    folders = list((root / "experiments" / "base" / "retraining").iterdir())
    assert (len(folders), len(read_events(Project(root)))) == (1, 2)  # the same verdict is written once
    forced = invoke(root, "retrain", "base", "--promote")
    assert (forced.exit_code, digest(root), (root / "models" / ".base.challenger").exists()) == (0, waiting, False)
    assert read_events(Project(root))[-1].decision == "hold"
    assert "current, forced" in invoke(root, "models", "list").stdout
    assert invoke(root, "models", "rollback", "base").exit_code == 0
    assert digest(root) != waiting


def test_the_best_version_so_far_is_tried_out_too_and_forced_promotions_are_counted(root: Path) -> None:
    relabel(root, forget("school"), "train", "validation")
    assert retrain(root, "--promote")[1]["version"] == 2
    relabel(root, lambda records: records[0].update(narratives={}), "train")
    done = invoke(root, "retrain", "base", "--json")
    verdict = json.loads(done.stdout)
    assert "version 1, the best so far, is tried out too" in done.stderr
    assert (done.exit_code, verdict["forced"]) == (1, [2])
    assert verdict["reasons"][0].startswith("school fell silent: version 1, the best so far found ")
    assert words_of(verdict)["school"] == "same"  # as silent as the incumbent
    assert verdict["best"]["best"]["value"] > verdict["best"]["challenger"]["value"]
    assert "promoted against their verdict so far: 1 (version 2)" in verdict["record"]
    page = (root / "experiments" / "base" / "retraining" / "0002" / "report.html").read_text(encoding="utf-8")
    assert all(
        words in page for words in ("version 1, the best so far", "promoted against their verdict so far: 1 (version 2)")
    )


def test_where_the_best_version_is_gone_the_next_stands_in_and_that_is_said(root: Path) -> None:
    relabel(root, forget("school"), "train", "validation")
    retrain(root, "--promote")
    shutil.rmtree(root / "models" / "history" / "base" / "0001")
    relabel(root, lambda records: records[0].update(narratives={}), "train")
    code, verdict = retrain(root)
    assert (code, verdict["best"]) == (0, None)
    [gone] = [line for line in verdict["record"] if "0001 is gone" in line]
    assert gone.startswith("the bar is the incumbent; version 1 (micro F1 ")


def test_the_verdict_says_how_often_its_test_passages_have_decided(root: Path) -> None:
    relabel(root, forget("school"), "train", "validation")
    first = retrain(root)[1]
    assert first["wear"] == {"passages": 120, "decisions": 0, "typical": 0, "fresh": 120, "relabelled": 0}
    assert retrain(root)[1]["wear"] == first["wear"]  # the same verdict again is no other decision
    relabel(root, lambda records: records[0].update(narratives={}), "train")
    fresh = [
        {"id": f"f{k}", "document": f"f{k}", "text": f"alone{k} on{k} its{k} own{k} here{k}", "narratives": {}}
        for k in range(20)
    ]
    write_lines(root / "labels" / "more.jsonl", *fresh)
    relabel(root, lambda records: records[0].update(narratives={"toll": "asserts", "school": "asserts"}), "test")
    wear = retrain(root)[1]["wear"]
    drawn = sum(
        line.startswith("f") and line.endswith("test") for line in (root / "labels" / "splits.csv").read_text().splitlines()
    )
    assert drawn > 0
    assert wear == {"passages": 120 + drawn, "decisions": 1, "typical": 1, "fresh": drawn, "relabelled": 1}
    assert invoke(root, "evaluate", "base").exit_code == 0
    report = json.loads((root / "experiments" / "base" / "evaluation.json").read_text("utf-8"))
    [note] = [note for note in report["notes"] if note.startswith("Retraining: ")]
    assert note.startswith("Retraining: 2 verdicts before this, over all runs, used test passages")


def test_a_broken_list_of_tested_passages_is_named(root: Path) -> None:
    relabel(root, forget("school"), "train", "validation")
    retrain(root)
    tested = root / "experiments" / "base" / "retraining" / "0001" / "tested.jsonl"
    tested.write_text("broken\n", encoding="utf-8")
    relabel(root, lambda records: records[0].update(narratives={}), "train")
    done = invoke(root, "retrain", "base")
    assert (done.exit_code, done.stderr.splitlines()[-1].startswith(f"{tested}: not the list of passages")) == (2, True)


def test_a_dry_run_changes_nothing_but_the_model_that_waits(poor: Path) -> None:
    fresh = {"id": "n", "text": "kilomu nabedo", "document": "n", "narratives": {}}
    write_lines(poor / "labels" / "more.jsonl", fresh)
    before = snapshot(poor)
    code, verdict = retrain(poor, "--dry-run")
    after = {name: data for name, data in snapshot(poor).items() if not name.startswith("models/.base.challenger")}
    assert (code, verdict["decision"], verdict["promoted"], after) == (0, "promote", False, before)


def test_a_challenger_cut_short_is_trained_again(poor: Path) -> None:
    retrain(poor, "--dry-run")
    (poor / "models" / ".base.challenger" / "learned.jsonl").unlink()
    assert retrain(poor)[1]["promoted"] is True


def test_test_passages_that_the_incumbent_learned_are_left_out(root: Path) -> None:
    moved = [line.replace("d000,train", "d000,test") for line in (root / "labels" / "splits.csv").read_text().splitlines()]
    write_lines(root / "labels" / "splits.csv", *moved)
    done = invoke(root, "retrain", "base", "--json")
    assert "2 test passages were learned by the incumbent: not compared on" in done.stderr
    assert json.loads(done.stdout)["test"]["passages"] == 120


def test_another_codebook_is_compared_on_what_both_know(root: Path) -> None:
    text = CODEBOOK.format(version=2).replace('"flood"', '"storm"', 1)
    write_lines(root / "labels" / "codebook.toml", *text.splitlines())

    def rename(records: list[Record]) -> None:
        for record in records:
            record["narratives"] = {{"flood": "storm"}.get(id_, id_): stance for id_, stance in record["narratives"].items()}

    relabel(root, rename, "train", "validation", "test")
    done = invoke(root, "retrain", "base", "--json")
    verdict = json.loads(done.stdout)
    assert "the incumbent speaks codebook toy 1 (" in done.stderr and "the challenger codebook toy 2 (" in done.stderr
    assert (done.exit_code, verdict["codebook"]) == (0, {"new": ["storm"], "retired": ["flood"], "reworded": []})
    assert words_of(verdict) == {"toll": "same", "school": "same", "storm": "new"}
    assert verdict["incumbent"]["codebook"] != verdict["challenger"]["codebook"]


def test_a_codebook_that_shares_nothing_is_refused_before_training(root: Path) -> None:
    text = CODEBOOK.format(version=2)
    for id_ in ("toll", "school", "flood"):
        text = text.replace(f'"{id_}"', f'"new-{id_}"')
    write_lines(root / "labels" / "codebook.toml", *text.splitlines())
    relabel(root, lambda records: [record.update(narratives={}) for record in records], "train", "validation", "test")
    done = invoke(root, "retrain", "base")
    assert (done.exit_code, "knows none of today's narratives" in done.stderr) == (2, True)


def test_without_test_labels_there_is_nothing_to_compare_on(root: Path) -> None:
    relabel(root, shuffle, "train")
    relabel(root, lambda records: [record.update(narratives=None) for record in records], "test")
    done = invoke(root, "retrain", "base")
    assert (done.exit_code, "no labelled passage in split 'test'" in done.stderr) == (2, True)
    assert not (root / "models" / ".base.challenger").exists()


@pytest.mark.parametrize("words", [["--margin", "0"], ["--margin", "nan"]])
def test_a_margin_that_means_nothing_is_refused(root: Path, words: list[str]) -> None:
    done = invoke(root, "retrain", "base", *words)
    assert (done.exit_code, done.stderr.startswith("--margin must be above 0")) == (2, True)


def test_the_name_of_the_history_is_taken(root: Path) -> None:
    assert "keeps past models; give the run another name" in invoke(root, "retrain", "history").stderr


def test_the_splits_are_those_the_helpers_say(root: Path) -> None:
    splits = Project(root).corpus.splits
    assert all(splits[record["document"]] == split_of(record) for record in read_labels(root))


def test_another_way_of_reading_is_a_reason_to_train_anew(root: Path) -> None:
    path = root / "experiments" / "base" / "config.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\n[reading]\ndetail = 100\n", encoding="utf-8")
    done = invoke(root, "retrain", "base")
    assert done.exit_code in (0, 1) and done.stdout.startswith("base: ") and not done.stdout.startswith("base: unchanged")
