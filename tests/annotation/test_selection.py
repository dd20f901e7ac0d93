"""Which texts are chosen for labelling: what is in doubt, what is thin, nothing twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.annotation.selection import Likeness, choose, measure_doubt, measure_likeness

TEXTS = [
    "the toll on the bridge",
    "a toll on every bridge",
    "the school has no teacher",
    "rain fell on the river",
    "plain words",
]


def test_a_score_of_one_half_is_in_most_doubt() -> None:
    doubt = measure_doubt(np.array([[0.5], [0.9], [0.02], [0.0], [1.0]], dtype=np.float32), np.array([10]))[:, 0]
    assert doubt.argmax() == 0
    assert doubt[0] == pytest.approx(np.log(2))
    assert doubt[1] > doubt[2] > doubt[3] == pytest.approx(doubt[4], abs=1e-5)


def test_a_narrative_with_fewer_labels_counts_for_more() -> None:
    doubt = measure_doubt(np.full((1, 3), 0.3, dtype=np.float32), np.array([0, 4, 99]))[0]
    assert doubt[0] == pytest.approx(5 * doubt[1])
    assert doubt[1] == pytest.approx(20 * doubt[2])


def test_of_two_alike_one_is_taken() -> None:
    likeness = measure_likeness(TEXTS, [])
    rows = [choice.row for choice in choose(np.ones((5, 1)), likeness, 4)]
    assert len({0, 1} & set(rows)) == 1


def test_what_is_like_a_labelled_passage_comes_last() -> None:
    rows = [choice.row for choice in choose(np.ones((5, 1)), measure_likeness(TEXTS, ["rain fell on the river"]), 5)]
    assert rows[-1] == 3


def test_the_text_in_doubt_comes_before_one_just_as_telling() -> None:
    doubt = np.array([[0.1, 0.1], [0.1, 0.6], [0.1, 0.1]])
    first, *_ = choose(doubt, Likeness(np.eye(3), np.zeros((0, 3)), np.zeros((0, 0))), 3)
    assert (first.row, first.narrative) == (1, 1)


def test_lots_are_taken_whatever_they_tell() -> None:
    choices = choose(np.ones((5, 1)), measure_likeness(TEXTS, ["plain words"]), 3, lots=[4])
    assert (choices[-1].row, choices[-1].narrative) == (4, None)
    assert len({choice.row for choice in choices}) == 3


def test_texts_without_a_word_can_be_chosen_from() -> None:
    assert len(choose(np.ones((2, 1)), measure_likeness(["...", "?!"], ["--"]), 2)) == 2
    assert choose(np.zeros((0, 1)), measure_likeness([], []), 2) == []


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("abc ", min_size=1, max_size=12), min_size=1, max_size=12), st.integers(1, 15), st.integers(0, 9))
def test_as_many_as_asked_for_and_none_twice(texts: list[str], n: int, seed: int) -> None:
    scores = np.random.default_rng(seed).random((len(texts), 2)).astype(np.float32)
    likeness = measure_likeness(texts, texts[:2])
    choices = choose(measure_doubt(scores, np.array([1, 5])), likeness, n)
    assert len(choices) == len({choice.row for choice in choices}) == min(n, len(texts))
    assert choices == choose(measure_doubt(scores, np.array([1, 5])), likeness, n)
