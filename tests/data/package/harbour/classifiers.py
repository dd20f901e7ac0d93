"""A classifier written by hand, and a pipeline of scikit-learn."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from narratives import SklearnClassifier, setting


@dataclass
class Words:
    """A label scores the share of a text's words that occur in its training texts and in no others."""

    shortest: int = setting(3, least=1, most=9)  # letters; a shorter word does not count
    seed: int = 0
    words_: Any = field(default=None, init=False, repr=False)  # for each column a sorted list

    def fit(
        self,
        texts: Any,
        y: Any,
        *,
        validation: Any = None,
        progress: Callable[[int, int, str], None] | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        bags = [set(self._split(text)) for text in texts]
        self.words_ = []
        for k in range(y.shape[1]):
            yes = set().union(*(bag for bag, carried in zip(bags, y[:, k], strict=True) if carried))
            no = set().union(*(bag for bag, carried in zip(bags, y[:, k], strict=True) if not carried))
            self.words_.append(sorted(yes - no))
            if progress:
                progress(k + 1, y.shape[1], "narratives")
        return self

    @property
    def inference(self) -> str:
        return "python"

    def speed_up(self, samples: Any, accept: Callable[[str], bool]) -> str:
        return ""

    def predict_proba(self, texts: Any, *, progress: Callable[[int, int, str], None] | None = None) -> Any:
        scores = np.zeros((len(texts), len(self.words_)), dtype=np.float32)
        for row, text in enumerate(texts):
            words = self._split(text)
            for k, known in enumerate(self.words_):
                scores[row, k] = sum(word in known for word in words) / max(len(words), 1)
        if progress:
            progress(len(texts), len(texts), "texts")
        return scores

    def save(self, folder: Path) -> None:
        (folder / "words.json").write_text(json.dumps(self.words_), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, hyperparameters: Mapping[str, Any]) -> Self:
        classifier = cls(**hyperparameters)
        classifier.words_ = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        return classifier

    def _split(self, text: str) -> list[str]:
        return [word for word in text.lower().split() if len(word) >= self.shortest]


@dataclass
class Margins(SklearnClassifier):
    """A pipeline without probabilities."""

    C: float = setting(1.0, least=1e-6)
    balanced: bool = True

    def make_pipeline(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline
        from sklearn.svm import LinearSVC

        weight = "balanced" if self.balanced else None
        return make_pipeline(TfidfVectorizer(), LinearSVC(C=self.C, class_weight=weight, random_state=self.seed))


@dataclass
class Unsaid:
    """No classifier: it can neither learn nor answer."""

    shares: list[str] = field(default_factory=list)

    def save(self, folder: Path) -> None: ...
