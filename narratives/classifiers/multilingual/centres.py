"""Where the vectors of each language lie: what only tells the language is taken off, so that what the texts say is left.

An encoder puts a text near its translation, but all texts of a language nearer still: thresholds set in one language do not
hold in another. So each vector loses the mean of its language: that of its own training texts where there are enough; else that
of the language taught, moved by how far translations lie apart. It also loses what is left in the directions in which languages
differ (as in Yang et al. 2021, "A Simple and Effective Method To Eliminate the Self Language Bias in Multilingual
Representations", EMNLP). Both come with the program for `multilingual-e5-small`, in `offsets.safetensors`, which
`experiments/studies/languages/offsets.py` made of texts that say the same in 26 languages.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.multilingual.vectors import normalise
from narratives.data import Texts
from narratives.texts import NONE, find_languages

LEAST = 200  # texts of a language whose mean is taken as it is
OFFSETS = Path(__file__).with_name("offsets.safetensors")
FITS = "multilingual-e5-small"  # the encoder whose offsets these are
DIRECTIONS = "directions"
CYRILLIC = "-Cyrl"
_TWO_SCRIPTS = ("uz",)  # languages with an offset for each script
_DEFAULT = ""  # the key of the mean for texts whose language has none
_MEAN = "mean."  # before a language's name, in a file

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Centres:
    """The mean (width,) of each language, such as "fa" or "uz-Cyrl", "" for all others; and the directions of language."""

    means: Mapping[str, Vectors]
    directions: Vectors  # (directions, width), unit vectors at right angles; none for encoders that the program does not know

    def centre(self, language: str, vector: Vectors) -> Vectors:
        """The vector (width,) of a text without what tells its language, made 1 long again."""
        mean = self.means.get(language)
        rest = vector - (self.means[_DEFAULT] if mean is None else mean)
        # Not by BLAS, whose sums run in an order that depends on shapes and threads.
        along = np.einsum("kd,d->k", self.directions, rest)
        return normalise(rest - np.einsum("k,kd->d", along, self.directions))

    def to_arrays(self) -> dict[str, Vectors]:
        """As they are saved."""
        return {DIRECTIONS: self.directions} | {_MEAN + language: mean for language, mean in self.means.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """Those that `to_arrays` gave, among others."""
        means = {name.removeprefix(_MEAN): array for name, array in arrays.items() if name.startswith(_MEAN)}
        return cls(means=means, directions=arrays[DIRECTIONS])


def find_centres(named: Sequence[str], vectors: Vectors, encoder: str) -> Centres:
    """The centres for a classifier that learns from texts in these languages, whose vectors are (texts, width)."""
    languages = np.array(named)
    counts = Counter(named)
    counts.pop(NONE, None)
    main = max(counts, key=lambda code: (counts[code], code), default=NONE)
    means = {_DEFAULT: (vectors[languages == main] if main != NONE else vectors).mean(0)}
    offsets, directions = read_offsets() if encoder == FITS else ({}, np.zeros((0, vectors.shape[1]), dtype=np.float32))
    if main in offsets:
        means |= {code: means[_DEFAULT] + offset - offsets[main] for code, offset in offsets.items()}
    means |= {code: vectors[languages == code].mean(0) for code, count in counts.items() if count >= LEAST or code == main}
    return Centres(means=means, directions=directions)


def name_languages(texts: Texts) -> list[str]:
    """The language of each text, with its script where it has two; `und` where that is unsure."""
    return [_add_script(code, text) for (code, _), text in zip(find_languages(texts), texts, strict=True)]


def _add_script(code: str, text: str) -> str:
    if code in _TWO_SCRIPTS and sum("\u0400" <= letter <= "\u04ff" for letter in text) > len(text) / 4:
        return code + CYRILLIC
    return code


@cache
def read_offsets() -> tuple[dict[str, Vectors], Vectors]:
    """How far the vectors of each language lie from the English ones of the same texts, (width,) each; the directions."""
    from safetensors.numpy import load_file

    arrays = {name: array.astype(np.float32) for name, array in load_file(OFFSETS).items()}
    directions = arrays.pop(DIRECTIONS)
    return arrays, directions


def list_languages() -> list[str]:
    """The languages that have offsets, by their codes alone."""
    return sorted({code.removesuffix(CYRILLIC) for code in read_offsets()[0]})
