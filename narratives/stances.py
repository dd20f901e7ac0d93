"""How a passage stands to a narrative that it carries: a classifier over pairs of claim and passage.

A second step after the narratives are found. Pairs share what they learn, so a narrative with few labels is served too.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import Classifier, Progress, Targets
from narratives.codebook import Codebook, Narrative
from narratives.data import STANCES, Passage

LEAST = 10  # training pairs of each stance, below which nobody could learn it
_MOST_FLIPS = 0.002  # share of the answers that a faster way of computing may change
_MOST_FALL = 0.005  # of the share of right answers
_SAMPLES = 64


def make_pair(narrative: Narrative, text: str) -> str:
    """The claim and the text as one text; an encoder's tokenizer takes [SEP] for the mark that it is."""
    return f"{narrative.title} [SEP] {text}"


def list_pairs(passages: Sequence[Passage], codebook: Codebook) -> tuple[list[str], Targets]:
    """Every pair whose stance is known, and the stances as a matrix of shape (pairs, 3) in the order of `STANCES`."""
    narratives = {narrative.id: narrative for narrative in codebook.narratives}
    texts, columns = [], []
    for passage in passages:
        for id_, stance in (passage.narratives or {}).items():
            if stance is not None:
                texts.append(make_pair(narratives[id_], passage.text))
                columns.append(STANCES.index(stance))
    return texts, np.eye(len(STANCES), dtype=np.bool_)[np.array(columns, dtype=np.intp)]


def can_learn(passages: Sequence[Passage], codebook: Codebook) -> bool:
    """Whether there are enough pairs of every stance."""
    return bool((list_pairs(passages, codebook)[1].sum(0) >= LEAST).all())


def fit_stances(
    classifier: Classifier,
    train: Sequence[Passage],
    validation: Sequence[Passage],
    codebook: Codebook,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
) -> str:
    """Teach `classifier` the stances, leave it with its fastest faithful way of computing, and say how well it does."""
    texts, y = list_pairs(train, codebook)
    held, held_y = list_pairs(validation, codebook)
    classifier.fit(texts, y, validation=(held, held_y) if held else None, progress=progress, checkpoint=checkpoint)
    if not held:
        return f"stances learned from {len(texts)} pairs; none in validation to check them on"
    exact, gold = classifier.predict_proba(held).argmax(1), held_y.argmax(1)

    def accept(_: str) -> bool:
        fast = classifier.predict_proba(held).argmax(1)
        return bool((fast != exact).mean() <= _MOST_FLIPS and (fast == gold).mean() >= (exact == gold).mean() - _MOST_FALL)

    classifier.speed_up(texts[:: -(-len(texts) // _SAMPLES)], accept)
    right = float((exact == gold).mean())
    return f"stances learned from {len(texts)} pairs; {right:.0%} of {len(held)} in validation right ({classifier.inference})"


def tell_stances(classifier: Classifier, pairs: Sequence[str]) -> NDArray[np.int8]:
    """The position in `STANCES` of the likeliest stance of each pair; equal pairs are computed once."""
    unique: dict[str, int] = {}
    rows = [unique.setdefault(pair, len(unique)) for pair in pairs]
    return np.asarray(classifier.predict_proba(list(unique)).argmax(1)[rows] if rows else [], dtype=np.int8)
