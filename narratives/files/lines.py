"""Lines of a byte stream with their numbers and sizes, in flat memory whatever stands on them."""

from collections.abc import Iterator
from typing import BinaryIO

from narratives.files.encodings import explain_byte

LIMIT = 10_000_000  # bytes; a longer line is no record but an accident
_STEP = 1 << 20  # bytes of such a line that are passed over at once
TOO_LONG = f"longer than {LIMIT // 1_000_000} MB; split it or check for a missing line end"
CHANGED = "changed since its parts were found; begin anew with --restart"

Line = tuple[int, int, bytes | None]  # number (from 1), size in bytes with its end, content; `None` where it is too long


class SpoiltFile(ValueError):
    """Says why a whole file is not what its ending says."""


def read_lines(stream: BinaryIO, number: int = 1, size: int | None = None) -> Iterator[Line]:
    """Lines from where `stream` stands, the first being line `number`, up to its end or for `size` bytes.

    `EOFError` where the lines do not come to `size`.
    """
    bytes_read = 0
    while size is None or bytes_read < size:
        data = stream.readline(LIMIT + 1)
        if not data:
            break
        length = len(data)
        content: bytes | None = data
        if length > LIMIT:
            content = None
            while data and not data.endswith(b"\n"):
                data = stream.readline(_STEP)
                length += len(data)
        bytes_read += length
        yield number, length, content
        number += 1
    if size is not None and bytes_read != size:
        raise EOFError(CHANGED)


_OFFICE = "this is a file of an office program, whatever its ending; open it there and save it as CSV in UTF-8"
_ZIP = "this is a ZIP archive or a file of an office program, whatever its ending; unpack it, or save it there as CSV in UTF-8"
_BEGINNINGS = {  # of files that have another ending than they should
    b"PK\x03\x04": _ZIP,
    b"\xd0\xcf\x11\xe0": _OFFICE,
    b"%PDF-": "this is a PDF, whatever its ending; save its text as TXT or CSV",
    b"PAR1": "this is Parquet; give the file the ending .parquet",
    b"\x1f\x8b": "this is packed with gzip; add .gz to the file's name",
    b"\x28\xb5\x2f\xfd": "this is packed with zstd; add .zst to the file's name",
}


def check_first_line(data: bytes) -> None:
    """`SpoiltFile` where the first line of a file shows that this is not UTF-8 text at all."""
    for beginning, reason in _BEGINNINGS.items():
        if data.startswith(beginning):
            raise SpoiltFile(reason)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or (data and data.count(0) * 3 >= len(data)):
        fix = "save it as UTF-8, or name its encoding: --encoding utf-16-le"
        raise SpoiltFile(f"this is UTF-16 text or no text at all; {fix}")


def decode_line(number: int, data: bytes) -> str:
    """The text of a line; `ValueError` names the byte that is not UTF-8. A byte-order mark on line 1 is dropped."""
    try:
        return data.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(explain_byte(data, error.start)) from None
