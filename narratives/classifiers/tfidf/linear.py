"""A linear model over TF-IDF: the log-odds that scikit-learn's vectorizers and a matrix product would give, sooner."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.tfidf.ngrams import NgramCounter
from narratives.data import Texts

_LINE = 16  # numbers in a line of the processor's cache: a row that begins in its middle takes longer to fetch
_LOGS = 1 << 12  # counts whose logarithm is at hand; larger ones are rare


class LinearScorer:
    """Log-odds of texts from n-grams of words and of characters, each kind scaled to length 1 by itself.

    A feature's value is (1 + log(count)) * idf over the length of its kind's vector. The idf is folded into the
    coefficients, the length divided out at the end: no matrix of features is ever written.
    """

    def __init__(
        self,
        words: list[str],
        characters: list[str],
        idf: NDArray[np.float32],
        coef: NDArray[np.float32],
        intercept: NDArray[np.float32],
    ) -> None:
        """Take the fitted model: `idf` (features,), `coef` (features, narratives), words first; `intercept` (narratives,)."""
        self.narratives = len(intercept)
        self._counter = NgramCounter(words, characters)
        self._intercept = intercept
        self._squares = np.split(idf * idf, [len(words)])
        weights = np.zeros((len(coef), -(-coef.shape[1] // _LINE) * _LINE), dtype=np.float32)
        weights[:, : coef.shape[1]] = coef * idf[:, None]
        self._weights = np.split(weights, [len(words)])
        self._logs = np.array([0, *(1 + math.log(count) for count in range(1, _LOGS))], dtype=np.float32)

    def score(self, texts: Texts) -> NDArray[np.float32]:
        """Log-odds of shape (texts, narratives). Each row has the same bits whatever the other texts are.

        For that, every sum runs over a text's features in an order that its text alone decides: products of sparse
        matrices go row by row, which sums of dense ones do not.
        """
        scores = np.tile(self._intercept, (len(texts), 1))
        for counts, squares, weights in zip(self._counter.count(texts), self._squares, self._weights, strict=True):
            values = self._take_logs(counts.data)
            counts.data = values * values  # set, not built anew: of a few texts that would take longer than the product
            lengths = np.sqrt(counts @ squares)
            lengths[lengths == 0] = 1
            counts.data = values
            scores += (counts @ weights)[:, : scores.shape[1]] / lengths[:, None]
        return scores

    def explain(self, words: list[str]) -> NDArray[np.float64]:
        """What each of a text's words adds to its log-odds, of shape (words, narratives); `words` are from `split`.

        Exact: with the intercept they sum up to what `score` gives. A feature's part is shared out among the places where it
        occurs, and what occurs in several words evenly among these.
        """
        from scipy.sparse import csr_array

        added = np.zeros((len(words), len(self._intercept)))
        for occurrences, squares, weights in zip(self._counter.locate(words), self._squares, self._weights, strict=True):
            features, place = np.unique(occurrences.ngrams, return_inverse=True)
            counts = np.rint(np.bincount(place, occurrences.shares, len(features)))
            values = self._take_logs(counts.astype(np.int32)).astype(np.float64)
            length = math.sqrt(math.fsum(values * values * squares[features])) or 1.0
            once = (values / counts)[:, None] * weights[features, : added.shape[1]]  # what one occurrence adds
            shares = csr_array((occurrences.shares, (occurrences.words, place)), shape=(len(words), len(features)))
            added += (shares @ once) / length
        return added

    def vectorise(self, texts: Texts) -> NDArray[np.float32]:
        """The vectors themselves, of shape (texts, features), words first. Dense: for a few texts only."""
        parts = []
        for counts, squares in zip(self._counter.count(texts), self._squares, strict=True):
            values = _fill(counts, self._take_logs(counts.data)).toarray() * np.sqrt(squares)
            lengths = np.linalg.norm(values, axis=1, keepdims=True)
            parts.append(values / np.where(lengths == 0, 1, lengths))
        return np.concatenate(parts, axis=1)

    def _take_logs(self, counts: NDArray[np.int32]) -> NDArray[np.float32]:
        values = self._logs.take(counts, mode="clip")
        for k in np.flatnonzero(counts >= _LOGS):
            values[k] = 1 + math.log(counts[k])
        return values


def _fill(counts: Any, values: NDArray[np.float32]) -> Any:
    return type(counts)((values, counts.indices, counts.indptr), shape=counts.shape)
