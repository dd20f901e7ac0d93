"""Which of many sets may be so alike that their Jaccard similarity reaches a threshold."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from narratives.texts.bitmaps import Maps, count_apart, make_bitmaps
from narratives.texts.grams import GramSets, Numbers, take_first

_PROBES = 1024  # sets that are looked up at once
_BLOCKS = 24  # so many at most: each pair of them takes memory for every gram there is
_LEAST = 1024  # sets in a block, the last one excepted
_MORE = 0.03  # of a set, by which its prefix is longer than it must be: more to look up, fewer candidates
_SLACK = 1e-6  # bounds are computed in floating point


@dataclass(frozen=True, slots=True)
class _Prefixes:
    """The rarest grams of some sets, as many of each as are needed to find all that may be like it."""

    sizes: Numbers  # of the whole sets
    rest: Numbers  # how many grams of each set are left out
    least: int  # how many grams the prefix of a set shares at least with that of one that is like it
    last: Numbers  # the highest number among those taken
    matrix: Any  # scipy.sparse, (sets, grams): 1 where a set has a gram


def find_candidates(grams: GramSets, threshold: float) -> Iterator[tuple[Numbers, Numbers]]:
    """Pairs of sets, by position, among which are all whose similarity is `threshold` or more. Each pair comes once.

    Sets so alike share so many grams that even of the rarest of each, its prefix, they share some: only those are looked up
    (AllPairs: Bayardo, Ma and Srikant, WWW 2007). Sets are compared block by block of like sizes: what two sizes have to
    share tells how long the prefixes must be. How many grams of their prefixes a pair shares bounds what it can share in
    all, which leaves few pairs (after PPJoin: Xiao et al., WWW 2008); their bitmaps leave fewer still.
    """
    maps = make_bitmaps(grams)
    order = np.argsort(grams.sizes, kind="stable")
    step = max(_LEAST, -(-len(order) // _BLOCKS))
    blocks = [order[start : start + step] for start in range(0, len(order), step)]
    for k, larger in enumerate(blocks):
        for smaller in reversed(blocks[: k + 1]):
            if grams.sizes[smaller[-1]] < threshold * grams.sizes[larger[0]] - _SLACK:
                break  # and so are those that are smaller still
            yield from _compare(grams, maps, smaller, larger, threshold / (1 + threshold))


def _compare(grams: GramSets, maps: Maps, smaller: Numbers, larger: Numbers, share: float) -> Iterator[tuple[Numbers, Numbers]]:
    """Candidates of two blocks, which may be the same: `share` of the sum of their sizes is what two sets have in common."""
    probes = _take_prefixes(grams, larger, share, int(grams.sizes[smaller[0]]))
    index = _take_prefixes(grams, smaller, share, int(grams.sizes[larger[0]]))
    transposed = index.matrix.T.tocsr()
    least = min(probes.least, index.least)
    for start in range(0, len(larger), _PROBES):
        hits = probes.matrix[start : start + _PROBES] @ transposed
        places = np.flatnonzero(hits.data >= least)
        rows, columns = np.searchsorted(hits.indptr, places, side="right") - 1 + start, hits.indices[places]
        # Up to the lower of their last grams both prefixes are complete: beyond it one has no more than its rest.
        rest = np.where(probes.last[rows] <= index.last[columns], probes.rest[rows], index.rest[columns])
        both = probes.sizes[rows] + index.sizes[columns]
        likely = hits.data[places] + rest >= share * both - _SLACK
        if smaller is larger:
            likely &= columns < rows
        first, second, both = smaller[columns[likely]], larger[rows[likely]], both[likely]
        likely = (both - count_apart(maps, first, second)) / 2 >= share * both - _SLACK
        yield first[likely], second[likely]


def _take_prefixes(grams: GramSets, sets: Numbers, share: float, other: int) -> _Prefixes:
    """Prefixes for sets that are to be like one of `other` grams or more; none for those that are too small to be."""
    sizes = grams.sizes[sets]
    needed = np.maximum(np.ceil(share * (sizes + other) - _SLACK).astype(np.int64), 1)
    more = np.minimum((_MORE * sizes).astype(np.int64), needed - 1)
    lengths = np.where(needed > sizes, 0, sizes - needed + 1 + more)
    last = grams.numbers[grams.starts[sets] + np.maximum(lengths, 1) - 1].astype(np.int64)
    return _Prefixes(sizes, sizes - lengths, 1 + int(more.min()), last, take_first(grams, sets, lengths))
