"""An import that is killed: the labels are the old ones or the new ones, never something between."""

from pathlib import Path

from helpers.examples import example_passages, invoke, snapshot, write_lines, write_project
from helpers.killed import any_end, list_states, needs_fork

RECORDS = [  # one that is new, one that labels a passage that is there, one in conflict
    {"id": "n1", "text": "the new tram toll bites", "document": "nd", "narratives": {"toll": "asserts"}},
    {"id": "u", "text": "an unread tram", "narratives": {}},
    {**example_passages()[0], "narratives": {}},
]


@needs_fork
@any_end
def test_a_kill_at_any_step_leaves_the_old_labels_or_the_new(tmp_path: Path, power: bool) -> None:
    root = write_project(tmp_path / "project")
    write_lines(root / "labels" / "more.jsonl", {"id": "u", "text": "an unread tram"})
    path = write_lines(root / "in.jsonl", *RECORDS)
    old = snapshot(root)
    states = list_states(root, lambda: invoke(root, "labels", "import", path), power)
    new = states[-1]  # of the one that was not killed
    changed = {name.split("-")[0] for name in new if new[name] != old.get(name)}
    assert changed == {f"labels/{name}" for name in ("more.jsonl", "splits.csv", "imported", "conflicts/imported")}
    assert all(state in (old, new) for state in states)
    assert old in states
    assert new in states[:-1]
