"""Counts over time as bars: the numbers of the drawing, for the template to draw."""

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 240.0, 64.0
MOST = 12  # narratives drawn
_BARS = 60  # at most in one drawing
_UNITS = (("day", 1), ("week", 7), ("month", 30), ("year", 365))


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of time; the place and size of its bar, and what it says."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The bars of one narrative."""

    id: str
    total: int
    most: int
    bars: list[Bar]


def choose_unit(first: datetime.date, last: datetime.date) -> str:
    """The finest unit of time of which there are not too many."""
    days = (last - first).days + 1
    return next((unit for unit, size in _UNITS if days / size <= _BARS), "year")


def draw_strips(
    counts: Sequence[tuple[int, datetime.date, int]], ids: Sequence[str], first: datetime.date, last: datetime.date, unit: str
) -> list[Strip]:
    """A strip for each narrative, the most frequent first; all have the same span of time, each its own height."""
    by_narrative: dict[int, dict[datetime.date, int]] = defaultdict(dict)
    for k, day, n in counts:
        by_narrative[k][day] = n
    slots = list_slots(first, last, unit)
    totals = {k: sum(days.values()) for k, days in by_narrative.items()}
    chosen = sorted(totals, key=lambda k: (-totals[k], k))[:MOST]
    return [Strip(ids[k], totals[k], max(by_narrative[k].values()), _draw(by_narrative[k], slots, unit)) for k in chosen]


def list_slots(first: datetime.date, last: datetime.date, unit: str) -> list[datetime.date]:
    """The first day of every stretch of time from `first` to `last`, as DuckDB truncates dates."""
    day = _truncate(first, unit)
    slots = []
    while day <= last:
        slots.append(day)
        step = {"day": 1, "week": 7, "month": 32, "year": 367}[unit]
        if day > datetime.date.max - datetime.timedelta(step):
            break
        day = _truncate(day + datetime.timedelta(step), unit)
    return slots


def tell_slot(day: datetime.date, unit: str) -> str:
    """A stretch of time in words."""
    return {"day": str(day), "week": f"week of {day}", "month": f"{day:%Y-%m}", "year": f"{day:%Y}"}[unit]


def _draw(days: Mapping[datetime.date, int], slots: Sequence[datetime.date], unit: str) -> list[Bar]:
    most, width = max(days.values()), WIDTH / max(len(slots), 1)
    bars = []
    for place, day in enumerate(slots):
        if n := days.get(day, 0):
            height = max(HEIGHT * n / most, 1.0)
            title = f"{tell_slot(day, unit)}: {n}"
            bars.append(
                Bar(round(place * width, 2), round(HEIGHT - height, 2), round(width * 0.85, 2), round(height, 2), title)
            )
    return bars


def _truncate(day: datetime.date, unit: str) -> datetime.date:
    if unit == "week":
        return day - datetime.timedelta(day.weekday())
    return day.replace(day=1 if unit in ("month", "year") else day.day, month=1 if unit == "year" else day.month)
