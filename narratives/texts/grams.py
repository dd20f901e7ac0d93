"""The character 5-grams of many texts as whole numbers, the rarest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LENGTH = 5
_CHUNK = 1 << 20  # characters that are worked on at once: what keeps memory flat
_LARGEST = 2**63
_PAIRS = 1024  # that are counted at once

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GramSets:
    """The set of grams of each text: `numbers[starts[k] : starts[k + 1]]`, rising. The lower a number, the rarer the gram."""

    numbers: NDArray[np.int32]
    starts: Numbers  # (texts + 1,)
    frequency: Numbers  # texts that have the gram of each number

    @property
    def sizes(self) -> Numbers:
        """How many different grams each text has, (texts,); never 0."""
        return np.diff(self.starts)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some texts: which grams there are, by their keys, and the grams of each text one after the other."""

    keys: Numbers  # rising
    places: NDArray[np.int32]  # in `keys`, text by text; a gram may stand several times
    counts: Numbers  # of grams in each text


def number_grams(texts: Sequence[str]) -> GramSets:
    """Number the 5-grams of texts, case and white space folded; a text shorter than a gram is one by itself.

    Different grams get different numbers: nothing is hashed. Grams that as many texts have keep the order of their letters.
    """
    folded = [" ".join(text.casefold().split()) for text in texts]
    letters = "".join(sorted(set().union(*folded)))
    table = np.zeros(max(map(ord, letters), default=0) + 1, dtype=np.int64)
    table[_to_codes(letters)] = np.arange(1, len(letters) + 1)  # 0 fills up what is shorter than a gram
    base, triples = len(letters) + 1, None
    if base**_LENGTH > _LARGEST:  # the keys of five letters would be too large: triples are numbered first
        parts = [_sort_unique(_join(codes, base, 3)) for codes, _ in _cut(folded, table)]
        triples = _sort_unique(np.concatenate(parts))
    return _renumber([_gather(codes, counts, base, triples) for codes, counts in _cut(folded, table)])


def count_shared(grams: GramSets, first: Numbers, second: Numbers) -> Numbers:
    """How many grams the sets of each pair share, (pairs,)."""
    shared = np.zeros(len(first), dtype=np.int64)
    for start in range(0, len(first), _PAIRS):
        pairs = slice(start, start + _PAIRS)
        both = (take_first(grams, sets, grams.sizes[sets]) for sets in (first[pairs], second[pairs]))
        shared[pairs] = np.diff(next(both).multiply(next(both)).indptr)
    return shared


def take_first(grams: GramSets, sets: Numbers, lengths: Numbers) -> Any:
    """The first `lengths`, (sets,), grams of some sets as a sparse matrix, (sets, grams): 1 where a set has a gram."""
    from scipy.sparse import csr_matrix

    ends = np.cumsum(lengths)
    places = np.repeat(grams.starts[sets] - ends + lengths, lengths)
    places += np.arange(len(places))
    numbers = grams.numbers[places]
    matrix = csr_matrix(
        (np.ones(len(numbers), dtype=np.int32), numbers, np.append(0, ends)), shape=(len(sets), len(grams.frequency))
    )
    matrix.has_canonical_format = True  # the numbers of a set rise
    return matrix


def _to_codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _cut(folded: Sequence[str], table: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """The letters of some texts at a time, as `table` numbers them, and how many each text has, zeros at its end included."""
    start = 0
    while start < len(folded):
        stop, size = start, 0
        while stop < len(folded) and (stop == start or size + len(folded[stop]) <= _CHUNK):
            size += len(folded[stop])
            stop += 1
        lengths = np.array([len(text) for text in folded[start:stop]], dtype=np.int64)
        counts = np.maximum(lengths, _LENGTH)
        codes = np.zeros(counts.sum(), dtype=np.int64)
        within = np.arange(len(codes)) - np.repeat(np.cumsum(counts) - counts, counts)
        codes[within < np.repeat(lengths, counts)] = table[_to_codes("".join(folded[start:stop]))]
        yield codes, counts
        start = stop


def _join(codes: Numbers, base: int, length: int) -> Numbers:
    """A key for each run of `length` letters, (len(codes) - length + 1,)."""
    keys = codes[: len(codes) - length + 1].copy()
    for k in range(1, length):
        keys *= base
        keys += codes[k : len(codes) - length + 1 + k]
    return keys


def _gather(codes: Numbers, counts: Numbers, base: int, triples: Numbers | None) -> _Chunk:
    if triples is None:
        keys = _join(codes, base, _LENGTH)
    else:
        numbered = np.searchsorted(triples, _join(codes, base, 3))
        keys = numbered[:-2] * len(triples) + numbered[2:]
    inside = np.ones(len(codes), dtype=np.bool_)
    ends = np.cumsum(counts)
    for k in range(1, _LENGTH):
        inside[ends - k] = False  # a run that begins there would reach into the next text
    unique, places = _number(keys[inside[: len(keys)]])
    return _Chunk(unique, places, counts - _LENGTH + 1)


def _number(keys: Numbers) -> tuple[Numbers, NDArray[np.int32]]:
    """The different keys, rising, and where each key stands among them."""
    bits = len(keys).bit_length()
    if int(keys.max()) >= _LARGEST >> bits:
        unique, inverse = np.unique(keys, return_inverse=True)
        return unique, inverse.astype(np.int32)
    packed = keys << bits | np.arange(len(keys))  # numbers are sorted far more quickly than their positions
    packed.sort()
    keys = packed >> bits
    first = _is_first(keys)
    places: NDArray[np.int32] = np.empty(len(keys), dtype=np.int32)
    places[packed & ((1 << bits) - 1)] = np.cumsum(first) - 1
    return keys[first], places


def _renumber(chunks: list[_Chunk]) -> GramSets:
    """From keys to numbers: how frequent a gram is can be said only when all texts were seen."""
    keys = _sort_unique(np.concatenate([np.zeros(0, dtype=np.int64), *(chunk.keys for chunk in chunks)]))
    columns = [np.searchsorted(keys, chunk.keys) for chunk in chunks]
    count = np.zeros(len(keys), dtype=np.int64)
    for chunk, column in zip(chunks, columns, strict=True):
        count[column] += np.bincount(chunk.places, minlength=len(column))
    numbers = np.empty(len(keys), dtype=np.int64)
    numbers[np.argsort(count, kind="stable")] = np.arange(len(keys))
    bits = len(keys).bit_length()
    held = np.empty(sum(len(chunk.places) for chunk in chunks), dtype=np.int32)
    sizes, done = [np.zeros(1, dtype=np.int64)], 0
    while chunks:
        chunk, column = chunks.pop(0), columns.pop(0)  # what is done is let go
        rows = np.repeat(np.arange(len(chunk.counts)), chunk.counts) << bits | numbers[column][chunk.places]
        rows = _sort_unique(rows)
        held[done : done + len(rows)] = rows & ((1 << bits) - 1)
        sizes.append(np.bincount(rows >> bits, minlength=len(chunk.counts)))
        done += len(rows)
    return GramSets(held[:done], np.cumsum(np.concatenate(sizes)), np.bincount(held[:done], minlength=len(keys)))


def _sort_unique(numbers: Numbers) -> Numbers:
    ordered = np.sort(numbers)
    return ordered[_is_first(ordered)]


def _is_first(ordered: Numbers) -> NDArray[np.bool_]:
    """Where a value stands for the first time in numbers that rise."""
    first = np.ones(len(ordered), dtype=np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return first
