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


STANCES = tuple(Stance)
UNKNOWN = -1  # in arrays of positions in `STANCES`: no narrative there, or one whose stance nobody gave
Labels = dict[str, Stance | None]  # narrative id -> stance, `None` where the stance is unknown
Weighted = tuple[int, int, float]  # a word: start and end in characters, and what it adds to the log-odds, to two digits


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
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)  # where in the text each raised narrative was found


@dataclass(frozen=True, slots=True)
class Readings:
    """A model's answers to n texts as arrays, columns in codebook order."""

    scores: NDArray[np.float32]  # (n, narratives): calibrated, of a text in several windows the highest
    raised: NDArray[np.bool_]  # (n, narratives)
    stances: NDArray[np.int8]  # (n, narratives): of what is raised, the position in `STANCES`, or `UNKNOWN`
    spans: NDArray[np.int32]  # (n, narratives, 2): start and end of the window with that score, in characters
    words: list[dict[str, list[Weighted]]] | None = None  # n: where asked for, of each narrative raised what carries it


def multi_hot(labels: Sequence[Labels], ids: Sequence[str]) -> NDArray[np.bool_]:
    """Labels as a matrix of shape (n, len(ids)) whose columns follow `ids`; `KeyError` for an id that is not there."""
    column = {id_: k for k, id_ in enumerate(ids)}
    matrix = np.zeros((len(labels), len(ids)), dtype=np.bool_)
    for row, carried in enumerate(labels):
        for id_ in carried:
            matrix[row, column[id_]] = True
    return matrix
