"""Files to read texts from: named, in folders, by patterns or by URL; plain, gzip or zstd."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import unquote

from narratives.batch.storage import filesystem, find_kept, is_url, to_plain
from narratives.errors import UserError, at
from narratives.files import ENDINGS, JSON, find_format, sha256, strip_packing, unpack, unreadable

_BUFFER = 1 << 17  # bytes
_SCRIPTS = (".js", ".js.gz", ".js.zst")  # read where they are named: in a folder nobody means them all
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class Source:
    """An input file: its path as it was named, its format and compression ("" for none).

    JSON counts as a compression of JSON Lines: its lines are its records.
    """

    path: str
    form: str
    compression: str = ""
    encoding: str = ""  # as the user named it

    @property
    def shown(self) -> str:
        """The path as text that any file can hold; a file's name may be no UTF-8."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")

    @property
    def place(self) -> str:
        """What tells it from other files, wherever it is named from: its full path, links followed; a URL as it is."""
        return self.path if is_url(self.path) else os.path.realpath(self.path)

    @property
    def has_tabs(self) -> bool:
        """Whether its ending says that fields stand between tabs."""
        return strip_packing(self.path)[0].lower().endswith(".tsv")

    @property
    def partition(self) -> dict[str, str | None]:
        """The columns that its folders name, as Hive writes them: `year=2024/month=05/`."""
        pairs = [step.partition("=") for step in PurePosixPath(self.shown).parts[:-1] if "=" in step]
        return {name: None if value == _NO_VALUE else unquote(value) for name, _, value in pairs if name.isidentifier()}


def find_sources(names: Sequence[str], output: str, encoding: str = "") -> tuple[list[Source], list[str]]:
    """The files that `names` stand for, in their order, each once; and what in folders and patterns cannot be read.

    `encoding` is that of those which hold text; empty, they are UTF-8 or begin with a mark that says what they are.

    A folder stands for all files below it, sorted. Hidden ones in it are left alone, so are those of the output folder
    there and where a pattern matches them. No known ending, a link to nothing, a pipe: none of these stops the rest.
    """
    sources: dict[str, Source] = {}
    left_out: list[str] = []
    for name in map(to_plain, names):
        is_empty = True
        try:
            for top in _expand(name, output):
                inner = _list_below(top)
                chosen = _choose(top, inner, output) if top != name or inner is not None else [top]
                left_out += sorted({*(_leave_out(inner, output) if inner is not None else [top])} - {*chosen})
                for path in chosen:
                    source = _to_source(path, encoding)
                    sources.setdefault(source.place, source)
                is_empty = is_empty and not chosen
        except OSError as error:
            raise unreadable(name, error) from None
        if is_empty:
            place = "in this folder" if _list_below(name) is not None else "matches this pattern"
            known_endings = ", ".join(ending for ending in ENDINGS if ending not in _SCRIPTS)
            raise UserError(at(name, None, f"no file to read {place}; known endings: {known_endings}"))
    return list(sources.values()), left_out


def _choose(top: str, inner: list[str] | None, output: str) -> list[str]:
    """What is read of a folder, or of a file that a pattern matches: what is named is meant, beside it may lie anything."""
    if inner is None:
        return [top] if is_url(top) or Path(top).is_file() else []
    texts = _leave_out([path for path in inner if _is_text(path)], output)  # JSON beside texts is no text
    return texts or _leave_out([path for path in inner if _is_known(path) and not path.lower().endswith(_SCRIPTS)], output)


def describe_left_out(left_out: Sequence[str]) -> str:
    """One line for all that was left out."""
    names = ", ".join(left_out[:3]) + (" ..." if len(left_out) > 3 else "")
    return (
        f"{len(left_out)} files were left out: their ending is not known, they are links to nothing or pipes, or JSON beside "
        f"other texts (name such a file, and it is read): {names}"
    )


def open_source(source: Source) -> BinaryIO:
    """The decompressed bytes of a file from its beginning; `UserError` where it can't be read."""
    try:
        if is_url(source.path):
            files, path = filesystem(source.path)
            raw: Any = files.open(path, "rb")
        else:
            raw = Path(source.path).open("rb", buffering=_BUFFER)  # noqa: SIM115
        if strip_packing(source.path)[1] and not raw.read(1):
            raise UserError(at(source.path, None, "cut short: it holds nothing; get it again"))
        size = raw.seek(0, os.SEEK_END) if source.compression else 0
        raw.seek(0)
    except OSError as error:
        raise unreadable(source.path, error) from None
    return unpack(raw, source.compression, source.path, size, None if source.form == "parquet" else source.encoding)


def identify(source: Source) -> dict[str, Any]:
    """What a file is known by: size in bytes, time of change, and digest of its bytes (a store's own mark for a URL)."""
    if is_url(source.path):
        files, path = filesystem(source.path)
        try:
            return {"size": files.size(path), "changed": 0, "digest": str(files.checksum(path))}
        except OSError as error:
            raise unreadable(source.path, error) from None
    return {**_stat(source), "digest": sha256(Path(source.path))}


