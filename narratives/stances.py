"""How a passage stands to a narrative that it carries: a second step, for the narratives that were found.

TF-IDF of the passage decides, whatever classifier finds the narratives: stance shows in the manner of speaking, and neither the
claim's words nor a fine-tuned encoder on pairs of claim and passage did better (measured in `experiments/LOG.md`).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import Targets
from narratives.classifiers.tfidf import TfidfClassifier
from narratives.data import STANCES, Passage

LEAST = 10  # examples of each stance, below which nobody could learn it


def list_stances(passages: Sequence[Passage]) -> tuple[list[str], Targets]:
    """A text for every narrative whose stance is known, and the stances (texts, 3) in the order of `STANCES`."""
    known = [(p.text, stance) for p in passages for stance in (p.narratives or {}).values() if stance is not None]
    columns = np.array([STANCES.index(stance) for _, stance in known], dtype=np.intp)
    return [text for text, _ in known], np.eye(len(STANCES), dtype=np.bool_)[columns]


def fit_stances(train: Sequence[Passage], validation: Sequence[Passage], seed: int) -> tuple[TfidfClassifier | None, str]:
    """A classifier of stances, or `None` where there are too few of one to learn from; and how well it does, in a line."""
    texts, y = list_stances(train)
    if (y.sum(0) < LEAST).any():
        return None, f"no stances: fewer than {LEAST} training examples of one of them"
    classifier = TfidfClassifier(seed=seed).fit(texts, y)
    held, held_y = list_stances(validation)
    if not held:
        return classifier, f"stances learned from {len(texts)} examples; none in validation to check them on"
    right = float((classifier.predict_proba(held).argmax(1) == held_y.argmax(1)).mean())
    return classifier, f"stances learned from {len(texts)} examples; {right:.0%} of {len(held)} in validation right"


def tell_stances(classifier: TfidfClassifier, texts: Sequence[str]) -> NDArray[np.int8]:
    """The position in `STANCES` of the likeliest stance of each text; equal texts are computed once."""
    unique: dict[str, int] = {}
    rows = [unique.setdefault(text, len(unique)) for text in texts]
    return np.asarray(classifier.predict_proba(list(unique)).argmax(1)[rows] if rows else [], dtype=np.int8)
