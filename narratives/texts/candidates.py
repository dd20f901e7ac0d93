"""Which of many sets may be so alike that their Jaccard similarity reaches a threshold."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.texts.grams import GramSets, Numbers

_PROBES = 1024  # sets that are looked up at once
_INDEXES = 16  # so many at most: each takes memory for every gram there is
_LEAST = 4096  # sets in an index, the last one excepted
_MORE = 0.03  # of a set, by which its prefix is longer than it must be: more to look up, fewer candidates
_SLACK = 1e-6  # bounds are computed in floating point


@dataclass(frozen=True, slots=True)
class _Prefixes:
    """The rarest grams of some sets, as many of each as are needed to find all that may be like it."""

    sets: Numbers  # by position
    sizes: Numbers  # of the whole sets
    omitted: Numbers  # how many grams of each set are left out
    last: NDArray[np.int32]  # the highest number among those taken
    matrix: Any  # scipy.sparse, (sets, grams): 1 where a set has a gram


def find_candidates(grams: GramSets, threshold: float) -> Iterator[tuple[Numbers, Numbers]]:
    """Pairs of sets, by position, among which are all whose similarity is `threshold` or more. Each pair comes once.

    Sets so alike share so many grams that even of the rarest of each, its prefix, they share some: only those are looked up,
    the larger set's in an index of the smaller ones' (AllPairs: Bayardo, Ma and Srikant, WWW 2007). How many of these a pair
    shares bounds what it can share in all, which leaves few pairs (after PPJoin: Xiao et al., WWW 2008).
    """
    order = np.argsort(grams.sizes, kind="stable")
    share = threshold / (1 + threshold)  # of the sum of their sizes: so much do two sets have in common
    step = max(_LEAST, -(-len(order) // _INDEXES))
    indexes: list[tuple[_Prefixes, Any]] = []
    for start in range(0, len(order), step):
        block = order[start : start + step]
        index = _take_prefixes(grams, block, 2 * share)  # what is looked up in it is as large or larger
        indexes.append((index, index.matrix.T.tocsr()))
        for first in range(0, len(block), _PROBES):
            probes = _take_prefixes(grams, block[first : first + _PROBES], threshold)
            for index, transposed in indexes:
                if index.sizes[-1] >= threshold * probes.sizes[0] - _SLACK:
                    before = first if index is indexes[-1][0] else len(index.sets)  # of the same block, what stands before
                    yield _look_up(probes, index, transposed, share, before)


def _take_prefixes(grams: GramSets, sets: Numbers, share: float) -> _Prefixes:
    """Prefixes for sets that are to have `share` of their grams in common with another."""
    from scipy.sparse import csr_matrix

    sizes = grams.sizes[sets]
    needed = np.ceil(share * sizes - _SLACK).astype(np.int64)
    lengths = np.minimum(sizes - needed + 1 + (_MORE * sizes).astype(np.int64), sizes)
    starts = grams.starts[sets]
    rows = np.repeat(np.arange(len(sets)), lengths)
    columns = grams.numbers[np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())]
    several = grams.frequency[columns] > 1
    matrix = csr_matrix(
        (np.ones(int(several.sum()), dtype=np.int32), (rows[several], columns[several])),
        shape=(len(sets), len(grams.frequency)),
    )
    return _Prefixes(sets, sizes, sizes - lengths, grams.numbers[starts + lengths - 1], matrix)


def _look_up(probes: _Prefixes, index: _Prefixes, transposed: Any, share: float, before: int) -> tuple[Numbers, Numbers]:
    """What of an index each probe may be like. In the index's own block only those that stand before the probe count."""
    hits = probes.matrix @ transposed
    rows, columns, common = np.repeat(np.arange(len(probes.sets)), np.diff(hits.indptr)), hits.indices, hits.data
    # Up to the lower of their last grams both prefixes are complete: beyond it one has no more than it omits.
    omitted = np.where(probes.last[rows] <= index.last[columns], probes.omitted[rows], index.omitted[columns])
    likely = common + omitted >= share * (probes.sizes[rows] + index.sizes[columns]) - _SLACK
    likely &= columns < rows + before
    rows, columns = rows[likely], columns[likely]
    return index.sets[columns], probes.sets[rows]
