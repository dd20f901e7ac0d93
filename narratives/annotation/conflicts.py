"""Conflicts between labels: written down for a person to decide, and remembered once they are decided."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from narratives.annotation.formats import ours
from narratives.annotation.formats.entry import Wishes
from narratives.annotation.incoming import Incoming, fold_text
from narratives.annotation.names import Names
from narratives.annotation.review import make_form
from narratives.data import Passage

Settled = dict[str, list[tuple[str, Any]]]  # folded text -> id and labels that were seen when somebody decided about it


def make_conflict(old: Sequence[Passage], group: Sequence[Incoming]) -> dict[str, Any]:
    """All sides, for a person to write a side's number or the right labels into `decision`, and to import again."""
    sides: list[dict[str, Any]] = []
    for item in [*(Incoming(passage) for passage in old), *group]:
        labels = item.passage.narratives
        if labels is not None and labels not in [side["narratives"] for side in sides]:
            by = {"by": item.by} if item.by else {}
            sides.append({"where": str(item.passage.place), **by, "narratives": labels})
    return make_form(old[0] if old else group[0].passage, sides)


def list_seen(settled: Settled, passage: Passage, twins: bool = False) -> list[Any]:
    """The labels that were seen when somebody decided about a passage; `twins`: other passages have its text."""
    seen = settled.get(fold_text(passage.text), [])
    return [labels for id_, labels in seen if not twins or id_ == passage.id]


def read_settled(folder: Path, names: Names) -> Settled:
    """What was decided in the conflict files of `folder`. A file that cannot be read is told when it is imported."""
    settled: Settled = defaultdict(list)
    for path in sorted(folder.glob("*.jsonl")):
        for entry in ours.read(path, Wishes(names)):
            if entry.settles and not entry.problem:
                label_sets = [names.resolve(labels, lambda _: None) for labels in entry.settles]
                id_, text = (str(entry.values.get(name)) for name in ("id", "text"))
                settled[fold_text(text)] += [(id_, each) for each in label_sets]
    return settled
