"""Any scikit-learn pipeline as a classifier. It is saved with skops: no pickle, and no type that is not trusted."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Self
from zipfile import ZIP_DEFLATED

import numpy as np

from narratives.classifiers.odds import to_share
from narratives.data import Floats, Scores, Targets, Texts
from narratives.errors import UserError, at
from narratives.progress import Progress

_FILE = "pipeline.skops"
_COLUMNS = "columns.json"
_BATCH = 1024  # texts scored at once, so that memory does not grow with the input
_DIGITS = 6  # kept of a score: how a library sums up depends on how many texts it is given, in the sixteenth
# Types of scikit-learn and scipy that skops does not trust by itself. They hold numbers and compute: a file that was made to
# do harm may end the program, but can run no code.
_TRUSTED = {
    "scipy.sparse._csr.csr_matrix",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.feature_selection._mutual_info.mutual_info_classif",
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
}


@dataclass
class SklearnClassifier:
    """A base class: what `make_pipeline` builds takes a list of texts and has `predict_proba` or `decision_function`.

    Its steps before the last learn once, from all texts; those that need labels, and the last, learn once for each narrative,
    or once for all where the last can tell many labels at once. Use `self.seed` as its `random_state`. `trusted` names the
    types of your own in it, as skops asks for them (`mypackage.module.Type`); all others but those of scikit-learn, numpy
    and scipy are refused (`UserError`), when saving as when loading. Needs the extra `sklearn`.

    >>> from dataclasses import dataclass
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import LinearSVC
    >>> @dataclass
    ... class Margins(narratives.SklearnClassifier):
    ...     C: float = narratives.setting(1.0, least=1e-6)
    ...
    ...     def make_pipeline(self):
    ...         return make_pipeline(TfidfVectorizer(), LinearSVC(C=self.C, random_state=self.seed))
    >>> texts = ["the toll is dear", "the toll again", "a walk home", "a long walk"]
    >>> fitted = Margins(C=10.0).fit(texts, [[True], [True], [False], [False]])
    >>> fitted.predict_proba(["the toll", "a walk"]).round(1).shape
    (2, 1)
    """

    seed: int = 0
    features_: Any = field(default=None, init=False, repr=False)  # the steps that learn once; `None` where there are none
    models_: Any = field(default=None, init=False, repr=False)  # one for all columns that vary, or one for each of them
    together_: Any = field(default=None, init=False, repr=False)  # whether one model tells them all
    constants_: Any = field(default=None, init=False, repr=False)  # for each column: 0 or 1 where all texts agree, else `None`

    trusted: ClassVar[tuple[str, ...]] = ()

    def make_pipeline(self) -> Any:
        """The unfitted pipeline, or a single estimator that takes texts."""
        raise NotImplementedError("write make_pipeline: it returns a scikit-learn pipeline that takes texts")

    def fit(
        self,
        texts: Texts,
        y: Targets,
        *,
        validation: tuple[Texts, Targets] | None = None,
        progress: Progress | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Learn from texts and labels of shape (texts, columns). A column in which all texts agree is not learned.

        Such a column scores 0 or 1. `validation` and `checkpoint` are not used.
        """
        from sklearn.base import clone

        _require_skops()  # now: a training that cannot be saved would be lost
        y = np.asarray(y, dtype=np.bool_)
        self.constants_ = [None if 0 < positives < len(y) else int(positives > 0) for positives in y.sum(0)]
        varied = [k for k, constant in enumerate(self.constants_) if constant is None]
        before, last = _split(self.make_pipeline())
        self.features_, self.models_ = before, []
        x: Any = list(texts)
        if before is not None and varied:
            x = before.fit_transform(x)
        many, single = _find_reach(last)
        self.together_ = bool(varied) and many and (len(varied) > 1 or not single)
        targets = [y[:, varied].astype(np.int64)] if self.together_ else [y[:, k].astype(np.int64) for k in varied]
        for done, target in enumerate(targets, 1):
            self.models_.append(clone(last).fit(x, target))
            if progress:
                progress(done, len(targets), "narratives")
        if progress and not targets:
            progress(1, 1, "narratives")
        return self

    @property
    def inference(self) -> str:
        """What computes the scores."""
        return "scikit-learn"

    def speed_up(self, samples: Texts, accept: Callable[[str], bool]) -> str:
        """Nothing to try."""
        return ""

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (texts, columns): probabilities, or margins through the logistic function; to six digits."""
        scores = np.zeros((len(texts), len(self.constants_)), dtype=np.float32)
        varied = [k for k, constant in enumerate(self.constants_) if constant is None]
        scores[:, [k for k, constant in enumerate(self.constants_) if constant]] = 1
        for start, end in _cut(len(texts)):
            if varied:
                x: Any = list(texts[start:end])
                x = x if self.features_ is None else self.features_.transform(x)
                columns = np.column_stack([_score(model, x, self.together_) for model in self.models_])
                scores[start:end, varied] = np.round(columns, _DIGITS)
            if progress:
                progress(end, len(texts), "texts")
        return scores

    def save(self, folder: Path) -> None:
        """A skops file, in which no code can hide, and the columns that were not learned; `UserError` for a foreign type."""
        skops = _require_skops()
        data = skops.dumps(
            {"features": self.features_, "models": self.models_, "together": self.together_}, compression=ZIP_DEFLATED
        )
        self._refuse_foreign(skops.get_untrusted_types(data=data), type(self).__name__)
        (folder / _FILE).write_bytes(data)
        (folder / _COLUMNS).write_text(json.dumps(self.constants_), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, hyperparameters: Mapping[str, Any]) -> Self:
        """The saved classifier; `UserError` where the file names a type that the class does not trust."""
        skops = _require_skops()
        classifier = cls(**hyperparameters)
        foreign = skops.get_untrusted_types(file=folder / _FILE)
        classifier._refuse_foreign(foreign, str(folder / _FILE))
        saved = skops.load(folder / _FILE, trusted=foreign)
        classifier.features_, classifier.models_, classifier.together_ = (
            saved[key] for key in ("features", "models", "together")
        )
        classifier.constants_ = json.loads((folder / _COLUMNS).read_text(encoding="utf-8"))
        return classifier

    def _refuse_foreign(self, types: list[str], place: str) -> None:
        if foreign := sorted(set(types) - _TRUSTED - set(self.trusted)):
            fix = f"where it is yours and only computes, name it in {type(self).__name__}.trusted"
            raise UserError(at(place, None, f"the pipeline holds {', '.join(foreign)}, which is not trusted; {fix}"))


def _require_skops() -> Any:
    if find_spec("skops") is None:
        raise UserError(
            "a scikit-learn pipeline is saved with skops; install narratives with its extra: pip install '.[sklearn]'"
        )
    import skops.io

    return skops.io


def _split(pipeline: Any) -> tuple[Any, Any]:
    """The first steps, as far as they learn without labels (`None` where there are none), and the last."""
    from sklearn.pipeline import Pipeline

    if not isinstance(pipeline, Pipeline):
        return None, pipeline
    count = next((k for k, (_, step) in enumerate(pipeline.steps) if _needs_labels(step)), len(pipeline.steps) - 1)
    last_steps = pipeline.steps[count:]
    last = last_steps[0][1] if len(last_steps) == 1 else Pipeline(last_steps)
    return (Pipeline(pipeline.steps[:count]) if count else None), last


def _needs_labels(step: Any) -> bool:
    from sklearn.base import BaseEstimator
    from sklearn.feature_selection import SelectorMixin
    from sklearn.utils import get_tags

    inner = [step, *step.get_params().values()] if isinstance(step, BaseEstimator) else []
    estimators = [part for part in inner if isinstance(part, BaseEstimator)]
    # What selects features does not say by its tags whether it needs labels.
    return any(isinstance(part, SelectorMixin) or get_tags(part).target_tags.required for part in estimators)


def _find_reach(estimator: Any) -> tuple[bool, bool]:
    """Whether an estimator can tell many labels at once, and whether it can tell one alone."""
    from sklearn.pipeline import Pipeline
    from sklearn.utils import get_tags

    if isinstance(estimator, Pipeline):  # it begins with a step that needs labels, which may want one column
        return False, True
    tags = get_tags(estimator)
    many = tags.target_tags.multi_output or bool(tags.classifier_tags and tags.classifier_tags.multi_label)
    return many, tags.target_tags.single_output


def _score(model: Any, x: Any, many: bool) -> Floats:
    """Scores of shape (texts, columns that the model tells); `many` where it was taught several at once."""
    if not hasattr(model, "predict_proba"):
        return to_share(
            np.asarray(model.decision_function(x), dtype=np.float64).reshape(len(x) if isinstance(x, list) else x.shape[0], -1)
        )
    probabilities = model.predict_proba(x)
    if isinstance(probabilities, list):  # for each column the shares of no and yes
        return np.column_stack([np.asarray(shares, dtype=np.float64)[:, 1] for shares in probabilities])
    return np.asarray(probabilities if many else probabilities[:, 1:], dtype=np.float64)


def _cut(count: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + _BATCH, count)) for start in range(0, count, _BATCH))
