"""Two runs on the same passages: which is better, and whether that can be told from chance."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from examples import problems_of
from scored import CODEBOOK, answer, evaluate, make_passages, predict

from narratives.comparison import Comparison, compare, require_same_gold, verdict
from narratives.data import Prediction
from narratives.evaluation import Figure
from narratives.project import Project
from narratives.run import compare_runs

NOTHING = Figure(0, 0, 0)
REFUSAL = (
    "runs 'first' and 'second' were scored on other passages, labels or codebooks; "
    "evaluate both again: narratives evaluate first; narratives evaluate second"
)


def compare_predictions(a: list[Prediction], b: list[Prediction], seed: int = 0) -> Comparison:
    first, second = answer(a), answer(b)
    return compare(evaluate(first), first, evaluate(second, run="second"), second, CODEBOOK, 300, seed)


def test_a_run_against_itself_differs_by_nothing() -> None:
    comparison = compare_predictions(predict(wrong=0.2), predict(wrong=0.2))
    assert set(comparison.overall.values()) == {NOTHING}
    assert set(comparison.narratives.values()) == {NOTHING, Figure(None, None, None)}
    assert {verdict(difference) for difference in comparison.overall.values()} == {"no clear difference"}


def test_a_clearly_worse_run_is_found_worse() -> None:
    comparison = compare_predictions(predict(wrong=0.02), predict(wrong=0.4))
    assert {verdict(difference) for difference in comparison.overall.values()} == {"worse"}
    assert verdict(comparison.narratives["frequent"]) == "worse"


def test_the_same_two_the_other_way_round_mirror_the_answer() -> None:
    one, other = (compare_predictions(predict(*a), predict(*b)) for a, b in (((0.02,), (0.4,)), ((0.4,), (0.02,))))
    assert verdict(other.overall["micro_f1"]) == "better"
    for name, difference in one.overall.items():
        mirrored = other.overall[name]
        turned = [-(value or 0) for value in (difference.value, difference.high, difference.low)]
        assert [mirrored.value, mirrored.low, mirrored.high] == pytest.approx(turned, abs=1e-4)


def test_runs_that_are_wrong_as_often_by_chance_show_no_clear_difference() -> None:
    comparison = compare_predictions(predict(wrong=0.2, seed=1), predict(wrong=0.2, seed=2))
    assert verdict(comparison.overall["micro_f1"]) == "no clear difference"


def test_differences_are_of_the_second_run_less_the_first() -> None:
    first, second = answer(predict(wrong=0.3)), answer(predict(wrong=0.1))
    before, after = evaluate(first).overall, evaluate(second).overall
    for name, difference in compare_predictions(predict(wrong=0.3), predict(wrong=0.1)).overall.items():
        assert difference.value == pytest.approx((after[name].value or 0) - (before[name].value or 0), abs=1e-4)


def test_every_narrative_of_the_codebook_is_compared() -> None:
    assert list(compare_predictions(predict(), predict()).narratives) == list(CODEBOOK.ids)


def test_a_narrative_undefined_in_one_run_has_no_difference() -> None:
    raised = predict()
    raised[0] = replace(raised[0], narratives={**raised[0].narratives, "never": None})
    assert compare_predictions(predict(), raised).narratives["never"] == Figure(None, None, None)


def test_the_same_seed_gives_the_same_comparison_and_the_rule_names_it() -> None:
    one, other = (compare_predictions(predict(wrong=0.2), predict(wrong=0.3), seed=5) for _ in range(2))
    assert one == other
    assert one.rule == (
        "paired bootstrap over documents, 300 resamples, seed 5; per-narrative intervals are not corrected for their number"
    )


def test_a_comparison_is_plain_json() -> None:
    comparison = compare_predictions(predict(), predict(wrong=0.2))
    assert json.loads(json.dumps(comparison.to_json(), allow_nan=False)) == comparison.to_json()


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.2, "better"),
        (-0.2, -0.01, "worse"),
        (-0.1, 0.1, "no clear difference"),
        (0.0, 0.1, "no clear difference"),
        (-0.1, 0.0, "no clear difference"),
        (None, None, "no clear difference"),
    ],
)
def test_a_verdict_needs_an_interval_that_leaves_out_zero(low: float | None, high: float | None, words: str) -> None:
    assert verdict(Figure(0.05, low, high)) == words


def test_runs_scored_on_the_same_gold_pass() -> None:
    evaluation = evaluate(answer(predict()))
    require_same_gold(evaluation, replace(evaluation, run="second"), make_passages(), CODEBOOK)


@pytest.mark.parametrize("change", [{"gold_digest": "0"}, {"codebook": {"digest": "0"}}, {"split": "validation"}])
def test_runs_scored_on_other_gold_are_refused(change: dict[str, Any]) -> None:
    evaluation = evaluate(answer(predict()))
    other = replace(evaluation, run="second", **change)
    assert problems_of(lambda: require_same_gold(evaluation, other, make_passages(), CODEBOOK)) == [REFUSAL]


def test_labels_that_changed_since_both_were_scored_are_refused() -> None:
    evaluation = evaluate(answer(predict()))
    changed = [replace(make_passages()[0], narratives={}), *make_passages()[1:]]
    second = replace(evaluation, run="second")
    assert problems_of(lambda: require_same_gold(evaluation, second, changed, CODEBOOK)) == [REFUSAL]


def test_in_a_project_labels_that_changed_are_told_before_anything_is_written(finished: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(finished, tmp_path / "project"))
    page = root / "experiments" / "tfidf-vs-transformer" / "report.html"
    before = page.read_bytes()
    splits = root / "labels" / "splits.csv"
    splits.write_text(splits.read_text(encoding="utf-8").replace(",validation", ",test", 1), encoding="utf-8")
    assert problems_of(lambda: compare_runs(Project(root), "tfidf", "transformer", print)) == [
        REFUSAL.replace("first", "tfidf").replace("second", "transformer")
    ]
    assert page.read_bytes() == before
