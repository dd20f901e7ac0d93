"""The files that an import adds to a project: new passages, conflicts, and records that were refused."""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from narratives.annotation.formats.ours import IMPORT_PROBLEMS
from narratives.annotation.incoming import Bad
from narratives.annotation.merge import Merge
from narratives.errors import UserError, at
from narratives.files import check_plain_name
from narratives.labels import to_record

_PIECE = 2**20  # characters that are hashed at once


def compose_files(folder: Path, merged: Merge, bad: Sequence[Bad], into: str | None) -> dict[str, tuple[str, str]]:
    """The new files: kind -> (path in labels/, text). Conflicts and rejects lie deeper, where nobody reads them as passages."""
    contents = {
        "conflicts": _write_lines(merged.conflicts),
        "rejected": _write_lines(record for refused in bad for record in _reject(refused)),
        "passages": _write_lines(to_record(passage) for passage in merged.new),
    }
    name = into or f"imported-{_digest(contents)[:8]}"
    check_plain_name(name, "--into")
    if (folder / f"{name}.jsonl").exists():
        raise UserError(at(folder / f"{name}.jsonl", None, "is there already; choose another name: --into NAME"))
    files = {}
    for kind, text in contents.items():
        if text:
            stem, number = Path("" if kind == "passages" else kind) / name, 1
            path = f"{stem}.jsonl"
            while kind != "passages" and (folder / path).exists():  # somebody may be at work on it
                number += 1
                path = f"{stem}-{number}.jsonl"
            files[kind] = (path, text)
    return files


def _digest(contents: Mapping[str, str]) -> str:
    """That of the contents as one JSON object, which is never held as a whole."""
    digest, before = hashlib.sha256(), "{"
    for kind, text in contents.items():
        digest.update(f'{before}"{kind}": "'.encode())
        for start in range(0, len(text), _PIECE):
            digest.update(json.dumps(text[start : start + _PIECE])[1:-1].encode())
        before = '", '
    digest.update(b'"}')
    return digest.hexdigest()


def _reject(bad: Bad) -> Iterator[dict[str, Any]]:
    # Labels that could not be read must not look like none when the mended record comes back.
    rest, file = bad.entry.rest, bad.entry.place.file
    listed = [bad.problems] if rest is None else ([f"{file}:{line}: {reason}"] for line, reason in rest)
    for problems in listed:
        yield {IMPORT_PROBLEMS: problems, "narratives": ["?"], **bad.entry.values}


def _write_lines(records: Iterable[dict[str, Any]]) -> str:
    out = io.StringIO()
    for record in records:
        out.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")
    return out.getvalue()
