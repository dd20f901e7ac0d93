"""Cut labelled passages into folds, so that each can be scored by a model that saw nothing like it."""

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from narratives.data import Passage
from narratives.texts import Pair, group

_SEED = 0


def group_passages(passages: Sequence[Passage], pairs: Sequence[Pair]) -> list[int]:
    """For each passage the first of those that must not be told apart: one document, or near-duplicates (`pairs`)."""
    first: dict[str, int] = {}
    links = [(first.setdefault(passage.document, row), row) for row, passage in enumerate(passages)]
    return group(len(passages), iter([*links, *((pair.first, pair.second) for pair in pairs)]))


def deal_folds(groups: Sequence[int], number: int) -> NDArray[np.int64]:
    """The fold of each passage, from 0: groups are dealt out whole, in an order that is drawn by lot but always the same.

    There may be fewer folds than `number`, where there are fewer groups.
    """
    roots = sorted(set(groups))
    order = random.Random(_SEED).sample(roots, len(roots))
    fold_of = {root: place % number for place, root in enumerate(order)}
    return np.array([fold_of[root] for root in groups], dtype=np.int64)
