"""An import that is killed: the labels are the old ones or the new ones, never something between."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from examples import example_passages, invoke, snapshot, write_lines, write_project

from narratives.journal import finish_changes

RECORDS = [  # one that is new, one that labels a passage that is there, one in conflict
    {"id": "n1", "text": "the new tram toll bites", "document": "nd", "narratives": {"toll": "asserts"}},
    {"id": "u", "text": "an unread tram", "narratives": {}},
    {**example_passages()[0], "narratives": {}},
]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_at_any_step_leaves_the_old_labels_or_the_new(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    write_lines(root / "labels" / "more.jsonl", {"id": "u", "text": "an unread tram"})
    path = write_lines(root / "in.jsonl", *RECORDS)
    old = snapshot(root)
    states: list[dict[str, bytes | None]] = []
    for step in range(60):
        if not (child := os.fork()):
            _kill_at(step)
            invoke(root, "labels", "import", path)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        finish_changes(root)
        states.append(snapshot(root))
        _restore(root, old)
        if os.waitstatus_to_exitcode(status) == 0:
            break
    new = states[-1]  # of the one that was not killed
    changed = {name.split("-")[0] for name in new if new[name] != old.get(name)}
    assert changed == {f"labels/{name}" for name in ("more.jsonl", "splits.csv", "imported", "conflicts/imported")}
    assert all(state in (old, new) for state in states)
    assert old in states
    assert new in states[:-1]


def _kill_at(step: int) -> None:
    """Let this process be killed in place of its `step`th change to the disk."""
    left = iter(range(step))
    for name in ("mkdir", "replace", "rename", "unlink", "write_text"):
        original = getattr(Path, name)

        def change(self: Path, *args: Any, original: Any = original, **options: Any) -> Any:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(self, *args, **options)

        setattr(Path, name, change)


def _restore(root: Path, state: dict[str, bytes | None]) -> None:
    for name in sorted(snapshot(root), reverse=True):
        path = root / name
        if name not in state:
            path.rmdir() if path.is_dir() else path.unlink()
    for name, data in state.items():
        if data is not None:
            (root / name).write_bytes(data)
