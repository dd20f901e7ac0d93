"""Scores of texts by models that did not see them: the texts are cut into n-grams once, not once for each model."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.odds import to_share
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.data import Scores, Targets, Texts
from narratives.errors import UserError
from narratives.progress import Progress

ALWAYS = -1  # in place of a fold: every model learns from the text, none scores it


def score_by_folds(
    texts: Texts,
    y: Targets,
    folds: NDArray[np.int64],
    *,
    model: TfidfClassifier | None = None,
    taught: NDArray[np.bool_] | None = None,
    progress: Progress | None = None,
) -> Scores:
    """Scores (texts, narratives), each from what `model`, whose settings count, learns from the texts of the other folds.

    `folds` (texts,) numbers them from 0, or says `ALWAYS`. Of texts that are not `taught` (texts,) no model learns anything:
    they are scored alone. The scores are those that a classifier for each fold would give, to about four digits: the same
    optimum is looked for from its other side, which is several times as quick.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    model = model or TfidfClassifier()
    taught = np.ones(len(texts), dtype=np.bool_) if taught is None else taught
    parts = [part for _, part in model.make_vectorizer(len(texts)).transformer_list]
    try:
        counts = [CountVectorizer.fit_transform(part, texts) for part in parts]
    except ValueError as error:  # not a word occurs in two texts
        raise UserError(f"the passages have no words in common ({error}); label more of them") from None
    scores = np.zeros(y.shape, dtype=np.float32)
    number = int(folds.max(initial=ALWAYS)) + 1
    for fold in range(number):
        out = folds == fold
        train = taught & ~out
        x = _weigh(counts, train, model.min_df)
        coef, intercept = model.learn(x[train], y[train], dual=True)
        scores[out] = to_share((x[out] @ coef + intercept).astype(np.float64))
        if progress:
            progress(fold + 1, number, "folds")
    return scores


def _weigh(counts: list[Any], train: NDArray[np.bool_], min_df: int) -> Any:
    """TF-IDF of all texts as those of `train` have it: sparse float32 (texts, n-grams that are frequent enough there)."""
    from scipy.sparse import hstack
    from sklearn.preprocessing import normalize

    size = int(train.sum())
    parts = []
    for part in counts:
        frequency = np.bincount(part[train].indices, minlength=part.shape[1])
        frequent = np.flatnonzero(frequency >= min(min_df, size))
        weighed = part[:, frequent].astype(np.float32)
        idf = np.log((1 + size) / (1 + frequency[frequent])) + 1
        weighed.data = ((1 + np.log(weighed.data)) * idf[weighed.indices]).astype(np.float32)
        parts.append(normalize(weighed, copy=False))
    x = hstack(parts, format="csr")
    if not x.shape[1]:
        raise UserError("the passages have no words in common; label more of them")
    return x
