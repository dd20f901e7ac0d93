"""What other thresholds would have given: the figures that predictions made with them have, whoever computes these."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.scored import CODEBOOK, answer, predict
from sklearn.metrics import f1_score

from narratives.evaluation.evaluation import About, Evaluation
from narratives.evaluation.joined import Joined
from narratives.evaluation.objectives import Alternative
from narratives.evaluation.scoring import score

ABOUT = About(run="first", description="", classifier="tfidf", split="test")
CUTS = [0.3, 0.6, 0.2, 1.0]


def make_answers(seed: int = 0) -> Joined:
    """Scores that rank rather well; what is raised has half a point or more."""
    answers, rng = answer(predict(0.1)), np.random.default_rng(seed)
    scores = np.clip(0.5 * answers.gold + rng.random(answers.gold.shape) * 0.7, 0, 1).astype(np.float32)
    return replace(answers, scores=scores, predicted=scores >= 0.5)


def evaluate(answers: Joined, *alternatives: Alternative) -> Evaluation:
    return score(answers, CODEBOOK, ABOUT, alternatives=alternatives)


def make_alternatives(thresholds: list[float] = CUTS) -> list[Alternative]:
    """The thresholds that were chosen, and others."""
    return [
        Alternative("narrative", chosen=True, thresholds=[0.5] * 4, micro_f1=0.7, macro_f1=0.6),
        Alternative("micro", chosen=False, thresholds=thresholds, micro_f1=0.8, macro_f1=None),
    ]


def test_figures_of_other_thresholds_are_those_of_predictions_made_with_them() -> None:
    answers = make_answers()
    assert answers.scores is not None
    predicted = answers.scores >= np.array(CUTS)
    chosen, other = evaluate(answers, *make_alternatives()).objectives
    by_hand = evaluate(replace(answers, predicted=predicted))
    assert (other.micro_f1, other.macro_f1) == (by_hand.overall["micro_f1"], by_hand.overall["macro_f1"])
    assert other.alarms == by_hand.elsewhere["alarms"]
    assert other.micro_f1.value == pytest.approx(f1_score(answers.gold, predicted, average="micro"), abs=5.1e-5)
    assert (other.tuned_micro_f1, other.tuned_macro_f1, other.chosen) == (0.8, None, False)
    assert chosen.chosen and chosen.micro_f1 == evaluate(answers).overall["micro_f1"]


def test_without_scores_or_without_a_choice_there_is_no_table() -> None:
    answers = make_answers()
    assert evaluate(replace(answers, scores=None), *make_alternatives()).objectives == []
    assert evaluate(answers, make_alternatives()[0]).objectives == []
    assert evaluate(answers).objectives == []


def test_a_file_with_them_is_read_back_and_one_of_before_has_none() -> None:
    evaluation = evaluate(make_answers(), *make_alternatives())
    value = json.loads(json.dumps(evaluation.to_json(), allow_nan=False))
    assert Evaluation.from_json(value) == evaluation
    del value["objectives"]
    assert Evaluation.from_json(value) == replace(evaluation, objectives=[])
