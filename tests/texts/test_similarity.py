"""Near-duplicates: found exactly, without comparing every text with every other."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narratives.texts import bitmaps, candidates
from narratives.texts import grams as grams_module
from narratives.texts.similarity import NEAR, Pair, group, near_duplicates, restrict

BRIDGE = "The ministry said on Monday that the bridge would open in spring."
SCHOOL = "Teachers in the northern district have been on strike since the exams were put off."

# Texts glued from a few pieces, so that many overlap and many do not.
PIECES = st.sampled_from(["the bridge ", "was opened ", "on Monday", "\nThe  Bridge ", "by nobody ", "x", "ÄÖÜ straße ", "?!"])
MANY = [chr(0x4E00 + k) * 2 + chr(0x5500 + k) for k in range(6)]
TEXTS = st.lists(st.lists(PIECES, max_size=6).map("".join), max_size=12)
LINKS = st.integers(1, 12).flatmap(
    lambda count: st.tuples(st.just(count), st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))))
)


def grams(text: str) -> set[str]:
    plain = " ".join(text.casefold().split())
    return {plain[start : start + 5] for start in range(max(1, len(plain) - 4))}


def compare_all(texts: list[str], threshold: float) -> set[tuple[int, int, float]]:
    """Every pair, one by one."""
    found = set()
    for second in range(len(texts)):
        for first in range(second):
            a, b = grams(texts[first]), grams(texts[second])
            if (similarity := len(a & b) / len(a | b)) >= threshold:
                found.add((first, second, similarity))
    return found


def as_set(pairs: list[Pair]) -> set[tuple[int, int, float]]:
    found = {(pair.first, pair.second, pair.similarity) for pair in pairs}
    assert len(found) == len(pairs)
    return found


@settings(deadline=None)
@given(TEXTS, st.sampled_from([0.1, 0.3, NEAR, 0.55, 0.7, 0.9, 1.0]))
def test_the_pairs_are_those_that_comparing_all_with_all_would_find(texts: list[str], threshold: float) -> None:
    assert as_set(near_duplicates(texts, threshold)) == compare_all(texts, threshold)


@settings(deadline=None)
@given(st.lists(st.text("abc ", max_size=30), max_size=8))
def test_so_are_those_of_texts_of_a_few_letters(texts: list[str]) -> None:
    assert as_set(near_duplicates(texts, 0.3)) == compare_all(texts, 0.3)


@pytest.mark.parametrize("size", [20, 50, 100])
def test_a_pair_that_is_exactly_as_alike_as_asked_for_is_found(size: int) -> None:
    whole = "".join(chr(0x4E00 + k) for k in range(size + 4))  # as many 5-grams as `size`, no two alike
    for kept in range(1, size + 1):
        assert near_duplicates([whole, whole[-kept - 4 :]], kept / size) == [Pair(0, 1, kept / size)]


@settings(deadline=None)
@given(TEXTS)
def test_pairs_name_the_earlier_text_first_and_a_similarity_above_zero(texts: list[str]) -> None:
    for pair in near_duplicates(texts):
        assert pair.first < pair.second
        assert NEAR <= pair.similarity <= 1


def test_case_and_white_space_make_no_difference() -> None:
    assert near_duplicates([BRIDGE, "  " + BRIDGE.upper().replace(" ", "\n\t ")]) == [Pair(0, 1, 1.0)]


def test_letters_that_fold_to_the_same_make_no_difference() -> None:
    assert near_duplicates(["Die Straße war gesperrt", "die STRASSE war gesperrt"]) == [Pair(0, 1, 1.0)]


def test_a_text_with_a_few_words_changed_is_a_near_duplicate() -> None:
    [pair] = near_duplicates([BRIDGE, SCHOOL, BRIDGE.replace("Monday", "Tuesday")])
    assert (pair.first, pair.second) == (0, 2)
    assert NEAR < pair.similarity < 1


def test_texts_about_other_things_are_no_near_duplicates() -> None:
    assert near_duplicates([BRIDGE, SCHOOL]) == []


def test_texts_shorter_than_a_gram_are_compared_whole() -> None:
    assert near_duplicates(["no", "NO", "yes"]) == [Pair(0, 1, 1.0)]


def test_no_texts_have_no_pairs() -> None:
    assert near_duplicates([]) == []


@settings(deadline=None)
@given(LINKS)
def test_linked_items_share_a_group_and_others_do_not(case: tuple[int, list[tuple[int, int]]]) -> None:
    count, links = case
    reached = [{item} for item in range(count)]  # by widening until nothing changes
    for _ in range(count):
        for a, b in links:
            reached[a] |= reached[b]
            reached[b] |= reached[a]
    groups = group(count, iter(links))
    assert [[groups[a] == groups[b] for b in range(count)] for a in range(count)] == [
        [b in reached[a] for b in range(count)] for a in range(count)
    ]


@settings(deadline=None)
@given(LINKS)
def test_a_group_is_named_by_its_smallest_member(case: tuple[int, list[tuple[int, int]]]) -> None:
    groups = group(case[0], iter(case[1]))
    assert groups == [groups.index(name) for name in groups]


@settings(deadline=None)
@given(LINKS)
def test_the_order_of_the_links_does_not_matter(case: tuple[int, list[tuple[int, int]]]) -> None:
    count, links = case
    assert group(count, ((b, a) for a, b in reversed(links))) == group(count, iter(links))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(TEXTS, max_size=3).map(lambda several: [text for texts in several for text in texts]),
    st.sampled_from([0.02, 0.2, NEAR, 0.8]),
)
def test_so_are_those_of_more_texts_than_one_block_takes(
    monkeypatch: pytest.MonkeyPatch, texts: list[str], threshold: float
) -> None:
    monkeypatch.setattr(candidates, "_LEAST", 3)
    monkeypatch.setattr(candidates, "_MORE", 0.3)
    monkeypatch.setattr(candidates, "_PROBES", 2)
    monkeypatch.setattr(grams_module, "_CHUNK", 40)
    monkeypatch.setattr(grams_module, "_PAIRS", 2)
    monkeypatch.setattr(bitmaps, "_BITS", 32)
    monkeypatch.setattr(bitmaps, "_SETS", 3)
    monkeypatch.setattr(bitmaps, "_PAIRS", 2)
    assert as_set(near_duplicates(texts, threshold)) == compare_all(texts, threshold)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, st.sampled_from([16, 48, 1024]))
def test_bitmaps_never_tell_of_more_differences_than_there_are(
    monkeypatch: pytest.MonkeyPatch, texts: list[str], bits: int
) -> None:
    monkeypatch.setattr(bitmaps, "_BITS", bits)
    pairs = [(first, second) for second in range(len(texts)) for first in range(second)]
    first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    apart = bitmaps.count_apart(bitmaps.make_bitmaps(grams_module.number_grams(texts)), first, second)
    differences = [len(grams(texts[a]) ^ grams(texts[b])) for a, b in pairs]
    assert all(bound <= difference for bound, difference in zip(apart.tolist(), differences, strict=True))
    assert all((bound - difference) % 2 == 0 for bound, difference in zip(apart.tolist(), differences, strict=True))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(st.sampled_from(MANY), min_size=3, max_size=9).map("".join), max_size=8))
def test_so_are_those_of_texts_of_thousands_of_different_characters(texts: list[str]) -> None:
    every = "".join(map(chr, range(0x4E00, 0x4E00 + 7000)))  # more than five of a gram fit into one number
    assert as_set(near_duplicates([every, *texts], 0.3)) == compare_all([every, *texts], 0.3)


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(["\0", " ", "a", "\ud800", "\U0010ffff"]), max_size=7).map("".join), max_size=6))
def test_no_character_is_taken_for_the_end_of_a_text(texts: list[str]) -> None:
    assert as_set(near_duplicates(texts, 0.3)) == compare_all(texts, 0.3)


@settings(deadline=None)
@given(TEXTS, st.data())
def test_pairs_of_some_of_the_texts_are_those_that_they_have_alone(texts: list[str], data: st.DataObject) -> None:
    rows = sorted(data.draw(st.sets(st.integers(0, max(len(texts) - 1, 0)), max_size=len(texts)))) if texts else []
    assert restrict(near_duplicates(texts), rows) == near_duplicates([texts[row] for row in rows])


def test_pairs_come_in_the_order_of_their_second_text_then_of_their_first() -> None:
    pairs = near_duplicates([BRIDGE, SCHOOL, BRIDGE + " Or so.", SCHOOL + " Still.", BRIDGE])
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 2), (1, 3), (0, 4), (2, 4)]
