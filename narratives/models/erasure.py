"""Which words carry a score, found by leaving them out: for classifiers that cannot say it themselves.

A weight is by how much the log-odds fall without the word (Li, Monroe and Jurafsky 2016, "Understanding neural networks
through representation erasure", arXiv:1612.08220). Such weights need not add up: of a claim that is made twice, leaving out
either copy changes little. From sentences to a few words to single words: what changes nothing is not looked at more closely.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import Classifier, to_log_odds
from narratives.texts import find_sentence_ends, find_words, trim

Weights = NDArray[np.float64]  # (words of a text, narratives)
Odds = dict[str, NDArray[np.float64]]  # (narratives,), by text
Words = NDArray[np.int64]  # numbers of words that stand side by side

_SENTENCES = 2  # at most, whose words are looked at
_BESIDE = 0.5  # of what leaving out the first changes: a second sentence that changes less is not looked at
_ALONE = 0.5  # of the same: how far these sentences, alone or with their neighbours, may be from the whole
_MOST = 50  # sentences of a text, and pieces of a sentence
_PIECE = 4  # words that are left out together first
_CLOSER = 2  # pieces, at most, that are looked at word by word
_LEAST = 0.1  # of what the heaviest piece changes: a lighter one is not looked at


def erase_words(
    classifier: Classifier, text: str, columns: Sequence[int], language: str = "und", odds: Odds | None = None
) -> Weights:
    """By how much the log-odds fall when a word is left out, of shape (words, narratives); other columns are 0.

    First each sentence is left out. Then, for each of `columns`, pieces of the one or two sentences that matter, and the words
    of the heaviest pieces; words of lighter pieces share what these weigh, those of other sentences weigh 0. The sentences
    that matter are read without the others, or with their neighbours alone, where that hardly changes the score: a sentence
    takes far less time than a window. `odds` is what this classifier has said before, of other texts that share sentences with
    this one; what is read is added.
    """
    words = find_words(text)
    memory = _Memory(classifier, {} if odds is None else odds)
    sentences = _find_sentences(text, words, language)
    whole = _Context(text, dict(enumerate(words)))
    falls = memory.find_falls(whole, sentences, trimmed=False)
    chosen = {column: _choose(falls[:, column]) for column in columns}
    memory.read(_cut_out(whole, sentences, each).text for each in chosen.values())  # together: a GPU likes many texts
    weights = np.zeros((len(words), falls.shape[1]))
    for column in columns:
        context = _find_context(memory, whole, sentences, chosen[column], column, np.abs(falls[:, column]).max())
        pieces = [piece for k in chosen[column] for piece in _cut(sentences[k])]
        weights[:, column] = _weigh_pieces(memory, context, pieces, column, len(words))
    return weights


@dataclass(frozen=True, slots=True)
class _Context:
    """A text, or some sentences of one, and where the words stand in it, by their number in the whole text."""

    text: str
    places: dict[int, tuple[int, int]]

    def leave_out(self, words: Words, trimmed: bool = True) -> str:
        """The text without these words; `trimmed`: punctuation around them stays."""
        first, last = self.places[int(words[0])], self.places[int(words[-1])]
        start, end = (trim(self.text, *first)[0], trim(self.text, *last)[1]) if trimmed else (first[0], last[1])
        return self.text[:start] + self.text[end:]


@dataclass(slots=True)
class _Memory:
    """The log-odds of the texts that were read: none is read twice."""

    classifier: Classifier
    odds: Odds

    def read(self, texts: Iterable[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self.odds]
        if new:
            self.odds.update(zip(new, to_log_odds(self.classifier.predict_proba(new)), strict=True))

    def find_falls(self, context: _Context, pieces: Sequence[Words], trimmed: bool = True) -> Weights:
        """By how much the log-odds fall without each of the pieces, of shape (pieces, narratives)."""
        texts = [context.leave_out(piece, trimmed) for piece in pieces]
        self.read([context.text, *texts])
        return np.stack([self.odds[context.text] - self.odds[text] for text in texts])


def _find_context(
    memory: _Memory, whole: _Context, sentences: Sequence[Words], chosen: list[int], column: int, largest: float
) -> _Context:
    """In what to read the pieces of the chosen sentences: in as little as has nearly the score of the whole.

    `largest` is what leaving out the heaviest sentence changes.
    """
    beside = sorted({k + step for k in chosen for step in (-1, 0, 1)} & set(range(len(sentences))))
    for each in (chosen, beside):
        context = _cut_out(whole, sentences, each)
        memory.read([context.text])
        if abs(memory.odds[whole.text][column] - memory.odds[context.text][column]) <= _ALONE * largest:
            return context
    return whole


def _weigh_pieces(memory: _Memory, context: _Context, pieces: Sequence[Words], column: int, count: int) -> NDArray[np.float64]:
    """What each of `count` words weighs for a narrative: 0 outside of the pieces."""
    falls = memory.find_falls(context, pieces)[:, column]
    weights = np.zeros(count)
    for piece, fall in zip(pieces, falls, strict=True):
        weights[piece] = fall / len(piece)
    heaviest = np.argsort(-np.abs(falls), kind="stable")[:_CLOSER]
    closer = [pieces[k] for k in heaviest if 1 < len(pieces[k]) <= _PIECE and abs(falls[k]) >= _LEAST * np.abs(falls).max()]
    if closer:
        single = np.concatenate(closer)
        weights[single] = memory.find_falls(context, list(single[:, None]))[:, column]
    return weights


def _choose(falls: NDArray[np.float64]) -> list[int]:
    """The sentences whose removal changes the score most, in their order."""
    ranked = np.argsort(-np.abs(falls), kind="stable")[:_SENTENCES]
    return sorted(int(k) for k in ranked if abs(falls[k]) >= _BESIDE * abs(falls[ranked[0]]))


def _cut(sentence: Words) -> list[Words]:
    """A sentence in pieces of a few words; a short one word by word."""
    size = 1 if len(sentence) <= _PIECE else _PIECE
    return np.array_split(sentence, min(-(-len(sentence) // size), _MOST))


def _cut_out(whole: _Context, sentences: Sequence[Words], chosen: Iterable[int]) -> _Context:
    """The chosen sentences of a text, one after the other, without the rest of it."""
    text = ""
    places: dict[int, tuple[int, int]] = {}
    for words in (sentences[k] for k in chosen):
        start, end = whole.places[int(words[0])][0], whole.places[int(words[-1])][1]
        text += " " if text else ""
        shift = len(text) - start
        places |= {int(k): (whole.places[int(k)][0] + shift, whole.places[int(k)][1] + shift) for k in words}
        text += whole.text[start:end]
    return _Context(text, places)


def _find_sentences(text: str, words: Sequence[tuple[int, int]], language: str) -> list[Words]:
    """The words of each sentence, by number; of neighbouring ones together where there are too many."""
    ends = list(find_sentence_ends(text, language))
    _, sentence = np.unique(np.searchsorted(ends, [start for start, _ in words], side="right"), return_inverse=True)
    last = int(sentence[-1])
    piece = sentence * min(last + 1, _MOST) // (last + 1)
    return [np.flatnonzero(piece == k) for k in range(int(piece[-1]) + 1)]
