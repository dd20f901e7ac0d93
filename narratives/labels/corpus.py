"""All labels of a project, read once and handed on: codebook, passages, splits, near-duplicates."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from narratives.data import Codebook, Passage
from narratives.errors import UserError, at, did_you_mean
from narratives.labels.codebook import read_codebook
from narratives.labels.passages import digest_passages, read_passages
from narratives.labels.splits import SHARES, Splits, read_splits, split_passages
from narratives.texts import Pair, near_duplicates

SPLITS_FILE = "splits.csv"


class Part(list[Passage]):
    """The labelled passages of one split, a list, with the codebook that their labels follow.

    `.split` is its name, `.texts` and `.ids` are what `Model.classify` takes.

    >>> part = narratives.Project("trams").corpus.part("test")
    >>> part.split, len(part) == len(part.texts) == len(part.ids)
    ('test', True)
    """

    def __init__(self, passages: Iterable[Passage], split: str, codebook: Codebook) -> None:
        super().__init__(passages)
        self.split = split
        self.codebook = codebook

    @property
    def texts(self) -> list[str]:
        """The texts, in order."""
        return [passage.text for passage in self]

    @property
    def ids(self) -> list[str]:
        """The ids, in order."""
        return [passage.id for passage in self]


@dataclass(frozen=True)
class Corpus:
    """What a project's `labels/` held when it was read. It does not change; `project.corpus` reads anew.

    `.codebook`, `.passages`, `.splits` (document to split) and `.part(split)`.

    >>> corpus = narratives.Project("trams").corpus
    >>> sorted(set(corpus.splits.values()))
    ['test', 'train', 'validation']
    >>> len(corpus.labelled) <= len(corpus.passages)
    True
    """

    folder: Path
    codebook: Codebook
    passages: list[Passage]  # in file order, those that nobody has labelled included
    splits: Splits

    @property
    def splits_file(self) -> Path:
        """Where the splits stand."""
        return self.folder / SPLITS_FILE

    @cached_property
    def pairs(self) -> list[Pair]:
        """Near-duplicates among the passages, by position; found when first asked for."""
        return near_duplicates([passage.text for passage in self.passages])

    @property
    def labelled(self) -> list[Passage]:
        """The passages that somebody has labelled."""
        return [passage for passage in self.passages if passage.narratives is not None]

    def part(self, split: str) -> Part:
        """The labelled passages of a split: train, validation or test; `UserError` for another word."""
        if split not in SHARES:
            raise UserError(f"unknown split '{split}'{did_you_mean(split, SHARES)}")
        return Part(split_passages(self.passages, self.splits, split), split, self.codebook)

    def digest(self, split: str) -> str:
        """SHA-256 of the labelled passages of a split."""
        return digest_passages(self.part(split))

    def add_splits(self, new: Splits) -> "Corpus":
        """The same labels with splits for new documents; what was found out about the passages stays known."""
        corpus = replace(self, splits={**self.splits, **new})
        if "pairs" in self.__dict__:
            corpus.__dict__["pairs"] = self.pairs
        return corpus


def read_corpus(folder: Path, *, may_be_empty: bool = False) -> Corpus:
    """Read everything in a project's `labels/`; `UserError` lists the problems of all files at once.

    A folder without passages is one, unless it `may_be_empty`.
    """
    problems: list[str] = []
    splits: Splits = {}
    passages: list[Passage] = []
    try:
        splits = read_splits(folder / SPLITS_FILE)
    except UserError as error:
        problems += error.problems
    try:
        codebook = find_codebook(folder)  # where it is broken nobody can tell which labels are right
        if not may_be_empty or any(path.stat().st_size for path in folder.glob("*.jsonl")):
            passages = read_passages(folder, codebook)
    except UserError as error:
        raise UserError(*problems, *error.problems) from None
    if problems:
        raise UserError(*problems)
    return Corpus(folder=folder, codebook=codebook, passages=passages, splits=splits)


def find_codebook(folder: Path) -> Codebook:
    """The codebook in a project's `labels/`; `UserError` with a hint where this is no project."""
    path = folder / "codebook.toml"
    if not path.is_file():
        hint = "run in a project's folder, name one with --project, or: narratives init DIR"
        raise UserError(at(path, None, f"no such file; {hint}"))
    return read_codebook(path)
