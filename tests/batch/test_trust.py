"""What stands beside the answers: narratives whose test says little or nothing good, and shares far above the test's."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.batch_runs import write_input
from helpers.examples import invoke

from narratives.batch.job import BatchSummary
from narratives.batch.trust import weigh_answers
from narratives.evaluation.tested import ModelTest, NarrativeTest, read_tested


def make_summary(rows: int, none: int, **narratives: int) -> BatchSummary:
    return BatchSummary(parts=1, done=1, texts=rows, rows=rows, none=none, narratives=narratives)


def with_test(raised: int = 60, **rows: tuple[int, int, float | None]) -> ModelTest:
    return ModelTest("d", 100, raised, {id_: NarrativeTest(*row) for id_, row in rows.items()})


def test_the_share_that_raises_something_stands_beside_that_of_the_test() -> None:
    lines = weigh_answers(make_summary(63, 38), with_test(), "base")
    assert lines[0] == "25 of 63 texts raise something; in test 60 of 100 did"


@pytest.mark.parametrize(
    ("rows", "none", "expected"),
    [
        (1000, 900, "about 20 of the 100 are false alarms"),
        (1000, 995, "about 5 of the 5 are false alarms"),
    ],
)
def test_alarms_are_held_against_those_in_background_texts(rows: int, none: int, expected: str) -> None:
    training = {"background": {"alarms": 8, "measured": 400}}
    line = weigh_answers(make_summary(rows, none), with_test(), "base", training)[-1]
    assert line.startswith("of 400 background texts, nearly all of which carry nothing, 8 raised something; ")
    assert line.endswith(expected)


def test_without_background_it_is_said_that_false_alarms_are_not_known() -> None:
    line = weigh_answers(make_summary(63, 38), with_test(), "base")[-1]
    assert line.startswith("how often it raises a false alarm in your feed is not known: ")
    assert len(weigh_answers(make_summary(63, 63), with_test(), "base")) == 1


def test_narratives_not_to_be_relied_on_are_named_with_the_reason() -> None:
    tested = with_test(untested=(0, 0, None), thin=(9, 8, 0.9), wrong=(30, 40, 0.4), good=(30, 30, 0.9))
    lines = weigh_answers(make_summary(63, 38, untested=1, thin=2, wrong=3, good=4, unknown=5), tested, "base")
    assert lines[1:-1] == [
        "raised though untested, no test passage carries it: untested (1), unknown (5)",
        "raised though thin, fewer than 10 test passages carry it: thin (2; 9 in test)",
        "raised though more often wrong than right in test: wrong (3; precision 0.40)",
    ]


@pytest.mark.parametrize(("count", "far"), [(40, True), (14, True), (9, False), (1, False)])
def test_a_share_far_above_the_test_is_named_unless_it_may_be_chance(count: int, far: bool) -> None:
    lines = weigh_answers(make_summary(63, 0, toll=count), with_test(raised=90, toll=(20, 5, 0.9)), "base")
    assert any(line.startswith("raised far more often than in test: toll") for line in lines) == far


def test_where_all_raise_something_and_few_did_in_test_that_is_told() -> None:
    line, *_ = weigh_answers(make_summary(63, 3), with_test(raised=20), "base")
    assert line.startswith("60 of 63 texts raise something; in test 20 of 100 did: far more")


def test_a_model_carries_its_test_figures_and_loses_them_when_trained_anew(root: Path, tmp_path: Path) -> None:
    texts, words = write_input(tmp_path / "new.txt", [{"text": "a toll for the harbour"}]), ["--model", "base", "--output"]
    digest = json.loads((root / "models" / "base" / "model.json").read_text())["digest"]
    tested = read_tested(root / "models" / "base" / "tested.json", digest)
    evaluation: dict[str, Any] = json.loads((root / "experiments" / "base" / "evaluation.json").read_text())
    assert tested and tested.passages == evaluation["passages"] == 5
    assert {id_: row.support for id_, row in tested.narratives.items()} == {
        row["id"]: row["support"] for row in evaluation["narratives"]
    }
    said = invoke(root, "classify", texts, *words, tmp_path / "a").stdout
    assert f"of 1 texts raise something; in test {tested.raised} of 5 did" in said
    config = root / "experiments" / "base" / "config.toml"
    config.write_text("seed = 3\n" + config.read_text())
    assert invoke(root, "train", "base").exit_code == 0
    assert read_tested(root / "models" / "base" / "tested.json", digest) is None
    said = invoke(root, "classify", texts, *words, tmp_path / "b").stdout
    assert "this model was not tested, so nobody knows how far to trust it; test it with: narratives evaluate base" in said
    assert invoke(root, "evaluate", "base", "--split", "validation").exit_code == 0
    assert "was not tested" in invoke(root, "classify", texts, *words, tmp_path / "c").stdout


def test_a_program_gets_it_too(root: Path, tmp_path: Path) -> None:
    texts = write_input(tmp_path / "new.txt", [{"text": "a toll for the harbour"}])
    done = invoke(root, "classify", texts, "--model", "base", "--output", tmp_path / "a", "--json")
    assert json.loads(done.stdout)["trust"][0].endswith("of 5 did")
