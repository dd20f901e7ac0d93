"""Two runs on the same passages: which is better, whether that can be told from chance, and what they decide otherwise."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.examples import make_codebook, problems_of
from helpers.scored import CODEBOOK, answer, evaluate, make_passages, predict

from narratives.data import Codebook, Matrix, Passage, Prediction
from narratives.evaluation.comparison import Comparison, Flip, compare, require_same_gold
from narratives.evaluation.joined import Joined

FIRST = evaluate(answer(predict()))  # what `compare` takes from an evaluation is the name of its run
SECOND = replace(FIRST, run="second")
MANY = make_codebook(*(f"n{k:02}" for k in range(20)))
REFUSAL = (
    "runs 'first' and 'second' were scored on other passages, labels or codebooks; "
    "evaluate both again: narratives evaluate first; narratives evaluate second"
)


def compare_predictions(a: list[Prediction], b: list[Prediction], seed: int = 0) -> Comparison:
    return compare(FIRST, answer(a), SECOND, answer(b), CODEBOOK, 300, seed)


def compare_matrices(gold: Matrix, a: Matrix, b: Matrix, codebook: Codebook = MANY) -> Comparison:
    """Three passages a document; predictions are labels alone."""
    passages = [Passage(f"p{k:04}", "text", {}, f"d{k // 3:04}") for k in range(len(gold))]
    no_stances = np.full(gold.shape, -1, dtype=np.int8)
    first, second = (Joined(passages, gold, predicted, None, no_stances, no_stances) for predicted in (a, b))
    return compare(FIRST, first, SECOND, second, codebook, 1000, 0)


def draw_large(noise_seeds: tuple[int, ...], noise: float = 0.02) -> tuple[Matrix, list[Matrix]]:
    """Gold for 3,000 passages, each narrative carried by about 200, and one noisy copy of it for each seed."""
    gold = np.random.default_rng(0).random((3000, 20)) < 200 / 3000
    return gold, [gold ^ (np.random.default_rng(seed).random(gold.shape) < noise) for seed in noise_seeds]


def words(comparison: Comparison) -> tuple[dict[str, str], dict[str, str]]:
    """The verdicts: overall, and by narrative."""
    overall, narratives = comparison.overall, comparison.narratives
    return {name: d.verdict for name, d in overall.items()}, {name: d.verdict for name, d in narratives.items()}


def test_a_run_against_itself_is_equivalent_and_flips_nothing() -> None:
    comparison = compare_predictions(predict(wrong=0.2), predict(wrong=0.2))
    thin = dict.fromkeys(("rare", "never"), "too thin to tell")
    assert set(words(comparison)[0].values()) == {"equivalent"}
    assert words(comparison)[1] == {"frequent": "equivalent", "common": "equivalent", **thin}
    for difference in (*comparison.overall.values(), comparison.narratives["frequent"]):
        assert (difference.value, difference.low, difference.high, difference.low_90, difference.high_90) == (0, 0, 0, 0, 0)
    assert comparison.flips == []
    assert (comparison.overall["exact_match"].p, comparison.narratives["frequent"].p_corrected) == (1, 1)


def test_a_run_that_lost_hits_of_one_narrative_is_significantly_worse_and_the_narrative_is_named() -> None:
    gold, [a] = draw_large((1,))
    hits = np.flatnonzero(gold[:, 7] & a[:, 7])
    lost = np.random.default_rng(2).choice(hits, size=len(hits) * 3 // 10, replace=False)
    b = a.copy()
    b[lost, 7] = False
    comparison = compare_matrices(gold, a, b)
    assert set(words(comparison)[0].values()) == {"worse"}
    assert words(comparison)[1] == {id_: "worse" if id_ == "n07" else "equivalent" for id_ in MANY.ids}
    found = comparison.narratives["n07"]
    assert (found.only_a, found.only_b) == (len(lost), 0)
    assert found.p_corrected == found.p_f1 == pytest.approx(1 / 1001, rel=1e-3)  # never so far apart in 1000 swaps
    assert found.p == pytest.approx(2 * 0.5 ** len(lost), rel=1e-3)
    assert {(flip.narrative, flip.gold, flip.right) for flip in comparison.flips} == {("n07", True, "a")}
    assert len(comparison.flips) == comparison.regressions == len(lost)


def test_noise_on_both_sides_is_neither_better_nor_worse() -> None:
    gold, [a, b] = draw_large((1, 2))
    overall, narratives = words(compare_matrices(gold, a, b))
    assert {*overall.values(), *narratives.values()} <= {"equivalent", "no clear difference"}
    assert overall["micro_f1"] == "equivalent"


def test_a_clearly_worse_run_is_worse_and_the_other_way_round_the_answer_is_mirrored() -> None:
    one, other = (compare_predictions(predict(*a), predict(*b)) for a, b in (((0.02,), (0.4,)), ((0.4,), (0.02,))))
    assert set(words(one)[0].values()) == {"worse"} == {words(one)[1]["frequent"]}
    assert set(words(other)[0].values()) == {"better"} == {words(other)[1]["frequent"]}
    for name, difference in one.overall.items():
        mirrored = other.overall[name]
        turned = [-(value or 0) for value in (difference.value, difference.high, difference.low, difference.high_90)]
        assert [mirrored.value, mirrored.low, mirrored.high, mirrored.low_90] == pytest.approx(turned, abs=1e-4)
        assert (mirrored.only_a, mirrored.only_b, mirrored.p) == (difference.only_b, difference.only_a, difference.p)
    assert [replace(flip, right="b") for flip in one.flips if flip.right == "a"] == [
        replace(flip, score_a=flip.score_b, score_b=flip.score_a) for flip in other.flips if flip.right == "b"
    ]


def test_differences_are_of_the_second_run_less_the_first() -> None:
    before, after = (evaluate(answer(predict(wrong=wrong))).overall for wrong in (0.3, 0.1))
    comparison = compare_predictions(predict(wrong=0.3), predict(wrong=0.1))
    assert set(comparison.overall) == {"micro_f1", "macro_f1", "macro_f1_firm", "samples_f1", "exact_match"}
    for name, difference in comparison.overall.items():
        assert difference.value == pytest.approx((after[name].value or 0) - (before[name].value or 0), abs=1e-4)


def test_every_narrative_of_the_codebook_is_compared() -> None:
    assert list(compare_predictions(predict(), predict()).narratives) == list(CODEBOOK.ids)


def test_a_narrative_undefined_in_one_run_has_no_difference() -> None:
    raised = predict()
    raised[0] = replace(raised[0], narratives={**raised[0].narratives, "never": None})
    difference = compare_predictions(predict(), raised).narratives["never"]
    assert (difference.value, difference.low, difference.high, difference.verdict) == (None, None, None, "too thin to tell")


@pytest.mark.parametrize(
    ("positives", "lost", "word"),
    [(9, 9, "too thin to tell"), (10, 5, "no clear difference"), (10, 6, "worse"), (10, 10, "worse")],
)
def test_a_narrative_needs_ten_positives_and_a_significant_test(positives: int, lost: int, word: str) -> None:
    gold = np.zeros((300, 1), dtype=np.bool_)
    gold[: positives * 3 : 3] = True  # each in a document of its own
    b = gold.copy()
    b[: lost * 3] = False
    comparison = compare_matrices(gold, gold, b, make_codebook("n00"))
    difference = comparison.narratives["n00"]
    assert difference.verdict == word
    assert (difference.p_corrected is None) == (positives < 10)
    assert difference.noticeable == (0.4286 if positives == 10 else None)


def test_a_run_right_more_often_but_with_a_lower_f1_is_worse_whatever_mcnemar_says() -> None:
    gold = np.zeros((600, 1), dtype=np.bool_)
    gold[:150] = True
    a, b = np.zeros_like(gold), np.zeros_like(gold)
    a[50:270] = True  # 100 hits, 120 false alarms
    b[120:150] = True  # 30 hits, no false alarm
    difference = compare_matrices(gold, a, b, make_codebook("n00")).narratives["n00"]
    assert (difference.only_a, difference.only_b) == (70, 120)
    assert (difference.high or 0) < 0 and (difference.p or 1) < 0.001
    assert difference.verdict == "worse"


def test_flips_are_the_decisions_that_differ_regressions_first() -> None:
    a, b = predict(wrong=0.1), predict(wrong=0.3, seed=1)
    comparison = compare_predictions(a, b)
    first, second = answer(a), answer(b)
    assert len(comparison.flips) == (first.predicted != second.predicted).sum()
    assert [flip.right for flip in comparison.flips] == sorted(flip.right for flip in comparison.flips)
    counts = Counter((flip.narrative, flip.right) for flip in comparison.flips)
    for id_, difference in comparison.narratives.items():
        assert (difference.only_a, difference.only_b) == (counts[id_, "a"], counts[id_, "b"])
    carried = {passage.id: passage.narratives or {} for passage in make_passages()}
    said = [{p.id: p for p in predictions} for predictions in (a, b)]
    for flip in comparison.flips:
        in_a, in_b = (flip.narrative in run[flip.passage].narratives for run in said)
        assert (
            flip.gold
            == (flip.narrative in carried[flip.passage])
            == (in_a if flip.right == "a" else in_b)
            != (in_b if flip.right == "a" else in_a)
        )
        assert [flip.score_a, flip.score_b] == [run[flip.passage].scores[flip.narrative] for run in said]


def test_the_largest_change_of_score_stands_first_and_labels_alone_have_no_scores() -> None:
    b = [replace(p, scores={**p.scores, "frequent": {"p000": 0.6, "p003": 0.1}.get(p.id, 0.3)}) for p in predict()]
    b = [replace(p, narratives={}) if p.id in ("p003", "p000") else p for p in b]
    flips = compare_predictions(predict(), b).flips
    order = [(flip.passage, flip.score_a, flip.score_b) for flip in flips if flip.narrative == "frequent"]
    assert order == [("p003", 0.9, 0.1), ("p000", 0.9, 0.6)]
    gold = np.eye(30, 20, dtype=np.bool_)
    assert compare_matrices(gold, gold, gold ^ (gold & (np.arange(20) == 3))).flips == [
        Flip("p0003", "n03", True, "a", None, None)
    ]


def test_shuffled_predictions_give_the_same_comparison() -> None:
    a, b = predict(wrong=0.2), predict(wrong=0.3, seed=1)
    assert compare_predictions(a[::-1], b[7:] + b[:7]) == compare_predictions(a, b)


def test_the_rule_names_the_test_its_seed_the_margin_and_what_mcnemar_is_worth() -> None:
    one, other = (compare_predictions(predict(wrong=0.2), predict(wrong=0.3), seed=5) for _ in range(2))
    assert one == other
    assert "swaps the answers of the two runs, document by document, 300 times, seed 5." in one.rule
    assert "McNemar's test, exact, is reported and decides nothing" in one.rule
    assert "2 have 10 positives or more, on 2 of these the runs differ; the others are too thin to tell" in one.rule
    assert "the 90 % interval lies inside ±0.02" in one.rule


def test_a_comparison_is_plain_json() -> None:
    comparison = compare_predictions(predict(), predict(wrong=0.2))
    assert json.loads(json.dumps(comparison.to_json(), allow_nan=False)) == comparison.to_json()


def test_runs_scored_on_the_same_gold_pass() -> None:
    require_same_gold(FIRST, SECOND, make_passages(), CODEBOOK)


@pytest.mark.parametrize("change", [{"gold_digest": "0"}, {"codebook": {"digest": "0"}}, {"split": "validation"}])
def test_runs_scored_on_other_gold_are_refused(change: dict[str, Any]) -> None:
    other = replace(SECOND, **change)
    assert problems_of(lambda: require_same_gold(FIRST, other, make_passages(), CODEBOOK)) == [REFUSAL]


def test_labels_that_changed_since_both_were_scored_are_refused() -> None:
    changed = [replace(make_passages()[0], narratives={}), *make_passages()[1:]]
    assert problems_of(lambda: require_same_gold(FIRST, SECOND, changed, CODEBOOK)) == [REFUSAL]


def silence(gold: Matrix, a: Matrix, narrative: int) -> Comparison:
    b = a.copy()
    b[:, narrative] = False
    return compare_matrices(gold, a, b, make_codebook(*(f"n{k:02}" for k in range(gold.shape[1]))))


@pytest.mark.parametrize("narrative", [0, 13, 27])
def test_a_narrative_that_falls_silent_is_worse_though_it_is_right_nearly_as_often(narrative: int) -> None:
    rng = np.random.default_rng(4)
    gold = rng.random((480, 28)) < 15 / 480
    a = np.where(gold, rng.random(gold.shape) < 0.75, rng.random(gold.shape) < 6 / 480)
    comparison = silence(gold, a, narrative)
    assert {id_ for id_, each in comparison.narratives.items() if each.verdict == "worse"} == {f"n{narrative:02}"}
    assert (comparison.narratives[f"n{narrative:02}"].noticeable or 1) < 0.75


def test_a_narrative_mostly_raised_wrongly_is_missed_when_it_falls_silent() -> None:
    rng = np.random.default_rng(4)
    gold = np.zeros((480, 28), dtype=np.bool_)
    for k in range(28):
        gold[rng.choice(160, 15, replace=False) * 3, k] = True
    a = np.where(gold, rng.random(gold.shape) < 0.2, rng.random(gold.shape) < 12 / 480)
    difference = silence(gold, a, 5).narratives["n05"]
    raised = len(set((np.flatnonzero(a[:, 5]) // 3).tolist()))
    assert difference.verdict == "worse"
    assert difference.p_corrected is not None and difference.p_corrected <= 2.0 ** (1 - raised) * 1.001
    assert difference.noticeable == pytest.approx(-(difference.value or 0))


def test_what_swapping_gives_is_corrected_for_the_number_of_narratives() -> None:
    gold, [a, b] = draw_large((1, 2), noise=0.05)
    for difference in compare_matrices(gold, a, b).narratives.values():
        assert difference.p_f1 is not None and difference.p_corrected is not None
        assert difference.p_f1 <= difference.p_corrected + 1e-9


def test_a_fall_to_silence_from_no_error_at_all_is_not_taken_for_exact() -> None:
    gold = np.zeros((300, 1), dtype=np.bool_)
    gold[:36:3] = True
    difference = silence(gold, gold, 0).narratives["n00"]
    assert (difference.value, difference.low) == (-1, -1)
    assert -1 < (difference.high or 0) < -0.8


def test_the_smallest_fall_that_would_be_noticed_is_noticed_and_a_smaller_one_is_not() -> None:
    gold = np.zeros((300, 1), dtype=np.bool_)
    gold[:60:3] = True
    noticeable = silence(gold, gold, 0).narratives["n00"].noticeable
    assert noticeable is not None
    for lost in range(1, 20):
        b = gold.copy()
        b[: 3 * lost] = False
        difference = compare_matrices(gold, gold, b, make_codebook("n00")).narratives["n00"]
        assert (difference.verdict == "worse") == (-(difference.value or 0) >= noticeable - 1e-3)
