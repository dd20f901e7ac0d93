"""Which of many texts to label next: those that tell the model most about what it does not know yet."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import EDGE
from narratives.data import Floats, Scores

RIDGE = 0.1  # what a text tells is noise to this share; tried: 0.1 and 1 (experiments/LOG.md)


@dataclass(frozen=True, slots=True)
class Choice:
    """A text by its row, and the narrative (column) for which it was chosen most; `None` where it was drawn by lot."""

    row: int
    narrative: int | None


@dataclass(frozen=True, slots=True)
class Likeness:
    """Cosines of texts with each other (texts, texts), of labelled passages with texts, and with each other."""

    texts: Floats
    labelled: Floats  # (labelled, texts)
    among_labelled: Floats  # (labelled, labelled)


def measure_likeness(texts: Sequence[str], labelled: Sequence[str]) -> Likeness:
    """Cosines of TF-IDF vectors of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, strip_accents="unicode", token_pattern=r"(?u)\b\w+\b")  # noqa: S106
    try:
        x = vectorizer.fit_transform([*texts, *labelled])
    except ValueError:  # not a word in all of it
        return Likeness(np.eye(len(texts)), np.zeros((len(labelled), len(texts))), np.eye(len(labelled)))
    new, old = x[: len(texts)], x[len(texts) :]
    return Likeness((new @ new.T).toarray(), (old @ new.T).toarray(), (old @ old.T).toarray())


def measure_doubt(scores: Scores, support: NDArray[np.int64]) -> Floats:
    """How much a label would tell, (texts, narratives): the entropy of the score, in nats, by one over the support + 1.

    So a narrative with few labelled passages comes first. `support` is how many passages carry each narrative. The weights
    have mean 1.
    """
    p = np.clip(scores.astype(np.float64), EDGE, 1 - EDGE)
    weight = 1 / (support + 1)
    return np.asarray(-(p * np.log(p) + (1 - p) * np.log(1 - p)) * (weight / weight.mean()))


def choose(doubt: Floats, likeness: Likeness, n: int, lots: Sequence[int] = ()) -> list[Choice]:
    """`n` rows, or all where there are fewer: those that tell most, best first, then those in `lots`, which are taken anyway.

    Transductive experimental design (Yu, Bi and Tresp, ICML 2006), greedy: each text taken is the one after whose label
    least is left unknown about all of them, when labels of alike texts tell of each other. What is unknown of a text is
    scaled by its `doubt`. So no two that are alike are taken, none that is like a labelled passage, none that is like nothing.
    """
    uncertainty = likeness.texts.astype(np.float64)
    if len(likeness.labelled):
        noise = RIDGE * np.eye(len(likeness.labelled))
        uncertainty -= likeness.labelled.T @ np.linalg.solve(likeness.among_labelled + noise, likeness.labelled)
    scale = np.sqrt(doubt.sum(1) / max(doubt.sum(1).mean(), EDGE)) if len(doubt) else np.ones(0)
    uncertainty *= scale[:, None] * scale
    for row in lots:
        _learn(uncertainty, row)
    rows = list(lots)
    while len(rows) < min(n, len(uncertainty)):
        gain = (uncertainty**2).sum(0) / (np.diag(uncertainty) + RIDGE)
        gain[rows] = -1
        rows.append(int(gain.argmax()))
        _learn(uncertainty, rows[-1])
    best = doubt.argmax(1).tolist() if len(doubt) else []
    return [*(Choice(row, best[row]) for row in rows[len(lots) :]), *(Choice(row, None) for row in lots)]


def _learn(uncertainty: Floats, row: int) -> None:
    """What is left unknown, in place, once `row` has a label."""
    uncertainty -= np.outer(uncertainty[:, row], uncertainty[row]) / (uncertainty[row, row] + RIDGE)
