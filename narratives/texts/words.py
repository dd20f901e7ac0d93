"""The words of a text, and those that an explanation picks out: where they stand and how much each weighs."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from narratives.data import Weighted

MOST = 6  # words picked out for each side: a handful that can be read at a glance

_WORD = re.compile(r"\S+")
_SHADES = 3


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text; `shade` is 0 where nothing is marked, up to 3 for what weighs most, negative for what is against."""

    text: str
    weight: float = 0.0
    shade: int = 0


def find_words(text: str) -> list[tuple[int, int]]:
    """Start and end of each word: what stands between white space, punctuation included, as `str.split` has it."""
    return [match.span() for match in _WORD.finditer(text)]


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """A word without the punctuation and signs around it; as it is where it has nothing else."""
    first, last = start, end
    while first < last and _is_sign(text[first]):
        first += 1
    while first < last and _is_sign(text[last - 1]):
        last -= 1
    return (first, last) if first < last else (start, end)


def choose_words(text: str, weights: Sequence[float], against: bool = False, start: int = 0) -> list[Weighted]:
    """The words that weigh most, at most `MOST`, in reading order; with `against` as many with negative weights too.

    `weights` holds one for each word of `text`, which begins at character `start` of the whole. What weighs less than a tenth
    of the heaviest is left out; of words that weigh the same to two digits the earlier one comes first.
    """
    places = find_words(text)
    rounded = [round(weight, 2) for weight in weights]
    least = max((abs(weight) if against else weight for weight in rounded), default=0) / 10
    chosen = []
    for sign in (1, -1) if against else (1,):
        ranked = [k for k, weight in enumerate(rounded) if sign * weight > 0 and sign * weight >= least]
        chosen += sorted(ranked, key=lambda k: (-abs(rounded[k]), k))[:MOST]
    weighted = []
    for k in sorted(chosen):
        first, last = trim(text, *places[k])
        weighted.append((start + first, start + last, rounded[k]))
    return weighted


def format_words(words: Sequence[Weighted]) -> str:
    """`12-17:0.84 20-25:-0.31`."""
    return " ".join(f"{start}-{end}:{weight:.2f}" for start, end, weight in words)


def parse_words(text: str) -> list[Weighted]:
    """The value of what `format_words` wrote."""
    words = []
    for word in text.split():
        place, _, weight = word.partition(":")
        start, _, end = place.partition("-")
        words.append((int(start), int(end), float(weight)))
    return words


def mark_words(text: str, words: Sequence[Weighted], longest: int) -> Iterator[Piece]:
    """The text in pieces, marked and unmarked, that joined are its first `longest` characters.

    Shades are thirds of the largest weight there is in this text.
    """
    hundredths = [round(100 * abs(weight)) for _, _, weight in words]  # whole numbers, whose thirds are exact
    largest = max(hundredths, default=0)
    done, stop = 0, min(len(text), longest)
    for (start, end, weight), size in zip(words, hundredths, strict=True):
        if start >= stop:
            break
        if start > done:
            yield Piece(text[done:start])
        done = min(end, stop)
        shade = -(-_SHADES * size // largest)
        yield Piece(text[start:done], weight, shade if weight > 0 else -shade)
    if done < stop:
        yield Piece(text[done:stop])


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"
