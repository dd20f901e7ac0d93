"""The page for people: complete, safe to open from a mail, and readable where a figure is undefined."""

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from helpers.reported import HOSTILE, Page, empty, fill, two_runs
from helpers.scored import CODEBOOK, evaluate

from narratives.data import Codebook, Labels, Narrative, Passage, Prediction
from narratives.evaluation.comparison import Comparison, compare
from narratives.evaluation.evaluation import Evaluation
from narratives.evaluation.figures import Figure
from narratives.evaluation.joined import join
from narratives.evaluation.verdict import reach_verdict
from narratives.report.page import SECTIONS, headline, outcome, write_report
from narratives.report.wording import cell, figure, number, percent, signed, spread

UNDEFINED = Figure(None, None, None)
BOTH = pytest.mark.parametrize("name", ["report.html", "report.md"])


def full_report(folder: Path, word: str = "some") -> Path:
    """The page of two runs with every part filled; `word` stands wherever a text of a user can."""
    narratives = tuple(replace(narrative, title=word, family=word) for narrative in CODEBOOK.narratives)
    codebook = replace(CODEBOOK, name=word, version=word, narratives=narratives)
    runs, comparison = two_runs(codebook, description=word, notes=[word], classifier=word, split=word)
    runs = [replace(fill(run, word), run=f"{name} {word}") for name, run in zip("ab", runs, strict=True)]
    comparison = replace(comparison, a=runs[0].run, b=runs[1].run)
    texts = {flip.passage: word for flip in comparison.flips}
    return write_report(folder, runs, comparison, reach_verdict(comparison, runs[0], runs[1]), texts)


