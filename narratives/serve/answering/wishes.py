"""What a request to classify asks for, checked word by word."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from narratives.batch import Columns, Item, Options, take_items
from narratives.errors import did_you_mean
from narratives.serve.guard.bodies import is_text
from narratives.serve.guard.problems import Problem
from narratives.serve.settings import Limits

_COLUMNS = Columns()
NAME = "request"  # stands for the file in the answers
_KEYS = ("model", "text", "texts", "explain", "titles", "with_text")
_TEXT_KEYS = ("id", "text", "language")


@dataclass(frozen=True, slots=True)
class Wish:
    """Which texts, which model, and what is to stand in the answers."""

    model: str
    items: Sequence[Item]
    options: Options


def read_wish(value: dict[str, Any], limits: Limits) -> Wish:
    """What the JSON of a request means; `Problem` names the key that is wrong."""
    _check_keys(value, _KEYS, "the request")
    if ("text" in value) == ("texts" in value):
        _refuse('give either "text", one text, or "texts", a list of them')
    texts = value["texts"] if "texts" in value else [value["text"]]
    if not isinstance(texts, list) or not texts:
        _refuse('"texts" must be a list with at least one text')
    if len(texts) > limits.texts:
        raise Problem(413, f"{len(texts)} texts; at most {limits.texts} in one request: send several")
    records = [_to_record(number, text) for number, text in enumerate(texts, 1)]
    model = value.get("model", "")
    if not is_text(model):
        _refuse('"model" must be the name of a model')
    flags = {name: value.get(name, False) for name in ("explain", "titles", "with_text")}
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            _refuse(f'"{name}" must be true or false')
    return Wish(model, take_texts(records), _make_options(**flags))


@cache
def _make_options(explain: bool, titles: bool, with_text: bool) -> Options:
    return Options(form="jsonl", explain=explain, titles=titles, texts=with_text)


def take_texts(records: Sequence[dict[str, Any]]) -> list[Item]:
    """Records as texts to classify; `Problem` where one has none."""
    try:
        return take_items(records, _COLUMNS, NAME)
    except ValueError as error:
        raise Problem(422, str(error)) from None


def _to_record(number: int, text: Any) -> dict[str, Any]:
    record = {"text": text} if isinstance(text, str) else text
    if not isinstance(record, dict):
        _refuse(f'text {number} must be a text, or an object such as {{"id": "1", "text": "..."}}')
    _check_keys(record, _TEXT_KEYS, f"text {number}")
    for key in ("text", "language"):
        if key in record and not is_text(record[key]):
            _refuse(f'"{key}" of text {number} must be a text')
    id_ = record.get("id", "")
    if isinstance(id_, bool) or not (isinstance(id_, int) or is_text(id_)):
        _refuse(f'"id" of text {number} must be a text or a whole number')
    return record


def _check_keys(value: dict[str, Any], keys: Sequence[str], what: str) -> None:
    for key in value:
        if key not in keys:
            _refuse(f"{what} has an unknown key '{key[:80]}'{did_you_mean(key, keys)}")


def _refuse(reason: str) -> None:
    raise Problem(422, reason)
