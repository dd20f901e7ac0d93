"""What is left of a change to the disk when it is killed, or the power goes, at each of its steps in turn."""

import os
import shutil
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from helpers.examples import snapshot

from narratives.files import atomic
from narratives.files.journal import finish_changes

STEPS: list[tuple[Any, str]] = [
    *((os, name) for name in ("mkdir", "replace", "rename", "unlink", "rmdir", "fsync")),
    (Path, "write_text"),
    (atomic, "exchange"),
]
State = dict[str, bytes | None]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
any_end = pytest.mark.parametrize("power", [False, True], ids=["killed", "power cut"])


class Disk:
    """What a power cut takes: the bytes of each file below `root` that was not synced; its name stays."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.safe = {self._mark(path.stat()) for path in root.rglob("*")}

    def sync(self, descriptor: int) -> None:
        """What is in a file now is safe."""
        self.safe.add(self._mark(os.fstat(descriptor)))

    def cut(self) -> None:
        """Let the power go."""
        for path in self.root.rglob("*"):
            if path.is_file() and self._mark(path.stat()) not in self.safe:
                os.truncate(path, 0)

    def _mark(self, status: os.stat_result) -> tuple[int, int, int]:
        return status.st_ino, status.st_size, status.st_mtime_ns


def list_states(root: Path, act: Callable[[], object], power: bool = False) -> list[State]:
    """What `root` holds after `act` was killed at its first step, its second, and so on; last, after it was not killed.

    With `power`, what was not synced is lost with it.
    """
    before = shutil.copytree(root, root.with_name(f"{root.name}.before"))
    states: list[State] = []
    for step in range(300):
        if not (child := os.fork()):
            act_until(step, act, Disk(root) if power else None)
        _, status = os.waitpid(child, 0)
        assert status in (0, signal.SIGKILL), "it failed by itself: see its traceback"
        finish_changes(root)
        states.append(snapshot(root))
        shutil.rmtree(root)
        shutil.copytree(before, root)  # times of change included
        if os.waitstatus_to_exitcode(status) == 0:
            break
    return states


def act_until(step: int, act: Callable[[], object], disk: Disk | None = None) -> NoReturn:
    """Act in a child of this process, which never comes back to the test, whatever happens."""
    status = 1
    try:
        kill_at(step, disk)
        act()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def kill_at(step: int, disk: Disk | None = None) -> None:
    """Let this process be killed in place of its `step`th change to the disk."""
    left = iter(range(step))
    for place, name in STEPS:
        original = getattr(place, name)

        def change(*args: Any, name: str = name, original: Any = original, **options: Any) -> Any:
            if next(left, None) is None:
                if disk:
                    disk.cut()
                os.kill(os.getpid(), signal.SIGKILL)
            result = original(*args, **options)
            if disk and name == "fsync":
                disk.sync(args[0])
            return result

        setattr(place, name, change)
