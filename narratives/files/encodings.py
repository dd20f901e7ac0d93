"""Text in other encodings as UTF-8, in a stream: UTF-16 and UTF-32 by the mark at their beginning, any that the user names.

A byte that is none of its encoding becomes a mark that no UTF-8 holds, so that it costs its own line: `explain_byte` reads it.
"""

import codecs
import io
import re
from typing import Any, BinaryIO, cast

from narratives.errors import UserError, at

_STEP = 1 << 17  # bytes
_MARKS = {  # those of UTF-32 first: one begins as that of UTF-16 does
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8",
}
_WRONG = re.compile(rb"\xff(0x[0-9a-f]{2}) ([\w.-]+)\xff")
_UNWRITABLE = "narratives.unwritable"
_FIX = "; save the file as UTF-8, or name "


def find_codec(name: str) -> str:
    """The one name of an encoding; `ValueError` where no text can be read in it."""
    try:
        codec = codecs.lookup(name)
        if not codec._is_text_encoding or codec.name.endswith("escape"):
            raise LookupError
        codec.incrementaldecoder(_register(codec.name)).decode(bytes(range(256)), final=True)
    except (LookupError, UnicodeError, TypeError, ValueError):
        raise ValueError(f"'{name}' is no encoding of texts that Python knows; such as cp1252, cp1251, latin-1") from None
    return codec.name


def decode_stream(stream: Any, encoding: str, place: str) -> BinaryIO:
    """The stream as UTF-8: read in the encoding that its mark proves or that was named; as it is where neither is.

    `UserError` where the two contradict each other.
    """
    head = _look_ahead(stream)
    proven = next((name for mark, name in _MARKS.items() if head.startswith(mark)), "")
    named = codecs.lookup(encoding).name.removesuffix("-sig") if encoding else ""
    if proven and named and not named.startswith(proven):
        reason = f"begins with the mark of {proven.upper()}, so it is not in {encoding}; leave --encoding out for this file"
        raise UserError(at(place, None, reason))
    name = named or proven
    return cast(BinaryIO, stream if name in ("", "utf-8") else io.BufferedReader(_Decoded(stream, name), _STEP))


def explain_byte(data: bytes, place: int) -> str:
    """Why a line is no UTF-8, and what to do; `place` is that of the first byte that is not."""
    if match := _WRONG.match(data, place):
        return f"byte {match[1].decode()} is not {match[2].decode()}{_FIX}another --encoding"
    return f"byte 0x{data[place]:02x} is not UTF-8{_FIX}its encoding: --encoding cp1252"


def without_option(reason: str) -> str:
    """The reason for a file that must be UTF-8, which no option helps."""
    return re.sub(r", or name (its encoding: --encoding \S+|another --encoding)$", "", reason)


class _Decoded(io.RawIOBase):
    """Bytes of UTF-8 made from those of another encoding."""

    def __init__(self, source: Any, encoding: str) -> None:
        super().__init__()
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)(_register(encoding))
        self._unread, self._ended = b"", False

    def readable(self) -> bool:
        """It can be read, not written."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what comes next; 0 at the end."""
        read = getattr(self._source, "read1", self._source.read)  # what is there, without waiting for more
        while not self._unread and not self._ended:
            data = read(_STEP)
            self._ended = not data
            self._unread = self._decoder.decode(data, final=self._ended).encode("utf-8", _UNWRITABLE)
        count = min(len(buffer), len(self._unread))
        buffer[:count], self._unread = self._unread[:count], self._unread[count:]
        return count

    def close(self) -> None:
        """Close it and the file below it."""
        if not self.closed:
            self._source.close()
        super().close()


def _look_ahead(stream: Any) -> bytes:
    if hasattr(stream, "peek"):
        return bytes(stream.peek(4)[:4])
    head = bytes(stream.read(4))
    stream.seek(0)
    return head


def _register(encoding: str) -> str:
    """The name under which codecs find what is to be done with a byte that is none of this encoding."""

    def mark(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        return f"\udcff0x{error.object[error.start]:02x} {encoding}\udcff", error.end

    codecs.register_error(f"narratives.{encoding}", mark)
    return f"narratives.{encoding}"


def _write_marks(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return b"\xff" * (error.end - error.start), error.end  # half a surrogate pair is no character either


codecs.register_error(_UNWRITABLE, _write_marks)
