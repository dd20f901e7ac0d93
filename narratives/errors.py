"""The one error that a user's input can cause, and the words it is told in."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

# What moves a terminal's cursor, recolours it or turns the direction of writing, and halves of characters.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class UserError(Exception):
    """Wrong input. Each problem is one line that names the place and the fix; the program exits with 2.

    Any other exception is a bug and keeps its traceback. `.problems` are the lines; `.count` says of how many problems, where
    lines already stand for several.

    >>> try:
    ...     narratives.load_model("trams/models/tfdif")
    ... except narratives.UserError as error:
    ...     print(error.problems[0].rpartition(";")[2])
     did you mean 'tfidf'?
    """

    def __init__(self, *problems: str, count: int | None = None) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
        self.count = len(problems) if count is None else count


def at(path: Path | str, line: int | None, problem: str) -> str:
    """`file:line: problem`, the form that editors and terminals turn into a link."""
    return f"{path}:{line}: {problem}" if line else f"{path}: {problem}"


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """`; did you mean 'x'?` where a known word is near, whatever its case, else the known words where they are few."""
    choices = list(choices)
    near = get_close_matches(word, choices, n=1, cutoff=0.6)
    folded = {choice.casefold(): choice for choice in reversed(choices)}
    near = near or [folded[name] for name in get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)]
    if near:
        return f"; did you mean '{show(near[0])}'?"
    return f"; known: {', '.join(choices)}" if 0 < len(choices) <= 12 else ""


def show_controls(text: str) -> str:
    r"""The text with control characters shown, as `\u001b`, for a terminal or a JSON text; line ends and tabs stay."""
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def show(word: str) -> str:
    """A word for a message, on one line: signs that nobody sees are written as escapes."""
    return "".join(sign if sign == " " or unicodedata.category(sign)[0] not in "CZ" else _escape(sign) for sign in word)


def _escape(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


_PLACE = re.compile(r"^(?P<file>.+?)(?::(?P<line>\d+)|: (?P<task>task [^:]+?)): (?P<cause>.*)$", re.DOTALL)
_NAMED = re.compile(r"^(?P<kind>unknown (?:label|narrative)) '(?P<word>.*?)'(?P<rest>.*)$", re.DOTALL)
_HINT = re.compile(r"; (did you mean '.*?'\?)")
_VALUE = re.compile(r"(?<=, not ).*|(?<=\bid )'.*?'|(?<=\bstance )'.*?'|\d+", re.DOTALL)  # what a record says, in a cause
FEW = 3  # places shown of several with one cause
_NAMES = 10  # names shown of many that the codebook lacks


def gather(problems: Iterable[str]) -> list[str]:
    """The lines of many problems: those of one cause in one file are one, with a count, the first three places and the fix.

    Names that a codebook lacks are one cause, whichever they are; so are causes that differ only in a record's own values.
    """
    tally = Tally()
    for problem in problems:
        tally.add(problem)
    return tally.lines()


def find_cause(reason: str) -> str:
    """A problem's reason without a record's own values."""
    return _VALUE.sub("", reason)


class Tally:
    """Problems as they come, kept as `gather` tells them: what it holds grows with their causes, not with their number."""

    def __init__(self) -> None:
        self.count = 0
        self._groups: dict[tuple[str, str], _Group] = {}

    def add(self, problem: str, times: int = 1) -> None:
        """Take a problem down; `times` where so many others differ from it in nothing but the line."""
        match = _PLACE.match(problem)
        file, cause = (match["file"], match["cause"]) if match else ("", problem)
        named = _NAMED.match(cause)
        key = (file, named["kind"] if named else find_cause(cause)) if match else (problem, "")
        group = self._groups.setdefault(key, _Group(file=file))
        if group.count < FEW:
            group.first.append((problem, cause))
        group.count += times
        group.differ |= cause != group.first[0][1]
        if named:
            group.words[named["word"]] += times
            if hint := _HINT.match(named["rest"]):
                group.hints.setdefault(named["word"], hint[1])
        self.count += times

    def lines(self) -> list[str]:
        """A line for each cause; a line for each problem of a cause that has few."""
        return [line for group in self._groups.values() for line in _write(group)]


@dataclass(slots=True)
class _Group:
    """Problems of one cause in one file."""

    file: str
    first: list[tuple[str, str]] = field(default_factory=list)  # the first problems as they were told, and their causes
    count: int = 0
    differ: bool = False  # whether their causes differ in a record's own values
    words: Counter[str] = field(default_factory=Counter)  # the names that the codebook lacks
    hints: dict[str, str] = field(default_factory=dict)  # and which of those that it has are near


def _write(group: _Group) -> list[str]:
    (problem, cause), *_ = group.first
    if group.count <= FEW:
        return [problem for problem, _ in group.first]
    matches = [match for problem, _ in group.first if (match := _PLACE.match(problem))]
    if not matches:
        return [f"{problem} ({group.count} times)"]
    places = [match["line"] or match["task"].removeprefix("task ") for match in matches]
    noun = "task" if matches[0]["task"] else "line"
    listing = f"{noun}s {', '.join(places)} and {group.count - FEW} more"
    if group.words:
        cause = _name_lacking(group, cause)
    elif group.differ:
        listing = f"and the like: {listing}"
    place = f"{group.file}:{places[0]}" if noun == "line" else f"{group.file}: task {places[0]}"
    return [f"{place}: {cause} ({listing})"]


def _name_lacking(group: _Group, cause: str) -> str:
    words = group.words
    hints = {word: f", {hint}" for word, hint in group.hints.items()}
    named = ", ".join(f"'{word}' ({count}{hints.get(word, '')})" for word, count in words.most_common(_NAMES))
    named += f" and {len(words) - _NAMES} more" if len(words) > _NAMES else ""
    lacking = f"{group.count} labels use {len(words)} names that the codebook lacks: {named}"
    if cause.startswith("unknown narrative"):
        example = "delete these lines if they are the examples, or name what they mean in a migration"
        return f"{lacking}; {'correct them, ' if hints else ''}{example}"
    if len(words) > 1:
        by_file = " (or name them all: --label-names FILE, a name a line)" if all(map(str.isdigit, words)) else ""
        return f"{lacking}; rename each: --map OLD=ID{by_file}"
    return cause
