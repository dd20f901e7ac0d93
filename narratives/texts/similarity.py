"""Find texts that are nearly the same, so that none of them is tested on after its twin was learnt."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

_RARE = 50  # a gram that more texts than this have tells little about any two of them
NEAR = 0.5  # Jaccard similarity of character 5-grams from which two texts count as near-duplicates


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts by position, `first < second`, and their similarity in (0, 1]."""

    first: int
    second: int
    similarity: float


def near_duplicates(texts: Sequence[str], threshold: float = NEAR) -> list[Pair]:
    """All pairs whose sets of character 5-grams have a Jaccard similarity of at least `threshold`. Exact.

    Two sets of that similarity share at least `threshold / (1 + threshold)` of their sizes' sum. How many rare grams a
    pair shares is counted, which is quick since few texts have each; the frequent ones can add no more than the smaller
    text has of them. Only pairs that could still reach the bound are compared (a count filter: Gravano et al., VLDB 2001).
    """
    grams = [_shingles(text) for text in texts]
    frequency = Counter(gram for gram_set in grams for gram in gram_set)
    sizes = np.array([len(gram_set) for gram_set in grams], dtype=np.int64)
    frequent = np.array([sum(frequency[gram] > _RARE for gram in gram_set) for gram_set in grams], dtype=np.int64)
    holders: dict[str, list[int]] = defaultdict(list)  # earlier texts that have a rare gram
    pairs = []
    for second, gram_set in enumerate(grams):
        rare = [gram for gram in gram_set if 1 < frequency[gram] <= _RARE]
        shared = np.bincount([first for gram in rare for first in holders[gram]], minlength=second)
        most = shared + np.minimum(frequent[:second], frequent[second])
        needed = (sizes[:second] + sizes[second]) * (threshold / (1 + threshold))
        for first in np.flatnonzero(most >= needed - 1e-6).tolist():
            similarity = _jaccard(grams[first], gram_set)
            if similarity >= threshold:
                pairs.append(Pair(first, second, similarity))
        for gram in rare:
            holders[gram].append(second)
    return pairs


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


def _shingles(text: str) -> set[str]:
    text = " ".join(text.casefold().split())
    return {text[start : start + 5] for start in range(max(1, len(text) - 4))}


def _jaccard(a: set[str], b: set[str]) -> float:
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)
