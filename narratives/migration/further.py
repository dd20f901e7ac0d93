"""Further test passages in a migration: they are in no split, and on no list to be read again."""

from collections.abc import Sequence

from narratives.data import Passage
from narratives.errors import UserError
from narratives.migration.file import Migration
from narratives.migration.steps import UNLABELLED, carry_over, find_doubt


def check_further(migration: Migration, further: Sequence[Passage]) -> list[str]:
    """What to say of those whose new labels are in doubt.

    `UserError` where a split would take labels away that nobody would be asked for again; it lists the passages.
    """
    lost, doubtful = [], 0
    for passage in further:
        labels: dict[str, str | None] = dict(passage.narratives or {})
        is_lost = is_doubtful = False
        for step in migration.steps:
            is_lost |= step.until_read == UNLABELLED and any(id_ in labels for id_ in step.old)
            is_doubtful |= find_doubt(step, labels) is not None
            labels = carry_over(step, labels)
        doubtful += is_doubtful
        if is_lost:
            fix = "relabel it first, or give until_read an id"
            lost.append(f"{passage.place}: a further test passage, which is on no list to be read; {fix}")
    if lost:
        raise UserError(*lost)
    return [f"further test passages whose new labels are in doubt, and on no list to be read: {doubtful}"] if doubtful else []
