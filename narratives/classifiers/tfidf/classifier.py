"""The baseline: words and character n-grams, one logistic regression for each narrative."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.interface import check_finite, setting
from narratives.classifiers.logistic import fit_logistic
from narratives.classifiers.odds import to_share
from narratives.classifiers.tfidf.linear import LinearScorer
from narratives.data import Scores, Targets, Texts
from narratives.errors import UserError, at
from narratives.progress import Progress

_FILE = "tfidf.safetensors"
_BATCH = 1 << 20  # characters scored at once, so that memory does not grow with the input
_LEAST = 1 << 8  # characters that a shorter text counts for


@dataclass(frozen=True, slots=True)
class Learned:
    """What training gives."""

    words: list[str]  # the n-grams of words, which are the first features
    characters: list[str]  # the n-grams of characters, which are the others
    idf: NDArray[np.float32]  # (features,)
    coef: NDArray[Any]  # (features, narratives)
    intercept: NDArray[Any]  # (narratives,)


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
    learned_: Any = field(default=None, init=False, repr=False)  # `Learned`, after `fit`; of a saved one the file has it
    file_: Any = field(default=None, init=False, repr=False)  # where a saved one lies, and what that file was
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
        coef, intercept = self.learn(x, y, progress=progress)
        words, characters, idf = _read_vectorizer(vectorizer)
        self._take(Learned(words=words, characters=characters, idf=idf, coef=coef, intercept=intercept))
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
        coef = np.ascontiguousarray(coef, dtype=np.float32)  # what is not, safetensors writes in the wrong order
        self._take(replace(self.recall(), coef=coef, intercept=intercept.astype(np.float32)))

    def recall(self) -> Learned:
        """What was learned; read once more where it lies in a file, since scoring needs only what was made of it."""
        return self.learned_ or _read_again(*self.file_)

    @property
    def inference(self) -> str:
        """What computes the scores."""
        return "numpy"

    def speed_up(self, samples: Texts, accept: Callable[[str], bool]) -> str:
        """Nothing to try: it is as fast as it gets."""
        return ""

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (texts, narratives)."""
        scores = np.zeros((len(texts), self.scorer_.narratives), dtype=np.float32)
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

        learned = self.recall()
        arrays: dict[str, NDArray[Any]] = {"words": _to_bytes(learned.words), "characters": _to_bytes(learned.characters)}
        arrays |= {"idf": learned.idf, "coef": learned.coef, "intercept": learned.intercept}
        (folder / _FILE).write_bytes(save(arrays))

    @classmethod
    def load(cls, folder: Path, hyperparameters: Mapping[str, Any]) -> Self:
        """The saved classifier, ready to score."""
        classifier = cls(**hyperparameters)
        path = (folder / _FILE).resolve()
        data = path.read_bytes()
        classifier.file_ = path, _digest(data)
        classifier._take(_read(data))
        classifier.learned_ = None  # a third of its memory
        return classifier

    def _take(self, learned: Learned) -> None:
        number = len(learned.words) + len(learned.characters)
        if not number == len(learned.idf) == len(learned.coef) or learned.coef.shape[1:] != learned.intercept.shape:
            raise ValueError("n-grams, idf and coefficients do not fit each other")
        self.learned_ = learned
        self.scorer_ = LinearScorer(learned.words, learned.characters, learned.idf, learned.coef, learned.intercept)

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


def _read(data: bytes) -> Learned:
    from safetensors.numpy import load

    arrays = load(data)
    check_finite(arrays)
    words, characters = (_to_lines(arrays.pop(name)) for name in ("words", "characters"))
    return Learned(words=words, characters=characters, **{name: arrays[name] for name in ("idf", "coef", "intercept")})


def _read_again(path: Path, digest: bytes) -> Learned:
    """The same as before, never what another training has put in its place."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    if _digest(data) != digest:
        raise UserError(at(path, None, "was changed or removed after it was loaded; load the model again"))
    return _read(data)


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


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
