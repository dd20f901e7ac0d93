"""Windows: all of a long text, cut where a reader would cut it."""

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narratives.texts.windows import WINDOW, find_sentence_ends, find_windows, split_windows

# What breaks splitters: marks of many scripts, quotations left open, rare white space, long runs.
MARKS = "aЖ1.!?。؟۔।…\"“”«»'([)\t\r\n\0\u2028\u3000\u2003😀é字"
GLUED = [
    "\n\n",
    " \n \n",
    "Dr. ",
    "и т. д. ",
    "http://x.y",
    ". ",
    "word ",
    "The brigade left at dawn. ",
    "ذهب إلى المدينة؟ نعم۔ ",
]
RUNS = [". " * 40, "。" * 60, " " * 90, "\u2003" * 50, "\n" * 9, "x" * 70]
PIECES = st.sampled_from([*MARKS, *GLUED, *RUNS])
TEXTS = st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=300)
LANGUAGES = st.sampled_from(
    ["und", "", "en", "ar", "fa", "ur", "ru", "tr", "uz", "tg", "ps", "zh", "hi", "kk", "de-AT", "RU", "?", "e\0"]
)


def words(count: int, letter: str = "w") -> str:
    """A sentence of `count` five-letter words."""
    return " ".join([letter.upper() + letter * 4] + [letter * 5] * (count - 1)) + ". "


@given(TEXTS, st.integers(1, 400), LANGUAGES)
def test_windows_hold_every_character_that_is_no_white_space_and_keep_to_the_size(text: str, size: int, language: str) -> None:
    windows = split_windows(text, size, language)
    assert windows
    assert all(0 <= start <= end <= len(text) and end - start <= size for start, end in windows)
    assert all(end <= start for (_, end), (start, _) in pairwise(windows))
    gaps = [0, *(place for window in windows for place in window), len(text)]
    assert all(not text[start:end].strip() for start, end in zip(gaps[::2], gaps[1::2], strict=True))
    assert windows == split_windows(text, size, language)


@given(TEXTS, st.integers(1, 400))
def test_windows_of_a_long_text_begin_and_end_with_text(text: str, size: int) -> None:
    windows = split_windows(text, size)
    if len(text) > size and text.strip():
        assert all(text[start:end] == text[start:end].strip() != "" for start, end in windows)