def has_changed(source: Source, identity: dict[str, Any]) -> bool:
    """Whether the file has changed since `identify` saw it; its bytes are read again only where its time differs."""
    if is_url(source.path):
        return identify(source) != identity
    status = _stat(source)
    if status["size"] != identity["size"]:
        return True
    return bool(status["changed"] != identity["changed"]) and sha256(Path(source.path)) != identity["digest"]


def _stat(source: Source) -> dict[str, Any]:
    try:
        status = Path(source.path).stat()
    except OSError as error:
        raise unreadable(Path(source.path), error) from None
    return {"size": status.st_size, "changed": status.st_mtime_ns}


def _list_below(name: str) -> list[str] | None:
    """Every file below a folder but the hidden ones; `None` where `name` is no folder."""
    if is_url(name):
        files, top = filesystem(name)
        if not files.isdir(top):
            return None
        below = [path for path in files.find(top) if "/." not in path.removeprefix(top)]
        return sorted(files.unstrip_protocol(path) for path in below)
    if not Path(name).is_dir():
        return None
    paths: list[str] = []
    visited = set()
    for top, folders, inside in os.walk(name, onerror=_fail, followlinks=True):
        visited.add(os.path.realpath(top))
        links = [folder for folder in folders if os.path.realpath(Path(top, folder)) not in visited]  # one may lead back up
        folders[:] = [folder for folder in links if not folder.startswith(".")]
        paths += (str(Path(top, file)) for file in inside if not file.startswith("."))
    return sorted(paths)


def _fail(error: OSError) -> None:
    raise error  # else a folder that may not be read would be passed over


def _leave_out(paths: list[str], output: str) -> list[str]:
    """The paths without those below the output folder and beside it, where its plan lies; empty, it is none."""
    if not output:
        return paths
    if is_url(output):
        files, top = filesystem(output)
        place = files.unstrip_protocol(top).rstrip("/")
        return [path for path in paths if not path.startswith((f"{place}/", f"{find_kept(place)}/"))]
    prefixes = tuple(os.path.join(os.path.realpath(place), "") for place in (output, find_kept(output)))  # noqa: PTH118
    return [path for path in paths if is_url(path) or not os.path.realpath(path).startswith(prefixes)]


def _expand(name: str, output: str) -> list[str]:
    """The files and folders that match a pattern; a name that is none stands for itself."""
    if not glob.has_magic(name) or (not is_url(name) and Path(name).exists()):
        return [name]
    if is_url(name):
        files, pattern = filesystem(name)
        matches = sorted(files.unstrip_protocol(path) for path in files.glob(pattern))
    else:
        matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207
    if "**" in name:  # what stands in these folders is matched itself
        matches = [path for path in matches if is_url(path) or not Path(path).is_dir()]
    own = {os.path.realpath(place) for place in (output, find_kept(output))} if output else set()
    matches = [path for path in _leave_out(matches, output) if os.path.realpath(path) not in own]
    if not matches:
        raise UserError(at(name, None, "no file matches this pattern; check it"))
    return matches


def _is_known(path: str) -> bool:
    leads_nowhere = not is_url(path) and not Path(path).is_file()  # a link to nothing, or to itself
    return not leads_nowhere and PurePosixPath(strip_packing(path)[0]).suffix.lower() in ENDINGS


def _is_text(path: str) -> bool:
    return _is_known(path) and not strip_packing(path)[0].lower().endswith(JSON)


def _refuse(path: Path) -> UserError:
    if path.is_fifo():
        return UserError(at(path, None, "is a pipe; give it to standard input: ... | narratives classify - --model RUN"))
    if path.is_symlink() and not path.exists():
        return UserError(at(path, None, f"is a link to nothing ({path.readlink()}); mend it or leave it out"))
    if path.exists() and not path.is_dir():
        return UserError(at(path, None, "is no file but a device or a socket; name a file"))
    return unreadable(path, IsADirectoryError() if path.is_dir() else FileNotFoundError())


def _to_source(path: str, encoding: str) -> Source:
    inner, compression = strip_packing(path)
    local = Path(path)
    if not is_url(path) and not local.is_file():
        raise _refuse(local)
    form = ENDINGS.get(PurePosixPath(inner).suffix.lower())
    if is_url(path) and not form:
        raise UserError(at(path, None, f"unknown format; known endings: {', '.join(ENDINGS)}"))
    form = form or find_format(local)  # which refuses it
    if form == "parquet" and compression:
        raise UserError(at(path, None, "Parquet is compressed inside; unpack this file first"))
    json = " json" if inner.lower().endswith(JSON) else ""
    return Source(path, form, f"{compression}{json}".strip(), "" if form == "parquet" else encoding)
