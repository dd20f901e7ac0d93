"""The words that an explanation picks out: chosen, written down, marked on a page."""

import pytest
from helpers.odd_texts import odd_texts
from hypothesis import given
from hypothesis import strategies as st

from narratives.texts.words import MOST, Piece, choose_words, find_words, format_words, mark_words, parse_words, trim

WEIGHTS = st.floats(-9, 9).map(lambda weight: round(weight, 2)).filter(bool)


@given(odd_texts)
def test_words_are_those_of_split(text: str) -> None:
    words = find_words(text)
    assert [text[start:end] for start, end in words] == text.split()
    for start, end in words:
        first, last = trim(text, start, end)
        assert start <= first < last <= end


@pytest.mark.parametrize(
    ("word", "bare"),
    [("toll,", "toll"), ("“al-Qaeda’s”", "al-Qaeda’s"), ("--", "--"), ("(50%).", "50"), ("की", "की"), ("🌊", "🌊"), ("a", "a")],
)
def test_signs_around_a_word_are_no_part_of_it(word: str, bare: str) -> None:
    start, end = trim(word, 0, len(word))
    assert word[start:end] == bare


def test_the_heaviest_words_are_chosen_and_stand_in_reading_order() -> None:
    text = "a b c d e f g h, i"
    weights = [0.5, 3.0, 0.004, -7.0, 1.0, 2.0, 0.5, 0.5, 0.5]
    assert choose_words(text, weights, start=100) == [
        (100, 101, 0.5), (102, 103, 3.0), (108, 109, 1.0), (110, 111, 2.0), (112, 113, 0.5), (114, 115, 0.5),
    ]  # fmt: skip
    assert [weight for _, _, weight in choose_words(text, weights, against=True)] == [3.0, -7.0, 1.0, 2.0]
    assert choose_words("a b", [0.004, -2.0]) == []
    assert choose_words("", []) == []


@given(st.lists(st.floats(-9, 9), max_size=30))
def test_no_more_than_a_handful_is_chosen_of_each_side(weights: list[float]) -> None:
    found = choose_words("word " * len(weights), weights, against=True)
    for sign in (1, -1):
        mine = [weight for _, _, weight in found if sign * weight > 0]
        assert len(mine) <= MOST
    assert all(weight > 0 for _, _, weight in choose_words("word " * len(weights), weights))


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), WEIGHTS)))
def test_what_is_written_down_can_be_read(words: list[tuple[int, int, float]]) -> None:
    assert parse_words(format_words(words)) == words


def test_it_is_written_as_places_and_weights() -> None:
    assert format_words([(12, 17, 0.84), (20, 25, -0.3)]) == "12-17:0.84 20-25:-0.30"


@given(odd_texts, st.lists(WEIGHTS, max_size=40), st.integers(0, 40))
def test_the_pieces_are_the_text_cut_short(text: str, weights: list[float], longest: int) -> None:
    words = [(*trim(text, *place), weight) for place, weight in zip(find_words(text), weights, strict=False)]
    pieces = list(mark_words(text, words, longest))
    assert "".join(piece.text for piece in pieces) == text[:longest]
    assert all(piece.text and abs(piece.shade) <= 3 and piece.shade * piece.weight >= 0 for piece in pieces)
    assert all((piece.shade == 0) == (piece.weight == 0) for piece in pieces)


def test_shades_are_thirds_of_the_largest_weight() -> None:
    pieces = list(mark_words("ab cd ef.", [(0, 2, 0.3), (3, 5, -0.2), (6, 8, 0.01)], 100))
    marked = [Piece("ab", 0.3, 3), Piece(" "), Piece("cd", -0.2, -2), Piece(" "), Piece("ef", 0.01, 1), Piece(".")]
    assert pieces == marked
