"""Further test passages in a migration: they are in no split, and on no list to be read again."""

from collections.abc import Sequence

from narratives.data import Passage
from narratives.errors import UserError
from narratives.migration.file import Migration
from narratives.migration.steps import UNLABELLED, follow


def check_further(migration: Migration, further: Sequence[Passage]) -> list[str]:
    """What to say of those whose new labels are in doubt.

    `UserError` where a split would take labels away that nobody would be asked for again; it lists the passages.
    """
    lost, doubtful = [], 0
    for passage in further:
        _, touched, doubts = follow(migration.steps, passage.narratives or {})
        doubtful += bool(doubts)
        if any(step.until_read == UNLABELLED for step in touched):
            fix = "relabel it first, or give until_read an id"
            lost.append(f"{passage.place}: a further test passage, which is on no list to be read; {fix}")
    if lost:
        raise UserError(*lost)
    return [f"further test passages whose new labels are in doubt, and on no list to be read: {doubtful}"] if doubtful else []
