"""Texts in languages that the words of a blend were not taught: the sense answers alone, on the scale of the blend."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.odds import to_log_odds
from narratives.data import Matrix, Scores, Texts
from narratives.texts import NONE, find_languages, find_taught


@dataclass(frozen=True, slots=True)
class Abroad:
    """TF-IDF finds none of its words in a language that it was not taught, which says nothing against a narrative.

    So its part of the mean is left out there. Scores of the sense alone are on another scale than mixed ones; a line makes
    them as probable as mixed ones of the same size, so that calibration and thresholds hold for either.
    """

    taught: frozenset[str]
    slope: float = 1.0
    shift: float = 0.0

    def find_abroad(self, texts: Texts) -> NDArray[np.bool_]:
        """Which of the texts are in none of the languages taught; where the language is unsure, it may be one of them."""
        taught = self.taught | {NONE}
        return np.array([code not in taught for code, _ in find_languages(texts)], dtype=np.bool_)

    def rescale(self, odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-odds by the sense alone, as log-odds of the blend."""
        return self.slope * odds + self.shift

    def to_json(self) -> dict[str, Any]:
        """For a file."""
        return {"taught": sorted(self.taught), "slope": self.slope, "shift": self.shift}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The same again; `ValueError` where the line is none."""
        taught, line = value["taught"], np.array([value["slope"], value["shift"]], dtype=np.float64)
        if not isinstance(taught, list) or not np.isfinite(line).all() or line[0] <= 0:
            raise ValueError("'abroad' needs a list of languages, and a line that rises")
        return cls(frozenset(map(str, taught)), float(line[0]), float(line[1]))


def name_taught(texts: Texts) -> frozenset[str]:
    """The languages that these texts teach; none where that is unsure of most of them."""
    counts = Counter(code for code, _ in find_languages(texts))
    return frozenset() if counts[NONE] > len(texts) / 2 else find_taught(counts)


def fit_abroad(taught: frozenset[str], mixed: NDArray[np.float64], sense: Scores, gold: Matrix) -> Abroad:
    """The line from validation texts, (texts, narratives) each: `mixed` are the log-odds of both, `sense` scores of the one.

    Over all decisions together each kind of score has a sigmoid that says how probable a narrative is (Platt 1999,
    "Probabilistic Outputs for Support Vector Machines"); the line leads from one to the other.
    """
    if not gold.any() or gold.all():
        return Abroad(taught)
    (steep, high), (slope, shift) = (_fit_sigmoid(odds, gold) for odds in (mixed, to_log_odds(sense)))
    if min(steep, slope) <= 0:  # on these texts it ranks no better than chance: there is no scale to be had
        return Abroad(taught)
    return Abroad(taught, slope / steep, (shift - high) / steep)


def _fit_sigmoid(odds: NDArray[np.float64], gold: Matrix) -> tuple[float, float]:
    """Slope and intercept by which log-odds become those of being right."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e4).fit(odds.reshape(-1, 1), gold.ravel())
    return float(model.coef_[0, 0]), float(model.intercept_[0])
