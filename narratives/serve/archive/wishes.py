"""What somebody wants to see of a folder of answers: every value of the address is checked here."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from narratives.data import STANCES
from narratives.serve.archive.words import split_words
from narratives.serve.guard.problems import Problem

ANY, NONE = "(any)", "(none)"  # of `narrative`: something is raised, nothing is
SORTS = {
    "row": "as they came",
    "doubt": "doubtful first",
    "score": "highest score first",
    "new": "newest first",
    "old": "oldest first",
}
_LONGEST = 200  # characters of a value


@dataclass(frozen=True, slots=True)
class Wish:
    """A filter and an order. Empty values do not filter."""

    narrative: str = ""  # an id, `ANY` or `NONE`
    stance: str = ""
    source: str = ""
    language: str = ""
    since: datetime.date | None = None
    until: datetime.date | None = None
    least: float = 0.0  # score
    near: bool = False  # with a narrative: also what was nearly raised
    words: str = ""
    sort: str = "row"
    after: tuple[str, int] | None = None  # key and row of the last one that was shown

    @property
    def lookup(self) -> list[str]:
        """The words that a text must hold."""
        return split_words(self.words)

    def to_query(self, **changes: Any) -> str:
        """The wish as the query of an address, without a place in it unless it is among the `changes`."""
        values = {
            "narrative": self.narrative,
            "stance": self.stance,
            "source": self.source,
            "language": self.language,
            "since": self.since or "",
            "until": self.until or "",
            "least": f"{self.least:g}" if self.least else "",
            "near": "1" if self.near else "",
            "words": self.words,
            "sort": "" if self.sort == "row" else self.sort,
        }
        return urlencode({name: value for name, value in {**values, **changes}.items() if value != ""})


def read_wish(query: Mapping[str, str], narratives: list[str]) -> Wish:
    """The wish that an address holds; `Problem` names the value that makes no sense."""
    values = {name: query.get(name, "").strip() for name in ("narrative", "stance", "source", "language", "words")}
    for name, value in values.items():
        if len(value) > _LONGEST or not value.isprintable():
            _refuse(f"{name}: at most {_LONGEST} characters that can be seen")
    if values["narrative"] not in ("", ANY, NONE, *narratives):
        _refuse(f"narrative: these answers know no '{values['narrative']}'")
    if values["stance"] not in ("", *STANCES):
        _refuse(f"stance: one of {', '.join(STANCES)}")
    sort = query.get("sort", "") or "row"
    if sort not in SORTS:
        _refuse(f"sort: one of {', '.join(SORTS)}")
    if values["words"] and not split_words(values["words"]):
        _refuse("words: there is no letter and no digit in it")
    return Wish(
        **values,
        since=_read_day(query, "since"),
        until=_read_day(query, "until"),
        least=_read_score(query.get("least", "")),
        near=query.get("near") == "1",
        sort=sort,
        after=_read_place(query.get("after", "")),
    )


def _read_day(query: Mapping[str, str], name: str) -> datetime.date | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        _refuse(f"{name}: a day such as 2025-06-01")
        return None


def _read_score(text: str) -> float:
    try:
        score = float(text or 0)
    except ValueError:
        score = -1.0
    if not 0 <= score <= 1:
        _refuse("least: a score from 0 to 1")
    return score


def _read_place(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    key, _, row = text.rpartition("~")
    if not row.isascii() or not row.isdigit() or len(row) > 18 or len(key) > 40:
        _refuse("after: open the first page again")
    return key, int(row)


def _refuse(reason: str) -> None:
    raise Problem(422, reason)
