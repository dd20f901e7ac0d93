"""The baseline: words and character n-grams, one logistic regression for each narrative."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from narratives.classifiers import Progress, Scores, Targets, Texts, setting
from narratives.errors import UserError

_FILE = "tfidf.skops"
_BATCH = 4096  # texts vectorised at once, so that memory does not grow with the input


@dataclass
class TfidfClassifier:
    """TF-IDF of word 1-2-grams and character n-grams, one-vs-rest logistic regression, class weights capped."""

    word_ngrams: tuple[int, int] = (1, 2)
    char_ngrams: tuple[int, int] = (2, 5)
    min_df: int = setting(2, least=1)  # an n-gram counts from this many training texts on
    C: float = setting(10.0, least=1e-6)  # inverse strength of the regularisation
    max_class_weight: float = setting(10.0, least=1)  # a positive never weighs more than this many negatives
    seed: int = 0
    vectorizer_: Any = field(default=None, init=False, repr=False)
    coef_: Any = field(default=None, init=False, repr=False)  # float32 (features, narratives)
    intercept_: Any = field(default=None, init=False, repr=False)  # float32 (narratives,)

    def fit(
        self,
        texts: Texts,
        y: Targets,
        *,
        validation: tuple[Texts, Targets] | None = None,
        progress: Progress | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Learn the vocabulary and a linear model for each narrative. A narrative with no positive scores 0."""
        from sklearn.linear_model import LogisticRegression

        self.vectorizer_ = self._make_vectorizer(len(texts))
        try:
            x = self.vectorizer_.fit_transform(texts)
        except ValueError as error:  # not a word occurs in `min_df` texts
            raise UserError(f"the training passages have no words in common ({error}); label more of them") from None
        narratives = y.shape[1]
        self.coef_ = np.zeros((x.shape[1], narratives), dtype=np.float32)
        self.intercept_ = np.zeros(narratives, dtype=np.float32)
        for k in range(narratives):
            positives = int(y[:, k].sum())
            if 0 < positives < len(y):
                weight = min((len(y) - positives) / positives, self.max_class_weight)
                model = LogisticRegression(
                    C=self.C, class_weight={False: 1.0, True: max(weight, 1.0)}, solver="liblinear", random_state=self.seed
                )
                model.fit(x, y[:, k])
                self.coef_[:, k] = model.coef_[0]
                self.intercept_[k] = model.intercept_[0]
            else:
                self.intercept_[k] = 40.0 if positives else -40.0  # sigmoid gives 1 or 0 in float32
            if progress:
                progress(k + 1, narratives, "narratives")
        return self

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (texts, narratives)."""
        from scipy.special import expit

        scores = np.zeros((len(texts), len(self.intercept_)), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            x = self.vectorizer_.transform(batch)
            scores[start : start + len(batch)] = expit(x @ self.coef_ + self.intercept_)
            if progress:
                progress(min(start + _BATCH, len(texts)), len(texts), "texts")
        return scores

    def save(self, folder: Path) -> None:
        """One skops file: a zip of JSON and arrays, no pickle."""
        import skops.io

        state = {"vectorizer": self.vectorizer_, "coef": self.coef_, "intercept": self.intercept_}
        skops.io.dump(state, folder / _FILE)

    @classmethod
    def load(cls, folder: Path, hyperparameters: Mapping[str, Any]) -> Self:
        """Load with nothing trusted beyond skops' own list; another type in the file raises its error."""
        import skops.io

        state = skops.io.load(folder / _FILE, trusted=[])
        classifier = cls(**hyperparameters)
        classifier.vectorizer_, classifier.coef_ = state["vectorizer"], state["coef"]
        classifier.intercept_ = state["intercept"]
        return classifier

    def _make_vectorizer(self, texts: int) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import FeatureUnion

        common: dict[str, Any] = {
            "min_df": min(self.min_df, texts),
            "sublinear_tf": True,
            "strip_accents": "unicode",
            "dtype": np.float32,
        }
        words = TfidfVectorizer(ngram_range=self.word_ngrams, token_pattern=r"(?u)\b\w+\b", **common)  # noqa: S106
        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=self.char_ngrams, **common)
        return FeatureUnion([("words", words), ("characters", characters)])
