"""How often each n-gram of a vocabulary occurs in texts: what scikit-learn's vectorizers count, many times as fast.

Words repeat. What a word (anything between white space) holds of character n-grams and of tokens is worked out once and
kept; a text is then a row of numbers of words, and its counts are a product of sparse matrices.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import chain, islice
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.tfidf.rows import Rows
from narratives.classifiers.tfidf.trie import build_trie, find_ngrams
from narratives.data import Texts

_TOKEN = re.compile(r"\w+|\n")
_END = "\n"  # ends a text among words, and a word among characters: neither holds white space
_KEPT = 1 << 20  # characters of known words, about 100 bytes of memory each; beyond that, begin anew


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Shares of n-grams in a text's words; all three arrays are as long."""

    words: NDArray[np.int64]  # the word's number in the text
    ngrams: NDArray[np.int32]  # the n-gram's number
    shares: NDArray[np.float64]  # how much of one occurrence the word has


class NgramCounter:
    r"""Counts n-grams of words and of characters in lower-case texts without accents.

    The same counts, exactly, as those of scikit-learn's `CountVectorizer` with this vocabulary, `strip_accents="unicode"`
    and `token_pattern=r"\b\w+\b"` for the words, `analyzer="char_wb"` for the characters, whatever the `ngram_range`.
    """

    def __init__(self, words: list[str], characters: list[str]) -> None:
        """Take the vocabularies, in the order of the columns."""
        from scipy.sparse import eye_array

        self._columns = len(words), len(characters)
        self._once = eye_array(len(words), dtype=np.int32, format="csr")
        parts = [ngram.split(" ") for ngram in words]
        self._tokens = {token: k for k, token in enumerate(dict.fromkeys(chain.from_iterable(parts)))}
        tokens = np.array([self._tokens[token] for token in chain.from_iterable(parts)], dtype=np.int64)
        self._lengths = _measure(parts)  # in tokens
        self._words = build_trie(tokens, self._lengths, len(self._tokens))
        codes = _encode("".join(characters))
        alphabet = np.unique(codes)
        self._letters = np.full(int(codes.max(initial=0)) + 2, -1, dtype=np.int32)  # by code point; the last is for all above
        self._letters[alphabet] = np.arange(len(alphabet))
        self._characters = build_trie(self._letters[codes].astype(np.int64), _measure(characters), len(alphabet))
        self._lock = Lock()
        self._forget()

    def count(self, texts: Texts) -> tuple[Any, Any]:
        """Two sparse int32 matrices (texts, n-grams), for words and for characters.

        A row's entries and their order depend on the n-grams of its text alone.
        """
        words, places, sizes = _split(texts)
        with self._lock:
            return self._count(self._number(words)[places], sizes)

    def locate(self, words: list[str]) -> tuple[Occurrences, Occurrences]:
        """Where in a text the n-grams of words and those of characters stand; `words` are what `split` makes of the text.

        Summed over the words, the shares are the counts that `count` gives: an n-gram of characters lies within a word, one
        of several tokens is shared out evenly among them.
        """
        with self._lock:
            numbers = self._number([*words, _END])
            tokens, token_ends = self._sequences.gather(numbers)
            ngrams, ends = self._held.gather(numbers)
        inside = np.repeat(np.arange(len(numbers)), np.diff(ends, prepend=0))
        characters = Occurrences(inside, ngrams, np.ones(len(ngrams)))

        ngrams, before = find_ngrams(self._words, tokens, np.arange(len(tokens) + 1))
        places = np.repeat(np.arange(len(tokens)), np.diff(before))
        lengths = self._lengths[ngrams]
        steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        owners = np.repeat(np.arange(len(numbers)), np.diff(token_ends, prepend=0))
        owners = owners[np.repeat(places, lengths) + steps]
        return Occurrences(owners, np.repeat(ngrams, lengths), np.repeat(1 / lengths, lengths)), characters

    def _number(self, words: list[str]) -> NDArray[np.int32]:
        """The numbers of words, of which all are known afterwards."""
        if self._learnt > _KEPT or self._matrix.shape[0] != len(self._numbers):  # the latter after an interruption
            self._forget()
        count = len(self._numbers)
        numbers = np.fromiter(map(self._numbers.__getitem__, words), dtype=np.int32, count=len(words))
        if len(self._numbers) > count:
            self._learn(list(islice(reversed(self._numbers), len(self._numbers) - count))[::-1])
        return numbers

    def _count(self, words: NDArray[np.int32], sizes: NDArray[np.int64]) -> tuple[Any, Any]:
        ends = np.cumsum(sizes + 1)
        numbers: NDArray[np.int32] = np.zeros(len(words) + len(sizes), dtype=np.int32)  # each text ends with that of `_END`
        numbers[np.arange(len(words)) + np.repeat(np.arange(len(sizes)), sizes)] = words
        tokens, token_ends = self._sequences.gather(numbers)
        ngrams, ngram_ends = find_ngrams(self._words, tokens, token_ends[ends - 1])
        return _fill(ngrams, ngram_ends, self._columns[0]) @ self._once, _fill(numbers, ends, len(self._numbers)) @ self._matrix

    def _forget(self) -> None:
        self._learnt = 0
        self._numbers = _Numbers({_END: 0})
        self._sequences, self._held = Rows(), Rows()  # of each known word the tokens, and the n-grams of characters
        self._sequences.add(np.array([-1], dtype=np.int32), np.array([1]))
        self._held.add(np.array([], dtype=np.int32), np.array([0]))
        self._ones = np.ones(0, dtype=np.int32)
        self._matrix = self._make_matrix()

    def _learn(self, words: list[str]) -> None:
        text = _normalise("".join([word + _END for word in words]))
        self._learnt += len(text)
        tokens = _TOKEN.findall(text)
        numbers = np.array([-2 if token == _END else self._tokens.get(token, -1) for token in tokens], dtype=np.int32)
        ends = np.flatnonzero(numbers == -2) - np.arange(len(words))
        self._sequences.add(numbers[numbers != -2], ends)

        lines = [line.split() for line in text.split(_END)[:-1]]  # without accents, what was one word may be two or none
        codes = _encode("".join([f" {'  '.join(line)} {_END}" if line else _END for line in lines]))
        letters = self._letters.take(codes, mode="clip")
        self._held.add(*find_ngrams(self._characters, letters, np.flatnonzero(codes == ord(_END))))
        self._matrix = self._make_matrix()

    def _make_matrix(self) -> Any:
        """Which n-grams of characters each known word holds: a sparse matrix (known words, n-grams), nothing of it copied."""
        from scipy.sparse import csr_array

        values, ends = self._held.values, self._held.ends
        if len(self._ones) < len(values):
            self._ones = np.ones(2 * len(values), dtype=np.int32)
        return csr_array((self._ones[: len(values)], values, ends), shape=(self._held.count, self._columns[1]))


