"""A vocabulary without the words of scripts that nobody will write: of an encoder of many languages they are a third of it."""

import json
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Any

from narratives.data import Texts

KEPT = frozenset({"ARABIC", "CYRILLIC", "DEVANAGARI", "HEBREW", "LATIN"})  # and what the training texts are written in


def cut_vocabulary(tokenizer: Any, texts: Texts) -> tuple[Any, list[int]]:
    """A `tokenizers.Tokenizer` without the words of other scripts than `KEPT` and those of `texts`; which of its words stay.

    Texts in the scripts that stay are cut into the same words as before. Only a Unigram tokenizer is cut: of all others every
    word stays, since their words may be parts of one another.
    """
    form = json.loads(tokenizer.to_str())
    words = form["model"].get("vocab", [])
    if form["model"].get("type") != "Unigram":
        return tokenizer, list(range(tokenizer.get_vocab_size()))
    scripts = KEPT.union(*(find_scripts(text) for text in texts))
    special = {token["id"] for token in form["added_tokens"]}
    stay = [k for k, (word, _) in enumerate(words) if k in special or find_scripts(word) <= scripts]
    places = {old: new for new, old in enumerate(stay)}
    form["model"]["vocab"] = [words[k] for k in stay]
    form["model"]["unk_id"] = places[form["model"]["unk_id"]]
    for token in form["added_tokens"]:
        token["id"] = places[token["id"]]
    for token in (form.get("post_processor") or {}).get("special_tokens", {}).values():
        token["ids"] = [places[old] for old in token["ids"]]
    return type(tokenizer).from_str(json.dumps(form)), stay


def find_scripts(text: Iterable[str]) -> frozenset[str]:
    """The scripts of the letters in a text."""
    return frozenset(map(_name_script, set(text))) - {""}


@cache
def _name_script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0] if letter.isalpha() else ""
