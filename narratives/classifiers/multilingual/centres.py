"""Where the vectors of each language lie: what only tells the language is taken off, so that what the texts say is left.

An encoder puts a text near its translation, but all texts of a language nearer still: thresholds set in one language do not
hold in another. So each vector loses the mean of its language: that of its own training texts where there are enough; else that
of the language taught, moved by how far translations lie apart. It also loses what is left in the directions in which languages
differ (as in Yang et al. 2021, "A Simple and Effective Method To Eliminate the Self Language Bias in Multilingual
Representations", EMNLP).

What is left says less than it would in the language taught: a text and its translation lie apart by chance, too. So its cosines
with texts of that language are too small, and claims would be missed. They are divided by the square root of how near
translations lie to each other, as correlations are that one uncertain measure makes too small (Spearman 1904, "The Proof and
Measurement of Association between Two Things").

All of it comes with the program for `multilingual-e5-small`, in `offsets.safetensors`, which
`experiments/studies/languages/offsets.py` made of texts that say the same in 26 languages.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.multilingual.vectors import normalise
from narratives.data import Texts
from narratives.texts import NONE, find_languages

LEAST = 200  # texts of a language whose mean is taken as it is
TAUGHT = 20  # texts of a language that carry something, from which on it was learned from as it is
OFFSETS = Path(__file__).with_name("offsets.safetensors")
FITS = "multilingual-e5-small"  # the encoder whose offsets these are
DIRECTIONS = "directions"
REACH = "reach."  # before a language's name: the mean cosine of its texts and the English ones that say the same
CYRILLIC = "-Cyrl"
_TWO_SCRIPTS = ("uz",)  # languages with an offset for each script
_DEFAULT = ""  # the key of the mean for texts whose language has none
_MEAN, _GAIN = "mean.", "gain."  # before a language's name, in a file

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Centres:
    """The mean (width,) of each language, such as "fa" or "uz-Cyrl", "" for all others; and the directions of language."""

    means: Mapping[str, Vectors]
    directions: Vectors  # (directions, width), unit vectors at right angles; none for encoders that the program does not know
    gains: Mapping[str, float] = field(default_factory=dict)  # by how much cosines are too small, for languages not taught

    def raise_cosines(self, language: str, cosines: Vectors) -> Vectors:
        """Those of a text in this language with texts that were taught, as they would be had it been written in theirs."""
        gain = self.gains.get(language)
        return cosines if gain is None else np.minimum(cosines * np.float32(gain), np.float32(1))

    def centre(self, language: str, vector: Vectors) -> Vectors:
        """The vector (width,) of a text without what tells its language, made 1 long again."""
        mean = self.means.get(language)
        rest = vector - (self.means[_DEFAULT] if mean is None else mean)
        # Not by BLAS, whose sums run in an order that depends on shapes and threads.
        along = np.einsum("kd,d->k", self.directions, rest)
        return normalise(rest - np.einsum("k,kd->d", along, self.directions))

    def to_arrays(self) -> dict[str, Vectors]:
        """As they are saved."""
        means = {_MEAN + language: mean for language, mean in self.means.items()}
        gains = {_GAIN + language: np.array([gain], dtype=np.float32) for language, gain in self.gains.items()}
        return {DIRECTIONS: self.directions} | means | gains

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """Those that `to_arrays` gave, among others."""
        means = {name.removeprefix(_MEAN): array for name, array in arrays.items() if name.startswith(_MEAN)}
        gains = {name.removeprefix(_GAIN): float(array[0]) for name, array in arrays.items() if name.startswith(_GAIN)}
        return cls(means=means, directions=arrays[DIRECTIONS], gains=gains)  # older models have no gains


def find_centres(named: Sequence[str], vectors: Vectors, encoder: str, carrying: NDArray[np.bool_]) -> Centres:
    """The centres for a classifier that learns from texts in these languages, whose vectors are (texts, width).

    `carrying` (texts,) are those that carry something: a language without such was not taught, however many of its texts are
    there as background.
    """
    languages = np.array(named)
    counts = Counter(named)
    counts.pop(NONE, None)
    main = max(counts, key=lambda code: (counts[code], code), default=NONE)
    means = {_DEFAULT: (vectors[languages == main] if main != NONE else vectors).mean(0)}
    brought = read_brought() if encoder == FITS else Brought({}, np.zeros((0, vectors.shape[1]), dtype=np.float32), {})
    offsets, reach = brought.offsets, brought.reach
    if main in offsets:
        means |= {code: means[_DEFAULT] + offset - offsets[main] for code, offset in offsets.items()}
    means |= {code: vectors[languages == code].mean(0) for code, count in counts.items() if count >= LEAST or code == main}
    taught = Counter(code for code, carries in zip(named, carrying, strict=True) if carries)
    foreign = [code for code in reach if main in reach and code != main and taught[code] < TAUGHT]
    gains = {code: (reach[code] * reach[main]) ** -0.5 for code in foreign}
    return Centres(means=means, directions=brought.directions, gains=gains)


def name_languages(texts: Texts) -> list[str]:
    """The language of each text, with its script where it has two; `und` where that is unsure."""
    return [_add_script(code, text) for (code, _), text in zip(find_languages(texts), texts, strict=True)]


def _add_script(code: str, text: str) -> str:
    if code in _TWO_SCRIPTS and sum("\u0400" <= letter <= "\u04ff" for letter in text) > len(text) / 4:
        return code + CYRILLIC
    return code


@dataclass(frozen=True, slots=True)
class Brought:
    """What the program knows of languages, for its own encoder."""

    offsets: dict[
        str, Vectors
    ]  # how far the vectors of each language lie from the English ones of the same texts, (width,) each
    directions: Vectors  # those in which languages differ
    reach: dict[str, float]  # the mean cosine of a text and the English one that says the same, 1 for English


@cache
def read_brought() -> Brought:
    """From `offsets.safetensors`."""
    from safetensors.numpy import load_file

    arrays = {name: array.astype(np.float32) for name, array in load_file(OFFSETS).items()}
    directions = arrays.pop(DIRECTIONS)
    names = [name for name in arrays if name.startswith(REACH)]
    reach = {name.removeprefix(REACH): float(arrays.pop(name)[0]) for name in names}
    return Brought(arrays, directions, reach)


def list_languages() -> list[str]:
    """The languages that have offsets, by their codes alone."""
    return sorted({code.removesuffix(CYRILLIC) for code in read_brought().offsets})
