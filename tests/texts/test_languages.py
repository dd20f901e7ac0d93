"""The language of a text: found where that is sure, by whatever code it is named, and whether a model can read it."""

from typing import Any

import pytest
from helpers.sentences import SENTENCES
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.texts import languages
from narratives.texts.languages import (
    FAILED,
    FOREIGN,
    UNSURE,
    UNTESTED,
    count_languages,
    find_language,
    list_readable,
    normalise,
    note_language,
)

pytest.importorskip("py3langid")


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_is_known_by_its_language(code: str) -> None:
    found, probability = find_language(SENTENCES[code])
    assert found == code
    assert 0.6 <= probability <= 1
    assert find_language(SENTENCES[code]) == (found, probability)


def test_dari_is_persian() -> None:
    assert find_language("رئیس جمهور روز گذشته در ارگ کابل با بزرگان قومی دیدار کرد و دربارهٔ مکاتب گپ زد.")[0] == "fa"
    assert {normalise(code) for code in ("fa", "fa-AF", "prs", "pes", "fas", "per", "FA_ir")} == {"fa"}


@pytest.mark.parametrize(
    "text",
    ["", " \n", "ok", "12 345 678 901", "😀😀😀😀😀😀😀😀😀😀😀😀", "https://example.org/a-page-of-ours @somebody", "\0" * 50],
)
def test_what_holds_no_words_or_few_is_unsure(text: str) -> None:
    assert find_language(text)[0] == "und"


def test_links_and_names_do_not_tell_the_language() -> None:
    noise = "@weather_news_today https://example.org/the-river-and-the-bridge-in-the-news "
    assert find_language(noise * 3 + SENTENCES["ru"])[0] == "ru"


def test_the_beginning_decides_so_that_a_long_text_costs_no_more() -> None:
    assert find_language(SENTENCES["tr"] * 4 + SENTENCES["en"] * 1000) == find_language(SENTENCES["tr"] * 4)


@settings(deadline=None, max_examples=100)
@given(st.text())
def test_any_text_gets_a_code_and_a_probability(text: str) -> None:
    code, probability = find_language(text)
    assert normalise(code) == code
    assert 0 <= probability <= 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *((name, "pt") for name in ("pt", "PT", "pt-BR", "pt_PT", " por ")),
        *(("ckb", "ku"), ("arz", "ar"), ("zh-Hant", "zh"), ("iw", "he"), ("nn", "no"), ("xyz", "xyz")),
        *((name, "und") for name in ("", "und", "zxx", "mul", "mis", "qme", "English", "русский", "e", "1", "-")),
    ],
)
def test_a_code_is_known_in_its_other_forms(name: str, code: str) -> None:
    assert normalise(name) == code
    assert normalise(normalise(name)) == code


def test_languages_are_counted_most_first() -> None:
    assert list(count_languages(["ru", "en", "und", "en-GB", "", "ru", "eng"]).items()) == [("en", 3), ("ru", 2), ("und", 2)]
    assert count_languages([]) == {}


@pytest.mark.parametrize(
    ("training", "readable"),
    [
        ({"languages": {"en": 90, "ru": 10}}, {"en", "ru"}),
        ({"languages": {"en": 995, "ru": 5}}, {"en"}),  # too few to have learned it
        ({"languages": {"en": 60, "und": 40}}, {"en"}),
        ({"languages": {"und": 60, "en": 40}}, None),
        ({"languages": {}}, None),
        ({}, None),
    ],
)
def test_a_model_reads_what_it_was_taught(training: dict[str, Any], readable: set[str] | None) -> None:
    assert list_readable("tfidf", training) == readable


def test_a_multilingual_classifier_reads_more_than_it_was_taught() -> None:
    readable = list_readable("multilingual", {"languages": {"en": 10}})
    assert readable is not None
    assert {"en", "ar", "ru", "tr"} < readable


def test_a_note_says_what_is_wrong_with_a_language() -> None:
    readable = frozenset({"en", "fa"})
    assert [note_language(code, readable) for code in ("en", "en-GB", "prs", "ru", "und", "")] == [
        "",
        "",
        "",
        FOREIGN,
        UNSURE,
        UNSURE,
    ]
    assert [note_language(code, None) for code in ("en", "ru", "und")] == ["", "", UNSURE]


def test_a_note_says_whether_the_model_was_tested_in_a_language_and_how_that_went() -> None:
    passed = {"en": True, "prs": False, "fa": True, "ps": False}
    notes = {code: note_language(code, None, passed) for code in ("en", "en-GB", "prs", "fa", "pes", "ps", "ur", "und")}
    assert notes == {
        "en": "",
        "en-GB": "",
        "prs": FAILED,
        "fa": "",
        "pes": "",  # counted as Persian, and no test of its own
        "ps": FAILED,
        "ur": UNTESTED,
        "und": UNSURE,
    }
    assert note_language("ur", frozenset({"en"}), passed) == FOREIGN


def test_without_the_package_it_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    assert languages.find_version().startswith("py3langid ")
    monkeypatch.setattr(languages, "PACKAGE", "no-such-package")
    assert languages.find_version() == ""


def test_many_texts_get_the_languages_that_each_gets_alone() -> None:
    odd = ["ÇA Y EST, LE PONT EST FERME", "cafe\u0301 " * 9, "", "ok", "0.5 1.5 2.5 3.5", "\ud800" * 12]
    sentences = [*SENTENCES.values(), *odd]
    texts = [f"{text[:size]} https://example.org/page" for text in sentences for size in (8, 12, 20, 40, 90, 400)]
    together = languages.find_languages(texts)
    alone = [find_language(text) for text in texts]
    assert [code for code, _ in together] == [code for code, _ in alone]
    assert [share for _, share in together] == pytest.approx([share for _, share in alone], abs=1e-3)
    assert len({code for code, _ in together}) > 5
    assert languages.find_languages([]) == []
