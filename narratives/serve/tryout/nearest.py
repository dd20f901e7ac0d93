"""What is near: labelled passages to a text, and narratives to each other in the codebook."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from narratives.data import Codebook, Narrative, Passage
from narratives.errors import UserError
from narratives.project import Project

PASSAGES, NARRATIVES = 5, 3  # shown
_FAR = 0.05  # cosine below which nothing is near


@dataclass(frozen=True, slots=True)
class Near:
    """A labelled passage and the cosine of its words with those of a text, in (0, 1]."""

    passage: Passage
    likeness: float


@dataclass(frozen=True, slots=True)
class _Space:
    # The labelled passages as vectors, and what the files were when they were read.
    stamp: object
    passages: list[Passage]
    vectorizer: Any
    vectors: Any


class Neighbours:
    """Finds labelled passages near to a text; the labels are read when first asked for, and again when they change."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._reading = threading.Lock()
        self._space: _Space | None = None

    def find(self, text: str) -> list[Near]:
        """The labelled passages whose words are most like those of `text`; none where labels cannot be read."""
        space = self.read()
        if space.vectors is None:
            return []
        likeness = (space.vectors @ space.vectorizer.transform([text]).T).toarray()[:, 0]
        order = likeness.argsort(kind="stable")[::-1][:PASSAGES].tolist()
        return [Near(space.passages[row], float(likeness[row])) for row in order if likeness[row] > _FAR]

    def read(self) -> _Space:
        """The labelled passages as they stand; read anew where a file has changed."""
        with self._reading:
            stamp = _stamp(self._project.labels)
            if self._space is None or self._space.stamp != stamp:
                self._space = self._read(stamp)
            return self._space

    def _read(self, stamp: object) -> _Space:
        try:
            passages = self._project.read_corpus(may_be_empty=True).labelled
        except UserError:  # no project there, or labels that are being mended: the answer stands without them
            passages = []
        vectorizer, vectors = _vectorise([passage.text for passage in passages])
        return _Space(stamp, passages, vectorizer, vectors)


@lru_cache(maxsize=8)
def find_kin(codebook: Codebook) -> dict[str, list[Narrative]]:
    """For each narrative those whose entries share most words with its own, the nearest first."""
    entries = [" ".join((entry.title, entry.definition, *entry.include)) for entry in codebook.narratives]
    _, vectors = _vectorise(entries)
    if vectors is None:
        return {id_: [] for id_ in codebook.ids}
    likeness = (vectors @ vectors.T).toarray()
    kin = {}
    for row, entry in enumerate(codebook.narratives):
        order = [k for k in likeness[row].argsort(kind="stable")[::-1].tolist() if k != row and likeness[row, k] > _FAR]
        kin[entry.id] = [codebook.narratives[k] for k in order[:NARRATIVES]]
    return kin


def _vectorise(texts: Sequence[str]) -> tuple[Any, Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(sublinear_tf=True)
    try:
        return vectorizer, vectorizer.fit_transform(texts)
    except ValueError:  # not a word in all of it
        return vectorizer, None


def _stamp(folder: Path) -> object:
    return [(path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.glob("*.jsonl"))]
