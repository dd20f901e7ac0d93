"""The pages of a measured feed in a real browser: they ask for nothing, fit a telephone, and hold no barrier."""

from pathlib import Path
from typing import Any

import pytest
from helpers.browser import browse, find_browser
from helpers.examples import invoke
from helpers.fields import make_rows, read_tasks, start_field

from narratives.field.changes import trends
from narratives.field.design import Design
from narratives.field.drawing import draw
from narratives.field.measurement import report
from narratives.labels.codebook import read_codebook

LOOKS = ("light", "dark", "narrow")
PAGES = ("report", "trends", "counted")


def write_pages(folder: Path) -> list[Path]:
    """A report with every part, trends, and a count without labels."""
    project, feed, answers = start_field(folder, make_rows(900))
    codebook = read_codebook(project / "labels" / "codebook.toml")
    counted = report(project, answers=answers).write(folder / "counts", codebook).rename(folder / "counts" / "counted.html")
    design = Design(n=500, by=("month", "source"), precision=20, second=60, name="spring")
    draw(project, answers, feed, design, output=folder / "tasks.json")
    for reader, miss in (("anna", 0), ("ben", 3)):
        read = read_tasks(folder / "tasks.json", folder / f"{reader}.json", by=reader, miss=miss, note="is this history?")
        assert invoke(project, "labels", "import", read).exit_code == 0
    return [report(project).write(folder / "out", codebook), trends(project).write(folder / "out", codebook), counted]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What browser.mjs saw."""
    find_browser()
    return browse(Path(__file__).with_name("browser.mjs"), *write_pages(tmp_path_factory.mktemp("field")), seconds=600)


def test_nothing_is_asked_for(seen: Any) -> None:
    assert seen["requests"] == []


def test_the_browser_has_nothing_to_complain_about(seen: Any) -> None:
    assert seen["complaints"] == []


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_no_barrier_and_no_page_scrolls_sideways(seen: Any, page: str, look: str) -> None:
    assert seen["axe"][f"{page} {look}"] == []
    assert seen["beyond"][f"{page} {look}"] <= 0


def test_changes_are_sorted_by_the_heading_that_is_pressed(seen: Any) -> None:
    assert seen["sorted"] == {"trends": 1}
