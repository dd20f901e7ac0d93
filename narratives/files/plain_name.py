"""Names that users give to files and folders of theirs."""

from pathlib import Path

from narratives.errors import UserError, show_controls

_LONGEST = 200  # bytes: with an ending and what stands beside it while it is written, file systems take it


def check_plain_name(name: str, what: str) -> None:
    """`UserError` where a name leads elsewhere, is hidden, cannot be read on one line, or is too long for a file system."""
    is_plain = Path(name).name == name and not name.startswith(".") and name.isprintable()
    if not name or not is_plain or len(name.encode("utf-8", "surrogateescape")) > _LONGEST:
        raise UserError(f"{what} '{show_controls(name[:80])}': a plain name is needed, such as: march")
