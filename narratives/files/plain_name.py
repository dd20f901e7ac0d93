"""Names that users give to files and folders of theirs."""

import unicodedata
from pathlib import Path

from narratives.errors import UserError, show_controls

_LONGEST = 200  # bytes: with an ending, and what stands beside a file while it is written, file systems take it
_BREAKING = ("Cc", "Zl", "Zp")  # characters that end a line, or that a terminal takes for a command


def check_plain_name(name: str, what: str, longest: int = _LONGEST) -> None:
    """`UserError` where a name leads elsewhere, is hidden, does not stand on one line, or is too long for a file system."""
    is_plain = name and Path(name).name == name and not name.startswith(".")
    breaks = any(unicodedata.category(sign) in _BREAKING for sign in name)
    if not is_plain or breaks or len(name.encode("utf-8", "surrogateescape")) > longest:
        raise UserError(f"{what} '{show_controls(name[:80])}': a plain name is needed, such as: march")
