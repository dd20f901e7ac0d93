"""The baseline: words and character n-grams, one logistic regression for each narrative."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.interface import check_finite, setting
from narratives.classifiers.logistic import fit_logistic
from narratives.classifiers.odds import to_share
from narratives.classifiers.tfidf.linear import LinearScorer
from narratives.data import Scores, Targets, Texts
from narratives.errors import UserError
from narratives.progress import Progress

_FILE = "tfidf.safetensors"
_BATCH = 1 << 20  # characters scored at once, so that memory does not grow with the input
_LEAST = 1 << 8  # characters that a shorter text counts for


@dataclass
class TfidfClassifier:
    """TF-IDF of word 1-2-grams and character n-grams, one-vs-rest logistic regression, class weights capped."""

    word_ngrams: tuple[int, int] = (1, 2)
    char_ngrams: tuple[int, int] = (2, 5)
    min_df: int = setting(2, least=1)  # an n-gram counts from this many training texts on
    C: float = setting(10.0, least=1e-6, most=1e6)  # inverse strength of the regularisation
    max_class_weight: float = setting(10.0, least=1)  # a positive never weighs more than this many negatives
    leaning: float = setting(0.0, least=0, most=1)  # 0.5: words that lean to no side count less, for texts by other authors
    seed: int = 0
    words_: Any = field(default=None, init=False, repr=False)  # the n-grams of words, which are the first features
    characters_: Any = field(default=None, init=False, repr=False)  # the n-grams of characters, which are the others
    idf_: Any = field(default=None, init=False, repr=False)  # float32 (features,)
    coef_: Any = field(default=None, init=False, repr=False)  # float32 (features, narratives)
    intercept_: Any = field(default=None, init=False, repr=False)  # float32 (narratives,)
    scorer_: Any = field(default=None, init=False, repr=False)

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
        vectorizer = self.make_vectorizer(len(texts))
        try:
            x = vectorizer.fit_transform(texts)
        except ValueError as error:  # not a word occurs in `min_df` texts
            raise UserError(f"the training passages have no words in common ({error}); label more of them") from None
        self.coef_, self.intercept_ = self.learn(x, y, progress=progress)
        self._take_features(*_read_vectorizer(vectorizer))
        return self

    def learn(
        self, x: Any, y: Targets, *, dual: bool = False, progress: Progress | None = None
    ) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
        """What `fit_logistic` learns from TF-IDF (texts, features) with these settings; nothing is kept."""
        return fit_logistic(
            x,
            y,
            C=self.C,
            max_class_weight=self.max_class_weight,
            seed=self.seed,
            dual=dual,
            leaning=self.leaning,
            progress=progress,
        )

    def take_coefficients(self, coef: NDArray[np.floating[Any]], intercept: NDArray[np.floating[Any]]) -> None:
        """Other coefficients (features, narratives) and intercepts (narratives,) for the n-grams that were learnt."""
        self.coef_ = np.ascontiguousarray(coef, dtype=np.float32)  # what is not, safetensors writes in the wrong order
        self.intercept_ = intercept.astype(np.float32)
        self._take_features(self.words_, self.characters_, self.idf_)

    @property
    def inference(self) -> str:
        """What computes the scores."""
        return "numpy"

    def speed_up(self, samples: Texts, accept: Callable[[str], bool]) -> str:
        """Nothing to try: it is as fast as it gets."""
        return ""

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (texts, narratives)."""
        scores = np.zeros((len(texts), len(self.intercept_)), dtype=np.float32)
        for start, end in _cut(texts):
            scores[start:end] = to_share(self.scorer_.score(texts[start:end]).astype(np.float64))
            if progress:
                progress(end, len(texts), "texts")
        return scores

    def explain(self, words: list[str]) -> NDArray[np.float64]:
        """What each of a text's words, as `split` gives them, adds to the log-odds, exactly; of shape (words, narratives)."""
        return np.asarray(self.scorer_.explain(words))

    def save(self, folder: Path) -> None:
        """One safetensors file: arrays, and the n-grams as lines of UTF-8."""
        from safetensors.numpy import save

        arrays = {"words": _to_bytes(self.words_), "characters": _to_bytes(self.characters_)}
        arrays |= {"idf": self.idf_, "coef": self.coef_, "intercept": self.intercept_}
        (folder / _FILE).write_bytes(save(arrays))

    @classmethod
    def load(cls, folder: Path, hyperparameters: Mapping[str, Any]) -> Self:
        """The saved classifier."""
        from safetensors.numpy import load_file

        classifier = cls(**hyperparameters)
        arrays = load_file(folder / _FILE)
        check_finite(arrays)
        classifier.coef_, classifier.intercept_ = arrays["coef"], arrays["intercept"]
        classifier._take_features(_to_lines(arrays["words"]), _to_lines(arrays["characters"]), arrays["idf"])
        return classifier

    def _take_features(self, words: list[str], characters: list[str], idf: NDArray[np.float32]) -> None:
        if not len(words) + len(characters) == len(idf) == len(self.coef_) or self.coef_.shape[1:] != self.intercept_.shape:
            raise ValueError("n-grams, idf and coefficients do not fit each other")
        self.words_, self.characters_, self.idf_ = words, characters, idf
        self.scorer_ = LinearScorer(words, characters, idf, self.coef_, self.intercept_)

    def make_vectorizer(self, texts: int) -> Any:
        """What cuts so many training texts into n-grams and weighs them; not fitted yet."""
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


def _read_vectorizer(union: Any) -> tuple[list[str], list[str], NDArray[np.float32]]:
    """What a fitted vectorizer has learnt: the n-grams of words and of characters in order, and the idf of them all."""
    parts = [part for _, part in union.transformer_list]
    words, characters = (sorted(part.vocabulary_, key=part.vocabulary_.get) for part in parts)
    return words, characters, np.concatenate([part.idf_ for part in parts]).astype(np.float32)


def _cut(texts: Texts) -> Iterator[tuple[int, int]]:
    """Ranges (first, end) of texts that together hold about `_BATCH` characters; a range has one text at least."""
    start = held = 0
    for k, text in enumerate(texts):
        size = max(len(text), _LEAST)
        if held and held + size > _BATCH:
            yield start, k
            start, held = k, 0
        held += size
    if start < len(texts):
        yield start, len(texts)


def _to_bytes(lines: list[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(lines).encode("utf-8", "surrogatepass"), dtype=np.uint8)


def _to_lines(data: NDArray[np.uint8]) -> list[str]:
    return data.tobytes().decode("utf-8", "surrogatepass").split("\n")
