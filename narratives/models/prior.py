"""Narratives with no or few labels: passages are compared with the words of the codebook.

A narrative that no training passage carries is zero-shot: its score is the likeness of passage and codebook entry, which
ranks and, since nothing says where to draw the line, raises nothing. With a few positives the likeness is a prior that
counts as much as `STRENGTH` of them. Both choices were measured on narratives whose labels were hidden
(`experiments/LOG.md`): the cosine of TF-IDF ranked better than that of a sentence encoder, and needs none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import TfidfClassifier, to_log_odds, to_share
from narratives.data import Codebook, Narrative, Scores, Targets, Texts
from narratives.models.inference import Scorer
from narratives.progress import Progress

FEW = 20  # training positives below which a narrative needs the codebook's help
STRENGTH = 4  # the likeness weighs STRENGTH / (STRENGTH + positives)
_LEAST_AUC = 0.75  # of the likeness over narratives with labels: codebook and passages may differ in language
_MOST = 0.999  # below 1, the threshold of what is never raised: even the codebook's own words do not reach it
_LEAST_DEVIATION = 0.005  # of cosines: where all are alike, their differences say nothing
_MANY = 50  # texts from which n-grams that only one of them has are left out


@dataclass(frozen=True, slots=True)
class Prior:
    """Likeness to the codebook for some narratives, and how much it weighs against the classifier."""

    likeness: TfidfClassifier  # its log-odds are cosines
    columns: NDArray[np.int64]  # which narratives, in codebook order; the other arrays are as long
    weights: NDArray[np.float64]  # in (0, 1]; 1 where the narrative is zero-shot
    slopes: NDArray[np.float64]  # slope * cosine + intercept are the log-odds that are mixed with the classifier's
    intercepts: NDArray[np.float64]

    def mix(self, scores: Scores, texts: Texts) -> Scores:
        """The classifier's scores (texts, narratives) with the prior in: cosines where it stands alone, else mean log-odds."""
        cosines = to_log_odds(self.likeness.predict_proba(texts))
        classifier_odds = to_log_odds(scores[:, self.columns])
        odds = self.weights * (self.slopes * cosines + self.intercepts) + (1 - self.weights) * classifier_odds
        mixed = scores.copy()
        mixed[:, self.columns] = np.where(self.weights == 1, np.clip(cosines, 0, _MOST), to_share(odds))
        return mixed

    def find_zero_shot(self, ids: Sequence[str]) -> list[str]:
        """The narratives that were never learnt; `ids` are the codebook's."""
        return [ids[k] for k in self.columns[self.weights == 1]]

    def to_json(self, ids: Sequence[str]) -> dict[str, list[float]]:
        """All but the likeness, by narrative."""
        numbers = np.stack([self.weights, self.slopes, self.intercepts], axis=1).tolist()
        return {ids[k]: three for k, three in zip(self.columns, numbers, strict=True)}

    @classmethod
    def from_json(cls, likeness: TfidfClassifier, numbers: Mapping[str, Sequence[float]], ids: Sequence[str]) -> Self:
        """From what `to_json` gave, and the likeness as it was saved."""
        columns = np.array([ids.index(id_) for id_ in numbers], dtype=np.int64)
        return cls(likeness, columns, *np.array(list(numbers.values()), dtype=np.float64).T)


@dataclass(frozen=True, slots=True)
class Guided:
    """A classifier, or what stands for one, that the codebook helps where it must."""

    classifier: Scorer
    prior: Prior | None

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (texts, narratives)."""
        scores = self.classifier.predict_proba(texts, progress=progress)
        return self.prior.mix(scores, texts) if self.prior else scores


def fit_prior(texts: Texts, y: Targets, codebook: Codebook, scores: Scores) -> Prior | None:
    """A prior for narratives with fewer than `FEW` positives; `None` where there are none, or it would not help.

    `texts` and `y` are those of training; `scores` are the classifier's, of other texts (any number, narratives): where it
    is mixed with them, the likeness is brought to the mean and the deviation that their log-odds have.
    """
    support = y.sum(0)
    if (support >= FEW).all():
        return None
    words = [_describe(narrative) for narrative in codebook.narratives]
    corpus = [*texts, *words]
    likeness = TfidfClassifier(min_df=1 if len(corpus) < _MANY else 2).fit(corpus, np.zeros((len(corpus), 0), dtype=np.bool_))
    vectors = likeness.scorer_.vectorise(words) / 2  # two cosines, of words and of characters: their mean
    likeness.take_coefficients(vectors.T, np.zeros(len(words)))
    cosines = to_log_odds(likeness.predict_proba(texts))
    columns = np.flatnonzero(support < (FEW if _rate(cosines, y) >= _LEAST_AUC else 1))
    if not len(columns):
        return None
    likeness.take_coefficients(vectors[columns].T, np.zeros(len(columns)))
    cosines, odds = cosines[:, columns], to_log_odds(scores[:, columns])
    slopes = odds.std(0) / np.maximum(cosines.std(0), _LEAST_DEVIATION)
    weights = STRENGTH / (STRENGTH + support[columns])
    return Prior(likeness, columns, weights, slopes, odds.mean(0) - slopes * cosines.mean(0))


def _describe(narrative: Narrative) -> str:
    # Not `exclude`, which tells of the neighbours, nor `voices`: with either the ranking was poorer.
    return " ".join([f"{narrative.title}. {narrative.definition}", *narrative.include])


def _rate(cosines: NDArray[Any], y: Targets) -> float:
    """AUC of the likeness, the mean of the narratives with labels: it was not fitted to them, so this is no flattery."""
    from sklearn.metrics import roc_auc_score

    rates = [roc_auc_score(y[:, k], cosines[:, k]) for k in range(y.shape[1]) if 0 < y[:, k].sum() < len(y)]
    return float(np.mean(rates)) if rates else 0.0
