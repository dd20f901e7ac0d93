"""Counting n-grams: exactly what scikit-learn counts, whatever the text and whatever was counted before."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from helpers.odd_texts import odd_texts
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from narratives.classifiers.tfidf import ngrams
from narratives.classifiers.tfidf.ngrams import NgramCounter
from narratives.classifiers.tfidf.trie import build_trie, find_ngrams

ranges = st.tuples(st.integers(1, 6), st.integers(0, 4)).map(lambda pair: (pair[0], sum(pair)))
WORDS = {"token_pattern": r"(?u)\b\w+\b"}
CHARACTERS = {"analyzer": "char_wb"}


def fit(taught: Sequence[str], how: dict[str, str], ngram_range: tuple[int, int] = (1, 2), **more: Any) -> CountVectorizer:
    return CountVectorizer(ngram_range=ngram_range, strip_accents="unicode", **how, **more).fit(taught)


def vocabulary(vectorizer: CountVectorizer) -> list[str]:
    return [str(ngram) for ngram in vectorizer.get_feature_names_out()]


def assert_same_counts(counter: NgramCounter, vectorizers: Sequence[CountVectorizer], given: Sequence[str]) -> None:
    for counts, vectorizer in zip(counter.count(given), vectorizers, strict=True):
        assert np.array_equal(counts.toarray(), vectorizer.transform(given).toarray())


@settings(max_examples=200, deadline=None)
@given(st.lists(odd_texts, min_size=1, max_size=6), st.lists(odd_texts, min_size=1, max_size=6), ranges, ranges)
def test_the_counts_are_those_of_scikit_learn(
    taught: list[str], new: list[str], words: tuple[int, int], characters: tuple[int, int]
) -> None:
    try:
        vectorizers = [fit(taught, WORDS, words), fit(taught, CHARACTERS, characters)]
    except ValueError:  # no n-gram in any text
        assume(False)
    counter = NgramCounter(*map(vocabulary, vectorizers))
    for given_ in (new, taught, [*taught, *new]):  # what was counted before makes no difference
        assert_same_counts(counter, vectorizers, given_)


def test_a_vocabulary_may_lack_the_beginnings_of_its_ngrams() -> None:
    vectorizers = [
        CountVectorizer(vocabulary=["the toll road", "toll"], ngram_range=(1, 3)),
        CountVectorizer(vocabulary=["tol", "oll", "l ", "toll "], analyzer="char_wb", ngram_range=(2, 5)),
    ]
    counter = NgramCounter(*(list(vectorizer.vocabulary) for vectorizer in vectorizers))
    assert_same_counts(counter, vectorizers, ["the toll road", "the toll", "road toll the toll road tolls", "", "toll " * 9])


def test_an_ngram_never_reaches_from_one_text_into_the_next() -> None:
    counter = NgramCounter(["toll bridge"], ["l b"])
    words, characters = counter.count(["the toll", "bridge", "toll bridge"])
    assert words.toarray().ravel().tolist() == [0, 0, 1]
    assert characters.nnz == 0


@pytest.mark.parametrize("text", ["ab" * 300_000, "ab c " * 100_000, "\u0623\u0628" * 100_000, "a," * 100_000, "\u0301" * 9])
def test_a_very_long_text(text: str) -> None:
    vectorizers = [fit(["ab c a", "أب"], WORDS), fit(["ab c abab", "أبأب"], CHARACTERS, (2, 5))]
    assert_same_counts(NgramCounter(*map(vocabulary, vectorizers)), vectorizers, [text, "c ab"])


def test_words_are_forgotten_before_they_take_too_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngrams, "_KEPT", 200)
    given = [f"word{k} the {'中' * k}" for k in range(60)]
    vectorizers = [fit(given, WORDS, min_df=2), fit(given, CHARACTERS, (2, 5))]
    counter = NgramCounter(*map(vocabulary, vectorizers))
    for start in range(0, 60, 7):
        assert_same_counts(counter, vectorizers, given[start : start + 7])
        assert len(counter._numbers) < 60


def test_words_that_come_a_few_at_a_time_count_as_those_that_come_at_once() -> None:
    taught = [f"word{k} the toll" for k in range(1500)]  # more than there is room for at first
    vectorizers = [fit(taught, WORDS), fit(taught, CHARACTERS, (3, 4))]
    counter, at_once = NgramCounter(*map(vocabulary, vectorizers)), NgramCounter(*map(vocabulary, vectorizers))
    for k in range(0, len(taught), 7):
        counter.count(taught[k : k + 7])
    for some, others in zip(counter.count(taught), at_once.count(taught), strict=True):
        assert (some != others).nnz == 0
    assert_same_counts(counter, vectorizers, taught[::100])


def test_an_interruption_leaves_no_wrong_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    vectorizers = [fit(["the toll", "a bridge"], WORDS), fit(["the toll", "a bridge"], CHARACTERS)]
    counter = NgramCounter(*map(vocabulary, vectorizers))
    with monkeypatch.context() as patch:
        patch.setattr(counter, "_learn", lambda words: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            counter.count(["a toll"])
    assert_same_counts(counter, vectorizers, ["the bridge", "a toll", "the toll"])


def test_several_threads_may_count_at_once() -> None:
    given = [f"word{k % 97} the toll{k % 89}" for k in range(4000)]
    vectorizers = [fit(given, WORDS), fit(given, CHARACTERS, (2, 5))]
    counter = NgramCounter(*map(vocabulary, vectorizers))
    chunks = [given[k : k + 100] for k in range(0, 4000, 100)]
    with ThreadPoolExecutor(4) as pool:
        for chunk, counts in zip(chunks, pool.map(counter.count, chunks), strict=True):
            for found, vectorizer in zip(counts, vectorizers, strict=True):
                assert np.array_equal(found.toarray(), vectorizer.transform(chunk).toarray())


def test_the_order_of_a_rows_entries_depends_on_its_text_alone() -> None:
    given = ["the toll of the bridge the toll", "a bridge", "", "of a bridge the the the toll"]
    vectorizers = [fit(given, WORDS), fit(given, CHARACTERS, (2, 5))]
    counter = NgramCounter(*map(vocabulary, vectorizers))
    alone = [counter.count([text]) for text in given]
    again = NgramCounter(*map(vocabulary, vectorizers))
    for together in (again.count(given[::-1]), again.count(["bridge of toll", *given[::-1]])):
        for kind in (0, 1):
            rows = together[kind][[-1, -2, -3, -4]]
            for row, text in enumerate(alone):
                begin, end = rows.indptr[row : row + 2]
                assert rows.indices[begin:end].tolist() == text[kind].indices.tolist()


symbols = st.integers(0, 3)


@given(st.sets(st.lists(symbols, min_size=1, max_size=4).map(tuple), max_size=40), st.lists(st.integers(-1, 3), max_size=50))
def test_every_ngram_is_found_where_it_stands(vocabulary: set[tuple[int, ...]], sequence: list[int]) -> None:
    listed = sorted(vocabulary)
    lengths = np.array([len(ngram) for ngram in listed], dtype=np.int64)
    trie = build_trie(np.array([s for ngram in listed for s in ngram], dtype=np.int64), lengths, 4)
    given_: NDArray[np.int32] = np.array([*sequence, -1], dtype=np.int32)
    found, before = find_ngrams(trie, given_, np.arange(len(given_) + 1))
    for place in range(len(given_)):
        here = [listed[k] for k in found[before[place] : before[place + 1]]]
        there = [tuple(sequence[place:end]) for end in range(place + 1, min(place + 4, len(sequence)) + 1)]
        assert here == [ngram for ngram in there if ngram in vocabulary]


def test_ngrams_are_found_across_the_blocks_that_a_sequence_is_worked_through_in() -> None:
    trie = build_trie(np.array([0, 1, 2, 0]), np.array([3, 1]), 3)
    sequence = np.tile(np.array([0, 1, 2], dtype=np.int32), 100_000)
    found, before = find_ngrams(trie, np.append(sequence, np.int32(-1)), np.array([len(sequence)]))
    assert np.bincount(found).tolist() == [100_000, 100_000]
    assert before.tolist() == [200_000]
