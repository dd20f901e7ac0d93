"""Labels in the forms that people and programs write: an object, a list or a text of ids, a column for each narrative."""

import ast
import json
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from narratives.data import Labels, Stance
from narratives.errors import did_you_mean

NONE = "(none)"  # says in a list of labels that nothing is carried; no id can look like it
TICKS = ("✓", "✔", "☑", "✅")
STANCES = [stance.value for stance in Stance]

Tell = Callable[[str], None]  # takes a problem; the caller adds the place
_YES = {"1", "1.0", "true", "yes", "y", "x", *TICKS, "ja", "oui", "si", "sí", "да", "wahr", "vrai", "verdadero", "vero"}
_NO = {"", "0", "0.0", "false", "no", "n", "nein", "nee", "non", "нет", "falsch", "faux", "falso"}


def read_labels(value: Any, ids: Sequence[str], tell: Tell) -> Labels | None:
    """Labels from an object (id -> stance) or a list of ids, each perhaps with its stance (`id:asserts`).

    `None` stands for a text that nobody has labelled. All that is wrong goes to `tell`.
    """
    if value is None:
        return None
    if isinstance(value, list):
        value = _parse_list(value, tell)
    if not isinstance(value, dict):
        tell(f"'narratives' must be an object or a list of ids, not {_show(value)}")
        return None
    labels: Labels = {}
    for id_, stance in value.items():
        if id_ not in ids:
            hint = f"; did you mean '{NONE}'?" if str(id_).strip("() ").lower() == "none" else did_you_mean(id_, ids)
            tell(f"unknown narrative '{id_}'{hint}")
        elif stance is not None and stance not in STANCES:
            tell(f"'{id_}': stance {_show(stance)} is not known; use {', '.join(STANCES)} or null")
        else:
            labels[id_] = None if stance is None else Stance(stance)
    return labels


def _parse_list(words: list[Any], tell: Tell) -> dict[str, str | None]:
    if words == [NONE]:
        return {}
    pairs = [split_stance(word) if isinstance(word, str) else (_show(word), None) for word in words]
    if len(dict(pairs)) < len(pairs):
        tell("'narratives' names a narrative twice; keep one")
    return dict(pairs)


def split_stance(word: str) -> tuple[str, str | None]:
    """`toll:reports` as ("toll", "reports"); the stance is `None` where the word ends in none."""
    name, _, stance = word.rpartition(":")
    return (name, stance) if name and stance in STANCES else (word, None)


def join_stance(name: str, stance: str | None) -> str:
    """What `split_stance` takes apart."""
    return f"{name}:{stance}" if stance else name


def split_text(text: str) -> Any:
    """A text of ids with `;` or `,` between as a list, or the JSON value that it holds; `ValueError` if that is broken."""
    if text.strip().startswith(("{", "[")):
        try:
            return json.loads(text)
        except (json.JSONDecodeError, RecursionError) as error:
            return _parse_python(text, str(getattr(error, "msg", "nested too deeply")))
    return [word.strip() for word in text.replace(",", ";").split(";") if word.strip()]


def _parse_python(text: str, reason: str) -> Any:
    # What a program wrote into a table without making JSON of it: ['toll', 'school'].
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        value = None
    if isinstance(value, set):
        value = sorted(value, key=str)
    if not isinstance(value, (list, dict)):
        raise ValueError(f'{text.strip()[:60]!r} is broken JSON: {reason}; write ids with \';\' between, or ["id", "id"]')
    return value


def has_control(text: str) -> bool:
    """Whether a name holds a line end or another control character, which would break tables and messages.

    Signs that nobody sees, such as those that part Persian letters or say which way to write, are letters of names.
    """
    return any(unicodedata.category(sign) in ("Cc", "Zl", "Zp", "Cs") for sign in text)


def is_yes(column: str, value: Any) -> bool:
    """Whether a cell says that the narrative of its column is carried; `ValueError` where it says neither yes nor no."""
    plain = "" if value is None else str(value).strip().removesuffix("\ufe0f").lower()  # by which a tick is shown in colour
    if plain not in _YES | _NO:
        raise ValueError(f"column '{column}' holds {value!r}; write 1 where the narrative is raised and 0 where not")
    return plain in _YES


def _show(value: Any) -> str:
    return json.dumps(value, default=str)[:40]
