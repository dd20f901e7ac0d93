"""Joining gold labels and predictions: by id, as a stream, with every id that does not fit."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from helpers.examples import problems_of
from helpers.scored import CODEBOOK, answer, make_passages, predict
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.data import STANCES, UNKNOWN, Codebook, Labels, Narrative, Passage, Prediction, Stance
from narratives.evaluation.joined import Joined, join

PASSAGES = make_passages()
IDS = [passage.id for passage in PASSAGES]
SUBSETS = st.sets(st.sampled_from(IDS), max_size=15)


def join_all(predictions: Iterable[Prediction], passages: list[Passage] = PASSAGES) -> Joined:
    return join(passages, predictions, CODEBOOK, "theirs.csv")


def drop_scores(predictions: list[Prediction]) -> list[Prediction]:
    return [replace(prediction, scores={}) for prediction in predictions]


def refusal(predictions: list[Prediction]) -> list[str]:
    return problems_of(lambda: join_all(predictions))


def list_ids(ids: Iterable[str]) -> str:
    """As a message lists them: in order, the first ten."""
    ordered = sorted(ids)
    return ", ".join(ordered[:10]) + (" ..." if len(ordered) > 10 else "")


# Rows, columns and scores


def test_a_stream_of_predictions_is_read_once() -> None:
    read: list[str] = []

    def stream() -> Iterator[Prediction]:
        for prediction in predict(wrong=0.2):
            read.append(prediction.id)
            yield prediction

    streamed = join_all(stream())
    assert read == IDS
    np.testing.assert_array_equal(streamed.predicted, answer(predict(wrong=0.2)).predicted)


@settings(deadline=None)
@given(st.randoms(use_true_random=False))
def test_rows_follow_the_ids_whatever_the_order_of_either_side(rng: random.Random) -> None:
    predictions = predict(wrong=0.2)
    shuffled = join_all(rng.sample(predictions, len(predictions)), rng.sample(PASSAGES, len(PASSAGES)))
    assert shuffled.passages == PASSAGES
    assert shuffled.predicted.tolist() == [[id_ in each.narratives for id_ in CODEBOOK.ids] for each in predictions]
    np.testing.assert_array_equal(shuffled.scores, np.array([list(each.scores.values()) for each in predictions], np.float32))


def test_columns_follow_the_codebook_whatever_the_order_of_the_scores() -> None:
    scores = {"never": 0.1, "rare": 0.2, "common": 0.3, "frequent": 0.4}
    joined = join_all([Prediction(id_, scores, {}) for id_ in IDS])
    assert joined.scores is not None
    assert joined.scores[0].tolist() == pytest.approx([0.4, 0.3, 0.2, 0.1])


def test_a_passage_that_nobody_labelled_carries_none() -> None:
    joined = join_all(predict()[:1], [replace(PASSAGES[0], narratives=None)])
    assert not joined.gold.any()


def test_the_document_of_each_passage_is_kept() -> None:
    assert join_all(predict()).documents == [passage.document for passage in PASSAGES]


def test_predictions_without_scores_are_labels_alone() -> None:
    labels_alone = join_all(drop_scores(predict(wrong=0.2)))
    assert labels_alone.scores is None
    np.testing.assert_array_equal(labels_alone.predicted, answer(predict(wrong=0.2)).predicted)


@pytest.mark.parametrize("scored", [1, 60, 119])
def test_scores_for_some_predictions_are_refused(scored: int) -> None:
    mixed = predict()[:scored] + drop_scores(predict()[scored:])
    assert refusal(mixed) == [f"theirs.csv: {scored} of 120 predictions give scores; give them for all or for none"]


def test_a_parent_is_carried_where_a_child_is() -> None:
    parents = {"top": None, "middle": "top", "low": "middle", "apart": None}
    codebook = Codebook("tree", "1", tuple(Narrative(id_, id_, "f", id_, parent=up) for id_, up in parents.items()))
    passages = [Passage("p1", "", {"low": None}, "d"), Passage("p2", "", {}, "d")]
    joined = join(passages, [Prediction("p1", {}, {"apart": None}), Prediction("p2", {}, {"middle": None})], codebook, "x")
    assert joined.gold.tolist() == [[True, True, True, False], [False] * 4]
    assert joined.predicted.tolist() == [[False, False, False, True], [True, True, False, False]]


# Stances


def test_stances_are_positions_and_what_nobody_gave_is_unknown() -> None:
    gold: Labels = {"frequent": Stance.REBUTS, "common": None}
    raised: Labels = {"common": Stance.REPORTS, "rare": None}
    joined = join([Passage("p", "text", gold, "d")], [Prediction("p", {}, raised)], CODEBOOK, "theirs.csv")
    assert joined.gold_stances.tolist() == [[STANCES.index(Stance.REBUTS), UNKNOWN, UNKNOWN, UNKNOWN]]
    assert joined.predicted_stances.tolist() == [[UNKNOWN, STANCES.index(Stance.REPORTS), UNKNOWN, UNKNOWN]]
    assert joined.gold.tolist() == [[True, True, False, False]]
    assert joined.predicted.tolist() == [[False, True, True, False]]


def test_stances_survive_where_there_are_no_scores() -> None:
    raised = [Prediction(id_, {}, {"frequent": Stance.ASSERTS}) for id_ in IDS]
    assert (join_all(raised).predicted_stances[:, 0] == STANCES.index(Stance.ASSERTS)).all()


# Ids that do not fit


@settings(deadline=None)
@given(SUBSETS, SUBSETS, SUBSETS, st.randoms(use_true_random=False))
def test_every_id_that_does_not_fit_is_told(absent: set[str], alien: set[str], twice: set[str], rng: random.Random) -> None:
    twice -= absent
    given_ids = [id_ for id_ in IDS if id_ not in absent] + [f"x{id_}" for id_ in alien] + 2 * sorted(twice)
    predictions = [Prediction(id_, {}, {}) for id_ in rng.sample(given_ids, len(given_ids))]
    expected = []
    if absent:
        expected.append(f"{len(absent)} passages without a prediction: {list_ids(absent)}; predict them too")
    if alien:
        extra = list_ids(f"x{id_}" for id_ in alien)
        expected.append(f"{len(alien)} predictions for passages that are not in the gold: {extra}; leave them out")
    if twice:
        expected.append(f"{len(twice)} ids predicted twice: {list_ids(twice)}; keep one of each")
    if expected:
        assert refusal(predictions) == [f"theirs.csv: {problem}" for problem in expected]
    else:
        assert len(join_all(predictions).passages) == 120


def test_without_any_prediction_every_passage_is_missing() -> None:
    [problem] = refusal([])
    assert problem.startswith("theirs.csv: 120 passages without a prediction: p000, p001, ")


def test_ids_that_do_not_fit_come_before_scores_that_do_not() -> None:
    [problem] = refusal([*drop_scores(predict()[:1]), *predict()[1:-1]])
    assert problem == "theirs.csv: 1 passages without a prediction: p119; predict them too"
