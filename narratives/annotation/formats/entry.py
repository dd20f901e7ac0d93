"""Label files of other tools: what a reader gives, and what it is told.

A reader is a function `read(path, wishes)` that yields entries, one module a tool; `choice.FORMATS` names them all. What it
cannot take as labels it leaves in the entry, as `untaken` or among the values; `untaken.refuse` then decides for all alike.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from narratives.annotation.names import Names
from narratives.data import Place
from narratives.files import count_id

TABLES = (".csv", ".tsv", ".parquet")


class Rest:
    """Broken records of a file beyond the first few of each cause: a line and a reason each, in sixteen bytes."""

    def __init__(self) -> None:
        self._lines = array("q")
        self._reasons = array("q")
        self._numbers: dict[str, int] = {}  # reason -> its number in `_reasons`

    def add(self, line: int, reason: str) -> None:
        """Take one down."""
        self._lines.append(line)
        self._reasons.append(self._numbers.setdefault(reason, len(self._numbers)))

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        reasons = list(self._numbers)
        return ((line, reasons[number]) for line, number in zip(self._lines, self._reasons, strict=True))

    def count_reasons(self) -> dict[str, int]:
        """How many there are of each reason, in the order in which they came up."""
        counts = Counter(self._reasons)
        return {reason: counts[number] for reason, number in self._numbers.items()}


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer of one annotator to one text. `values` are as in our JSONL, but labels may be named as the tool names them."""

    place: Place
    values: dict[str, Any]
    by: str = ""  # the annotator
    problem: str = ""  # why this is no record at all
    notes: tuple[str, ...] = ()  # what had to be assumed; each told once, with a count
    settles: tuple[Any, ...] = ()  # for a decision: the labels that were seen when it was made
    task: str = ""  # what the tool itself calls it; messages name it where it is there
    untaken: Mapping[str, Any] = field(default_factory=dict)  # annotations that are not among the labels
    ours: bool = False  # in our own form, where what stands beside the labels is no label
    code: bool = False  # holds one code of perhaps several: rows of one text add up
    split: str = ""  # the split that the data's makers gave it
    taken: tuple[str, ...] = ()  # the fields whose content became labels
    rest: Rest | None = None  # all the records that this one, whose own place and problem are those of the first, stands for

    @property
    def where(self) -> str:
        """The place for messages: a task's own number where the tool has one, else file and line."""
        return f"{self.place.file}: task {self.task}" if self.task else str(self.place)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user said about the files."""

    names: Names
    text: str | None = None  # the field that holds the text; with dots, inside others
    labels: tuple[str, ...] = ()  # the columns, questions or controls that hold the labels
    empty_is_none: bool = False  # where a tool can't tell, no label means "carries none", not "nobody looked"
    partial: bool = False  # narratives that nobody was asked about count as not carried
    spans: bool = False  # labels of stretches of a text count as labels of the text
    columns: Mapping[str, str] = field(default_factory=dict)  # our own key -> the field that holds it
    texts: Path | None = None  # the folder or the table with the texts
    as_labels: bool = False  # answers of a model are taken too, and marked
    annotator: str | None = None  # the field that says who labelled
    header: tuple[str, ...] = ()  # the columns of a table that does not name them
    encoding: str = ""  # of files that are neither UTF-8 nor marked as UTF-16
    class_names: tuple[str, ...] = ()  # what the numbers 0, 1, ... stand for

    @property
    def empty(self) -> list[str] | None:
        """The labels of a record without any, in a tool that has no word for "carries none"."""
        return [] if self.empty_is_none else None

    def lacking(self, labels: Iterable[str]) -> list[str]:
        """The narratives that none of the `labels` is about; none where partial answers are welcome."""
        about = {self.names.narrative(label) for label in labels}
        return [] if self.partial else [id_ for id_ in self.names.ids if id_ not in about]


def to_text(value: Any) -> Any:
    """A number as text, since some tools turn ids into numbers; everything else as it is."""
    return count_id(value)


def as_object(value: Any, name: str) -> dict[str, Any]:
    """An object, empty for null; `ValueError` where it is anything else."""
    if value is None or isinstance(value, dict):
        return value or {}
    raise ValueError(f"'{name}' must be an object, not {str(value)[:40]!r}")


def as_list(value: Any, name: str) -> list[Any]:
    """A list, empty for null; `ValueError` where it is anything else."""
    if value is None or isinstance(value, list):
        return value or []
    raise ValueError(f"'{name}' must be a list, not {str(value)[:40]!r}")
