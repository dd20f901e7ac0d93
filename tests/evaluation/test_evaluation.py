"""Scoring: joined by id, over the codebook's narratives, whatever the order."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
from helpers.scored import CODEBOOK, answer, evaluate, make_passages, predict

from narratives.data import Passage, Prediction
from narratives.errors import UserError
from narratives.evaluation.evaluation import Evaluation
from narratives.evaluation.figures import FEW, THIN, Figure, make_figure, make_share
from narratives.evaluation.joined import join
from narratives.metrics.counts import ZERO_DIVISION

pytestmark = pytest.mark.filterwarnings("error")


def told(predictions: list[Prediction], passages: list[Passage] | None = None) -> tuple[str, ...]:
    """The problems that joining finds."""
    with pytest.raises(UserError) as caught:
        join(make_passages() if passages is None else passages, predictions, CODEBOOK, "runs/predictions.jsonl")
    return caught.value.problems


def test_a_shuffled_file_gives_the_same_figures() -> None:
    predictions = predict(wrong=0.2)
    shuffled = random.Random(1).sample(predictions, len(predictions))
    assert evaluate(answer(shuffled)) == evaluate(answer(predictions))


def test_shuffled_gold_gives_the_same_figures() -> None:
    passages, predictions = make_passages(), predict(wrong=0.2)
    shuffled = join(random.Random(1).sample(passages, len(passages)), predictions, CODEBOOK, "predictions.jsonl")
    assert shuffled.passages == passages
    assert evaluate(shuffled) == evaluate(answer(predictions))


def test_each_prediction_meets_the_passage_of_its_id() -> None:
    answers = answer(predict()[::-1])
    assert [passage.id for passage in answers.passages] == [prediction.id for prediction in predict()]
    np.testing.assert_array_equal(answers.gold, answers.predicted)


def test_passages_without_a_prediction_are_listed() -> None:
    assert told(predict()[2:]) == ("runs/predictions.jsonl: 2 passages without a prediction: p000, p001; predict them too",)


def test_predictions_for_unknown_passages_are_listed() -> None:
    extra = replace(predict()[0], id="p999")
    assert told([*predict(), extra]) == (
        "runs/predictions.jsonl: 1 predictions for passages that are not in the gold: p999; leave them out",
    )


def test_ids_predicted_twice_are_listed_even_where_the_answers_agree() -> None:
    assert told([*predict(), predict()[3]]) == ("runs/predictions.jsonl: 1 ids predicted twice: p003; keep one of each",)


def test_all_that_does_not_fit_is_told_at_once() -> None:
    problems = told([replace(predict()[0], id="x"), *predict()[1:], predict()[5]])
    assert [problem.split(": ")[1:] for problem in problems] == [
        ["1 passages without a prediction", "p000; predict them too"],
        ["1 predictions for passages that are not in the gold", "x; leave them out"],
        ["1 ids predicted twice", "p005; keep one of each"],
    ]


def test_of_many_ids_the_first_ten_are_named() -> None:
    [problem] = told(predict()[12:])
    assert problem.endswith(
        "12 passages without a prediction: p000, p001, p002, p003, p004, p005, p006, p007, p008, p009 ...; predict them too"
    )


def test_a_perfect_prediction_scores_one() -> None:
    evaluation = evaluate(answer(predict()))
    figures = [figure for name, figure in evaluation.overall.items() if name != "coverage"]
    figures += [row.f1 for row in evaluation.narratives if row.support]
    assert {(figure.value, figure.high) for figure in figures} == {(1, 1)}


def test_a_perfect_prediction_of_few_passages_is_not_sure() -> None:
    evaluation = evaluate(answer(predict()))
    assert all(0 < (figure.low or 0) < 1 for name, figure in evaluation.overall.items() if name != "coverage")
    lows = {row.id: row.f1.low for row in evaluation.narratives}
    assert 0 < (lows["rare"] or 0) < (lows["common"] or 0) < (lows["frequent"] or 0) < 1


def test_four_cases_are_too_few_and_five_are_not() -> None:
    rare = evaluate(answer(predict())).narratives[2]
    assert (rare.support, rare.f1.cases, rare.f1.few) == (4, 4, True)
    assert [make_share([[1, 1]] * cases).few for cases in (1, 4, 5)] == [True, True, False]
    assert FEW == 5
    assert not make_share([]).few


def test_a_share_of_independent_cases_has_the_interval_of_wilson() -> None:
    assert make_share([[1, 1]] * 15) == Figure(1, 0.7961, 1, 15)
    assert make_share([[0, 0]]) == make_share([]) == Figure(None, None, None)


def test_cases_of_a_group_that_go_alike_make_its_share_less_sure() -> None:
    together, apart = make_share([[2, 2]] * 5 + [[0, 2]] * 15), make_share([[1, 2]] * 10 + [[0, 2]] * 10)
    assert (together.value, apart.value) == (0.25, 0.25)
    assert apart == make_share([[1, 1]] * 10 + [[0, 1]] * 30)
    assert ((together.low or 0) < (apart.low or 0), (together.high or 0) > (apart.high or 0)) == (True, True)


def test_the_label_set_is_that_of_the_codebook_in_its_order_whatever_the_gold_holds() -> None:
    evaluation = evaluate(answer(predict()))
    assert [row.id for row in evaluation.narratives] == list(CODEBOOK.ids) == ["frequent", "common", "rare", "never"]
    never = evaluation.narratives[-1]
    assert (never.support, never.raised, never.precision, never.recall, never.f1) == (0, 0, *[Figure(None, None, None, 0)] * 3)


def test_a_false_alarm_for_a_narrative_that_is_not_in_the_gold_lowers_the_averages() -> None:
    predictions = predict()
    predictions[0] = replace(predictions[0], narratives={**predictions[0].narratives, "never": None})
    evaluation = evaluate(answer(predictions))
    assert evaluation.narratives[-1].f1.value == 0
    assert evaluation.overall["macro_f1"].value == 0.75
    assert evaluation.overall["micro_f1"].value == round(2 * 68 / (2 * 68 + 1), 4)


def test_support_and_raised_are_counted() -> None:
    evaluation = evaluate(answer(predict()))
    assert [(row.support, row.raised) for row in evaluation.narratives] == [(40, 40), (24, 24), (4, 4), (0, 0)]
    assert (evaluation.passages, evaluation.documents) == (120, 40)
    assert evaluation.none == sum(not passage.narratives for passage in make_passages())


def test_a_narrative_with_fewer_positives_than_ten_is_thin() -> None:
    row = evaluate(answer(predict())).narratives[0]
    assert not replace(row, support=THIN).thin
    assert replace(row, support=THIN - 1).thin
    assert THIN == 10


def test_the_firm_macro_f1_leaves_thin_narratives_out() -> None:
    predictions = [replace(p, narratives={id_: None for id_ in p.narratives if id_ != "rare"}) for p in predict()]
    evaluation = evaluate(answer(predictions))
    assert evaluation.overall["macro_f1"].value == round(2 / 3, 4)
    firm = evaluation.overall["macro_f1_firm"]
    assert (firm.value, firm.high) == (1, 1)


def test_without_a_firm_narrative_the_firm_macro_f1_is_undefined() -> None:
    few = join(make_passages()[:6], predict()[:6], CODEBOOK, "predictions.jsonl")
    assert evaluate(few).overall["macro_f1_firm"] == Figure(None, None, None)


def test_a_narrative_of_one_document_is_as_sure_as_one_case() -> None:
    first, others = make_passages()[:10], make_passages()[10:]
    passages = [replace(passage, narratives={"common": None}, document="the only one") for passage in first]
    passages += [replace(passage, narratives={}) for passage in others]
    predictions = [replace(old, narratives=new.narratives or {}) for old, new in zip(predict(), passages, strict=True)]
    evaluation = evaluate(join(passages, predictions, CODEBOOK, "predictions.jsonl"))
    one_case = Figure(1, 0.3424, 1)
    assert evaluation.overall["macro_f1_firm"] == one_case
    assert replace(evaluation.narratives[1].f1, cases=None) == one_case


def test_intervals_are_over_documents_not_passages() -> None:
    predictions, passages = predict(wrong=0.2), make_passages()
    alone = [replace(passage, document=passage.id) for passage in passages]
    whole = [replace(passage, document="the only one") for passage in passages]
    apart, together = (
        evaluate(join(each, predictions, CODEBOOK, "predictions.jsonl")).overall["micro_f1"] for each in (alone, whole)
    )
    assert apart.value == together.value
    assert (together.low or 0) < (apart.low or 0) < (apart.value or 0) < (apart.high or 0) < (together.high or 0)


def test_an_evaluation_survives_json() -> None:
    evaluation = evaluate(answer(predict(wrong=0.2)), notes=["Mind the gap."])
    assert Evaluation.from_json(json.loads(json.dumps(evaluation.to_json(), allow_nan=False))) == evaluation


def test_a_file_of_before_hits_and_intervals_were_written_down_is_read() -> None:
    evaluation = evaluate(answer(predict(wrong=0.2)))
    older = json.loads(json.dumps(evaluation.to_json()))
    del older["probabilities"], older["elsewhere"]
    for row in older["narratives"]:
        del row["hits"], row["average_precision_low"], row["average_precision_high"]
        for name in ("precision", "recall", "f1"):
            del row[name]["cases"]
    for part in older["slices"]:
        del part["recall"], part["recall_low"], part["recall_high"]
    for figure in older["overall"].values():
        del figure["cases"]
    back = Evaluation.from_json(older)
    assert back.overall == evaluation.overall
    assert [row.hits for row in back.narratives] == [None] * 4
    assert (back.probabilities, back.elsewhere) == ({}, {})


def test_the_same_predictions_give_the_same_bytes() -> None:
    first, second = (json.dumps(evaluate(answer(predict(wrong=0.2))).to_json()) for _ in range(2))
    assert first == second


def test_the_rules_that_the_figures_follow_are_stated() -> None:
    rules = evaluate(answer(predict())).rules
    assert rules["zero division"] == ZERO_DIVISION
    assert "Wilson's interval on the cases divided by a design effect" in rules["intervals"]
    assert "Student's t on the jackknife's standard error over documents" in rules["intervals"]
    assert rules["too few"].startswith("fewer than 5 cases")
    assert rules["join"] == "by passage id"
    assert "codebook" in rules["label set"]


def test_the_codebook_is_named_with_its_digest() -> None:
    codebook = evaluate(answer(predict())).codebook
    assert codebook == {"name": "made-up", "version": "1", "digest": CODEBOOK.digest, "narratives": 4}


def test_figures_are_rounded_and_undefined_ones_are_none() -> None:
    assert make_figure(np.float64(0.123456), 0.1, np.nan) == Figure(0.1235, 0.1, None)
