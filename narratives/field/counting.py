"""How much the model raises in the feed: texts and narratives of each stratum, counted once and kept with the sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from narratives.data import STANCES
from narratives.field.answers import AnswerTable, choose_rows, express

ANY = "(any)"  # in place of a narrative: at least one of them
UNKNOWN = "unknown"  # in place of a stance: the model was taught none


@dataclass(frozen=True, slots=True)
class Stratum:
    """What the model says of the texts of one stratum."""

    values: tuple[str, ...]  # of the columns that strata are made by
    texts: int
    something: int  # texts for which it raises anything
    raised: Mapping[str, Mapping[str, int]]  # narrative -> stance -> texts

    def count(self, narrative: str, stance: str = "") -> int:
        """Texts for which a narrative is raised, perhaps with one stance only."""
        if narrative == ANY:
            return self.something
        stances = self.raised.get(narrative, {})
        return stances.get(stance, 0) if stance else sum(stances.values())

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        raised = {id_: dict(stances) for id_, stances in self.raised.items()}
        return {"values": list(self.values), "texts": self.texts, "something": self.something, "raised": raised}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Rebuild after a trip through JSON."""
        raised = {str(id_): {str(s): int(n) for s, n in stances.items()} for id_, stances in value["raised"].items()}
        return cls(tuple(map(str, value["values"])), int(value["texts"]), int(value["something"]), raised)


def count_strata(table: AnswerTable, by: Sequence[str], date: str, files: Sequence[str] = ()) -> list[Stratum]:
    """Every stratum of the answers, of these `files` where some are named, in the order of its values."""
    values = express(table, by, date)
    keys = "".join(f"{value}, " for value in values)
    group = f"GROUP BY {', '.join(map(str, range(1, len(by) + 1)))}" if by else ""
    rows = f"FROM answers WHERE {choose_rows(files)}"
    sizes = table.query(f"SELECT {keys}count(*), count(*) FILTER (WHERE len(raised) > 0) {rows} {group}")
    names = [f"v{k}" for k in range(len(by))]
    inner = "".join(f"{value} AS {name}, " for value, name in zip(values, names, strict=True))
    raised: dict[tuple[str, ...], dict[str, dict[str, int]]] = {}
    pairs = f"SELECT {inner}unnest(raised) AS id, unnest(stances) AS stance {rows}"
    for *key, id_, stance, count in table.query(
        f"SELECT {', '.join([*names, 'id', 'stance'])}, count(*) FROM ({pairs}) GROUP BY ALL"
    ):
        named = stance if stance in STANCES else UNKNOWN
        stances = raised.setdefault(tuple(map(str, key)), {}).setdefault(str(id_), {})
        stances[named] = stances.get(named, 0) + int(count)
    strata = [
        Stratum(tuple(map(str, key)), int(texts), int(any_), raised.get(tuple(map(str, key)), {}))
        for *key, texts, any_ in sizes
    ]
    return sorted((stratum for stratum in strata if stratum.texts), key=lambda stratum: stratum.values)


def add_up(strata: Sequence[Stratum]) -> Stratum:
    """Several strata as one."""
    raised: dict[str, dict[str, int]] = {}
    for stratum in strata:
        for id_, stances in stratum.raised.items():
            total = raised.setdefault(id_, {})
            for stance, count in stances.items():
                total[stance] = total.get(stance, 0) + count
    return Stratum((), sum(s.texts for s in strata), sum(s.something for s in strata), raised)
