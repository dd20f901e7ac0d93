"""How a sample is drawn: how many texts, from which strata, and with which probability each text was to come in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from narratives.errors import UserError

PERIODS = ("year", "month", "week", "day")  # strata that are made from the column of dates
LOT = "lot"  # the draw that every text of the feed is in; the others are named by narratives


@dataclass(frozen=True, slots=True)
class Design:
    """What a sample is asked for.

    `by` names columns of the answers, or a period: year, month, week, day, made from the column `date`,
    whose values are ISO dates or written as `date_format` says. `precision` draws so
    many more texts for each narrative from those raised for it. `whole` names a column, such as document: then all texts of
    a document come together. `equal` gives every stratum the same number, instead of its share of the feed.
    """

    n: int = 400
    by: tuple[str, ...] = ()
    precision: int = 0
    seed: int = 0
    date: str = "date"
    date_format: str = ""
    whole: str = ""
    equal: bool = False
    second: int = 0  # of these texts, how many a second reader gets too
    name: str = ""

    def __post_init__(self) -> None:
        """`UserError` where nothing would be drawn."""
        if self.n < 1:
            raise UserError(f"a sample of {self.n} texts: give 1 or more, 400 is usual")


def allocate(sizes: Sequence[int], n: int, equal: bool, start: float) -> list[int]:
    """How many units are drawn from each stratum of these `sizes`, in all `n` or the whole feed where that is smaller.

    In proportion, a systematic sample through all units in the order of their strata, which begins at `start` in [0, 1) of a
    step: each unit comes in with probability n / N exactly, and no stratum is off its share by a whole unit. With `equal`
    as even as the sizes allow.
    """
    total = sum(sizes)
    if n >= total:
        return list(sizes)
    if equal:
        return _spread(sizes, n)
    step = total / n
    drawn, passed, before = [], 0, 0
    for size in sizes:
        passed += size
        until = min(n, max(0, math.ceil(passed / step - start - 1e-9)))
        drawn.append(min(size, until - before))
        before += drawn[-1]
    return drawn


def find_probabilities(sizes: Sequence[int], drawn: Sequence[int], equal: bool) -> list[float]:
    """With which probability each unit of a stratum comes in; 0 in a stratum from which an equal draw took none."""
    if equal:
        return [take / size if size else 0.0 for size, take in zip(sizes, drawn, strict=True)]
    share = sum(drawn) / sum(sizes) if sum(sizes) else 0.0
    return [share] * len(sizes)


def _spread(sizes: Sequence[int], n: int) -> list[int]:
    """As even as sizes allow: what a small stratum cannot give is shared among the others, remainders go to the first."""
    drawn = [0] * len(sizes)
    left, open_ = n, sorted(range(len(sizes)), key=lambda k: (sizes[k], k))
    while open_:
        k = open_.pop(0)
        drawn[k] = min(sizes[k], -(-left // (len(open_) + 1)) if sizes[k] * (len(open_) + 1) >= left else sizes[k])
        left -= drawn[k]
    return drawn
