"""The report in a real browser: it asks for nothing, works by mouse, keyboard and without script, and is accessible."""

from pathlib import Path
from typing import Any

import pytest
from helpers.browser import browse, find_browser
from helpers.reported import fill, two_runs

from narratives.report.page import write_report


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What browser.mjs saw on the page of two runs."""
    find_browser()
    runs, comparison = two_runs()
    page = write_report(tmp_path_factory.mktemp("report"), [fill(run) for run in runs], comparison)
    return browse(Path(__file__).with_name("browser.mjs"), page, seconds=120)


def test_nothing_is_asked_for(seen: Any) -> None:
    assert seen["requests"] == []


def test_the_browser_has_nothing_to_complain_about(seen: Any) -> None:
    assert seen["complaints"] == []


def test_a_heading_that_is_pressed_sorts_the_table_and_pressed_again_the_other_way_round(seen: Any) -> None:
    before, click, key = (seen["sorted"][moment] for moment in ("before", "click", "key"))
    assert before == [None, ["24", "40", "0", "4"]]  # the lowest F1 first, thin narratives last
    assert click == ["descending", ["40", "24", "4", "0"]]
    assert key == ["ascending", ["0", "4", "24", "40"]]


def test_a_link_opens_the_errors_that_it_leads_to(seen: Any) -> None:
    assert not seen["closed"]
    assert seen["errors"]["all"][1]


def test_each_filter_leaves_the_errors_that_match(seen: Any) -> None:
    steps = [seen["errors"][step] for step in ("all", "kind", "narrative", "run", "words")]
    counts = [len(errors) for _, errors in steps]
    assert counts == sorted(counts, reverse=True)
    assert [status for status, _ in steps] == [f"{count} of {counts[0]} shown" for count in counts]
    assert {error.split()[0] for error in steps[1][1]} == {"missed"}
    assert all("The common one" in error for error in steps[2][1])
    assert all("second" in error for error in steps[3][1])
    assert [error.split()[-1] for error in steps[4][1]] == ["p065"]


def test_on_paper_nothing_is_folded_away(seen: Any) -> None:
    assert seen["print"] == 0


@pytest.mark.parametrize("look", ["light", "dark", "narrow"])
def test_axe_finds_no_barrier(seen: Any, look: str) -> None:
    assert seen["axe"][look] == []


def test_at_400_pixels_the_page_does_not_scroll_sideways(seen: Any) -> None:
    assert seen["width"] <= 400


def test_without_a_script_every_error_is_there_and_no_filter_that_would_do_nothing(seen: Any) -> None:
    assert seen["plain"] == {"errors": len(seen["errors"]["all"][1]), "filters": 0}
