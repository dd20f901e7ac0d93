"""A classifier reads texts of any length: window by window, equal windows once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import Classifier
from narratives.data import UNKNOWN, Scores, Texts
from narratives.models.stances import tell_stances
from narratives.progress import Progress
from narratives.texts import find_windows

Windows = list[tuple[int, int]]  # of a text: start and end of each, in characters


class Scorer(Protocol):
    """What gives texts their scores: a classifier, by itself or with help."""

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (texts, columns): the narratives first."""
        ...


@dataclass(slots=True)
class Remembering:
    """Scores each text once for as long as its classifier computes in the same way."""

    classifier: Classifier
    inference: str = ""  # the way that gave `rows`
    rows: dict[str, NDArray[np.float32]] = field(default_factory=dict)  # (columns,) by text

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (texts, columns)."""
        if self.inference != self.classifier.inference:
            self.inference = self.classifier.inference
            self.rows.clear()
        if new := [text for text in dict.fromkeys(texts) if text not in self.rows]:
            self.rows.update(zip(new, self.classifier.predict_proba(new, progress=progress), strict=True))
        return np.stack([self.rows[text] for text in texts]) if texts else self.classifier.predict_proba(texts)


def read_texts(
    classifier: Scorer,
    texts: Sequence[str],
    narratives: int,
    window: int,
    progress: Progress | None = None,
    languages: Sequence[str] = (),
) -> tuple[Scores, NDArray[np.int32], NDArray[np.int8]]:
    """Scores, spans and stances, as `read_windows` gives them, of texts cut into windows of about `window` characters."""
    return read_windows(classifier, texts, cut_texts(texts, window, languages), narratives, progress)


def cut_texts(texts: Sequence[str], window: int, languages: Sequence[str] = ()) -> list[Windows]:
    """The windows of each text, of about `window` characters (see `find_windows`); none of a blank one.

    `languages` are codes, one for each text, where known: they help to find where sentences end.
    """
    spoken = languages or ["und"] * len(texts)
    return [find_windows(text, window, language) for text, language in zip(texts, spoken, strict=True)]


def number_windows(texts: Sequence[str], cuts: Sequence[Windows]) -> dict[str, int]:
    """What all windows hold, each once and in order, with its number."""
    unique: dict[str, int] = {}
    for text, windows in zip(texts, cuts, strict=True):
        for start, end in windows:
            unique.setdefault(text[start:end], len(unique))
    return unique


def read_windows(
    classifier: Scorer, texts: Sequence[str], cuts: Sequence[Windows], narratives: int, progress: Progress | None = None
) -> tuple[Scores, NDArray[np.int32], NDArray[np.int8]]:
    """Scores (texts, narratives), of several windows the highest; the spans (texts, narratives, 2) that have them; stances.

    Stances (texts, narratives) are positions in `STANCES`, from the columns that the classifier has beyond the narratives, or
    `UNKNOWN` where it has none. `cuts` are the windows of each text; a span is one of them: start and end, in characters. A
    text without windows scores 0 and has the spans (0, 0).
    """
    unique = number_windows(texts, cuts)
    scores = np.zeros((len(texts), narratives), dtype=np.float32)
    spans = np.zeros((len(texts), narratives, 2), dtype=np.int32)
    stances = np.full((len(texts), narratives), UNKNOWN, dtype=np.int8)
    if not unique:
        return scores, spans, stances
    computed = classifier.predict_proba(list(unique), progress=progress)
    stances_told = tell_stances(computed[:, narratives:])
    whole = [row for row, windows in enumerate(cuts) if len(windows) == 1]  # as nearly all are: in arrays, not row by row
    places = [unique[texts[row][slice(*cuts[row][0])]] for row in whole]
    scores[whole] = computed[places, :narratives]
    spans[whole] = np.array([cuts[row][0] for row in whole], dtype=np.int32).reshape(-1, 1, 2)
    stances[whole] = stances_told[places, None]
    columns = np.arange(narratives)
    for row, windows in enumerate(cuts):
        if len(windows) > 1:
            places = [unique[texts[row][start:end]] for start, end in windows]
            best = computed[places, :narratives].argmax(0)  # of equal ones the first
            scores[row] = computed[np.take(places, best), columns]
            spans[row] = np.array(windows, dtype=np.int32)[best]
            stances[row] = stances_told[places][best]
    return scores, spans, stances
