"""Every n-gram of a vocabulary that occurs in a sequence, found by exact comparison, thousands of places at a time.

The vocabulary is kept as a trie whose edges stand in one hash table (open addressing, quadratic probing): the key is the node
and the next symbol together, as one number, so two n-grams can never be taken for each other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FREE = -1  # in the table, a slot without a key; as a symbol, one that the vocabulary lacks; as a node, none
_NO_KEY = -2  # is never in the table
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: Fibonacci hashing (Knuth, TAOCP vol. 3, 6.4)
_BLOCK = 1 << 15  # places looked at together: what is worked on stays in the processor's cache


@dataclass(frozen=True, slots=True)
class Trie:
    """n-grams over the symbols 0 .. `symbols` - 1. Nodes below `ngrams` are n-grams of the vocabulary, by their number."""

    ngrams: int
    symbols: int
    depth: int  # symbols in the longest n-gram, at least 1
    first: NDArray[np.int64]  # (symbols + 1,): the node that a symbol leads to from the root; the last one is `_FREE`
    keys: NDArray[np.int64]  # (slots,): node * symbols + next symbol
    nodes: NDArray[np.int64]  # (slots,): where that leads


def build_trie(values: NDArray[np.int64], lengths: NDArray[np.int64], symbols: int) -> Trie:
    """The trie of `len(lengths)` distinct n-grams, whose symbols stand one after the other in `values`."""
    ngrams = len(lengths)
    starts = np.cumsum(lengths) - lengths
    depth = int(lengths.max(initial=1))
    at = np.zeros(ngrams, dtype=np.int64)  # the node that each n-gram has come to
    longer = np.arange(ngrams)
    fresh = ngrams
    keys, nodes = [], []
    for k in range(depth):
        longer = longer[lengths[longer] > k]
        distinct, inverse = np.unique(at[longer] * symbols + values[starts[longer] + k], return_inverse=True)
        reached = np.arange(fresh, fresh + len(distinct))
        fresh += len(distinct)
        ends = lengths[longer] == k + 1
        reached[inverse[ends]] = longer[ends]
        at[longer] = reached[inverse]
        keys.append(distinct)
        nodes.append(reached)
    first = np.full(symbols + 1, _FREE, dtype=np.int64)
    first[keys[0]] = nodes[0]
    empty = np.zeros(0, dtype=np.int64)
    table = _fill_table(np.concatenate([empty, *keys[1:]]), np.concatenate([empty, *nodes[1:]]))
    return Trie(ngrams, symbols, depth, first, *table)


def find_ngrams(trie: Trie, symbols: NDArray[np.int32], ends: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The numbers of all n-grams that occur, place by place, and for each of `ends` how many begin before it.

    `symbols` are several sequences on end, each with a -1 as its last, so that no n-gram reaches into the next one.
    """
    padded = np.concatenate([symbols, np.full(trie.depth, _FREE, dtype=np.int32)])
    numbers, counts = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.uint8)]
    for begin in range(0, len(symbols), _BLOCK):
        size = min(_BLOCK, len(symbols) - begin)
        grid = _match(trie, padded[begin : begin + size + trie.depth], size)
        matched = grid != _FREE
        numbers.append(grid[matched])
        counts.append(matched.sum(axis=1, dtype=np.int32))
    before = np.concatenate([[0], np.cumsum(np.concatenate(counts), dtype=np.int64)])
    return np.concatenate(numbers), before[ends]


def _match(trie: Trie, window: NDArray[np.int32], size: int) -> NDArray[np.int32]:
    """The n-grams (size, depth) that begin at each of the first `size` places, by length; -1 where there is none."""
    grid = np.full((size, trie.depth), _FREE, dtype=np.int32)
    nodes = trie.first[window[:size]]
    grid[:, 0] = np.where(nodes < trie.ngrams, nodes, _FREE)
    places = np.flatnonzero(nodes != _FREE)
    nodes = nodes[places]
    for k in range(1, trie.depth):
        following = window[k:].take(places)
        nodes = _look_up(trie, np.where(following == _FREE, _NO_KEY, nodes * trie.symbols + following))
        alive = nodes != _FREE
        places, nodes = places[alive], nodes[alive]
        grid[places, k] = np.where(nodes < trie.ngrams, nodes, _FREE)
    return grid


def _look_up(trie: Trie, keys: NDArray[np.int64]) -> NDArray[np.int64]:
    slots = _hash(keys, len(trie.keys))
    stored, nodes = trie.keys.take(slots), trie.nodes.take(slots)
    pending = np.flatnonzero((stored != keys) & (stored != _FREE))  # another key stands there: ours may stand elsewhere
    slots, keys = slots[pending], keys[pending]
    step = 0
    while len(pending):
        step += 1
        slots = (slots + step) & (len(trie.keys) - 1)
        stored = trie.keys.take(slots)
        nodes[pending] = trie.nodes.take(slots)
        going = (stored != keys) & (stored != _FREE)
        pending, slots, keys = pending[going], slots[going], keys[going]
    return nodes


def _fill_table(keys: NDArray[np.int64], nodes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    size = 1 << max(4, (2 * len(keys)).bit_length())  # a power of two, at most half full
    table = np.full(size, _FREE, dtype=np.int64)
    values = np.full(size, _FREE, dtype=np.int64)
    slots = _hash(keys, size)
    step = 0
    while len(keys):
        free = table[slots] == _FREE
        table[slots[free]] = keys[free]  # of several keys for one slot the last gets it
        placed = table[slots] == keys
        values[slots[placed]] = nodes[placed]
        step += 1
        keys, nodes, slots = keys[~placed], nodes[~placed], (slots[~placed] + step) & (size - 1)
    return table, values


def _hash(keys: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    return ((keys.view(np.uint64) * _MIX) >> np.uint64(65 - size.bit_length())).view(np.int64)
