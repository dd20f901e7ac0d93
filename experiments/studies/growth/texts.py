"""Many passages for studies of growth: of made-up words, of recombined sentences, of paragraphs as they stand."""

import json
import random
import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate, chain
from pathlib import Path

VOCABULARY = 60_000
OFFSET, SLOPE = 2.7, 1.07  # of the law by which frequencies fall with the rank (Zipf, Mandelbrot), as in English
TOPICS = 400  # each has words of its own, which keep coming back in a passage about it
TOPICAL = 0.2  # share of the words of a passage
COPIES = 0.05  # share of the passages that repeat an earlier one
CHANGED = (0.0, 0.25)  # share of a copy's words that are others
LETTERS = ("bcdfghklmnprstvw", "aeiou", "lmnrst")  # how a syllable begins, goes on and, now and then, ends
PROSE = (".md", ".pod", ".py", ".rst", ".txt")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def make_up(count: int, seed: int = 0) -> list[str]:
    """Passages of two to six sentences in a language without meaning; one in twenty is nearly an earlier one."""
    rng = random.Random(seed)
    words, stream = _make_vocabulary(), draw_words(rng)
    topics = [rng.sample(range(100, VOCABULARY), 30) for _ in range(TOPICS)]
    texts: list[str] = []
    for _ in range(count):
        if texts and rng.random() < COPIES:
            texts.append(_change(rng.choice(texts), rng.uniform(*CHANGED), stream, rng))
        else:
            texts.append(_write(stream, [words[k] for k in rng.choice(topics)], rng))
    return texts


def draw_words(rng: random.Random) -> Iterator[str]:
    """Words without end, as often as the law of frequencies has them."""
    words, weights = _make_vocabulary(), _weigh_ranks()
    return chain.from_iterable(iter(lambda: rng.choices(words, cum_weights=weights, k=10_000), None))


def recombine(paths: Sequence[Path], count: int, seed: int = 0) -> list[str]:
    """Passages of two to six sentences that were drawn by lot from the records of JSONL files."""
    lines = chain.from_iterable(path.read_text(encoding="utf-8").splitlines() for path in paths)
    sentences = [sentence for line in lines for sentence in _SENTENCE.split(json.loads(line)["text"]) if len(sentence) > 20]
    rng = random.Random(seed)
    return [" ".join(rng.choices(sentences, k=rng.randint(2, 6))) for _ in range(count)]


def read_paragraphs(paths: Sequence[Path], count: int, seed: int = 0) -> list[str]:
    """Paragraphs of prose in text files, Perl's and Python's documentation included, no two the same; at most `count`."""
    files = (
        file for path in paths for file in sorted(path.rglob("*")) if file.suffix in (".md", ".pod", ".py", ".rst", ".txt")
    )
    texts = {text: None for file in files for text in _find_prose(file.read_text(encoding="utf-8", errors="ignore"))}
    return random.Random(seed).sample(list(texts), min(count, len(texts)))


def _find_prose(text: str) -> Iterator[str]:
    for paragraph in re.split(r'\n\s*\n|"""', text):
        plain = " ".join(paragraph.split())
        if 150 <= len(plain) <= 1500 and sum(sign.isalpha() or sign == " " for sign in plain) > 0.9 * len(plain):
            yield plain


def _write(stream: Iterator[str], own: Sequence[str], rng: random.Random) -> str:
    sentences = []
    for _ in range(rng.randint(2, 6)):
        chosen = [rng.choice(own) if rng.random() < TOPICAL else next(stream) for _ in range(rng.randint(8, 25))]
        sentences.append(" ".join(chosen).capitalize() + ".")
    return " ".join(sentences)


def _change(text: str, share: float, stream: Iterator[str], rng: random.Random) -> str:
    return " ".join(next(stream) if rng.random() < share else word for word in text.split())


@cache
def _make_vocabulary() -> list[str]:
    """Words, the most frequent first: the more frequent, the shorter."""
    rng = random.Random("vocabulary")
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        syllables = 1 + min(int(rng.expovariate(1.2) + len(words) ** 0.5 / 120), 4)
        words["".join(_make_syllable(rng) for _ in range(syllables))] = None
    return list(words)


@cache
def _weigh_ranks() -> list[float]:
    return list(accumulate((rank + OFFSET) ** -SLOPE for rank in range(1, VOCABULARY + 1)))


def _make_syllable(rng: random.Random) -> str:
    begin, middle, end = (rng.choice(letters) for letters in LETTERS)
    return begin + middle + (end if rng.random() < 0.5 else "")
