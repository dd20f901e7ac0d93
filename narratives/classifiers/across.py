"""Scores of texts by classifiers that did not learn from them: a classifier for each fold, taught on the other folds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.blend import BlendClassifier
from narratives.classifiers.interface import Classifier, hyperparameters
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.classifiers.tfidf.folds import ALWAYS, score_by_folds
from narratives.data import Scores, Targets, Texts
from narratives.progress import Progress


@dataclass(frozen=True, slots=True)
class FoldedLesson:
    """What a classifier was taught, cut into folds."""

    texts: Texts
    y: Targets  # (texts, columns): the narratives, then perhaps the stances
    folds: NDArray[np.int64]  # (texts,), numbered from 0
    validation: tuple[Texts, Targets]  # as the classifier had it

    def find_untaught(self, fold: int) -> NDArray[np.bool_]:
        """The columns of which the other folds hold no positive: whoever learns from them knows nothing of these."""
        return np.asarray(~self.y[self.folds != fold].any(0))


def score_across(
    classifier: Classifier,
    lesson: FoldedLesson,
    texts: Texts,
    folds: NDArray[np.int64],
    *,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> Scores:
    """Scores (texts, columns), each from a classifier with the settings of `classifier` that learned from the other folds.

    `texts` are those of the lesson or windows of them, `folds` (texts,) where each belongs. `classifier` is fitted: of a
    blend its weights are taken, and its scale for other languages. TF-IDF takes a few times as long as it took to fit, any
    other nearly as long as that for each fold that occurs in `folds`. A training that was killed goes on from `checkpoint`,
    a folder.
    """
    if type(classifier) is TfidfClassifier:
        return _score_words(classifier, lesson, texts, folds, progress)
    if type(classifier) is BlendClassifier:
        words = _score_words(classifier.tfidf_, lesson, texts, folds)
        sense = score_across(classifier.sense_, lesson, texts, folds, progress=progress, checkpoint=checkpoint)
        return classifier.mix(words, sense, classifier.find_abroad(texts))
    return _train_again(classifier, lesson, texts, folds, progress, checkpoint)


def _score_words(
    classifier: TfidfClassifier, lesson: FoldedLesson, texts: Texts, folds: NDArray[np.int64], progress: Progress | None = None
) -> Scores:
    """The same for TF-IDF. Texts that were taught as they are get cut into n-grams once."""
    rows = {key: row for row, key in enumerate(zip(lesson.texts, lesson.folds.tolist(), strict=True))}
    keys = list(zip(texts, folds.tolist(), strict=True))
    pieces = [key for key in dict.fromkeys(keys) if key not in rows]
    taught = len(lesson.texts)
    asked = np.where(np.isin(lesson.folds, folds), lesson.folds, ALWAYS)
    rows |= {key: taught + k for k, key in enumerate(pieces)}
    scores = score_by_folds(
        [*lesson.texts, *(text for text, _ in pieces)],
        np.concatenate([lesson.y, np.zeros((len(pieces), lesson.y.shape[1]), dtype=np.bool_)]),
        np.concatenate([asked, np.array([fold for _, fold in pieces], dtype=np.int64)]),
        model=classifier,
        taught=np.arange(taught + len(pieces)) < taught,
        progress=progress,
    )
    return scores[[rows[key] for key in keys]]


def _train_again(
    classifier: Classifier,
    lesson: FoldedLesson,
    texts: Texts,
    folds: NDArray[np.int64],
    progress: Progress | None,
    checkpoint: Path | None,
) -> Scores:
    make: Any = type(classifier)
    asked = sorted(set(folds.tolist()))
    scores = np.zeros((len(texts), lesson.y.shape[1]), dtype=np.float32)
    for place, fold in enumerate(asked):
        taught, held_out = np.flatnonzero(lesson.folds != fold).tolist(), np.flatnonzero(folds == fold).tolist()
        substitute: Classifier = make(**hyperparameters(classifier))
        substitute.fit(
            [lesson.texts[row] for row in taught],
            lesson.y[taught],
            validation=lesson.validation,
            progress=_name_fold(progress, place, len(asked)) if progress else None,
            checkpoint=checkpoint / f"fold-{fold}" if checkpoint else None,
        )
        scores[held_out] = substitute.predict_proba([texts[row] for row in held_out])
    return scores


def _name_fold(progress: Progress, fold: int, number: int) -> Progress:
    def tell(done: int, total: int, note: str) -> None:
        progress(fold * total + done, number * total, f"fold {fold + 1} of {number}, {note}")

    return tell
