"""The lots: which rows of the answers are drawn, by a digest of each row and the seed, the same whoever draws again."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from narratives.field.answers import AnswerTable, choose_rows, express, quote, text
from narratives.field.counting import Stratum, add_up
from narratives.field.design import LOT, Design, allocate, find_probabilities

_CARRIED = ("document", "language", "source")  # told to the reader, where the answers hold them
_SPARE = 30  # more rows than wanted are looked at, so that chance leaves none out


@dataclass(frozen=True, slots=True)
class Draw:
    """A row of the answers that was drawn: where its text stands, what the model said, and in which draws it came."""

    id: str
    file: str
    line: int
    start: int
    end: int
    values: tuple[str, ...]  # of the stratum
    details: Mapping[str, str]  # columns that the reader may see
    raised: Mapping[str, str | None]  # narrative -> stance
    scores: tuple[float, ...]
    unit: str = ""  # the document, where whole ones are drawn
    text: str = ""
    draws: Mapping[str, float] = field(default_factory=dict)  # draw -> probability to come in by it

    @property
    def key(self) -> tuple[str, int, int, str]:
        """What tells it from every other row."""
        return self.file, self.line, self.start, self.id


@dataclass(frozen=True, slots=True)
class Lots:
    """The rows drawn, and how many units each stratum gave: texts, or whole documents."""

    draws: list[Draw]
    units: list[int]
    drawn: list[int]


def draw_lots(table: AnswerTable, strata: Sequence[Stratum], design: Design, files: Sequence[str] = ()) -> Lots:
    """Draw single texts, or whole documents, from every stratum; then more of those raised for each narrative."""
    values = express(table, design.by, design.date)
    unit = [f"CAST({express(table, [design.whole], '')[0]} AS VARCHAR)"] if design.whole else _ROW
    units = _count_units(table, strata, values, unit, design, files)
    n = round(design.n * sum(units) / sum(stratum.texts for stratum in strata)) if design.whole else design.n
    start = _find_share(design.seed, "start")
    drawn = allocate(units, max(n, 1), design.equal, start)
    chances = find_probabilities(units, drawn, design.equal)
    rows = _draw_main(table, strata, values, unit, (units, drawn, chances), design, files)
    if design.precision:
        rows += _draw_raised(table, strata, values, design, files, rows)
    # Readers get them by lot too, so that nobody can tell what was drawn for what.
    return Lots(sorted(rows, key=lambda row: (_find_share(design.seed, "order", *row.key), row.key)), units, drawn)


_ROW = ["file", "line", '"start"', "id"]


def _to_lot(parts: Sequence[str], seed: int) -> str:
    """SQL for a number in [0, 1) that looks random and is always the same: the first 52 bits of an MD5."""
    return f"(('0x' || substr(md5(concat_ws('|', '{seed}', {', '.join(parts)})), 1, 13))::UBIGINT::DOUBLE / 4503599627370496.0)"


def _find_share(*parts: object) -> float:
    """The same number for these parts."""
    digest = hashlib.md5("|".join(map(str, parts)).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
    return int(digest[:13], 16) / 2**52


def _count_units(
    table: AnswerTable,
    strata: Sequence[Stratum],
    values: Sequence[str],
    unit: Sequence[str],
    design: Design,
    files: Sequence[str],
) -> list[int]:
    if not design.whole:
        return [stratum.texts for stratum in strata]
    keys = "".join(f"{value}, " for value in values)
    group = f"GROUP BY {', '.join(map(str, range(1, len(values) + 1)))}" if values else ""
    rows = table.query(f"SELECT {keys}count(DISTINCT {unit[0]}) FROM answers WHERE {choose_rows(files)} {group}")
    counts = {tuple(map(str, key)): int(count) for *key, count in rows}
    return [counts[stratum.values] for stratum in strata]


def _draw_main(
    table: AnswerTable,
    strata: Sequence[Stratum],
    values: Sequence[str],
    unit: Sequence[str],
    plan: tuple[Sequence[int], Sequence[int], Sequence[float]],
    design: Design,
    files: Sequence[str],
) -> list[Draw]:
    units, drawn, chances = plan
    lot = _to_lot([text(LOT), *values, *unit], design.seed)
    cuts = [(2 * take + _SPARE) / size if take else 0.0 for size, take in zip(units, drawn, strict=True)]
    wanted = {stratum.values: k for k, stratum in enumerate(strata)}
    by_lot: dict[int, dict[float, list[Draw]]] = {}
    top = max(cuts, default=0.0)
    for row, number in _fetch(table, values, lot, f"{lot} < {top}", design, files):
        k = wanted[row.values]
        if number < cuts[k]:
            by_lot.setdefault(k, {}).setdefault(number, []).append(row)
    rows = []
    for k, lots in sorted(by_lot.items()):
        for number in sorted(lots)[: drawn[k]]:
            rows += [replace(row, draws={LOT: chances[k]}) for row in lots[number]]
    return rows


def _draw_raised(
    table: AnswerTable,
    strata: Sequence[Stratum],
    values: Sequence[str],
    design: Design,
    files: Sequence[str],
    main: Sequence[Draw],
) -> list[Draw]:
    """For each narrative so many more of the texts raised for it, among those that the lots have not drawn."""
    total = add_up(strata)
    extra: dict[tuple[str, int, int, str], Draw] = {}
    have = {row.key for row in main}
    for id_ in table.scored or tuple(sorted(total.raised)):
        others = total.count(id_) - sum(id_ in row.raised for row in main)
        take = min(design.precision, others)
        if take <= 0:
            continue
        lot = _to_lot([text(id_), *_ROW], design.seed)
        cut = (2 * (take + len(main)) + _SPARE) / total.count(id_)
        where = f"list_contains(raised, {text(id_)}) AND {lot} < {cut}"
        rows = sorted(_fetch(table, values, lot, where, design, files), key=lambda pair: pair[1])
        for row, _ in [pair for pair in rows if pair[0].key not in have][:take]:
            earlier = extra.get(row.key, row)
            extra[row.key] = replace(earlier, draws={**earlier.draws, id_: take / others})
    return list(extra.values())


def _fetch(
    table: AnswerTable, values: Sequence[str], lot: str, where: str, design: Design, files: Sequence[str]
) -> list[tuple[Draw, float]]:
    details = [name for name in dict.fromkeys((*_CARRIED, design.date)) if name in table.columns]
    content = "text" if table.has_text else "''"
    unit = quote(design.whole) if design.whole else "''"
    head = f'id, file, line, "start", "end", raised, stances, scores, {content}, {unit}, {lot} AS lot'
    columns = ", ".join([head, *values, *(f"CAST({quote(name)} AS VARCHAR)" for name in details)])
    records = table.query(f"SELECT {columns} FROM answers WHERE {choose_rows(files)} AND {where}")
    rows = []
    for id_, file, line, start, end, raised, stances, scores, content, unit, number, *columns_after in records:
        stratum, shown = columns_after[: len(values)], columns_after[len(values) :]
        row = Draw(
            id=str(id_),
            file=str(file),
            line=int(line),
            start=int(start or 0),
            end=int(end or 0),
            values=tuple(map(str, stratum)),
            details={name: str(value) for name, value in zip(details, shown, strict=True) if value},
            raised=dict(zip(raised, [stance or None for stance in stances or [None] * len(raised)], strict=False)),
            scores=tuple(map(float, scores)),
            unit=str(unit or ""),
            text=str(content or ""),
        )
        rows.append((row, float(number)))
    return rows
