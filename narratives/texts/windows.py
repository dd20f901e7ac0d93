"""Cut a long text into windows at sentence ends, so that a classifier reads all of it and an answer can name the place."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

WINDOW = 600  # characters, as nine in ten passages of the sample task: longer ones hide claims, shorter ones make them up
_PARAGRAPH = re.compile(r"\n\s*\n")
_LINE = re.compile(r"\n")
_SPACE = re.compile(r"\s")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_CYRILLIC_RULES = ("bg", "kk", "ru", "uk")  # other languages in that script have none of their own, and take those of ru
_BLOCK = 4_000  # characters the splitter gets at once: in some scripts its time grows with the square of them


def find_windows(text: str, size: int, language: str = "und") -> list[tuple[int, int]]:
    """The windows that a classifier reads: none of a blank text, one of a text of up to half as much again as `size`.

    Cutting that would leave two halves of what was written as one passage.
    """
    if not text.strip():
        return []
    return [(0, len(text))] if 2 * len(text) <= 3 * size else split_windows(text, size, language)


def split_windows(text: str, size: int, language: str = "und") -> list[tuple[int, int]]:
    """Windows `(start, end)` of at most `size` characters, in order, without overlap; always at least one.

    Offsets count characters, half-open: a classifier reads `text[start:end]`. A text of at most `size` is one window, as it
    is. A longer one is cut where a paragraph ends, else where a sentence does, else between lines, between words, or
    anywhere. Its windows are about equally long, begin and end with no white space, and hold every other character.
    `language` is a code such as `ar` or `pt-BR`; with none or a wrong one, more abbreviations are taken for sentence ends.
    """
    if size < 1:
        raise ValueError(f"a window cannot hold {size} characters")
    if len(text) <= size:
        return [(0, len(text))]
    end = len(text.rstrip())
    start = _skip_space(text, 0, end)
    windows = []
    if end - start > size:
        paragraphs = [match.end() for match in _PARAGRAPH.finditer(text, start, end)]
        sentences = list(find_sentence_ends(text, language))
        while end - start > size:
            cut = _choose_cut(text, start, end, size, paragraphs, sentences)
            windows.append((start, start + len(text[start:cut].rstrip())))
            start = _skip_space(text, cut, end)
    return [*windows, (start, end)]


def find_sentence_ends(text: str, language: str = "und") -> Iterator[int]:
    """Where one sentence ends and another begins, in rising order; the blank lines between paragraphs count too."""
    from sentencex import segment

    code = _choose_rules(text, language)
    start = 0
    for stop in [*(match.end() for match in _PARAGRAPH.finditer(text)), len(text)]:
        while start < stop:
            block = _SPACE.sub(" ", text[start : min(start + _BLOCK, stop)])  # on rarer white space the splitter breaks down
            is_last = start + len(block) == stop
            lengths = [len(sentence) for sentence in segment(code, block)]
            for length in lengths[: None if is_last else -1]:  # the last sentence may go on in the next block
                start += length
                yield start
            if is_last:
                start = stop
            elif len(lengths) == 1:
                start += len(block)


def _choose_rules(text: str, language: str) -> str:
    code = re.split(r"[-_]", language)[0].lower()
    if code in _CYRILLIC_RULES or not (cyrillic := len(_CYRILLIC.findall(text, 0, 1000))):
        return code
    letters = sum(letter.isalpha() for letter in text[:1000])
    return "ru" if cyrillic > letters / 2 else code


def _skip_space(text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    return start


def _choose_cut(text: str, start: int, end: int, size: int, paragraphs: list[int], sentences: list[int]) -> int:
    """The best place near the end of an even share, neither window nor rest a stub; `end - start` exceeds `size`."""
    remaining = end - start
    goal = start + -(-remaining // -(-remaining // size))
    first, last = start + max(size // 8, 1), min(start + size, end - size // 8)
    near = max(first, goal - size // 4)
    cuts = _between(paragraphs, near, last) or _between(sentences, first, last)
    for pattern in (_LINE, _SPACE):
        cuts = cuts or [match.end() for match in pattern.finditer(text, first, last)]
    return min(cuts, key=lambda cut: abs(cut - goal), default=min(goal, last))


def _between(places: list[int], first: int, last: int) -> list[int]:
    return places[bisect_left(places, first) : bisect_right(places, last)]


def choose_window(texts: Sequence[str]) -> int:
    """The window for a classifier taught on `texts`: what nine in ten of them keep to, in hundreds from 300 to 2,000.

    Scores mean what they meant in training where windows are as long as the passages were (measured in
    `experiments/LOG.md`); 2,000 characters of English fit into 512 tokens.
    """
    lengths = sorted(map(len, texts))
    if not lengths:
        return WINDOW
    return min(max(300, -(-lengths[len(lengths) * 9 // 10] // 100) * 100), 2000)
