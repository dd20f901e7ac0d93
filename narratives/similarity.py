"""Find texts that are nearly the same, so that none of them is tested on after its twin was learnt."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

NEAR = 0.5  # Jaccard similarity of character 5-grams from which two texts count as near-duplicates


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts by position, `first < second`, and their similarity in (0, 1]."""

    first: int
    second: int
    similarity: float


def near_duplicates(texts: Sequence[str], threshold: float = NEAR) -> list[Pair]:
    """All pairs whose sets of character 5-grams have a Jaccard similarity of at least `threshold`. Exact.

    Prefix filtering (Chaudhuri, Ganti and Kaushik, ICDE 2006; Bayardo, Ma and Srikant, WWW 2007): with grams ordered
    from rare to frequent, two sets of that similarity must share one of their first few grams, so only texts that
    share a rare gram are compared.
    """
    grams = [_shingles(text) for text in texts]
    frequency = Counter(gram for gram_set in grams for gram in gram_set)
    index: dict[str, list[int]] = defaultdict(list)
    pairs = []
    for second, gram_set in enumerate(grams):
        ordered = sorted(gram_set, key=lambda gram: (frequency[gram], gram))
        least = ceil(threshold * len(ordered) - 1e-9)  # shared grams; 0.55 * 100 is 55.00000000000001 in floating point
        prefix = ordered[: len(ordered) - least + 1]
        candidates = {first for gram in prefix if frequency[gram] > 1 for first in index[gram]}
        for first in sorted(candidates):
            similarity = _jaccard(grams[first], gram_set)
            if similarity >= threshold:
                pairs.append(Pair(first, second, similarity))
        for gram in prefix:
            index[gram].append(second)
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
