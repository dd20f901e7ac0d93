"""Find texts that are nearly the same, so that none of them is tested on after its twin was learnt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from narratives.texts.candidates import find_candidates
from narratives.texts.grams import count_shared, number_grams

NEAR = 0.5  # Jaccard similarity of character 5-grams from which two texts count as near-duplicates


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts by position, `first < second`, and their similarity in (0, 1]."""

    first: int
    second: int
    similarity: float


def near_duplicates(texts: Sequence[str], threshold: float = NEAR) -> list[Pair]:
    """All pairs whose sets of character 5-grams have a Jaccard similarity of at least `threshold`, above 0. Exact.

    They come in the order of their second text, then of their first.
    """
    grams = number_grams(texts)
    parts = []
    for smaller, larger in find_candidates(grams, threshold):
        shared = count_shared(grams, smaller, larger)
        similarity = shared / (grams.sizes[smaller] + grams.sizes[larger] - shared)
        near = similarity >= threshold
        parts.append((np.minimum(smaller, larger)[near], np.maximum(smaller, larger)[near], similarity[near]))
    if not parts:
        return []
    first, second, similarity = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((first, second))
    rows = zip(first[order].tolist(), second[order].tolist(), similarity[order].tolist(), strict=True)
    return [Pair(*row) for row in rows]


def restrict(pairs: Sequence[Pair], rows: Sequence[int]) -> list[Pair]:
    """What `near_duplicates` would find among the texts at `rows` alone, which rise; positions are those in `rows`."""
    places = {row: place for place, row in enumerate(rows)}
    inside = (pair for pair in pairs if pair.first in places and pair.second in places)
    return [Pair(places[pair.first], places[pair.second], pair.similarity) for pair in inside]


def group(count: int, links: Iterator[tuple[int, int]]) -> list[int]:
    """Connected components of `count` items: the smallest member of its component for each item."""
    parent = list(range(count))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for a, b in links:
        a, b = sorted((root(a), root(b)))
        parent[b] = a
    return [root(item) for item in range(count)]
