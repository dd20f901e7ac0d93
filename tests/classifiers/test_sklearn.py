"""Pipelines of scikit-learn as classifiers: which are taken, how they learn, and that what is saved holds no code."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.examples import problems_of
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.naive_bayes import ComplementNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from narratives.classifiers.sklearn import SklearnClassifier
from narratives.testing import NEW, check_classifier, make_sample

PIPELINES: dict[str, Any] = {
    "logistic regression": lambda seed: make_pipeline(TfidfVectorizer(), LogisticRegression()),
    "margins": lambda seed: make_pipeline(HashingVectorizer(n_features=512), SGDClassifier(random_state=seed)),
    "many at once": lambda seed: make_pipeline(TfidfVectorizer(), RidgeClassifier()),
    "trees": lambda seed: make_pipeline(TfidfVectorizer(), RandomForestClassifier(30, random_state=seed)),
    "one against the rest": lambda seed: make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LinearSVC(random_state=seed))),
    "chain": lambda seed: make_pipeline(TfidfVectorizer(), ClassifierChain(LogisticRegression(), random_state=seed)),
    "neighbours": lambda seed: make_pipeline(TfidfVectorizer(), KNeighborsClassifier(3)),
    "calibrated": lambda seed: make_pipeline(TfidfVectorizer(), CalibratedClassifierCV(LinearSVC(random_state=seed), cv=3)),
    "words that tell": lambda seed: make_pipeline(CountVectorizer(), SelectKBest(chi2, k=9), ComplementNB()),
    "dense": lambda seed: make_pipeline(TfidfVectorizer(), TruncatedSVD(9, random_state=seed), LogisticRegression(C=100)),
    "united": lambda seed: make_pipeline(
        make_union(TfidfVectorizer(), TfidfVectorizer(analyzer="char_wb")), LogisticRegression(C=9)
    ),
}


def define(make: Any, **members: Any) -> type[SklearnClassifier]:
    """A class whose pipeline is `make(seed)`."""
    made = type("Mine", (SklearnClassifier,), {"make_pipeline": lambda self: make(self.seed), **members})
    return dataclass(made)


@pytest.mark.parametrize("name", PIPELINES)
def test_pipelines_of_every_kind_keep_the_contract(name: str) -> None:
    check_classifier(define(PIPELINES[name]))


def test_features_are_learned_once_and_what_needs_labels_for_each_column() -> None:
    texts, y = make_sample()
    fitted = define(PIPELINES["words that tell"])().fit(texts, y)
    assert [name for name, _ in fitted.features_.steps] == ["countvectorizer"]
    assert len(fitted.models_) == 3
    kept = {tuple(np.flatnonzero(model.steps[0][1].get_support())) for model in fitted.models_}
    assert len(kept) == 3


def test_a_column_in_which_all_agree_scores_as_they_do() -> None:
    texts, y = make_sample()
    y[:, 0], y[:, 2] = True, False
    for name in ("logistic regression", "trees", "chain"):
        scores = define(PIPELINES[name])().fit(texts, y).predict_proba(NEW)
        assert scores[:, 0].tolist() == [1, 1, 1] and scores[:, 2].tolist() == [0, 0, 0]
        assert scores[0, 1] > scores[1, 1]


class Shout(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A step of one's own, which skops does not know."""

    def fit(self, texts: Any, y: Any = None) -> "Shout":
        return self

    def transform(self, texts: Any) -> list[str]:
        return [text.upper() for text in texts]


def shouting(seed: int) -> Any:
    return make_pipeline(Shout(), TfidfVectorizer(), LogisticRegression())


def test_a_type_that_is_not_trusted_is_refused_when_saving_and_when_loading(tmp_path: Path) -> None:
    texts, y = make_sample()
    shout = f"{Shout.__module__}.Shout"
    closed, open_ = define(shouting), define(shouting, trusted=(shout,))
    problem = f"the pipeline holds {shout}, which is not trusted; where it is yours and only computes, name it in Mine.trusted"
    assert problems_of(lambda: closed().fit(texts, y).save(tmp_path)) == [f"Mine: {problem}"]
    assert list(tmp_path.iterdir()) == []
    fitted = open_().fit(texts, y)
    fitted.save(tmp_path)
    assert np.array_equal(open_.load(tmp_path, {"seed": 0}).predict_proba(NEW), fitted.predict_proba(NEW))
    assert problems_of(lambda: closed.load(tmp_path, {"seed": 0})) == [f"{tmp_path / 'pipeline.skops'}: {problem}"]


def test_a_file_that_calls_something_is_refused(tmp_path: Path) -> None:
    import skops.io

    class Trap:
        def __reduce__(self) -> Any:
            return print, ("the trap has shut",)

    mine = define(PIPELINES["margins"])
    mine().fit(*make_sample()).save(tmp_path)
    skops.io.dump({"features": None, "models": [Trap], "together": False}, tmp_path / "pipeline.skops")
    [problem] = problems_of(lambda: mine.load(tmp_path, {"seed": 0}))
    assert "which is not trusted" in problem


def test_without_skops_nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narratives.classifiers.sklearn.find_spec", lambda name: None)
    fix = "install narratives with its extra: pip install '.[sklearn]'"
    assert problems_of(lambda: define(PIPELINES["margins"])().fit(*make_sample())) == [
        f"a scikit-learn pipeline is saved with skops; {fix}"
    ]