def many_narratives(count: int, letters: int = 4) -> tuple[list[Evaluation], Comparison]:
    """Two runs on a codebook of `count` narratives whose passages are `letters` long; the second is wrong throughout."""
    codebook = Codebook("many", "1", tuple(Narrative(f"n{k:02}", f"Title {k:02}", f"f{k % 5}", "d") for k in range(count)))
    passages = [Passage(f"p{k:03}", "text" * (letters // 4), {codebook.ids[k % count]: None}, f"d{k}") for k in range(300)]
    shifted: list[Labels | None] = [{codebook.ids[(k + 1) % count]: None} for k in range(300)]
    answers = []
    for labels in ([passage.narratives for passage in passages], shifted):
        scores = [{id_: (k * (j + 1)) % 101 / 101 for j, id_ in enumerate(codebook.ids)} for k in range(300)]
        rows = [Prediction(p.id, s, found or {}) for p, s, found in zip(passages, scores, labels, strict=True)]
        answers.append(join(passages, rows, codebook, "predictions"))
    runs = [evaluate(given, codebook, run=run) for run, given in zip(("first", "second"), answers, strict=True)]
    return runs, compare(runs[0], answers[0], runs[1], answers[1], codebook, 20, 0)


def tables(markdown: str) -> dict[str, list[list[str]]]:
    """The first table under each heading as rows of cells, the line of dashes left out; `\\|` ends no cell."""
    found = {}
    for heading, text in re.findall(r"^## (.*)\n((?:(?!## ).*\n)*)", markdown, re.MULTILINE):
        if block := re.search(r"(?:^\|.*\n)+", text, re.MULTILINE):
            rows = [[part.strip() for part in re.split(r"(?<!\\)\|", line)[1:-1]] for line in block[0].splitlines()]
            found[heading] = [rows[0], *rows[2:]]
    return found


def read_tables(folder: Path) -> dict[str, list[list[str]]]:
    return tables((folder / "report.md").read_text(encoding="utf-8"))


def test_texts_of_users_cannot_put_anything_into_the_page(tmp_path: Path) -> None:
    plain, page = Page(full_report(tmp_path / "plain")), Page(full_report(tmp_path / "hostile", HOSTILE))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
    assert [set(attributes) for _, attributes in page.elements] == [set(attributes) for _, attributes in plain.elements]
    assert page.inside == plain.inside
    assert HOSTILE in page.text


@BOTH
def test_markup_in_texts_of_users_is_shown_as_text(tmp_path: Path, name: str) -> None:
    text = (full_report(tmp_path, HOSTILE).parent / name).read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "&lt;script>alert" in text or "&lt;script&gt;alert" in text


def test_the_page_asks_for_nothing_from_outside(tmp_path: Path) -> None:
    path = full_report(tmp_path)
    page = Page(path)
    tags, names = {tag for tag, _ in page.elements}, {name for _, attributes in page.elements for name in attributes}
    assert not tags & {"link", "img", "iframe", "object", "embed", "base", "form", "audio", "video", "use"}
    assert not names & {"src", "srcset", "action", "background", "xlink:href", "data", "style"}
    assert not re.search(r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttpRequest", path.read_text(encoding="utf-8"))


def test_a_browser_is_told_to_apply_and_run_what_is_there_and_nothing_else(tmp_path: Path) -> None:
    page = Page(full_report(tmp_path))
    [policy] = [given["content"] for _, given in page.elements if given.get("http-equiv") == "Content-Security-Policy"]
    digests = {name: b64encode(sha256(text.encode()).digest()).decode() for name, text in page.inside.items()}
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digests['style']}'; script-src 'sha256-{digests['script']}'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_every_part_has_a_section_and_a_link_that_leads_to_it(tmp_path: Path) -> None:
    page = Page(full_report(tmp_path))
    ids = [given["id"] for _, given in page.elements if "id" in given]
    assert ids == list(SECTIONS)
    assert [given["href"] for tag, given in page.elements if tag == "a"] == [f"#{id_}" for id_ in ids]


def test_a_part_that_is_empty_is_not_there(tmp_path: Path) -> None:
    page = Page(write_report(tmp_path, [empty(two_runs()[0][0])]))
    assert [given["id"] for _, given in page.elements if "id" in given] == ["overall", "narratives", "rules"]
    assert list(read_tables(tmp_path)) == ["Overall", "first, by narrative"]
    for absent in ("Difference", "Threshold", "None", "nan"):
        assert absent not in page.text


def test_a_part_that_one_run_lacks_is_shown_for_the_other(tmp_path: Path) -> None:
    runs, _ = two_runs()
    write_report(tmp_path, [empty(runs[0]), fill(runs[1])])
    found = read_tables(tmp_path)
    assert ["topic", "8", "–", "25 % (7–59 %)"] in [
        [row[0].split(": ")[-1], *row[1:]] for row in found["Behavioural checks that fail"]
    ]
    rows = {row[0].split(",")[0]: row[1:] for row in found["Scores as probabilities"]}
    assert rows["Brier score"] == ["–", "0.080"]


def test_what_thresholds_for_other_purposes_give_is_told_of_each_run(tmp_path: Path) -> None:
    runs, _ = two_runs()
    page = Page(write_report(tmp_path, [fill(runs[0]), fill(runs[1])]))
    rows = read_tables(tmp_path)["What the thresholds are for"]
    assert rows[1] == ["first: each narrative by itself", "0.75", "0.50", "0.70 (0.60–0.80)", "0.70 (0.60–0.80)", "12.5"]
    assert [row[0] for row in rows[2:]] == [
        "first: all answers together, chosen",
        "second: each narrative by itself",
        "second: all answers together, chosen",
    ]
    assert "all answers together chosen" in " ".join(page.text.split())


@BOTH
def test_the_gap_between_ways_of_holding_out_is_told(tmp_path: Path, name: str) -> None:
    text = (full_report(tmp_path).parent / name).read_text(encoding="utf-8")
    assert "Macro F1 of a some against some: -0.25 with later dates." in text


def test_every_figure_says_what_it_shows_or_is_hidden_from_those_who_listen(tmp_path: Path) -> None:
    pictures = [given for tag, given in Page(full_report(tmp_path)).elements if tag == "svg"]
    assert len(pictures) > 30
    assert all((given.get("role") == "img" and given["aria-label"].strip()) or "aria-hidden" in given for given in pictures)


@pytest.mark.parametrize("count", [1, 28])
def test_every_narrative_of_the_codebook_has_a_row_for_each_run_and_one_in_the_comparison(tmp_path: Path, count: int) -> None:
    runs, comparison = many_narratives(count)
    path = write_report(tmp_path, runs, comparison)
    found = read_tables(tmp_path)
    for heading in ("F1 of second against first", "first, by narrative", "second, by narrative"):
        assert sorted(row[0] for row in found[heading][1:]) == [f"n{k:02}" for k in range(count)]
    html = path.read_text(encoding="utf-8")
    for k in range(count):
        assert len(re.findall(rf'<th scope="row"[^>]*>Title {k:02}', html)) == 3


def test_two_runs_of_28_narratives_with_long_errors_fit_into_a_mail(tmp_path: Path) -> None:
    runs, comparison = many_narratives(28, letters=5000)
    path = write_report(tmp_path, runs, comparison)
    assert len(runs[1].worst) == 60
    assert path.stat().st_size < 600_000


def test_the_texts_of_the_errors_are_on_the_page_and_not_in_the_repository(tmp_path: Path) -> None:
    run = fill(two_runs()[0][1], "secret")
    page = Page(write_report(tmp_path, [run]))
    assert all(miss.text in page.text for miss in run.worst)
    assert "secret text" not in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_pipes_and_line_breaks_cannot_break_a_markdown_table(tmp_path: Path) -> None:
    full_report(tmp_path, HOSTILE)
    found = read_tables(tmp_path)
    assert len(found) > 10
    for table in found.values():
        assert {len(row) for row in table} == {len(table[0])}
    assert cell("a|b") == r"a\|b"
    assert cell(r"a\|b") == r"a\\\|b"
    assert cell("a\r\n| b\t`c` <d>") == r"a \| b \`c\` &lt;d>"


def test_undefined_figures_are_dashes(tmp_path: Path) -> None:
    write_report(tmp_path, two_runs()[0][:1])
    assert ["never *thin*", "–", "–", "–", "–", "0", "0", "0.50"] in read_tables(tmp_path)["first, by narrative"]
    assert not re.search("None|nan", Page(tmp_path / "report.html").text)


def test_the_lowest_f1_stands_first_and_thin_narratives_last(tmp_path: Path) -> None:
    rows = two_runs()[0][0].narratives
    low, high, thin = (
        replace(rows[0], id=id_, support=support, f1=Figure(f1, f1, f1))
        for id_, support, f1 in (("low", 20, 0.3), ("high", 20, 0.8), ("thin", 9, 0.1))
    )
    write_report(tmp_path, [replace(empty(two_runs()[0][0]), narratives=[thin, high, low])])
    assert [row[0] for row in read_tables(tmp_path)["first, by narrative"][1:]] == ["low", "high", "thin *thin*"]
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.index(">low ·") < html.index(">high ·") < html.index(">thin ·")


@BOTH
def test_the_rules_the_digests_and_the_notes_are_in_both_forms(tmp_path: Path, name: str) -> None:
    [run, _], _ = two_runs(notes=["Mind the gap."])
    write_report(tmp_path, [run])
    text = Page(tmp_path / name).text if name.endswith("html") else (tmp_path / name).read_text(encoding="utf-8")
    for part in (*run.rules.values(), CODEBOOK.digest, run.gold_digest, "Mind the gap."):
        assert part in text


@BOTH
def test_the_same_evaluation_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    one, two = (full_report(tmp_path / folder).parent / name for folder in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_figures_are_worded_with_their_interval() -> None:
    assert figure(Figure(0.614, 0.496, 0.701)) == "0.61 (0.50–0.70)"
    assert spread(Figure(0.614, 0.496, 0.701)) == "<b>0.61</b> <small>0.50–0.70</small>"
    assert figure(UNDEFINED) == number(None) == signed(UNDEFINED) == percent(None) == "–"
    assert signed(Figure(0.081, -0.012, 0.149)) == "+0.08 (-0.01 to +0.15)"
    assert percent(0.304) == "30 %"


def test_the_headline_is_the_answer_in_one_sentence() -> None:
    run = replace(two_runs()[0][0], overall={"micro_f1": Figure(0.5, 0.4, 0.6), "macro_f1": UNDEFINED})
    assert headline(run) == "first reaches a micro F1 of 0.50 (0.40–0.60) and a macro F1 of –."


@pytest.mark.parametrize(
    ("micro", "macro", "words"),
    [
        ("better", "better", "second is better than first, in micro and in macro F1."),
        (
            "equivalent",
            "equivalent",
            "second and first are equivalent, in micro and in macro F1: they differ by less than 0.02.",
        ),
        (
            "no clear difference",
            "no clear difference",
            "There is no clear difference between second and first: micro F1 +0.20 (+0.10 to +0.30), "
            "macro F1 +0.10 (-0.10 to +0.30).",
        ),
        (
            "better",
            "no clear difference",
            "second against first: micro F1 +0.20 (+0.10 to +0.30), better; "
            "macro F1 +0.10 (-0.10 to +0.30), no clear difference.",
        ),
    ],
)
def test_the_outcome_names_a_winner_only_where_both_averages_do(micro: str, macro: str, words: str) -> None:
    comparison = two_runs()[1]
    up = replace(comparison.overall["micro_f1"], value=0.2, low=0.1, high=0.3, verdict=micro)
    unsure = replace(comparison.overall["macro_f1"], value=0.1, low=-0.1, high=0.3, verdict=macro)
    assert outcome(replace(comparison, overall={"micro_f1": up, "macro_f1": unsure})) == words


def test_links_and_images_of_others_are_no_links_and_images() -> None:
    assert cell("![x](https://a.b/c.png) [y](z)") == r"!\[x\](https:&#47;&#47;a.b/c.png) \[y\](z)"
    assert cell("www.a.b a@b.c Www.A.b") == "www&#46;a.b a&#64;b.c Www&#46;A.b"
    assert cell("\x1b[31mred\u202e") == r"\\u001b\[31mred\\u202e"
