"""Counts over time: every text is in one bar, and bars stand where their time is."""

import datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.serve.archive.chart import WIDTH, choose_unit, draw_strips, list_slots, tell_slot

DAYS = st.dates(datetime.date(1990, 1, 1), datetime.date(2040, 12, 31))


@given(first=DAYS, span=st.integers(0, 9000), share=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_every_day_falls_into_a_stretch_of_time_as_the_database_cuts_it(first: datetime.date, span: int, share: float) -> None:
    last = first + datetime.timedelta(span)
    unit = choose_unit(first, last)
    slots = list_slots(first, last, unit)
    assert len(slots) <= 62
    assert slots == sorted(set(slots))
    day = first + datetime.timedelta(round(span * share))
    [(cut,)] = duckdb.execute(f"SELECT date_trunc('{unit}', DATE '{day}')::DATE").fetchall()
    assert cut in slots


def test_the_most_frequent_narrative_comes_first_and_no_text_is_left_out() -> None:
    months = [datetime.date(2025, month, 1) for month in (1, 2, 12)]
    counts = [(0, months[0], 3), (1, months[1], 5), (1, months[2], 10)]
    strips = draw_strips(counts, ["toll", "school"], months[0], months[2], "month")
    assert [(strip.id, strip.total, strip.most, len(strip.bars)) for strip in strips] == [
        ("school", 15, 10, 2),
        ("toll", 3, 3, 1),
    ]
    first, last = strips[0].bars
    assert first.height * 2 == pytest.approx(last.height)
    assert last.x + last.width <= WIDTH
    assert last.title == "2025-12: 10"


def test_times_are_told_in_words() -> None:
    day = datetime.date(2025, 3, 3)
    assert [tell_slot(day, unit) for unit in ("day", "week", "month", "year")] == [
        "2025-03-03",
        "week of 2025-03-03",
        "2025-03",
        "2025",
    ]


def test_a_time_that_never_ends_is_drawn_all_the_same() -> None:
    assert list_slots(datetime.date(9990, 1, 1), datetime.date.max, "year")[-1] == datetime.date(9999, 1, 1)
