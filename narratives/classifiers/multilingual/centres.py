"""Where the vectors of each language lie: their means are taken off, so that what is left is what the texts say.

An encoder puts a text near its translation, but all texts of a language nearer still: thresholds set in one language do not
hold in another. The mean of a language is that of its own texts where there are enough; else that of the language taught, moved
by how far translations lie apart, which the program brings along for `multilingual-e5-small` (`offsets.safetensors`, made by
`experiments/studies/languages/offsets.py` from the Universal Declaration of Human Rights).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.multilingual.vectors import normalise
from narratives.data import Texts
from narratives.texts import NONE, find_language

LEAST = 200  # texts of a language whose mean is taken as it is
OFFSETS = Path(__file__).with_name("offsets.safetensors")
FITS = "multilingual-e5-small"  # the encoder whose offsets these are
CYRILLIC = "-Cyrl"
_TWO_SCRIPTS = ("uz",)  # languages with offsets for each script
_DEFAULT = ""  # the key of the mean for texts whose language has none

Means = dict[str, NDArray[np.float32]]  # unit vectors' means (width,) by language, such as "fa" or "uz-Cyrl"


def name_language(text: str) -> str:
    """The language of a text, with its script where it has two; `und` where that is unsure."""
    code = find_language(text)[0]
    if code in _TWO_SCRIPTS and sum("\u0400" <= letter <= "\u04ff" for letter in text) > len(text) / 4:
        return code + CYRILLIC
    return code


def find_means(texts: Texts, vectors: NDArray[np.float32], encoder: str) -> Means:
    """The mean of each language, from training texts and their vectors (texts, width); under "" that for all others."""
    languages = np.array([name_language(text) for text in texts])
    counts = Counter(languages.tolist())
    counts.pop(NONE, None)
    main = max(counts, key=lambda code: (counts[code], code), default=NONE)
    home = vectors[languages == main] if main != NONE else vectors
    offsets = read_offsets() if encoder == FITS else {}
    means: Means = {_DEFAULT: home.mean(0)}
    for code, offset in offsets.items():
        if main in offsets:
            means[code] = means[_DEFAULT] + offset - offsets[main]
    return means | {code: vectors[languages == code].mean(0) for code, n in counts.items() if n >= LEAST or code == main}


def centre(text: str, vector: NDArray[np.float32], means: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """The vector (width,) without what all texts of its language share, made 1 long again."""
    mean = means.get(name_language(text))
    return normalise(vector - (means[_DEFAULT] if mean is None else mean))


@cache
def read_offsets() -> Means:
    """How far the vectors of each language lie from the English ones of the same texts, (width,) each."""
    from safetensors.numpy import load_file

    return {code: array.astype(np.float32) for code, array in load_file(OFFSETS).items()}


def list_languages() -> Iterable[str]:
    """The languages that have offsets, by their codes alone."""
    return sorted({code.removesuffix(CYRILLIC) for code in read_offsets()})
