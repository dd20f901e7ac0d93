"""How far a compressed file may unpack: a few bytes can hold gigabytes of the same."""

import os

from narratives.errors import UserError

VARIABLE = "NARRATIVES_UNPACK_RATIO"
_RATIO = 200.0  # texts pack to a tenth, logs to a hundredth
_ALWAYS = 64 << 20  # bytes that any file may unpack to


def check_unpacked(packed: int, unpacked: int) -> str:
    """Why a file of `packed` bytes must not be read on when it came to `unpacked` ones; empty where it may be."""
    if unpacked <= _ALWAYS or unpacked <= (most := _read_ratio()) * packed:
        return ""
    return f"unpacks to more than {most:g} times its size; if that is right, allow more: {VARIABLE}={10 * most:g}"


def _read_ratio() -> float:
    text = os.environ.get(VARIABLE, "")
    try:
        ratio = float(text or _RATIO)
    except ValueError:
        ratio = 0.0
    if not ratio >= 1:
        raise UserError(f"{VARIABLE}={text}: must be a number of at least 1")
    return ratio
