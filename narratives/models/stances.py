"""How a passage stands to a narrative that it carries: three more columns that the classifier learns beside the narratives.

A column says whether the passage carries anything with that stance; of the three, the highest is the stance of all that is
found in a window. It is told from the passage alone, since neither the claim's words nor its name helped, and by the classifier
itself, since a second one told it no better (measured in `experiments/LOG.md`). A passage whose stances nobody noted counts as
having none: of the three columns that lowers all alike.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from narratives.data import STANCES, UNKNOWN, Passage, Targets

LEAST = 10  # training passages with each stance, below which nobody could learn it


def stance_matrix(passages: Sequence[Passage]) -> Targets:
    """Whether a passage carries anything with a stance, of shape (passages, 3) in the order of `STANCES`."""
    rows = [[stance in (passage.narratives or {}).values() for stance in STANCES] for passage in passages]
    return np.array(rows, dtype=np.bool_).reshape(len(passages), len(STANCES))


def can_learn(columns: Targets) -> bool:
    """Whether the training passages have enough of each stance."""
    return bool((columns.sum(0) >= LEAST).all())


def describe_stances(stances: NDArray[np.int8], passages: Sequence[Passage], ids: Sequence[str]) -> str:
    """How many stances of labelled passages are told rightly, in a line; `stances` has the shape (passages, narratives)."""
    pairs = [
        (stances[row, ids.index(id_)], STANCES.index(stance))
        for row, passage in enumerate(passages)
        for id_, stance in (passage.narratives or {}).items()
        if stance is not None
    ]
    if not pairs:
        return "stances learned; none in validation to check them on"
    right = sum(predicted == gold for predicted, gold in pairs) / len(pairs)
    return f"{right:.0%} of the {len(pairs)} stances in validation right"


def tell_stances(scores: NDArray[np.float32]) -> NDArray[np.int8]:
    """The position in `STANCES` of the highest of the last axis, which has three; `UNKNOWN` where it has none."""
    if not scores.shape[-1]:
        return np.full(scores.shape[:-1], UNKNOWN, dtype=np.int8)
    return np.asarray(scores.argmax(-1), dtype=np.int8)
