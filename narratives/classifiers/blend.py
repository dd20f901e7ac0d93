"""Two ways of reading together: the words of `tfidf` and the sense of `transformer`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from narratives.classifiers import Progress, Scores, Targets, Texts, setting
from narratives.classifiers.tfidf import TfidfClassifier
from narratives.classifiers.transformer import TransformerClassifier
from narratives.odds import to_log_odds, to_share


@dataclass
class BlendClassifier:
    """The weighted mean of both classifiers' log-odds; each is trained as by itself, with its own defaults.

    The weight of `tfidf` is the larger one because its log-odds are the smaller: it is less sure of itself.
    """

    tfidf_weight: float = setting(0.7, least=0, most=1)
    encoder: str = "all-MiniLM-L6-v2"
    epochs: int = setting(10, least=1)
    learning_rate: float = 3e-4
    seed: int = 0
    tfidf_: Any = field(default=None, init=False, repr=False)
    transformer_: Any = field(default=None, init=False, repr=False)

    def fit(
        self,
        texts: Texts,
        y: Targets,
        *,
        validation: tuple[Texts, Targets] | None = None,
        progress: Progress | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Train one after the other; the first takes seconds, so progress is that of the second."""
        self.tfidf_ = TfidfClassifier(seed=self.seed).fit(texts, y)
        self.transformer_ = TransformerClassifier(**self._settings()).fit(
            texts, y, validation=validation, progress=progress, checkpoint=checkpoint
        )
        return self

    @property
    def inference(self) -> str:
        """What computes the scores of the slower part."""
        return str(self.transformer_.inference)

    def speed_up(self, samples: Texts, accept: Callable[[str], bool]) -> str:
        """Speed up the slower part; `accept` judges the blend."""
        return str(self.transformer_.speed_up(samples, accept))

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (texts, narratives)."""
        words = to_log_odds(self.tfidf_.predict_proba(texts))
        sense = to_log_odds(self.transformer_.predict_proba(texts, progress=progress))
        mean = self.tfidf_weight * words + (1 - self.tfidf_weight) * sense
        return to_share(mean).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Each classifier in a folder of its own."""
        for name in ("tfidf", "transformer"):
            (folder / name).mkdir()
        self.tfidf_.save(folder / "tfidf")
        self.transformer_.save(folder / "transformer")

    @classmethod
    def load(cls, folder: Path, hyperparameters: Mapping[str, Any]) -> Self:
        """Load both."""
        classifier = cls(**hyperparameters)
        classifier.tfidf_ = TfidfClassifier.load(folder / "tfidf", {"seed": classifier.seed})
        classifier.transformer_ = TransformerClassifier.load(folder / "transformer", classifier._settings())
        return classifier

    def _settings(self) -> dict[str, Any]:
        return {
            "encoder": self.encoder,
            "epochs": self.epochs,
            "learning_rate": self.learning_rate,
            "seed": self.seed,
        }
