"""Scoring a codebook with parents and families: closed, level by level, whatever the order of the files."""

import json
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.scored import evaluate
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score

from narratives.data import Codebook, Labels, Narrative, Passage, Prediction, Stance
from narratives.evaluation.evaluation import Evaluation, Level, NarrativeScore
from narratives.evaluation.joined import Joined, join
from narratives.labels.checks import FamilyResult

pytestmark = pytest.mark.filterwarnings("error")


def grow(**parents: str | None) -> Codebook:
    """A codebook whose narratives have these parents; the first letter of its id is the family of each."""
    return Codebook("tree", "1", tuple(Narrative(id_, f"The {id_}", id_[0], id_, parent=up) for id_, up in parents.items()))


TREE = grow(w_top=None, w_mid="w_top", w_low="w_mid", w_side="w_top", z_top=None, z_low="z_top")
FLAT = Codebook("flat", "1", tuple(replace(narrative, parent=None) for narrative in TREE.narratives))


def guess(codebook: Codebook = TREE, n: int = 60, seed: int = 0) -> tuple[list[Passage], list[Prediction]]:
    """Gold and rather good predictions of `n` passages in threes, with stances, scores and all that slices need."""
    rng = random.Random(seed)
    passages, predictions = [], []
    for k in range(n):
        scores = {id_: round(rng.random(), 2) for id_ in codebook.ids}
        raised = [id_ for id_, score in scores.items() if score >= 0.7]
        carried = [id_ for id_ in codebook.ids if (id_ in raised) != (rng.random() < 0.2)]
        extras = {"case": rng.choice(["quote", "negation"])}
        source = rng.choice(["sermon", "essay"])
        gold = {id_: rng.choice([*Stance, None]) for id_ in carried}
        passages.append(Passage(f"p{k:03}", f"{source} <b>{k}</b>", gold, f"d{k // 3:02}", "en", source, extras))
        predictions.append(Prediction(f"p{k:03}", scores, {id_: rng.choice([*Stance, None]) for id_ in raised}))
    return passages, predictions


def answer(codebook: Codebook = TREE, **options: int) -> Joined:
    return join(*guess(codebook, **options), codebook, "theirs.jsonl")


def score(codebook: Codebook = TREE, answers: Joined | None = None, **about: Any) -> Evaluation:
    return evaluate(answers or answer(codebook), codebook, **about)


def one_passage(gold: str, raised: str) -> Evaluation:
    passage = Passage("p", "text", dict.fromkeys(gold.split()), "d")
    return score(answers=join([passage], [Prediction("p", {}, dict.fromkeys(raised.split()))], TREE, "theirs.jsonl"))


def find(rows: list[NarrativeScore], id_: str) -> NarrativeScore:
    return next(row for row in rows if row.id == id_)


# Parents


def test_parents_are_closed_in_gold_and_predictions_alike() -> None:
    evaluation = one_passage("w_low", "w_side")
    rows = {row.id: (row.support, row.raised) for row in evaluation.narratives}
    assert rows == {"w_top": (1, 1), "w_mid": (1, 0), "w_low": (1, 0), "w_side": (0, 1), "z_top": (0, 0), "z_low": (0, 0)}
    assert evaluation.overall["micro_f1"].value == round(2 * 1 / (2 * 1 + 1 + 2), 4)


def test_writing_out_parents_changes_no_figure() -> None:
    passages, predictions = guess()
    gold = [replace(passage, narratives=write_out(passage.narratives or {})) for passage in passages]
    raised = [replace(prediction, narratives=write_out(prediction.narratives)) for prediction in predictions]
    written = score(answers=join(gold, raised, TREE, "theirs.jsonl"))
    assert written.gold_digest != score().gold_digest
    assert replace(written, gold_digest="") == replace(score(), gold_digest="")


def write_out(labels: Labels) -> Labels:
    """Labels with their parents, of which no stance is given."""
    parents = {narrative.id: narrative.parent for narrative in TREE.narratives}
    above = {up for id_ in labels for up in (parents[id_], parents.get(parents[id_] or "")) if up}
    return {**dict.fromkeys(above), **labels}


def test_without_parents_nothing_is_closed() -> None:
    passages, predictions = guess(FLAT)
    for row in score(FLAT).narratives:
        assert row.support == sum(row.id in (passage.narratives or {}) for passage in passages)
        assert row.raised == sum(row.id in prediction.narratives for prediction in predictions)


def test_the_answers_themselves_are_left_as_they_were() -> None:
    answers, before = answer(), answer()
    score(answers=answers)
    np.testing.assert_array_equal(answers.gold, before.gold)
    np.testing.assert_array_equal(answers.predicted, before.predicted)


# Levels


