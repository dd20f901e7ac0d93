"""The codebook seen from higher up: parents that close over their children, and families."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from narratives.data import Codebook, Matrix
from narratives.labels.codebook import climb

Cells = TypeVar("Cells", NDArray[np.bool_], NDArray[np.float32])


def close_ancestors(cells: Cells, codebook: Codebook) -> Cells:
    """Labels or scores (passages, narratives) in which a parent, up to the top, has the largest of its children's."""
    column = {id_: k for k, id_ in enumerate(codebook.ids)}
    closed = cells.copy()
    for id_, ancestors in _find_ancestors(codebook).items():
        for parent in ancestors:
            above = closed[:, column[parent]]
            np.maximum(above, cells[:, column[id_]], out=above)
    return closed


def find_families(codebook: Codebook) -> list[str]:
    """Family ids in the order of their first narrative."""
    return list(dict.fromkeys(narrative.family for narrative in codebook.narratives))


def find_depths(codebook: Codebook) -> NDArray[np.int64]:
    """How far below the top each narrative stands: 0 where it has no parent."""
    return np.array([len(ancestors) for ancestors in _find_ancestors(codebook).values()])


def collapse(labels: Matrix, codebook: Codebook, families: Sequence[str]) -> Matrix:
    """Labels by family, shape (passages, families): carried where any of its narratives is."""
    owners = np.array([narrative.family for narrative in codebook.narratives])
    return np.stack([labels[:, owners == family].any(1) for family in families], axis=1)


def _find_ancestors(codebook: Codebook) -> dict[str, list[str]]:
    """For each narrative its parent, that one's parent, and so on."""
    parents = {narrative.id: narrative.parent for narrative in codebook.narratives if narrative.parent is not None}
    return {id_: climb(id_, parents) for id_ in codebook.ids}
