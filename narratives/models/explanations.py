"""Which words carry a score: how much each adds to the log-odds of a narrative.

What is explained is the classifier's own score, before calibration, which never changes the order of scores. For TF-IDF the
weights are exact: all of them and the intercept add up to the log-odds, or to the mean of two, of a window and its part. Every
other classifier is asked again without the words (see `erasure`).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import BlendClassifier, Classifier, TfidfClassifier
from narratives.data import Weighted
from narratives.models.answers import Answers
from narratives.models.erasure import Odds, Weights, erase_words
from narratives.models.model import Model
from narratives.models.prior import Guided, Prior
from narratives.models.twofold import find_parts
from narratives.texts import choose_words, find_words


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
        weights = weigh_words(model, window, chosen, language) if window else np.zeros((0, len(spans)))  # of a blank text
        for column in chosen:
            words[column] = choose_words(window, weights[:, column].tolist(), against, start)
    return {model.codebook.ids[column]: words[column] for column in columns}


def weigh_words(model: Model, text: str, columns: Sequence[int], language: str = "und") -> Weights:
    """What each word of a text of one window adds to the log-odds of each narrative; only `columns` are filled for sure.

    Where the codebook's words help to score a narrative, they are in the weights as they are in the score; where they stand
    alone (zero-shot), a weight is the word's part of the cosine. A window that is read in parts, too, has the mean of what its
    words weigh in the whole and in the part that says most.
    """
    odds: Odds = {}
    weights = _weigh_guided(model, text, columns, language, odds)
    parts = find_parts(text, model.detail)
    if len(parts) > 1:
        scores = Guided(model.classifier, model.prior).predict_proba([text[start:end] for start, end in parts])
        best = scores[:, columns].argmax(0)
        for k in np.unique(best).tolist():
            chosen = [column for column, part in zip(columns, best.tolist(), strict=True) if part == k]
            _add_part(weights, _weigh_guided(model, text[slice(*parts[k])], chosen, language, odds), chosen, text, parts[k])
    return weights


def _add_part(weights: Weights, inside: Weights, columns: list[int], text: str, part: tuple[int, int]) -> None:
    places = find_words(text)
    rows = [k for k, (start, end) in enumerate(places) if part[0] <= start and end <= part[1]]
    if len(rows) == len(inside):  # else a word is cut through, as in scripts without spaces: the whole has to do
        weights[:, columns] /= 2
        weights[np.ix_(rows, columns)] += inside[:, columns] / 2


def _weigh_guided(model: Model, text: str, columns: Sequence[int], language: str, odds: Odds) -> Weights:
    weights = _weigh(model.classifier, text, columns, language, odds)
    return _add_prior(model.prior, text, weights) if model.prior else weights


def _weigh(classifier: Classifier, text: str, columns: Sequence[int], language: str, odds: Odds) -> Weights:
    if isinstance(classifier, TfidfClassifier):
        return classifier.explain(text.split())
    if isinstance(classifier, BlendClassifier):
        erased = _weigh(classifier.sense_, text, columns, language, odds)
        if classifier.abroad_ and classifier.find_abroad([text])[0]:
            return classifier.abroad_.slope * erased
        exact = classifier.tfidf_.explain(text.split())
        weights = np.asarray(classifier.weights_)
        return np.asarray(weights * exact + (1 - weights) * erased)
    return erase_words(classifier, text, columns, language, odds)


def _add_prior(prior: Prior, text: str, weights: Weights) -> Weights:
    slopes = np.where(prior.weights == 1, 1.0, prior.weights * prior.slopes)
    mixed = weights.copy()
    mixed[:, prior.columns] *= 1 - prior.weights
    mixed[:, prior.columns] += slopes * prior.likeness.explain(text.split())
    return mixed
