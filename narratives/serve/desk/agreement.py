"""How well two readers agree, where both have decided about the same texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from narratives.serve.desk.decisions import DECIDED, Entry


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two readers: the texts that both have read, those with the same narratives, and F1 of one reader against the other."""

    first: str
    second: str
    texts: int
    same: int
    f1: float | None  # of narratives, whatever the stance; `None` where neither chose any
    stances: float | None  # share of equal stances where both chose the narrative and gave one


def measure_agreement(entries: Sequence[Entry]) -> list[Agreement]:
    """Every pair of readers who share texts."""
    by_reader: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        if entry.did == DECIDED:
            by_reader.setdefault(entry.reader, {})[entry.task] = entry
    pairs = combinations(sorted(by_reader), 2)
    agreements = [_compare(a, b, by_reader[a], by_reader[b]) for a, b in pairs]
    return [agreement for agreement in agreements if agreement.texts]


def _compare(a: str, b: str, of_a: dict[str, Entry], of_b: dict[str, Entry]) -> Agreement:
    shared = [(of_a[task].labels, of_b[task].labels) for task in of_a if task in of_b]
    both = sum(len(mine.keys() & yours.keys()) for mine, yours in shared)
    either = sum(len(mine) + len(yours) for mine, yours in shared)
    stances = [
        mine[id_] == yours[id_] for mine, yours in shared for id_ in mine.keys() & yours.keys() if mine[id_] and yours[id_]
    ]
    return Agreement(
        first=a,
        second=b,
        texts=len(shared),
        same=sum(mine.keys() == yours.keys() for mine, yours in shared),
        f1=2 * both / either if either else None,
        stances=sum(stances) / len(stances) if stances else None,
    )
