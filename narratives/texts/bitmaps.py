"""Bitmaps of sets: few bits tell how many members two sets have at least that the other has not."""

import numpy as np
from numpy.typing import NDArray

from narratives.texts.grams import GramSets, Numbers

_BITS = 1024  # of each map, a multiple of 16; more of them bound larger sets
_SETS = 1024  # that are mapped at once
_PAIRS = 1 << 16  # that are compared at once
_ONES = np.array([number.bit_count() for number in range(1 << 16)], dtype=np.uint8)

Maps = NDArray[np.uint16]


def make_bitmaps(grams: GramSets) -> Maps:
    """A map for each set, (sets, words of 16 bits): a bit is 1 where an odd number of grams fall on it."""
    count = len(grams.sizes)
    maps = np.empty((count, _BITS // 16), dtype=np.uint16)
    for start in range(0, count, _SETS):
        stop = min(start + _SETS, count)
        rows = np.repeat(np.arange(stop - start), grams.sizes[start:stop])
        bits = grams.numbers[grams.starts[start] : grams.starts[stop]] % _BITS
        odd = np.bincount(rows * _BITS + bits, minlength=(stop - start) * _BITS) & 1
        maps[start:stop] = np.packbits(odd.astype(np.bool_).reshape(-1, _BITS), axis=1).view(np.uint16)
    return maps


def count_apart(maps: Maps, first: Numbers, second: Numbers) -> Numbers:
    """A lower bound of how many grams each pair has that only one of the two has, (pairs,).

    What both have falls on the same bit of both maps, and no gram alters more than one bit: maps that differ in so many
    bits stand for sets that differ in so many grams (Sandes, Teodoro and Melo, Information Systems 2020).
    """
    apart = np.empty(len(first), dtype=np.int64)
    for start in range(0, len(first), _PAIRS):
        pairs = slice(start, start + _PAIRS)
        apart[pairs] = _ONES[maps[first[pairs]] ^ maps[second[pairs]]].sum(axis=1, dtype=np.int64)
    return apart
