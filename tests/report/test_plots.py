"""Drawings: what is drawn stands where the figure says, and an undefined figure draws nothing."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest
from helpers.reported import HOSTILE, fill, two_runs

from narratives.evaluation.breakdowns import Confusion
from narratives.evaluation.figures import Figure
from narratives.report.charts import draw_curves, draw_reliability
from narratives.report.heatmap import LARGEST, choose_narratives, draw_heatmap
from narratives.report.strips import draw_count, draw_difference, draw_dots, draw_score

UNDEFINED = Figure(None, None, None)
RUN = two_runs()[0][0]
ROW = RUN.narratives[0]


def find(drawing: str, kind: str) -> list[dict[str, str]]:
    """The attributes of the elements whose first class is `kind`."""
    return [element.attrib for element in ET.fromstring(drawing).iter() if element.get("class", "").split(" ")[0] == kind]


def test_a_bar_is_as_long_as_its_value_and_has_the_colour_of_its_run() -> None:
    drawing = draw_score(Figure(0.25, 0.1, 0.5), "F1", 1)
    assert find(drawing, "bar") == [{"class": "bar run-1", "y": "4", "width": "25.0%", "height": "8"}]
    assert 'x1="10.0%" x2="50.0%"' in drawing


def test_an_undefined_figure_draws_nothing() -> None:
    assert draw_score(UNDEFINED, "F1") == draw_difference(UNDEFINED, "F1", 1, "better") == ""
    assert not find(draw_dots([UNDEFINED], "F1"), "dot")


def test_a_value_without_an_interval_has_no_whisker() -> None:
    assert not find(draw_score(Figure(0.5, None, None), "F1"), "whisker")
    assert not find(draw_dots([Figure(0.5, None, None)], "F1"), "whisker")


def test_support_is_drawn_as_a_share_of_the_largest() -> None:
    assert find(draw_count(5, 20, "support"), "count")[0]["width"] == "25.0%"
    assert find(draw_count(0, 0, "support"), "count")[0]["width"] == "0.0%"


def test_each_run_has_its_lane_its_sign_and_its_mark() -> None:
    drawing = draw_dots([Figure(0.2, 0.1, 0.3), Figure(0.8, 0.7, 0.9)], "F1", [0.5, None])
    first, second = find(drawing, "dot")
    assert (first["class"], first["cx"]) == ("dot run-0", "20.0%")
    assert (second["class"], second["x"]) == ("dot run-1", "80.0%")
    assert float(first["cy"]) < float(second["y"])
    assert [mark["x1"] for mark in find(drawing, "mark")] == ["50.0%"]


@pytest.mark.parametrize(
    ("verdict", "colour"), [("better", "up"), ("worse", "down"), ("no clear difference", "even"), ("equivalent", "even")]
)
def test_a_difference_has_the_colour_of_its_verdict_whatever_its_interval(verdict: str, colour: str) -> None:
    assert len(find(draw_difference(Figure(0.2, 0.1, 0.3), "difference", 0.5, verdict), colour)) == 1


def test_a_difference_beyond_the_axis_is_drawn_at_its_end() -> None:
    assert 'cx="100.0%"' in draw_difference(Figure(0.9, 0.8, 1.0), "difference", 0.5, "better")


def test_a_curve_goes_through_its_points_in_steps_and_the_threshold_is_where_it_is() -> None:
    row = replace(
        ROW, support=30, curve=[(0.5, 1.0), (1.0, 0.6)], recall=Figure(0.5, 0.4, 0.6), precision=Figure(1.0, 1.0, 1.0)
    )
    drawing = draw_curves([row, None], 120, "curve")
    assert [curve["d"] for curve in find(drawing, "curve")] == ["M0 0.0H50.0V40.0H100.0"]
    assert [(dot["cx"], dot["cy"]) for dot in find(drawing, "dot")] == [("50.0", "0.0")]
    assert find(drawing, "mark")[0]["y1"] == "75.0"  # a quarter of the passages carries it


def test_a_narrative_that_is_never_raised_has_a_curve_and_no_dot() -> None:
    drawing = draw_curves([replace(ROW, precision=UNDEFINED)], 120, "curve")
    assert find(drawing, "curve") and not find(drawing, "dot")


def test_bins_without_a_decision_are_left_out_of_the_reliability_diagram() -> None:
    bins: list[dict[str, Any]] = [
        {"low": 0.0, "high": 0.5, "n": 10, "mean": 0.25, "share": 0.5},
        {"low": 0.5, "high": 1.0, "n": 0, "mean": None, "share": None},
    ]
    drawing = draw_reliability([bins, []], "diagram")
    assert [(dot["cx"], dot["cy"]) for dot in find(drawing, "dot")] == [("75.0", "150.0")]
    assert draw_reliability([fill(RUN).calibration["bins"]], "diagram").count("dot run-0") == 2


def test_a_cell_of_the_heat_map_holds_its_count_and_the_largest_is_darkest() -> None:
    a, b, c = (replace(ROW, id=id_, title=id_.upper()) for id_ in "abc")
    drawing = draw_heatmap([Confusion("a", "b", 7), Confusion("c", "a", 1)], [a, b, c], "confusions")
    assert re.findall(r'class="heat-(\d)"><title>([^<]*)', drawing) == [
        ("5", "A missed, B raised: 7"),
        ("1", "C missed, A raised: 1"),
    ]


def test_of_too_many_narratives_those_confused_most_often_are_drawn() -> None:
    rows = [replace(ROW, id=f"n{k:03}") for k in range(LARGEST + 2)]
    pairs = [Confusion(rows[k].id, rows[k + 1].id, k) for k in range(len(rows) - 1)]
    assert choose_narratives(pairs, rows) == rows[2:]
    assert choose_narratives(pairs[:1], rows[:5]) == rows[:5]


def test_titles_cannot_break_out_of_a_drawing() -> None:
    rows = [replace(ROW, id=id_, title=HOSTILE, family=id_) for id_ in "ab"]
    for drawing in (
        draw_heatmap([Confusion("a", "b", 1)], rows, HOSTILE),
        draw_curves(rows, 120, HOSTILE),
        draw_reliability([], HOSTILE),
        draw_dots([UNDEFINED], HOSTILE),
        draw_score(Figure(0.5, 0.4, 0.6), HOSTILE),
    ):
        assert ET.fromstring(drawing).get("aria-label") == HOSTILE
