"""`narratives compare`: what it writes, prints and refuses, and how the report words it."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.examples import invoke, problems_of, write_lines
from helpers.scored import CODEBOOK, answer, evaluate, predict

from narratives.evaluation.comparison import Comparison, Flip, compare
from narratives.evaluation.evaluation import Evaluation
from narratives.project.project import Project
from narratives.report.page import make_environment
from narratives.runs.run import compare_runs

HOSTILE = """<script>alert(1)</script> "><img src=x onerror='alert(2)'> | `</td>` &lt;"""
BOTH = pytest.mark.parametrize("form", ["html", "md"])


def two_runs() -> tuple[list[Evaluation], Comparison]:
    """A better and a worse run, and their comparison."""
    answers = [answer(predict(wrong=0.05)), answer(predict(wrong=0.3, seed=1))]
    runs = [evaluate(answers[k], run=run) for k, run in enumerate(("first", "second"))]
    return runs, compare(runs[0], answers[0], runs[1], answers[1], CODEBOOK, 200, 0)


def render(form: str, runs: list[Evaluation], comparison: Comparison) -> str:
    return make_environment().get_template(f"_comparison.{form}").render(evaluations=runs, comparison=comparison)


def rows_of(markdown: str) -> list[list[str]]:
    """Every line of a table as its cells; a pipe with a backslash before it ends no cell."""
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in markdown.splitlines() if line.startswith("|")]


@BOTH
def test_the_report_shows_every_verdict_the_test_and_the_rule(form: str) -> None:
    runs, comparison = two_runs()
    text = render(form, runs, comparison)
    for id_, difference in comparison.narratives.items():
        assert id_ in text and difference.verdict in text
    whole = comparison.overall["exact_match"]
    assert f"Of 120 passages first alone gets {whole.only_a} wholly right, second alone {whole.only_b} (exact McNemar" in text
    assert "test, exact, is reported and decides nothing" in text
    assert "What this test set could have noticed: a fall of 0." in text
    assert "None" not in text and "nan" not in text


def test_the_largest_difference_stands_first_and_undefined_ones_last() -> None:
    runs, comparison = two_runs()
    values = {"frequent": 0.1, "common": -0.3, "rare": 0.2, "never": None}
    changed = {id_: replace(comparison.narratives[id_], value=value) for id_, value in values.items()}
    rows = rows_of(render("md", runs, replace(comparison, narratives=changed)))
    assert [row[0].strip() for row in rows[2:6]] == ["common", "rare", "frequent", "never"]


@BOTH
@pytest.mark.parametrize(("count", "words"), [(50, "These are all"), (51, "These are the first 50")])
def test_flips_are_capped_in_the_report_and_whole_in_the_file(form: str, count: int, words: str) -> None:
    runs, comparison = two_runs()
    flips = [Flip(f"x{k:03}", "rare", True, "a", 0.9, None) for k in range(count)]
    comparison = replace(comparison, flips=flips)
    text = render(form, runs, comparison)
    assert f"{count} decisions differ: {count} that first alone gets right, 0 that second alone does. {words}" in text
    assert len(set(re.findall(r"x\d{3}", text))) == 50
    assert len(comparison.to_json()["flips"]) == count


@BOTH
def test_runs_that_agree_have_no_table_of_flips(form: str) -> None:
    runs, comparison = two_runs()
    assert "Nothing: the two agree on every narrative" in render(form, runs, replace(comparison, flips=[]))


@BOTH
def test_texts_of_users_are_shown_as_text(form: str) -> None:
    runs, comparison = two_runs()
    rows = [replace(row, title=HOSTILE) for row in runs[0].narratives]
    flips = [Flip(HOSTILE, "rare", False, "b", 0.2, 0.8)]
    comparison = replace(comparison, a=HOSTILE, b=HOSTILE, flips=flips)
    text = render(form, [replace(runs[0], narratives=rows), runs[1]], comparison)
    assert "<script" not in text and "<img" not in text
    if form == "md":
        assert {len(row) for row in rows_of(text)} == {6, 9}  # flips, narratives


def test_in_a_project_labels_that_changed_are_told_before_anything_is_written(finished: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(finished, tmp_path / "project"))
    page = root / "experiments" / "tfidf-vs-transformer" / "report.html"
    before = page.read_bytes()
    splits = root / "labels" / "splits.csv"
    splits.write_text(splits.read_text(encoding="utf-8").replace(",validation", ",test", 1), encoding="utf-8")
    assert problems_of(lambda: compare_runs(Project(root), "tfidf", "transformer", print)) == [
        "runs 'tfidf' and 'transformer' were scored on other passages, labels or codebooks; "
        "evaluate both again: narratives evaluate tfidf; narratives evaluate transformer"
    ]
    assert page.read_bytes() == before


def test_json_is_what_the_file_holds_and_all_else_goes_to_standard_error(finished: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(finished, tmp_path / "project"))
    done = invoke(root, "compare", "tfidf", "tfidf", "--json", "--margin", "0.05")
    folder = root / "experiments" / "tfidf-vs-tfidf"
    assert done.exit_code == 0
    assert done.stdout == (folder / "comparison.json").read_text(encoding="utf-8")
    assert f"report: {folder / 'report.html'}" in done.stderr
    comparison = json.loads(done.stdout)
    assert (comparison["margin"], comparison["flips"]) == (0.05, [])
    assert "inside ±0.05" in comparison["rule"]
    assert {difference["verdict"] for difference in comparison["overall"].values()} <= {
        "equivalent",
        "no clear difference",
        "too thin to tell",
    }


@pytest.mark.parametrize("margin", ["0", "-0.1", "2", "nan"])
def test_a_margin_that_means_nothing_is_refused(tmp_path: Path, margin: str) -> None:
    done = invoke(tmp_path, "compare", "a", "b", "--margin", margin)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"--margin must be above 0 and at most 1, not {margin}; ")


def test_predictions_of_another_model_than_the_figures_are_refused(finished: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(finished, tmp_path / "project"))
    path = root / "experiments" / "tfidf" / "predictions.jsonl"
    evaluated = invoke(root, "evaluate", "tfidf")
    assert evaluated.exit_code == 0 and invoke(root, "compare", "tfidf", "transformer").exit_code == 0
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    write_lines(path, *lines[::-1], first)  # in another order they are the same
    assert invoke(root, "compare", "tfidf", "transformer").exit_code == 0
    write_lines(path, *lines, json.dumps({**json.loads(first), "narratives": {}, "note": "another model's"}))
    [problem] = problems_of(lambda: compare_runs(Project(root), "tfidf", "transformer", print))
    told = "not the predictions of which evaluation.json beside it is; evaluate again: narratives evaluate tfidf"
    assert problem == f"{path}: {told}"
