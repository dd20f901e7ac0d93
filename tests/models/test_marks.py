"""The error browser marks the words that made an error, safely and only where they are known."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from helpers.reported import HOSTILE, Page, fill, two_runs

from narratives.data import Weighted
from narratives.evaluation.breakdowns import Miss
from narratives.evaluation.evaluation import Evaluation
from narratives.report.page import write_report
from narratives.report.summary import LONGEST
from narratives.texts.words import choose_words


class Marks(HTMLParser):
    """The marked stretches of a page's errors: class, weight, text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self._open: dict[str, str | None] | None = None
        self.html = path.read_text(encoding="utf-8").partition('<ol class="errors">')[2].partition("</ol>")[0]
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "mark":
            self._open = dict(attrs)

    def handle_data(self, data: str) -> None:
        if self._open:
            self.found.append((str(self._open["class"]), str(self._open["title"]), data))

    def handle_endtag(self, tag: str) -> None:
        if tag == "mark":
            self._open = None


@pytest.fixture
def run() -> Evaluation:
    return fill(two_runs()[0][1], "some")


def with_miss(run: Evaluation, text: str, words: list[Weighted]) -> Evaluation:
    return replace(run, worst=[Miss("p", run.narratives[0].id, "missed", 0.1, "", text, words)])


def test_words_are_marked_by_side_and_weight(run: Evaluation, tmp_path: Path) -> None:
    page = write_report(tmp_path, [with_miss(run, "The toll never\nrobs.", [(4, 8, 0.9), (9, 14, -0.5), (15, 19, 0.1)])])
    assert Marks(page).found == [("for-3", "+0.90", "toll"), ("against-2", "-0.50", "never"), ("for-1", "+0.10", "robs")]
    assert "The toll never\nrobs." in Page(page).text
    assert "Marked are the words" in Page(page).text


def test_what_is_marked_is_escaped(run: Evaluation, tmp_path: Path) -> None:
    words = choose_words(HOSTILE, [1.0] * len(HOSTILE.split()))
    marks = Marks(write_report(tmp_path, [with_miss(run, HOSTILE, words)]))
    assert marks.found and all(text in HOSTILE for _, _, text in marks.found)
    assert set(re.findall(r"</?(\w+)", marks.html)) == {"li", "p", "span", "b", "mark"}


def test_nothing_is_marked_where_no_model_said_why(run: Evaluation, tmp_path: Path) -> None:
    page = write_report(tmp_path, [run])
    assert Marks(page).found == []
    assert "Marked are the words" not in Page(page).text


def test_a_long_text_is_cut_short_marks_and_all(run: Evaluation, tmp_path: Path) -> None:
    text = "word " * 1000
    page = write_report(tmp_path, [with_miss(run, text, [(0, 4, 1.0), (LONGEST - 2, LONGEST + 3, 0.5), (4000, 4004, 0.9)])])
    assert [word for _, _, word in Marks(page).found] == ["word", text[LONGEST - 2 : LONGEST]]
    assert text[:LONGEST] + "…" in Page(page).text and text[: LONGEST + 9] not in Page(page).text


def test_no_style_is_written_into_the_page(run: Evaluation, tmp_path: Path) -> None:
    page = write_report(tmp_path, [with_miss(run, "The toll", [(4, 8, 0.9)])])
    assert "style=" not in page.read_text(encoding="utf-8")  # the page's own policy would refuse it
