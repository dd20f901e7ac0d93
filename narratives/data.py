"""The records that travel through the program: passages, with their gold labels, and predictions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Stance(StrEnum):
    """How a passage stands to a narrative that it carries."""

    ASSERTS = "asserts"
    REPORTS = "reports"
    REBUTS = "rebuts"


Labels = dict[str, Stance | None]  # narrative id -> stance, `None` where the stance is unknown


@dataclass(frozen=True, slots=True)
class Passage:
    """A labelled text. `narratives` is `None` where nobody has labelled it and `{}` where it carries none."""

    id: str
    text: str
    narratives: Labels | None
    document: str
    language: str = "und"
    source: str = ""
    extras: dict[str, Any] = field(default_factory=dict)
    place: str = field(default="", compare=False)  # "file:line", for messages


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's answer: a score in [0, 1] for every narrative, and those it raises."""

    id: str
    scores: dict[str, float]
    narratives: Labels


def multi_hot(labels: Sequence[Labels], ids: Sequence[str]) -> NDArray[np.bool_]:
    """Labels as a matrix of shape (n, len(ids)) whose columns follow `ids`; `KeyError` for an id that is not there."""
    column = {id_: k for k, id_ in enumerate(ids)}
    matrix = np.zeros((len(labels), len(ids)), dtype=np.bool_)
    for row, carried in enumerate(labels):
        for id_ in carried:
            matrix[row, column[id_]] = True
    return matrix
