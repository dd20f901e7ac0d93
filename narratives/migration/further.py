"""Further test passages in a migration: they are in no split, and on no list to be read again."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from narratives.data import Passage
from narratives.errors import UserError
from narratives.migration.file import Migration
from narratives.migration.steps import UNLABELLED, carry_over


def refuse_unread(migration: Migration, further: Sequence[Passage]) -> None:
    """`UserError` where a split would take labels away that nobody would be asked for again; it lists the passages."""
    lost = []
    for passage in further:
        labels: dict[str, str | None] = dict(passage.narratives or {})
        for step in migration.steps:
            if step.until_read == UNLABELLED and any(id_ in labels for id_ in step.old):
                fix = "relabel it first, or give until_read an id"
                lost.append(f"{passage.place}: a further test passage, which is on no list to be read; {fix}")
                break
            labels = carry_over(step, labels)
    if lost:
        raise UserError(*lost)


def note_further(further: Sequence[Passage], changed: Mapping[Path, Collection[int]]) -> list[str]:
    """How many of them have other labels now: file and line of what changes is given."""
    places = [passage.place for passage in further if passage.place is not None]
    count = sum(place.line in changed.get(place.file, ()) for place in places)
    return [f"further test passages with other labels, which are on no list to be read: {count}"] if count else []
