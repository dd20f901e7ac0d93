"""The languages of many texts at once: the model of py3langid, walked through by all of them side by side.

Its own loop over the bytes of a text takes longer than to score the text. The codes are the same: what lies so near to a limit
that the order of a sum might decide is left to the package itself.
"""

import math
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Guess = tuple[str, float]  # a language, by the package's code, and how probable it is

_BLOCK = 512  # texts that are walked together: what is worked on stays in the processor's cache
_FEW = 16  # texts, up to which the package's own loop is as quick
_SLACK = 1e-3  # of a probability: far more than sums in another order can differ by


class Recogniser:
    """Gives each text a code and a probability, as `identifier.classify` does."""

    def __init__(self, identifier: Any, limits: Sequence[float]) -> None:
        """Take py3langid's `LanguageIdentifier` with `norm_probs`, and the probabilities that decide anything."""
        self._identifier = identifier
        self._limits = limits
        self._table = np.asarray(identifier.nb_ptc, dtype=np.float32)  # (features, classes)
        self._base = np.asarray(identifier.nb_pc, dtype=np.float32)
        self._moves = np.asarray(identifier.tk_nextmove)  # by row and byte: the next state
        self._rows = np.asarray(identifier.tk_row).astype(np.int64) << 8  # by state
        self._features = np.asarray(identifier.tk_output, dtype=np.int32)  # by state, -1 for none
        codes = list(identifier.nb_classes)
        self._codes = np.array(codes, dtype=object)
        self._twins = [(codes.index(code), k) for k, code in enumerate(codes) if codes.index(code) < k]

    def classify(self, texts: Sequence[str]) -> list[Guess]:
        """A code and a probability for each text, which must not be empty."""
        if len(texts) <= _FEW:
            return [self._identifier.classify(text) for text in texts]
        encoded = [_encode(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda k: len(encoded[k]))
        guesses: list[Guess] = [("", 0.0)] * len(texts)
        for start in range(0, len(order), _BLOCK):
            block = order[start : start + _BLOCK]
            shares = self._weigh([encoded[k] for k in block])
            best = shares.argmax(1)
            highest = shares[np.arange(len(block)), best]
            doubtful = np.min([np.abs(highest - limit) for limit in self._limits], axis=0) < _SLACK
            codes = self._codes[best].tolist()
            for k, code, share, unclear in zip(block, codes, highest.tolist(), doubtful.tolist(), strict=True):
                guesses[k] = self._identifier.classify(texts[k]) if unclear else (code, share)
        return guesses

    def _weigh(self, texts: Sequence[bytes]) -> NDArray[np.float32]:
        """Probabilities (texts, classes) of texts that are sorted by length."""
        from scipy.sparse import csr_array

        features = self._walk(texts)
        features.sort(axis=1)
        present = features >= 0
        numbers = features[present]
        ends = np.cumsum(present.sum(1))
        first = np.ones(len(numbers), dtype=np.bool_)
        first[1:] = numbers[1:] != numbers[:-1]
        first[ends[:-1][ends[:-1] < len(numbers)]] = True  # a text's first feature may be the last of the text before
        places = np.flatnonzero(first)
        counts = np.diff(places, append=len(numbers)).astype(np.float32)
        indptr = np.searchsorted(places, np.concatenate([[0], ends])).astype(np.int32)
        occurrences = csr_array((np.log1p(counts), numbers[places], indptr), shape=(len(texts), len(self._table)))
        scores = np.asarray(occurrences @ self._table) + self._base
        scores[np.diff(indptr) == 0] = 0  # without a feature no class is likelier than another
        scores *= np.array([1 / math.sqrt(len(text)) for text in texts], dtype=np.float32)[:, None]
        scores -= scores.max(1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(1, keepdims=True)
        for kept, twin in self._twins:
            scores[:, kept] += scores[:, twin]
            scores[:, twin] = 0
        return scores

    def _walk(self, texts: Sequence[bytes]) -> NDArray[np.int32]:
        """The feature that each byte completes, -1 where none: (texts, bytes of the longest)."""
        size = len(texts[-1])
        letters = np.frombuffer(b"".join([text.ljust(size, b"\0") for text in texts]), dtype=np.uint8)
        columns = letters.reshape(-1, size).T.astype(np.int64, order="C")
        states = np.zeros((size + 1, len(texts)), dtype=self._moves.dtype)
        for k, column in enumerate(columns):
            states[k + 1] = self._moves.take(self._rows.take(states[k]) + column)
        features: NDArray[np.int32] = self._features.take(states[1:].T)
        lengths = np.array([len(text) for text in texts])
        features[np.arange(size) >= lengths[:, None]] = -1
        return features


def _encode(text: str) -> bytes:
    """A text as the package reads it."""
    text = text.lower() if text.isupper() else text
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
