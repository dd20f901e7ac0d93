"""Scores of training passages by models that did not learn from them: more to calibrate by, and to set thresholds on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import Classifier, FoldedLesson, score_across
from narratives.data import Matrix, Scores, Texts
from narratives.models.twofold import Reading, list_pieces
from narratives.progress import Progress
from narratives.texts import find_windows

FOLDS = {"tfidf": 5}  # folds by classifier, where a config names none; of the others each fold costs nearly another training


@dataclass(frozen=True, slots=True)
class Recalled:
    """Gives windows of training texts the scores of a model that did not see them; NaN where it had no positive to learn."""

    rows: dict[str, int]  # by window
    scores: Scores  # (windows, narratives)

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (texts, narratives)."""
        return self.scores[[self.rows[text] for text in texts]]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Labelled training texts, and what scores them without having learned from them."""

    scorer: Recalled
    texts: list[str]
    gold: Matrix  # (texts, narratives)
    folds: int


def hold_out(
    classifier: Classifier,
    lesson: FoldedLesson,
    judged: NDArray[np.bool_],
    narratives: int,
    reading: Reading,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> HeldOut:
    """Score what a fitted classifier was taught, each text by another that learned from the other folds alone.

    `judged` (texts,) says which texts count: not those whose labels nobody vouches for. A fold of which none counts is only
    learned from. Long texts are cut into windows, and these into parts.
    """
    fold_of: dict[str, int] = {}
    rows = np.flatnonzero(judged).tolist()
    for row in rows:
        text = lesson.texts[row]
        for start, end in find_windows(text, reading.window):
            for piece in list_pieces([text[start:end]], reading.detail):
                fold_of.setdefault(piece, int(lesson.folds[row]))
    windows, folds = list(fold_of), np.array(list(fold_of.values()), dtype=np.int64)
    scores = score_across(classifier, lesson, windows, folds, progress=progress, checkpoint=checkpoint)[:, :narratives]
    number = int(lesson.folds.max()) + 1
    untaught = np.stack([lesson.find_untaught(fold)[:narratives] for fold in range(number)])
    return HeldOut(
        scorer=Recalled({text: row for row, text in enumerate(windows)}, np.where(untaught[folds], np.float32(np.nan), scores)),
        texts=[lesson.texts[row] for row in rows],
        gold=lesson.y[rows][:, :narratives],
        folds=number,
    )
