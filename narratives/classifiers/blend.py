"""Two ways of reading together: the words of `tfidf`, and the sense of `transformer` or `multilingual`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.abroad import Abroad, fit_abroad, name_taught
from narratives.classifiers.interface import check_finite, find_classifier, setting
from narratives.classifiers.odds import to_log_odds, to_share
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.classifiers.transformer.classifier import TransformerClassifier
from narratives.data import Scores, Targets, Texts
from narratives.files import read_json, write_json
from narratives.progress import Progress

_SENSES = ("transformer", "multilingual")
_WEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_EQUAL = 0.5
_FILE = "blend.json"
_FORMER = {"frozen": 0.5}  # as models were trained that do not say it


@dataclass
class BlendClassifier:
    """The weighted mean of both classifiers' log-odds; each is trained as by itself, with its own defaults.

    The weight is the one under which validation passages are ranked best (average precision over all decisions); columns
    without validation labels get equal weights. Where the sense is multilingual, it alone answers in languages that the
    words were not taught (see `Abroad`).
    """

    sense: str = setting("transformer", among=_SENSES)  # "multilingual" for texts in a language that the encoder cannot read
    encoder: str = TransformerClassifier.encoder  # "multilingual" takes its own in place of this default
    epochs: int = setting(TransformerClassifier.epochs, least=1)  # this and the next two are the transformer's
    learning_rate: float = TransformerClassifier.learning_rate
    frozen: float = setting(TransformerClassifier.frozen, least=0, most=0.95)
    leaning: float = setting(TfidfClassifier.leaning, least=0, most=1)  # of `tfidf`
    seed: int = 0
    weights_: Any = field(default=None, init=False, repr=False)  # of `tfidf`, float64 (columns,)
    tfidf_: Any = field(default=None, init=False, repr=False)
    sense_: Any = field(default=None, init=False, repr=False)
    abroad_: Abroad | None = field(default=None, init=False, repr=False)  # where the sense is multilingual

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
        make, settings = self._find_sense()
        self.tfidf_ = TfidfClassifier(**self._word_settings).fit(texts, y)
        self.sense_ = make(**settings).fit(texts, y, validation=validation, progress=progress, checkpoint=checkpoint)
        self.weights_ = np.full(y.shape[1], _EQUAL)
        self.abroad_ = None
        if self.sense == "multilingual":  # a language in which nothing is carried teaches no words
            taught = name_taught([text for text, row in zip(texts, y, strict=True) if row.any()])
            self.abroad_ = Abroad(taught) if taught else None
        if validation:
            self._choose(*validation)
        return self

    @property
    def inference(self) -> str:
        """What computes the scores of the slower part."""
        return str(self.sense_.inference)

    def speed_up(self, samples: Texts, accept: Callable[[str], bool]) -> str:
        """Speed up the slower part; `accept` judges the blend."""
        return str(self.sense_.speed_up(samples, accept))

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (texts, narratives)."""
        words, sense = self.tfidf_.predict_proba(texts), self.sense_.predict_proba(texts, progress=progress)
        return self.mix(words, sense, self.find_abroad(texts))

    def find_abroad(self, texts: Texts) -> NDArray[np.bool_]:
        """Which of the texts (texts,) the sense answers alone."""
        return self.abroad_.find_abroad(texts) if self.abroad_ else np.zeros(len(texts), dtype=np.bool_)

    def mix(self, words: Scores, sense: Scores, abroad: NDArray[np.bool_]) -> Scores:
        """The scores of both parts, each (texts, columns), as one; of the texts `abroad` (texts,) those of the sense."""
        odds = self._mix_odds(words, sense, self.weights_)
        if self.abroad_:
            odds[abroad] = self.abroad_.rescale(to_log_odds(sense[abroad]))
        return to_share(odds).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Each classifier in a folder of its own, and the weights."""
        abroad = {"abroad": self.abroad_.to_json()} if self.abroad_ else {}
        write_json(folder / _FILE, {"tfidf_weights": self.weights_.tolist(), **abroad})
        for name, part in (("tfidf", self.tfidf_), (self.sense, self.sense_)):
            (folder / name).mkdir()
            part.save(folder / name)

    @classmethod
    def load(cls, folder: Path, hyperparameters: Mapping[str, Any]) -> Self:
        """Load both; first the sense, which takes more memory while it is read than after."""
        former = _FORMER if hyperparameters.get("sense", cls.sense) == "transformer" else {}
        classifier = cls(**{**former, **hyperparameters})
        kept = read_json(folder / _FILE)
        classifier.weights_ = np.array(kept["tfidf_weights"], dtype=np.float64)
        classifier.abroad_ = Abroad.from_json(kept["abroad"]) if "abroad" in kept else None  # older models have none
        check_finite({"tfidf_weights": classifier.weights_})
        make, settings = classifier._find_sense()
        classifier.sense_ = make.load(folder / classifier.sense, settings)
        classifier.tfidf_ = TfidfClassifier.load(folder / "tfidf", classifier._word_settings)
        return classifier

    def _choose(self, texts: Texts, y: Targets) -> None:
        """The weight, and on what scale the sense answers alone, from those validation texts that both answer."""
        both = ~self.find_abroad(texts)
        if not both.any():
            return
        texts, y = [text for text, mixed in zip(texts, both, strict=True) if mixed], y[both]
        words, sense = (part.predict_proba(texts)[:, : y.shape[1]] for part in (self.tfidf_, self.sense_))
        weight = self._choose_weight(words, sense, y)
        self.weights_[: y.shape[1]] = weight
        if self.abroad_:
            self.abroad_ = fit_abroad(self.abroad_.taught, self._mix_odds(words, sense, weight), sense, y)

    def _choose_weight(self, words: Scores, sense: Scores, y: Targets) -> float:
        from sklearn.metrics import average_precision_score

        if not y.any():
            return _EQUAL
        return max(_WEIGHTS, key=lambda w: average_precision_score(y.ravel(), self._mix_odds(words, sense, w).ravel()))

    def _mix_odds(self, words: Scores, sense: Scores, weight: Any) -> NDArray[np.float64]:
        """Log-odds of both; `weight` is that of the words, one for all or (columns,)."""
        return np.asarray(weight * to_log_odds(words) + (1 - weight) * to_log_odds(sense))

    @property
    def _word_settings(self) -> dict[str, Any]:
        """The hyperparameters of the first part."""
        return {"seed": self.seed, "leaning": self.leaning}

    def _find_sense(self) -> tuple[Any, dict[str, Any]]:
        """The class of the second part and its hyperparameters."""
        settings: dict[str, Any] = {"seed": self.seed}
        if self.sense == "transformer":
            settings |= {name: getattr(self, name) for name in ("encoder", "epochs", "learning_rate", "frozen")}
        elif self.encoder != TransformerClassifier.encoder:
            settings["encoder"] = self.encoder
        return find_classifier(self.sense), settings
