"""Behavioural checks: read with every bad line told, failures counted, and those of this repository complete."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import invoke, make_codebook, problems_of, snapshot, write_lines, write_project

from narratives.data import Prediction
from narratives.labels.checks import FAMILIES, Check, FamilyResult, read_checks, score_checks
from narratives.labels.codebook import read_codebook

ROOT = Path(__file__).parents[2]
CODEBOOK = make_codebook("toll", "school")
GOOD = {"id": "toll-asserted-1", "narrative": "toll", "family": "asserted", "text": "They rob us at the barrier."}
SHAPE = "a check has the texts 'id', 'narrative', 'family' and 'text', and nothing else"


def make_checks(*families: str) -> list[Check]:
    """A check about the toll of each family."""
    return [Check(f"c{k}", "toll", family, "text") for k, family in enumerate(families)]


def raise_for(*raised: str) -> list[Prediction]:
    """Predictions that each raise the narratives named, blanks between."""
    return [Prediction(f"c{k}", {}, dict.fromkeys(ids.split())) for k, ids in enumerate(raised)]


def results_of(root: Path) -> list[dict[str, Any]]:
    """What the saved evaluation of the run `base` says of behaviour."""
    evaluation = json.loads((root / "experiments" / "base" / "evaluation.json").read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = evaluation["behaviour"]
    return rows


# Reading


def test_checks_are_read_in_order(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "checks.jsonl", GOOD, {**GOOD, "id": "toll-topic-1", "family": "topic"})
    assert read_checks(path, CODEBOOK) == [
        Check("toll-asserted-1", "toll", "asserted", GOOD["text"]),
        Check("toll-topic-1", "toll", "topic", GOOD["text"]),
    ]


def test_without_a_file_there_are_no_checks(tmp_path: Path) -> None:
    assert read_checks(tmp_path / "checks.jsonl", CODEBOOK) == []


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"narrative": "tol"}, "unknown narrative 'tol'; did you mean 'toll'?"),
        ({"family": "asserts"}, "unknown family 'asserts'; did you mean 'asserted'?"),
        ({"text": ""}, SHAPE),
        ({"text": None}, SHAPE),
        ({"id": 7}, SHAPE),
        ({"remark": "?"}, SHAPE),
    ],
)
def test_a_bad_check_is_told_with_its_line(tmp_path: Path, wrong: dict[str, Any], problem: str) -> None:
    path = write_lines(tmp_path / "checks.jsonl", GOOD, {**GOOD, **wrong})
    assert problems_of(lambda: read_checks(path, CODEBOOK)) == [f"{path}:2: {problem}"]


def test_every_bad_check_is_told(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "checks.jsonl", "{", GOOD, {"id": "1"}, "[]", {**GOOD, "narrative": "x"})
    assert [problem.split(": ")[0] for problem in problems_of(lambda: read_checks(path, CODEBOOK))] == [
        f"{path}:{line}" for line in (1, 3, 4, 5)
    ]


# Counting


@pytest.mark.parametrize(("family", "carried"), FAMILIES.items())
def test_a_check_fails_where_the_narrative_is_not_raised_as_its_family_says(family: str, carried: bool) -> None:
    [result] = score_checks(make_checks(*[family] * 3), raise_for("toll", "", "toll school"))
    failed = ["c1"] if carried else ["c0", "c2"]
    assert result == FamilyResult(
        family, "raised" if carried else "not raised", 3, len(failed), failed, {"toll": [len(failed), 3]}
    )


def test_the_narrative_is_carried_however_it_is_spoken_of_but_not_by_topic_or_actor_alone() -> None:
    assert {family for family, carried in FAMILIES.items() if not carried} == {"topic", "swapped"}
    assert {family for family, carried in FAMILIES.items() if carried} == {"asserted", "attributed", "debunked", "negated"}


def test_another_narrative_that_is_raised_does_not_matter() -> None:
    results = score_checks(make_checks("asserted", "topic"), raise_for("school", "school"))
    assert [(result.family, result.failures) for result in results] == [("asserted", 1), ("topic", 0)]


def test_each_family_is_counted_apart_in_its_order() -> None:
    checks = make_checks("swapped", "asserted", "topic", "asserted")
    results = score_checks(checks, raise_for("toll", "", "", "toll"))
    assert [(result.family, result.checks, result.failed) for result in results] == [
        ("asserted", 2, ["c1"]),
        ("topic", 1, []),
        ("swapped", 1, ["c0"]),
    ]


def test_failures_are_counted_by_narrative_too() -> None:
    checks = [Check(f"c{k}", id_, "topic", "text") for k, id_ in enumerate(("toll", "school", "toll"))]
    [result] = score_checks(checks, raise_for("toll", "", ""))
    assert result.counts == {"toll": [1, 2], "school": [0, 1]}


def test_without_checks_there_are_no_results() -> None:
    assert score_checks([], []) == []


# In a project


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_project(tmp_path_factory.mktemp("behaviour") / "project")
    assert invoke(root, "train", "base").exit_code == 0
    return root


@pytest.fixture
def checks(trained: Path) -> Path:
    """Where the project keeps its checks; there are none yet."""
    path = trained / "tests" / "checks.jsonl"
    path.unlink(missing_ok=True)
    return path


def test_evaluate_takes_up_the_checks_of_a_project(trained: Path, checks: Path) -> None:
    write_lines(checks, GOOD, {**GOOD, "id": "toll-topic-1", "family": "topic"})
    assert invoke(trained, "evaluate", "base").exit_code == 0
    asserted, topic = results_of(trained)
    assert (asserted["family"], asserted["checks"], topic["family"], topic["checks"]) == ("asserted", 1, "topic", 1)
    assert asserted["failures"] + topic["failures"] == 1  # one text, of which opposite things are expected


def test_evaluate_goes_without_checks(trained: Path, checks: Path) -> None:
    assert not checks.exists()
    assert invoke(trained, "evaluate", "base").exit_code == 0
    assert results_of(trained) == []


def test_a_bad_check_stops_evaluate_before_anything_is_written(trained: Path, checks: Path) -> None:
    for name in ("predictions.jsonl", "evaluation.json"):
        (trained / "experiments" / "base" / name).unlink(missing_ok=True)
    write_lines(checks, {**GOOD, "narrative": "tol"})
    before = snapshot(trained)
    result = invoke(trained, "evaluate", "base")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"{checks}:1: unknown narrative 'tol'; did you mean 'toll'?\n"
    assert snapshot(trained) == before


# The checks of this repository


def test_this_repository_has_two_checks_of_each_family_for_each_narrative() -> None:
    codebook = read_codebook(ROOT / "labels" / "codebook.toml")
    found = read_checks(ROOT / "tests" / "checks.jsonl", codebook)
    assert Counter((check.narrative, check.family) for check in found) == {
        (id_, family): 2 for id_ in codebook.ids for family in FAMILIES
    }


def test_the_checks_of_this_repository_have_ids_and_texts_of_their_own() -> None:
    found = read_checks(ROOT / "tests" / "checks.jsonl", read_codebook(ROOT / "labels" / "codebook.toml"))
    assert len({check.id for check in found}) == len(found)
    assert len({check.text for check in found}) == len(found)
