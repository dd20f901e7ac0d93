"""The page for people: complete, safe to open from a mail, and readable where a figure is undefined."""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from scored import CODEBOOK, answer, evaluate, predict

from narratives.answers import join
from narratives.codebook import Codebook, Narrative
from narratives.comparison import Comparison, compare
from narratives.data import Passage, Prediction
from narratives.evaluation import Evaluation, Figure
from narratives.plots import draw_difference, draw_score
from narratives.report import cell, figure, headline, number, outcome, signed, sort_rows, write_report

HOSTILE = """<script>alert(1)</script> "><img src=x onerror='alert(2)'> | `</td>` &lt; http://example.org/x"""
UNDEFINED = Figure(None, None, None)


class Page(HTMLParser):
    """What a browser would see: elements, their attributes, and the text in cells."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def two_runs(codebook: Codebook = CODEBOOK, **about: object) -> tuple[list[Evaluation], Comparison]:
    """Evaluations of a better and a worse run, and their comparison."""
    answers = [answer(predict(wrong=0.05)), answer(predict(wrong=0.3))]
    runs = [evaluate(answers[k], codebook, **{"run": run, **about}) for k, run in enumerate(("first", "second"))]  # type: ignore[arg-type]
    return runs, compare(runs[0], answers[0], runs[1], answers[1], codebook, 200, 0)


def hostile_report(folder: Path) -> Path:
    """A report in which every text that a user can choose tries to break out of its place."""
    narratives = tuple(replace(narrative, title=HOSTILE, family=HOSTILE) for narrative in CODEBOOK.narratives)
    codebook = replace(CODEBOOK, name=HOSTILE, version=HOSTILE, narratives=narratives)
    runs, comparison = two_runs(codebook, description=HOSTILE, notes=[HOSTILE])
    runs = [replace(runs[0], run=f"a {HOSTILE}"), replace(runs[1], run=f"b {HOSTILE}")]
    return write_report(folder, runs, replace(comparison, a=runs[0].run, b=runs[1].run))


def tables(markdown: str) -> list[list[list[str]]]:
    """Tables as rows of cells, the line of dashes left out; a pipe with a backslash before it ends no cell."""
    blocks = re.findall(r"(?:^\|.*\n)+", markdown, re.MULTILINE)
    rows = [[re.split(r"(?<!\\)\|", line)[1:-1] for line in block.splitlines()] for block in blocks]
    return [[[text.strip() for text in row] for row in (table[0], *table[2:])] for table in rows]


def test_texts_of_users_cannot_put_anything_into_the_page(tmp_path: Path) -> None:
    plain = Page(write_report(tmp_path / "plain", *two_runs(notes=["A note."])))
    page = Page(hostile_report(tmp_path / "hostile"))
    assert page.tags == plain.tags
    assert {name for name, _ in page.attributes} == {name for name, _ in plain.attributes}
    assert HOSTILE in page.text


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_markup_in_texts_of_users_is_shown_as_text(tmp_path: Path, name: str) -> None:
    text = (hostile_report(tmp_path).parent / name).read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "&lt;script>alert" in text or "&lt;script&gt;alert" in text


def test_the_page_asks_for_nothing_from_outside(tmp_path: Path) -> None:
    path = write_report(tmp_path, *two_runs())
    page = Page(path)
    assert not page.tags.keys() & {"link", "img", "iframe", "object", "embed", "base", "form", "audio", "video", "use"}
    assert not {name for name, _ in page.attributes} & {"src", "href", "srcset", "action", "background", "xlink:href", "data"}
    assert not re.search(r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttpRequest", path.read_text(encoding="utf-8"))


def test_a_browser_is_told_to_load_nothing(tmp_path: Path) -> None:
    [policy] = [value for _, value in Page(write_report(tmp_path, *two_runs())).attributes if value.startswith("default-src")]
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy


@pytest.mark.parametrize("count", [1, 28])
def test_every_narrative_of_the_codebook_has_a_row_for_each_run_and_one_in_the_comparison(tmp_path: Path, count: int) -> None:
    codebook = Codebook("many", "1", tuple(Narrative(f"n{k:02}", f"Title {k:02}", "f", "d") for k in range(count)))
    passages = [Passage(f"p{k}", "text", {codebook.ids[k % count]: None}, f"d{k}") for k in range(30)]
    scores = dict.fromkeys(codebook.ids, 0.5)
    answers = join(passages, [Prediction(p.id, scores, p.narratives or {}) for p in passages], codebook, "predictions")
    runs = [evaluate(answers, codebook, run=run, resamples=20) for run in ("first", "second")]
    path = write_report(tmp_path, runs, compare(runs[0], answers, runs[1], answers, codebook, 20, 0))
    markdown = tables((tmp_path / "report.md").read_text(encoding="utf-8"))
    assert [len(table) - 1 for table in markdown] == [4, count, count, count]  # overall, comparison, a table for each run
    html = path.read_text(encoding="utf-8")
    bodies = re.findall(r"<tbody>.*?</tbody>", html, re.DOTALL)
    assert [body.count("<tr>") for body in bodies] == [4, count, count, count]
    assert all(f"Title {k:02}" in html for k in range(count))


def test_pipes_and_line_breaks_cannot_break_a_markdown_table(tmp_path: Path) -> None:
    hostile_report(tmp_path)
    for table in tables((tmp_path / "report.md").read_text(encoding="utf-8")):
        assert {len(row) for row in table} == {len(table[0])}
    assert cell("a|b") == r"a\|b"
    assert cell(r"a\|b") == r"a\\\|b"
    assert cell("a\r\n| b\t`c` <d>") == r"a \| b \`c\` &lt;d>"


def test_undefined_figures_are_dashes(tmp_path: Path) -> None:
    write_report(tmp_path, two_runs()[0][:1])
    rows = tables((tmp_path / "report.md").read_text(encoding="utf-8"))[1]
    assert ["never *thin*", "–", "–", "–", "0", "0", "0.50"] in rows
    assert "None" not in Page(tmp_path / "report.html").text
    assert "nan" not in Page(tmp_path / "report.html").text


def test_a_report_of_one_run_has_no_comparison(tmp_path: Path) -> None:
    page = Page(write_report(tmp_path, two_runs()[0][:1]))
    assert page.tags["table"] == 2
    assert "Difference" not in page.text


def test_the_lowest_f1_stands_first_and_thin_narratives_last(tmp_path: Path) -> None:
    rows = two_runs()[0][0].narratives
    low, high, thin = (
        replace(rows[0], id=id_, support=support, f1=Figure(f1, f1, f1))
        for id_, support, f1 in (("low", 20, 0.3), ("high", 20, 0.8), ("thin", 9, 0.1))
    )
    assert [row.id for row in sort_rows([thin, high, low])] == ["low", "high", "thin"]
    write_report(tmp_path, [replace(two_runs()[0][0], narratives=[thin, high, low])])
    shown = [row[0] for row in tables((tmp_path / "report.md").read_text(encoding="utf-8"))[1][1:]]
    assert shown == ["low", "high", "thin *thin*"]
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.index(">low ·") < html.index(">high ·") < html.index(">thin ·")


def test_narratives_that_are_equally_good_stand_in_the_order_of_their_ids() -> None:
    row = two_runs()[0][0].narratives[0]
    assert [r.id for r in sort_rows([replace(row, id=id_) for id_ in "bca"])] == ["a", "b", "c"]


def test_the_largest_difference_stands_first_and_undefined_ones_last(tmp_path: Path) -> None:
    runs, comparison = two_runs()
    values = {"frequent": 0.1, "common": -0.3, "rare": 0.2, "never": None}
    comparison = replace(comparison, narratives={id_: Figure(value, value, value) for id_, value in values.items()})
    write_report(tmp_path, runs, comparison)
    shown = [row[0] for row in tables((tmp_path / "report.md").read_text(encoding="utf-8"))[1][1:]]
    assert shown == ["common", "rare", "frequent", "never"]


def test_the_rules_the_digests_and_the_notes_are_in_both_forms(tmp_path: Path) -> None:
    [run, _], _ = two_runs(notes=["Mind the gap."])
    write_report(tmp_path, [run])
    for text in (Page(tmp_path / "report.html").text, (tmp_path / "report.md").read_text(encoding="utf-8")):
        for part in (*run.rules.values(), CODEBOOK.digest, run.gold_digest, "Mind the gap."):
            assert part in text


def test_the_same_evaluation_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_report(tmp_path / folder, *two_runs())
    for name in ("report.html", "report.md"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_figures_are_worded_with_their_interval() -> None:
    assert figure(Figure(0.614, 0.496, 0.701)) == "0.61 (0.50–0.70)"
    assert figure(UNDEFINED) == number(None) == signed(UNDEFINED) == "–"
    assert signed(Figure(0.081, -0.012, 0.149)) == "+0.08 (-0.01 to +0.15)"


def test_the_headline_is_the_answer_in_one_sentence() -> None:
    run = replace(two_runs()[0][0], overall={"micro_f1": Figure(0.5, 0.4, 0.6), "macro_f1": UNDEFINED})
    assert headline(run) == "first reaches a micro F1 of 0.50 (0.40–0.60) and a macro F1 of –."


def test_the_outcome_names_a_winner_only_where_both_averages_do() -> None:
    comparison, up, unsure = two_runs()[1], Figure(0.2, 0.1, 0.3), Figure(0.1, -0.1, 0.3)
    clear = replace(comparison, overall={"micro_f1": up, "macro_f1": up})
    assert outcome(clear) == "second is better than first, in micro and in macro F1."
    assert outcome(replace(comparison, overall={"micro_f1": up, "macro_f1": unsure})) == (
        "second against first: micro F1 +0.20 (+0.10 to +0.30) (better), macro F1 +0.10 (-0.10 to +0.30) (no clear difference)."
    )


def test_a_bar_is_as_long_as_its_value() -> None:
    assert 'class="bar" x="0" y="4" width="45.0"' in draw_score(Figure(0.25, 0.1, 0.5), "F1")
    assert draw_score(UNDEFINED, "F1") == draw_difference(UNDEFINED, "F1", 1) == ""


@pytest.mark.parametrize(("low", "high", "side"), [(0.1, 0.3, "up"), (-0.3, -0.1, "down"), (-0.1, 0.3, "even")])
def test_a_dot_has_the_colour_of_its_verdict(low: float, high: float, side: str) -> None:
    assert f'<circle class="{side}"' in draw_difference(Figure((low + high) / 2, low, high), "difference", 0.5)


def test_a_difference_beyond_the_axis_is_drawn_at_its_end() -> None:
    assert 'cx="180.0"' in draw_difference(Figure(0.9, 0.8, 1.0), "difference", 0.5)
