"""Scores of texts by classifiers that did not learn from them: a classifier for each fold, taught on the other folds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.blend import BlendClassifier
from narratives.classifiers.interface import Classifier, hyperparameters
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.classifiers.tfidf.folds import score_by_folds
from narratives.data import Scores, Targets, Texts
from narratives.progress import Progress


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a classifier was taught, cut into folds, and what is to be scored by those that did not see it."""

    texts: Texts
    y: Targets  # (texts, columns): the narratives, then perhaps the stances
    folds: NDArray[np.int64]  # (texts,), numbered from 0; `ALWAYS` for texts that every fold's classifier learns from
    validation: tuple[Texts, Targets]  # as the classifier had it
    asked: Texts  # texts to be scored, which belong to those that were taught, or are windows of them
    asked_folds: NDArray[np.int64]  # (asked,): of the text that each belongs to


def score_across(
    classifier: Classifier, lesson: Lesson, *, progress: Progress | None = None, checkpoint: Path | None = None
) -> Scores:
    """Scores (asked, columns), each from a classifier with the settings of `classifier` that learned from the other folds.

    `classifier` is fitted: of a blend its weights are taken. TF-IDF takes a few times as long as it took to fit, any other
    nearly as long as that for each fold. A training that was killed goes on from `checkpoint`, a folder.
    """
    if type(classifier) is TfidfClassifier:
        return _score_words(classifier, lesson, progress)
    if type(classifier) is BlendClassifier:
        words = _score_words(classifier.tfidf_, lesson, None)
        sense = score_across(classifier.sense_, lesson, progress=progress, checkpoint=checkpoint)
        return classifier.mix(words, sense)
    return _train_again(classifier, lesson, progress, checkpoint)


def _score_words(classifier: TfidfClassifier, lesson: Lesson, progress: Progress | None) -> Scores:
    """The same for TF-IDF: texts that are asked for as they were taught are cut into n-grams once."""
    rows = {text: row for row, text in reversed(list(enumerate(lesson.texts)))}
    new = [k for k, text in enumerate(lesson.asked) if lesson.folds[rows.get(text, 0)] != lesson.asked_folds[k] or text not in rows]
    fresh = dict(zip(new, range(len(lesson.texts), len(lesson.texts) + len(new)), strict=True))
    scores = score_by_folds(
        [*lesson.texts, *(lesson.asked[k] for k in new)],
        np.concatenate([lesson.y, np.zeros((len(new), lesson.y.shape[1]), dtype=np.bool_)]),
        np.concatenate([lesson.folds, lesson.asked_folds[new]]),
        model=classifier,
        taught=np.arange(len(lesson.texts) + len(new)) < len(lesson.texts),
        progress=progress,
    )
    return scores[[fresh.get(k, rows.get(text, 0)) for k, text in enumerate(lesson.asked)]]


def _train_again(classifier: Classifier, lesson: Lesson, progress: Progress | None, checkpoint: Path | None) -> Scores:
    make: Any = type(classifier)
    number = int(lesson.folds.max()) + 1
    scores = np.zeros((len(lesson.asked), lesson.y.shape[1]), dtype=np.float32)
    for fold in range(number):
        inside, wanted = np.flatnonzero(lesson.folds != fold), np.flatnonzero(lesson.asked_folds == fold)
        again: Classifier = make(**hyperparameters(classifier))
        again.fit(
            [lesson.texts[row] for row in inside],
            lesson.y[inside],
            validation=lesson.validation,
            progress=_name_fold(progress, fold, number) if progress else None,
            checkpoint=checkpoint / f"fold-{fold}" if checkpoint else None,
        )
        scores[wanted] = again.predict_proba([lesson.asked[row] for row in wanted])
    return scores


def _name_fold(progress: Progress, fold: int, number: int) -> Progress:
    def tell(done: int, total: int, note: str) -> None:
        progress(fold * total + done, number * total, f"fold {fold + 1} of {number}, {note}")

    return tell