@given(st.integers(8, 200), st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_no_window_is_a_stub(size: int, lengths: list[int]) -> None:
    text = "".join(map(words, lengths)).strip()
    windows = split_windows(text, size)
    assert len(windows) == 1 or all(end - start >= size // 8 - 1 for start, end in windows)  # a space may be trimmed


@given(st.text(max_size=100))
def test_a_short_text_is_one_window_as_it_is(text: str) -> None:
    assert split_windows(text, 100) == [(0, len(text))]


def test_a_short_text_never_loads_the_splitter() -> None:
    code = (
        "import sys; from narratives.texts.windows import find_windows, split_windows; "
        "split_windows('a. B.', 10); print('sentencex' in sys.modules); "
        "split_windows('a. B.' * 3, 10); print('sentencex' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_cuts_stand_between_sentences() -> None:
    text = "".join(map(words, [9, 14, 5, 11, 8, 13, 6, 10, 12, 7] * 4)).strip()
    windows = split_windows(text, 400)
    assert len(windows) > 3
    assert all(text[start].isupper() and text[end - 1] == "." for start, end in windows)


def test_windows_are_about_equally_long() -> None:
    text = (words(8) * 22).strip()  # 1,077 characters
    lengths = [end - start for start, end in split_windows(text, 500)]
    assert len(lengths) == 3
    assert max(lengths) - min(lengths) <= 2 * len(words(8))


def test_a_paragraph_is_the_better_place_to_cut() -> None:
    first, second = words(8) * 7, words(8) * 9
    text = f"{first.strip()}\n \r\n{second.strip()}"
    assert [text[start:end] for start, end in split_windows(text, 500)] == [first.strip(), second.strip()]


def test_where_no_sentence_ends_lines_are_kept_whole_and_then_words() -> None:
    lines = "\n".join(["ein Wort und noch eins"] * 43)
    assert {line for start, end in split_windows(lines, 200) for line in lines[start:end].split("\n")} == {
        "ein Wort und noch eins"
    }
    line = "wort " * 400
    assert {word for start, end in split_windows(line, 200) for word in line[start:end].split()} == {"wort"}


def test_a_script_without_spaces_is_cut_at_its_own_full_stops() -> None:
    text = "他去了那里。天气很冷。" * 50
    assert all(text[end - 1] == "。" for _, end in split_windows(text, 100, "zh"))


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["Gen. Smith met Mr. Jones at 5 p.m. on Monday.", "They spoke for 2.5 hours.", "Nothing came of it."]),
        ("ru", ["В 2020 г. генерал И. И. Иванов прибыл в г. Москва.", "Он говорил с тов. Петровым.", "Зачем?"]),
        ("ar", ["كان الجو باردا؟", "نعم.", "ثم ذهب؛ وعاد."]),
        ("fa", ["دکتر به شهر رسید.", "آیا هوا سرد بود؟", "بله."]),
        ("ur", ["وہ شہر پہنچا۔", "کیا سردی تھی؟", "ہاں۔"]),
        ("ps", ["هغه ښار ته ورسېد.", "ایا ساړه وو؟", "هو."]),
        ("tr", ["Ankara'ya gitti.", "Ne zaman dönecek?", "Bilinmiyor."]),
        ("uz", ["U shaharga keldi.", "Havo sovuqmidi?", "Ha."]),
        ("tg", ["Ӯ ба шаҳр омад.", "Ҳаво сард буд?", "Бале."]),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_sentence_ends(language: str, sentences: list[str], known: bool) -> None:
    text = " ".join(sentences)
    ends = [0, *find_sentence_ends(text, language if known else "und")]
    assert [text[start:end].strip() for start, end in pairwise(ends)] == sentences


def test_a_language_code_may_name_a_region() -> None:
    text = "Er kam am 3. Mai z. B. nach Berlin. Dann fuhr er fort."
    assert len(list(find_sentence_ends(text, "de_AT"))) == len(list(find_sentence_ends(text, "DE-at"))) == 2


@given(TEXTS)
def test_sentence_ends_rise_to_the_end_of_the_text(text: str) -> None:
    ends = [0, *find_sentence_ends(text)]
    assert all(first < second for first, second in pairwise(ends))
    assert ends[-1] == len(text)


@pytest.mark.parametrize("space", ["\u3000", "\u2003", "\u2028", "\x85", "\xa0"])
def test_rare_white_space_is_like_any_other(space: str) -> None:
    text = f"A{space}. He left.{space}She came."  # sentencex 1.0.32 breaks down on some of these
    assert list(find_sentence_ends(text)) == list(find_sentence_ends(text.replace(space, " "))) == [4, 13, 22]


def test_a_sentence_at_the_edge_of_a_block_stays_whole() -> None:
    sentence = "The brigade left at dawn. "
    ends = list(find_sentence_ends(sentence * 2_000))
    assert ends == [len(sentence) * k for k in range(1, 2_001)]


@pytest.mark.parametrize("unit", ["x", "\n", "\0", "a. ", "“a. ", "他去了那里。", "a\n\n\nb. ", "word "])
def test_a_large_text_of_any_kind_is_cut(unit: str) -> None:
    text = unit * (300_000 // len(unit))
    windows = split_windows(text, WINDOW)
    assert all(end - start <= WINDOW for start, end in windows)
    assert len(windows) >= len(text.strip()) / WINDOW


def test_a_window_must_hold_something() -> None:
    with pytest.raises(ValueError, match="cannot hold 0"):
        split_windows("text", 0)


@given(TEXTS, st.integers(1, 60))
def test_a_text_half_as_long_again_as_a_window_is_left_whole(text: str, size: int) -> None:
    windows = find_windows(text, size)
    if not text.strip():
        assert windows == []
    elif len(text) <= 1.5 * size:
        assert windows == [(0, len(text))]
    else:
        assert windows == split_windows(text, size)
