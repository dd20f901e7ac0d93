"""One logistic regression for each narrative, over whatever features a classifier has."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.data import Targets
from narratives.progress import Progress


def fit_logistic(
    x: Any, y: Targets, *, C: float, max_class_weight: float, seed: int, dual: bool = False, progress: Progress | None = None
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Coefficients (features, narratives) and intercepts (narratives,) from `x` (texts, features), in the type that it has.

    Positives weigh as much as all negatives together, but none more than `max_class_weight` of these, nor less than one. A
    narrative that no text carries scores 0, one that all carry 1. `dual` looks for the same optimum from its other side
    (Yu, Huang and Lin 2011, "Dual coordinate descent methods for logistic regression and maximum entropy models"): quicker with
    many features, the same to about four digits.
    """
    from sklearn.linear_model import LogisticRegression

    narratives = y.shape[1]
    most = 1000 if dual else 100  # steps, of which those of the dual are small
    coef = np.zeros((x.shape[1], narratives), dtype=x.dtype)
    intercept = np.zeros(narratives, dtype=x.dtype)
    for k in range(narratives):
        positives = int(y[:, k].sum())
        if 0 < positives < len(y):
            weight = min((len(y) - positives) / positives, max_class_weight)
            weights = {False: 1.0, True: max(weight, 1.0)}
            model = LogisticRegression(
                C=C, class_weight=weights, solver="liblinear", dual=dual, max_iter=most, random_state=seed
            )
            model.fit(x, y[:, k])
            coef[:, k] = model.coef_[0]
            intercept[k] = model.intercept_[0]
        else:
            intercept[k] = 40.0 if positives else -40.0  # sigmoid gives 1 or 0 in float32
        if progress:
            progress(k + 1, narratives, "narratives")
    return coef, intercept
