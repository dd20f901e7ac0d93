"""Which words carry a score: how much each adds to the log-odds of a narrative.

What is explained is the classifier's own score, before calibration, which never changes the order of scores. For TF-IDF the
weights are exact: all of them and the intercept add up to the log-odds. Every other classifier is asked again without the
words: a weight is by how much the log-odds fall when the word is left out (Li, Monroe and Jurafsky 2016, "Understanding
neural networks through representation erasure", arXiv:1612.08220). Such weights need not add up: of a claim that is made
twice, leaving out either copy changes little.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import BlendClassifier, Classifier, TfidfClassifier, to_log_odds
from narratives.data import Weighted
from narratives.models.answers import Answers
from narratives.models.model import Model
from narratives.models.prior import Prior
from narratives.texts import choose_words, find_sentence_ends, find_words, trim

Weights = NDArray[np.float64]  # (words of a text, narratives)

_SENTENCES = 2  # whose removal changes the score most: these are read again word by word
_PIECES = 50  # at most: a text is left out in as many pieces, and so is a sentence


def explain_raised(
    model: Model, texts: Sequence[str], answers: Answers, languages: Sequence[str] = ()
) -> list[dict[str, list[Weighted]]]:
    """For each text the narratives that are raised, each with the words that carry it, in characters of the whole text."""
    explained = []
    for row, (text, language) in enumerate(zip(texts, languages or ["und"] * len(texts), strict=True)):
        columns = np.flatnonzero(answers.raised[row]).tolist()
        explained.append(explain_text(model, text, answers.spans[row], columns, language))
    return explained


def explain_text(
    model: Model, text: str, spans: NDArray[np.int32], columns: Sequence[int], language: str = "und", against: bool = False
) -> dict[str, list[Weighted]]:
    """The words that carry each of the narratives `columns`, found in the window that has its score; by narrative id.

    `spans` (narratives, 2) are the windows. With `against` also the words that speak against it.
    """
    windows: dict[tuple[int, int], list[int]] = {}
    for column in columns:
        start, end = spans[column].tolist()
        windows.setdefault((start, end), []).append(column)
    words = {}
    for (start, end), chosen in windows.items():
        window = text[start:end]
        weights = weigh_words(model, window, chosen, language)
        for column in chosen:
            words[column] = choose_words(window, weights[:, column].tolist(), against, start)
    return {model.codebook.ids[column]: words[column] for column in columns}


def weigh_words(model: Model, text: str, columns: Sequence[int], language: str = "und") -> Weights:
    """What each word of a text of one window adds to the log-odds of each narrative; only `columns` are filled for sure.

    Where the codebook's words help to score a narrative, they are in the weights as they are in the score; where they stand
    alone (zero-shot), a weight is the word's part of the cosine.
    """
    weights = _weigh(model.classifier, text, columns, language)
    return _add_prior(model.prior, text, weights) if model.prior else weights


def _weigh(classifier: Classifier, text: str, columns: Sequence[int], language: str) -> Weights:
    if isinstance(classifier, TfidfClassifier):
        return classifier.explain(text.split())
    if isinstance(classifier, BlendClassifier):
        exact = _weigh(classifier.tfidf_, text, columns, language)
        erased = _weigh(classifier.sense_, text, columns, language)
        weights = np.asarray(classifier.weights_)
        return np.asarray(weights * exact + (1 - weights) * erased)
    return erase_words(classifier, text, columns, language)


def _add_prior(prior: Prior, text: str, weights: Weights) -> Weights:
    slopes = np.where(prior.weights == 1, 1.0, prior.weights * prior.slopes)
    mixed = weights.copy()
    mixed[:, prior.columns] *= 1 - prior.weights
    mixed[:, prior.columns] += slopes * prior.likeness.explain(text.split())
    return mixed


def erase_words(classifier: Classifier, text: str, columns: Sequence[int], language: str = "und") -> Weights:
    """By how much the log-odds fall when a word is left out, of shape (words, narratives); other columns are 0.

    First each sentence is left out, then, for each of `columns`, each word of the two sentences that changed the score most;
    the words of the others weigh 0. No more than 50 pieces are left out of a text, nor of a sentence (then several words
    together, which share what they weigh): at most 51 texts are scored, and 102 more for each narrative.
    """
    words = find_words(text)
    sentences = _find_sentences(text, words, language)
    falls = _drop(classifier, text, [(words[numbers[0]][0], words[numbers[-1]][1]) for numbers in sentences])
    worst = np.argsort(-np.abs(falls[:, list(columns)]), axis=0, kind="stable")[:_SENTENCES]  # (sentences, columns)
    weights = np.zeros((len(words), falls.shape[1]))
    for k in np.unique(worst):
        pieces = np.array_split(sentences[k], min(len(sentences[k]), _PIECES))
        places = [(trim(text, *words[numbers[0]])[0], trim(text, *words[numbers[-1]])[1]) for numbers in pieces]
        per_word = _drop(classifier, text, places) / np.array([[len(numbers)] for numbers in pieces])
        for column, read in zip(columns, (worst == k).any(0), strict=True):
            if read:
                weights[sentences[k], column] = np.repeat(per_word[:, column], [len(numbers) for numbers in pieces])
    return weights


def _find_sentences(text: str, words: Sequence[tuple[int, int]], language: str) -> list[NDArray[np.int64]]:
    """The words of each sentence, by number; of neighbouring ones together where there are too many."""
    ends = list(find_sentence_ends(text, language))
    _, sentence = np.unique(np.searchsorted(ends, [start for start, _ in words], side="right"), return_inverse=True)
    last = int(sentence[-1])
    piece = sentence * min(last + 1, _PIECES) // (last + 1)
    return [np.flatnonzero(piece == k) for k in range(int(piece[-1]) + 1)]


def _drop(classifier: Classifier, text: str, places: Sequence[tuple[int, int]]) -> Weights:
    """By how much the log-odds fall without each of the places, of shape (places, narratives)."""
    odds = to_log_odds(classifier.predict_proba([text, *(text[:start] + text[end:] for start, end in places)]))
    return np.asarray(odds[0] - odds[1:])
