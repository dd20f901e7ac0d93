"""The one error that a user's input can cause, and the words it is told in."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

# What moves a terminal's cursor, recolours it or turns the direction of writing, and halves of characters.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class UserError(Exception):
    """Wrong input. Each problem is one line that names the place and the fix; the program exits with 2.

    Any other exception is a bug and keeps its traceback. `.problems` are the lines.

    >>> try:
    ...     narratives.load_model("trams/models/tfdif")
    ... except narratives.UserError as error:
    ...     print(error.problems[0].rpartition(";")[2])
     did you mean 'tfidf'?
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def at(path: Path | str, line: int | None, problem: str) -> str:
    """`file:line: problem`, the form that editors and terminals turn into a link."""
    return f"{path}:{line}: {problem}" if line else f"{path}: {problem}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` where a known word is near, else the known words where they are few."""
    known = list(known)
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; known: {', '.join(known)}" if 0 < len(known) <= 12 else ""


def show_controls(text: str) -> str:
    r"""The text with control characters shown, as `\u001b`, for a terminal or a JSON text; line ends and tabs stay."""
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
