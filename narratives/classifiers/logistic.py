"""One logistic regression for each narrative, over whatever features a classifier has."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.data import Targets
from narratives.progress import Progress

_MANY = 12_000  # texts: from here on the solver waits for memory, and its dual form is the quicker one (measured, in the log)


def fit_logistic(
    x: Any,
    y: Targets,
    *,
    C: float,
    max_class_weight: float,
    seed: int,
    dual: bool = False,
    leaning: float = 0.0,
    progress: Progress | None = None,
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Coefficients (features, narratives) and intercepts (narratives,) from `x` (texts, features), in the type that it has.

    Positives weigh as much as all negatives together, but none more than `max_class_weight` of these, nor less than one. A
    narrative that no text carries scores 0, one that all carry 1. `dual` looks for the same optimum from its other side
    (Yu, Huang and Lin 2011, "Dual coordinate descent methods for logistic regression and maximum entropy models"): quicker with
    many features, the same to about four digits; taken in any case where many texts have sparse features.

    `leaning` is for sparse counts or TF-IDF: such a share of a feature's scale is how far it leans to one side, so that what
    leans learns more freely, and what does not, as the words of a subject, hardly at all (`_find_scale`).
    """
    order = _order_by_use(x) if len(y) >= _MANY and not isinstance(x, np.ndarray) else None
    if order is not None:
        dual, x = True, x[:, order]
        x.sort_indices()  # in place: it is a copy of ours
    elif leaning and not x.has_sorted_indices:
        x = x.sorted_indices()  # scaled features share them, and the solver would sort them in their place
    narratives = y.shape[1]
    coef = np.zeros((x.shape[1], narratives), dtype=x.dtype)
    intercept = np.zeros(narratives, dtype=x.dtype)
    for k in range(narratives):
        positives = int(y[:, k].sum())
        if 0 < positives < len(y):
            model = _make_model(min((len(y) - positives) / positives, max_class_weight), C, seed, dual)
            scale = _find_scale(x, y[:, k], leaning) if leaning else None
            model.fit(x if scale is None else _scale(x, scale), y[:, k])
            coef[:, k] = model.coef_[0] if scale is None else model.coef_[0] * scale
            intercept[k] = model.intercept_[0]
        else:
            intercept[k] = 40.0 if positives else -40.0  # sigmoid gives 1 or 0 in float32
        if progress:
            progress(k + 1, narratives, "narratives")
    if order is not None:
        coef[order] = coef.copy()
    return coef, intercept


def _make_model(weight: float, C: float, seed: int, dual: bool) -> Any:
    from sklearn.linear_model import LogisticRegression

    weights = {False: 1.0, True: max(weight, 1.0)}
    most = 1000 if dual else 100  # steps, of which those of the dual are small
    return LogisticRegression(C=C, class_weight=weights, solver="liblinear", dual=dual, max_iter=most, random_state=seed)


def _order_by_use(x: Any) -> NDArray[np.int64]:
    """The features of a sparse matrix, those of most texts first: what a solver reads most then lies together in memory."""
    return np.argsort(-np.bincount(x.indices, minlength=x.shape[1]), kind="stable")


def _find_scale(x: Any, carried: NDArray[np.bool_], leaning: float) -> NDArray[np.floating[Any]]:
    """What each feature is multiplied by: in shares, 1 and its log-count ratio by naive Bayes (no sign, mean square 1).

    The ratio and its interpolation with a plain model: Wang and Manning, "Baselines and Bigrams: Simple, Good Sentiment and
    Topic Classification", ACL 2012. They weigh what was learnt; here the scale is, which leaves the model its own optimum.
    """
    sides = [1 + np.asarray(x[np.flatnonzero(side)].sum(0), dtype=np.float64).ravel() for side in (carried, ~carried)]
    ratio = np.abs(np.log((sides[0] / sides[0].sum()) / (sides[1] / sides[1].sum())))
    size = np.sqrt((ratio**2).mean())
    scale = leaning * ratio / size + 1 - leaning if size > 0 else np.ones_like(ratio)
    typed: NDArray[np.floating[Any]] = scale.astype(x.dtype)
    return typed


def _scale(x: Any, scale: NDArray[np.floating[Any]]) -> Any:
    return type(x)((x.data * scale[x.indices], x.indices, x.indptr), shape=x.shape)
