"""What a lock says of whoever holds it, and how long it counts where nothing else tells whether its process lives."""

import json
import os
import platform
import sys
import time
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

LEASE = 60.0  # seconds without a sign of life after which a holder elsewhere counts as dead
SIGN = 10.0  # seconds between signs of life
PAUSE = 0.1  # seconds between two tries
PATIENCE = 3  # tries after which it is said for whom one waits


@dataclass(frozen=True, slots=True)
class Holder:
    """A command that holds a lock."""

    command: str
    process: int
    host: str
    boot: str  # of the running system: the same for all that share locks, in containers too
    since: str
    lot: str  # tells two holders apart

    @classmethod
    def draw(cls) -> Self:
        """The holder that this process is, under a lot of its own."""
        command = " ".join(["narratives", *sys.argv[1:]])
        return cls(
            command=command if len(command) <= 80 else f"{command[:77]}...",
            process=os.getpid(),
            host=platform.node(),
            boot=_find_boot(),
            since=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            lot=uuid.uuid4().hex,
        )

    @classmethod
    def parse(cls, note: bytes) -> Self | None:
        """What `note` holds; `None` where it is no such note."""
        try:
            values = json.loads(note)
            values.pop("sign", None)
            return cls(**values)
        except (AttributeError, TypeError, ValueError):
            return None

    def write_note(self, sign: int = 0) -> bytes:
        """What the lock holds; `sign` numbers the signs of life."""
        return json.dumps(asdict(self) | ({"sign": sign} if sign else {})).encode() + b"\n"

    @property
    def is_foreign(self) -> bool:
        """Whether it runs on another machine, on which locks of this one may not hold."""
        return self.boot != _find_boot() and self.host != platform.node()

    def __str__(self) -> str:
        text = f"'{self.command}' (process {self.process} on {self.host}, since {self.since})"
        return "".join(character if character.isprintable() else "?" for character in text)


class Watch:
    """How long a lock has been looking the same."""

    def __init__(self) -> None:
        self.seen: Any = None
        self.since = 0.0

    def is_dead(self, looks: Any) -> bool:
        """Whether it has given no sign of life for `LEASE` seconds; clocks of other machines are not asked."""
        if looks != self.seen:
            self.seen, self.since = looks, time.monotonic()
        return time.monotonic() - self.since > LEASE


def _find_boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return platform.node()
