"""What is left of a change to the disk when it is killed at each of its steps in turn."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import snapshot

from narratives.files.journal import finish_changes

State = dict[str, bytes | None]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def list_states(root: Path, act: Callable[[], object]) -> list[State]:
    """What `root` holds after `act` was killed at its first step, its second, and so on; last, after it was not killed."""
    before = shutil.copytree(root, root.with_name(f"{root.name}.before"))
    states: list[State] = []
    for step in range(60):
        if not (child := os.fork()):
            kill_at(step)
            act()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        finish_changes(root)
        states.append(snapshot(root))
        shutil.rmtree(root)
        shutil.copytree(before, root)  # times of change included
        if os.waitstatus_to_exitcode(status) == 0:
            break
    return states


def kill_at(step: int) -> None:
    """Let this process be killed in place of its `step`th change to the disk."""
    left = iter(range(step))
    for name in ("mkdir", "replace", "rename", "unlink", "write_text"):
        original = getattr(Path, name)

        def change(self: Path, *args: Any, original: Any = original, **options: Any) -> Any:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(self, *args, **options)

        setattr(Path, name, change)
