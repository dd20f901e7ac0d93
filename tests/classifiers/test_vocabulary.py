"""A vocabulary cut to the scripts that are in use."""

from typing import Any

import pytest

from narratives.classifiers.multilingual.vocabulary import cut_vocabulary, find_scripts
from narratives.classifiers.transformer.fourbit import make_tokenizer

WORDS = ["▁passage", ":", "▁", "▁toll", "橋", "▁мост", "▁پل", "μ", "1", "t", "o", "l"]


@pytest.fixture
def tokenizer() -> Any:
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    return make_tokenizer([(word, -1.0 - k / 10) for k, word in enumerate([*special, *WORDS, "<mask>"])])


def test_words_of_scripts_that_nobody_writes_go(tokenizer: Any) -> None:
    small, stay = cut_vocabulary(tokenizer, ["the toll"])
    words = set(small.get_vocab())
    assert {"▁toll", "▁мост", "▁پل", "1", "<mask>", "<s>"} <= words
    assert not {"橋", "μ"} & words
    assert len(stay) == small.get_vocab_size() == tokenizer.get_vocab_size() - 2


def test_a_script_of_the_training_texts_stays(tokenizer: Any) -> None:
    assert "橋" in cut_vocabulary(tokenizer, ["the toll", "橋"])[0].get_vocab()


@pytest.mark.parametrize("text", ["toll", "мост 1", "پل toll", "?", ""])
def test_texts_are_cut_into_the_words_of_before(tokenizer: Any, text: str) -> None:
    small, stay = cut_vocabulary(tokenizer, ["the toll"])
    before, after = tokenizer.encode(text), small.encode(text)
    assert after.tokens == before.tokens
    assert [stay[k] for k in after.ids] == before.ids  # the rows of the table that were kept


def test_a_word_that_went_is_an_unknown_one(tokenizer: Any) -> None:
    small = cut_vocabulary(tokenizer, ["the toll"])[0]
    assert small.token_to_id("<unk>") in small.encode("橋").ids


def test_scripts_are_those_of_letters() -> None:
    assert find_scripts("Toll 12, мост!") == {"LATIN", "CYRILLIC"}
    assert find_scripts("... 12") == frozenset()