class _Numbers(dict[str, int]):
    """Numbers for words: a word not met before gets the next one."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


def _split(texts: Texts) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """The different words of some texts, the places there of all words, text by text, and how many words each text has.

    A word may hold rarer white space, at which it is cut when it is learnt.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        lists = pc.ascii_split_whitespace(pa.array(texts, pa.large_string()))
    except UnicodeEncodeError:  # half a surrogate pair is no UTF-8
        split = [text.split() for text in texts]
        numbers = _Numbers()
        places = np.array([numbers[word] for words in split for word in words], dtype=np.int64)
        return list(numbers), places, _measure(split)
    words = lists.flatten().dictionary_encode()
    return words.dictionary.to_pylist(), words.indices.to_numpy().astype(np.int64), np.diff(lists.offsets.to_numpy())


def _normalise(text: str) -> str:
    text = text.lower()
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", text)
    return text.translate({ord(mark): None for mark in set(text) if unicodedata.combining(mark)})


def _encode(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _measure(items: list[Any]) -> NDArray[np.int64]:
    return np.array([len(item) for item in items], dtype=np.int64)


def _fill(numbers: NDArray[np.int32], ends: NDArray[np.int64], columns: int) -> Any:
    """A sparse matrix with a 1 for each of `numbers`, for one in a row several times too: a product adds these up."""
    from scipy.sparse import csr_array

    indptr = np.concatenate([[0], ends]).astype(np.int32)
    return csr_array((np.ones_like(numbers), numbers, indptr), shape=(len(ends), columns))
