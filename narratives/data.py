"""The records that travel through the program, the codebook first, and the names of its arrays."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Texts = Sequence[str]
Targets = NDArray[np.bool_]  # (texts, columns): the narratives, then perhaps the stances
Scores = NDArray[np.float32]  # (texts, narratives), each in [0, 1]
Matrix = NDArray[np.bool_]  # (passages, narratives): gold or predicted labels
Floats = NDArray[np.float64]


class Stance(StrEnum):
    """How a passage stands to a narrative that it carries: a text, `"asserts"`, `"reports"` or `"rebuts"`.

    >>> narratives.Stance("rebuts") == "rebuts"
    True
    """

    ASSERTS = "asserts"
    REPORTS = "reports"
    REBUTS = "rebuts"


STANCES = tuple(Stance)
UNKNOWN = -1  # in arrays of positions in `STANCES`: no narrative there, or one whose stance nobody gave


class Objective(StrEnum):
    """What thresholds are for, as a config names it."""

    NARRATIVE = "narrative"  # the F1 of each narrative by itself
    MICRO = "micro"  # the F1 of all answers together
    ALARMS = "alarms"  # a budget of alarms in texts that carry nothing


Labels = dict[str, Stance | None]  # narrative id -> stance, `None` where the stance is unknown
BY_MODEL = "model:"  # begins the `origin` of labels that are a model's answer; its run follows
Weighted = tuple[int, int, float]  # a word: start and end in characters, and what it adds to the log-odds, to two digits


@dataclass(frozen=True, slots=True)
class Narrative:
    """One claim that an actor repeats, worded so that two readers label alike.

    >>> claim = "The toll takes money from people who have no other way."
    >>> narratives.Narrative(id="toll", title="The toll robs us", family="critics", definition=claim).include
    ()
    """

    id: str
    title: str
    family: str
    definition: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    parent: str | None = None

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "Narrative":
        """A narrative from plain data, where tuples are lists."""
        values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
        return cls(**values)


@dataclass(frozen=True)
class Codebook:
    """Narratives in a fixed order. `ids` is the one label order of every matrix, table and file.

    >>> codebook = narratives.Project("trams").corpus.codebook
    >>> len(codebook.ids) == len(codebook.narratives), len(codebook.digest)
    (True, 64)
    """

    name: str
    version: str
    narratives: tuple[Narrative, ...]
    rules: tuple[str, ...] = ()

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Narrative ids in codebook order: column k of every matrix is `ids[k]`."""
        return tuple(narrative.id for narrative in self.narratives)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content (not of comments or layout): two codebooks with one digest label alike."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Plain data from which `from_json` rebuilds the codebook."""
        return {
            "name": self.name,
            "version": self.version,
            "rules": list(self.rules),
            "narratives": [asdict(narrative) for narrative in self.narratives],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Codebook":
        """Rebuild from `to_json` after a trip through JSON, which turns tuples into lists."""
        narratives = tuple(Narrative.from_json(entry) for entry in value["narratives"])
        return cls(value["name"], value["version"], narratives, tuple(value["rules"]))


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands, for messages: `file:line` as a text."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Passage:
    """A labelled text. `narratives` is `None` where nobody has labelled it and `{}` where it carries none.

    Passages of one `document` never stand in two splits, and are drawn together when intervals are computed.

    >>> narratives.Passage(id="p1", text="The fare rises.", narratives={"toll": None}, document="d1").language
    'und'
    """

    id: str
    text: str
    narratives: Labels | None
    document: str
    language: str = "und"
    source: str = ""
    extras: dict[str, Any] = field(default_factory=dict)
    place: Place | None = field(default=None, compare=False)

    @property
    def by_model(self) -> bool:
        """Whether its labels are a model's answer: it may be trained on, it is never tested on."""
        return str(self.extras.get("origin", "")).startswith(BY_MODEL)


@dataclass(frozen=True, slots=True)
class Prediction:
    """An answer to one text: a score in [0, 1] for every narrative, or none at all, and the narratives that are raised.

    >>> narratives.Prediction(id="p1", scores={}, narratives={"toll": narratives.Stance.ASSERTS}).stances["toll"].value
    'asserts'
    """

    id: str
    scores: dict[str, float]
    narratives: Labels
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)  # where in the text each raised narrative was found

    @property
    def stances(self) -> dict[str, Stance]:
        """The stances that are known, by narrative."""
        return {id_: stance for id_, stance in self.narratives.items() if stance is not None}


def multi_hot(labels: Sequence[Labels], ids: Sequence[str]) -> NDArray[np.bool_]:
    """Labels as a matrix of shape (n, len(ids)) whose columns follow `ids`; `KeyError` for an id that is not there."""
    column = {id_: k for k, id_ in enumerate(ids)}
    matrix = np.zeros((len(labels), len(ids)), dtype=np.bool_)
    for row, carried in enumerate(labels):
        for id_ in carried:
            matrix[row, column[id_]] = True
    return matrix
