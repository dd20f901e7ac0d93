"""A task that a tiny model can learn: texts of random words, and a few words for each topic."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TOPICS = {
    "toll": ["bridge", "toll", "barrier", "ferry", "tariff"],
    "school": ["teacher", "lesson", "pupil", "classroom", "exam"],
    "flood": ["flood", "river", "dam", "levee", "rainfall"],
}


class Toy(NamedTuple):
    """Texts and their multi-hot labels, columns in the order of `TOPICS`."""

    texts: list[str]
    y: NDArray[np.bool_]