def test_a_codebook_with_parents_has_families_and_a_level_for_each_storey() -> None:
    levels = {level.name: [row.id for row in level.rows] for level in score().levels}
    assert levels == {
        "family": ["w", "z"],
        "storey 1": ["w_top", "z_top"],
        "storey 2": ["w_mid", "w_side", "z_low"],
        "storey 3": ["w_low"],
    }


def test_a_flat_codebook_has_families_only() -> None:
    [level] = score(FLAT).levels
    assert (level.name, [row.id for row in level.rows]) == ("family", ["w", "z"])


@pytest.mark.parametrize(
    "codebook",
    [grow(w_a=None, w_b=None), grow(w_a=None, x_b=None)],
    ids=["all in one family", "each its own family"],
)
def test_families_that_say_nothing_new_are_no_level(codebook: Codebook) -> None:
    assert score(codebook).levels == []


def test_the_right_family_by_the_wrong_narrative_is_right_at_the_family_level() -> None:
    [family, first, second, third] = one_passage("w_low", "w_side").levels
    assert [level.overall["micro_f1"].value for level in (family, first, second, third)] == [1, 1, 0, 0]
    assert (find(family.rows, "w").support, find(family.rows, "z").support) == (1, 0)


@pytest.mark.parametrize("name", ["family", "storey 1", "storey 2", "storey 3"])
def test_the_figures_of_a_level_agree_with_sklearn(name: str) -> None:
    answers, level = answer(), next(level for level in score().levels if level.name == name)
    sides = [answers.gold, answers.predicted]
    if name == "family":
        sides = [np.stack([side[:, :4].any(1), side[:, 4:].any(1)], axis=1) for side in sides]
    else:
        columns = [TREE.ids.index(row.id) for row in level.rows]
        sides = [side[:, columns] for side in sides]
    expected = [f1_score(*columns) for columns in zip(sides[0].T, sides[1].T, strict=True)]
    assert [row.f1.value for row in level.rows] == pytest.approx(expected, abs=5.1e-5)
    assert level.overall["macro_f1"].value == pytest.approx(np.mean(expected), abs=5.1e-5)
    assert [row.support for row in level.rows] == sides[0].sum(0).tolist()


# Curves and thresholds


def test_average_precision_and_curve_are_those_of_each_narrative() -> None:
    answers, evaluation = answer(FLAT), score(FLAT)
    assert answers.scores is not None
    for k, row in enumerate(evaluation.narratives):
        expected = average_precision_score(answers.gold[:, k], answers.scores[:, k])
        assert row.average_precision == pytest.approx(expected, abs=5.1e-5)
        assert row.curve[-1] == (1, round(row.support / 60, 4))
        assert row.threshold == 0.5


def test_calibration_is_that_of_all_decisions() -> None:
    answers, calibration = answer(), score().calibration
    assert answers.scores is not None
    assert calibration["brier"] == pytest.approx(brier_score_loss(answers.gold.ravel(), answers.scores.ravel()), abs=5.1e-5)
    assert sum(bin_["n"] for bin_ in calibration["bins"]) == answers.gold.size


def test_labels_alone_have_no_average_precision_no_curve_and_no_calibration() -> None:
    passages, predictions = guess()
    alone = score(answers=join(passages, [replace(each, scores={}) for each in predictions], TREE, "theirs.jsonl"))
    assert {(row.average_precision, len(row.curve)) for row in alone.narratives} == {(None, 0)}
    assert {error.score for error in alone.worst} == {None}
    assert alone.calibration == {}
    assert alone.overall == score().overall


# To JSON and back


def test_a_full_evaluation_survives_json() -> None:
    evaluation = score(
        notes=["Mind the gap."],
        behaviour=[FamilyResult("topic", "not raised", 2, 1, ["c1"])],
        robustness=[{"held out": "later dates", "passages": 9, "micro_f1": [0.5, None, None]}],
        shared_tasks={"cards": {"macro": None}},
    )
    assert all((evaluation.levels, evaluation.confusions, evaluation.slices, evaluation.stances, evaluation.worst))
    back = Evaluation.from_json(json.loads(json.dumps(evaluation.to_json(), allow_nan=False)))
    assert back == evaluation
    assert isinstance(back.levels[0], Level)
    assert isinstance(back.levels[0].rows[0], NarrativeScore)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.integers(1, 80), st.sampled_from([TREE, FLAT]))
def test_shuffled_files_give_the_same_json_to_the_last_digit(seed: int, n: int, codebook: Codebook) -> None:
    passages, predictions = guess(codebook, n, seed)
    rng = random.Random(seed)
    shuffled = join(rng.sample(passages, n), rng.sample(predictions, n), codebook, "theirs.jsonl")
    first = score(codebook, join(passages, predictions, codebook, "theirs.jsonl"))
    assert json.dumps(score(codebook, shuffled).to_json()) == json.dumps(first.to_json())
