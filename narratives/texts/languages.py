"""Which language a text is in, and which languages a model can read.

A language is its ISO 639 code; Persian and Dari are one, and so are the written forms of Arabic, Chinese, Kurdish, Uzbek and
Norwegian. `und` is none, or nobody knows.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from narratives.texts.recognition import Recogniser

NONE = "und"
UNSURE, FOREIGN = "unsure", "not a language of this model"  # what may be noted of a text's language
UNTESTED, FAILED = "not tested", "failed its test"  # of the model, in that language
PACKAGE = "py3langid"

# Measured on 11,758 short texts in 29 languages (experiments/LOG.md): from 0.6 on, a guess is right for 98 in 100 texts of 12
# to 40 characters and for 999 in 1,000 of more than 50; of less than ten, for nine in ten.
_SURE = 0.6
_SHORTEST = 10
_FIRST, _EARLY, _MORE = 100, 0.8, 300  # characters looked at; where these leave a doubt, that many
_LOOK = 600  # characters in which they are sought, links and names aside
_NAMES = 1024  # of languages, whose codes are kept
_SPACES = 20  # that a beginning seldom has beyond one between words
_NO_WORDS = re.compile(r"(?:https?://|www\.|@)\S+")
_CODE = re.compile(r"[a-z]{2,3}")
_NO_LANGUAGE = re.compile(r"und|zxx|mul|mis|q[a-t][a-z]")  # ISO 639-2: none, several, uncoded, for private use

_ALIKE = {  # further codes of a language: its three-letter ones, old ones, and those of its forms
    "ar": "ara arb arz ary apc acm",
    "az": "aze azb azj",
    "de": "deu ger",
    "en": "eng",
    "es": "spa",
    "fa": "fas per pes prs",
    "fr": "fra fre",
    "he": "heb iw",
    "hi": "hin",
    "id": "ind in",
    "it": "ita",
    "ja": "jpn",
    "kk": "kaz",
    "ko": "kor",
    "ku": "kur kmr ckb sdh",
    "ky": "kir",
    "nl": "nld dut",
    "no": "nor nb nn nob nno",
    "pl": "pol",
    "ps": "pus pbt pst",
    "pt": "por",
    "ru": "rus",
    "tg": "tgk",
    "th": "tha",
    "tk": "tuk",
    "tr": "tur",
    "uk": "ukr",
    "ur": "urd",
    "uz": "uzb uzn uzs",
    "zh": "zho chi cmn wuu yue",
}
_LANGUAGE_OF = {code: language for language, codes in _ALIKE.items() for code in codes.split()}
# What a classifier, or the sense of a blend, reads beside what it was taught; all others read what they were taught.
_READS: dict[str, str] = {"multilingual": "ar az bg de en es fa fr he hi id it kk ky nl pl ps pt ru so sw tg tr uk ur uz"}
_SHARE = 0.01  # of the training passages: a language with fewer was hardly taught


def find_version() -> str:
    """What `find_language` goes by, with its version; empty where that is not installed."""
    try:
        return f"{PACKAGE} {version(PACKAGE)}"
    except PackageNotFoundError:
        return ""


def find_language(text: str) -> tuple[str, float]:
    """The language of a text and how probable it is; `und` where that is unsure, as it is of a few characters alone.

    Looks at the beginning only, so that it costs far less than an answer; links and names with @ are passed over.
    """
    return find_languages([text])[0]


def find_languages(texts: Sequence[str]) -> list[tuple[str, float]]:
    """The same for each of many texts, at a tenth of the time: they are looked at side by side."""
    words = [_take_words(text, _FIRST + 1) for text in texts]
    guesses = [(NONE, 0.0)] * len(texts)

    def guess(rows: list[int], beginnings: list[str]) -> None:
        if rows:
            for row, guessed in zip(rows, _load().classify(beginnings), strict=True):
                guesses[row] = guessed

    rows = [k for k, text in enumerate(words) if len(text) >= _SHORTEST]
    guess(rows, [words[k][:_FIRST] for k in rows])
    rows = [k for k in rows if guesses[k][1] < _EARLY and len(words[k]) > _FIRST]
    guess(rows, [_take_words(texts[k], _MORE) for k in rows])
    return [(normalise(code) if share >= _SURE else NONE, share) for code, share in guesses]


def _take_words(text: str, count: int) -> str:
    """The words at the beginning of a text, links and names left out: `count` characters, or all that are looked at."""
    beginning = text[:_LOOK]
    if "@" in beginning or "://" in beginning or "www." in beginning:
        beginning = _NO_WORDS.sub(" ", beginning)
    elif len(words := " ".join(text[: count + _SPACES].split())) >= count:
        return words[:count]
    return " ".join(beginning.split())[:count]


@cache
def _load() -> "Recogniser":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    from narratives.texts.recognition import Recogniser

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)  # arrays in an npz, read without pickle
    return Recogniser(identifier, (_SURE, _EARLY))


@lru_cache(_NAMES)
def normalise(name: str) -> str:
    """The language that a record or a program names: `pt-BR`, `PT` and `por` are `pt`; `und` for what is no code of one."""
    code = re.split(r"[-_]", name.strip().lower(), maxsplit=1)[0]
    if not _CODE.fullmatch(code) or _NO_LANGUAGE.fullmatch(code):
        return NONE
    return _LANGUAGE_OF.get(code, code)


def count_languages(names: Iterable[str]) -> dict[str, int]:
    """How often each language is named, most first, `und` where none is."""
    counts = Counter(map(normalise, names))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def list_readable(classifier: str, training: Mapping[str, Any]) -> frozenset[str] | None:
    """The languages that a model can read: those it was taught, and what its classifier reads besides.

    `None` where that is not known: an older model, or one most of whose training passages name no language.
    """
    counts: Mapping[str, int] = training.get("languages", {})
    if max(counts, key=lambda code: counts[code], default=NONE) == NONE:
        return None
    return find_taught(counts).union(_READS.get(classifier, "").split())


def find_taught(counts: Mapping[str, int]) -> frozenset[str]:
    """The languages that enough of the training texts are in, from how many are in each."""
    least = _SHARE * sum(counts.values())
    return frozenset(code for code, count in counts.items() if count >= least) - {NONE}


def note_language(code: str, readable: frozenset[str] | None, passed: Mapping[str, bool] | None = None) -> str:
    """What to note of a text in this language: nothing, `UNSURE`, `FOREIGN` to a model that reads `readable`, or of its test.

    `passed` says of each language with a test whether the model passed it; where it is `None` nobody knows of tests. A text
    in a language without a test of its own is held to that of the language that it is counted as: Dari to Persian's.
    """
    plain = normalise(code)
    if plain == NONE:
        return UNSURE
    if readable is not None and plain not in readable:
        return FOREIGN
    if passed is None:
        return ""
    verdict = passed.get(code, passed.get(plain))
    return UNTESTED if verdict is None else "" if verdict else FAILED
