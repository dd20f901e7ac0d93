"""What a feed holds: figures that agree with the truth, guards, plans where too little was read, and the page."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import invoke, problems_of, snapshot, write_lines
from helpers.fields import make_rows, read_tasks, start_field, write_answers
from helpers.reported import HOSTILE, Page

from narratives.annotation.field_labels import FieldLabel
from narratives.data import Stance
from narratives.field.counting import ANY
from narratives.field.design import Design
from narratives.field.drawing import draw
from narratives.field.measurement import FieldReport, report
from narratives.field.sample import settle
from narratives.labels.codebook import read_codebook


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A project with a sample `may` of 300 texts and 20 more of what is raised, all read by anna; the answers."""
    project, texts, answers = start_field(tmp_path)
    draw(
        project, answers, texts, Design(n=300, by=("month", "source"), precision=20, name="may"), output=tmp_path / "tasks.json"
    )
    read_tasks(tmp_path / "tasks.json", tmp_path / "read.json", note="is this history?")
    assert invoke(project, "labels", "import", tmp_path / "read.json").exit_code == 0
    yield project, answers


def truth(rows: list[dict[str, Any]]) -> dict[str, float]:
    carried = [row for row in rows if "robbed" in row["text"]]
    raised = [row for row in rows if row["narratives"]]
    both = [row for row in carried if row["narratives"]]
    return {
        "prevalence": len(carried) / len(rows),
        "precision": len(both) / len(raised),
        "recall": len(both) / len(carried),
        "f1": 2 * len(both) / (len(carried) + len(raised)),
    }


def test_the_intervals_hold_the_truth_of_the_feed(feed: tuple[Path, Path]) -> None:
    row = report(feed[0]).narratives["toll"]
    for name, value in truth(make_rows()).items():
        figure = getattr(row, name)
        assert figure.low <= value <= figure.high, name
        assert figure.high - figure.low < 0.45
    assert row.naive == pytest.approx(sum(bool(r["narratives"]) for r in make_rows()) / 600, abs=1e-6)


def test_the_interval_for_all_narratives_together_is_wider(feed: tuple[Path, Path]) -> None:
    row = report(feed[0]).narratives["toll"]
    assert row.prevalence and row.together
    assert row.together.low < row.prevalence.low and row.together.high > row.prevalence.high  # type: ignore[operator]


def test_it_tells_stances_periods_and_sources(feed: tuple[Path, Path]) -> None:
    result = report(feed[0])
    [stance] = [row for row in result.stances if row.carrying]
    assert (stance.narrative, stance.stance) == ("toll", "reports")
    assert stance.prevalence == result.narratives["toll"].prevalence
    cuts = [(row.column, row.value) for row in result.parts if row.narrative == ANY]
    assert cuts == [("month", "2024-05"), ("month", "2024-06"), *(("source", name) for name in ("paper", "radio", "site"))]
    assert sum(row.texts for row in result.parts if row.narrative == ANY and row.column == "month") == 600


def test_the_precision_draw_does_not_bend_prevalence(tmp_path: Path) -> None:
    project, texts, answers = start_field(tmp_path)
    carrying, widths, level = [], [], None
    for precision in (0, 30):
        name = f"p{precision}"
        draw(project, answers, texts, Design(n=150, precision=precision, name=name), output=tmp_path / f"{name}.json")
        read_tasks(tmp_path / f"{name}.json", tmp_path / "read.json")
        assert invoke(project, "labels", "import", tmp_path / "read.json").exit_code == 0
        row = report(project, name).narratives["toll"]
        assert row.labels == 150 and row.prevalence and row.precision
        carrying.append(row.carrying)
        level = row.prevalence
        widths.append((row.precision.high or 0) - (row.precision.low or 0))
    assert carrying[1] > carrying[0] and widths[1] < widths[0]
    assert level and (level.low or 0) <= truth(make_rows())["prevalence"] <= (level.high or 0)


def test_without_labels_there_are_counts_and_no_interval(tmp_path: Path) -> None:
    project, _, answers = start_field(tmp_path)
    result = report(project, answers=answers)
    assert result.narratives["toll"].raised == sum(bool(row["narratives"]) for row in make_rows())
    assert all(row.prevalence is None and row.precision is None for row in result.list_rows())
    assert result.why.startswith("Nobody has read any of these texts, so there is no interval")
    page = Page(result.write(tmp_path / "out", read_codebook(project / "labels" / "codebook.toml")))
    assert "so there is no interval" in page.text
    assert page.count("circle") == 0


def test_fewer_than_thirty_labels_give_a_plan(tmp_path: Path) -> None:
    project, texts, answers = start_field(tmp_path)
    draw(project, answers, texts, Design(n=20, name="may"), output=tmp_path / "tasks.json")
    read_tasks(tmp_path / "tasks.json", tmp_path / "read.json")
    invoke(project, "labels", "import", tmp_path / "read.json")
    result = report(project)
    assert result.narratives["toll"].prevalence is None
    assert result.narratives["toll"].plan == "20 read: too few for an estimate; read 10 more at least"


def test_a_stratum_without_labels_is_told(tmp_path: Path) -> None:
    rows = make_rows(300)
    rows[7]["source"] = "letter"
    project, texts, answers = start_field(tmp_path, rows)
    draw(project, answers, texts, Design(n=40, by=("source",), name="may"), output=tmp_path / "tasks.json")
    read_tasks(tmp_path / "tasks.json", tmp_path / "read.json")
    invoke(project, "labels", "import", tmp_path / "read.json")
    result = report(project)
    assert any(note.startswith("no text was read of 1 strata (0.3 % of the feed: letter)") for note in result.notes)
    [row] = [row for row in result.parts if row.value == "letter" and row.narrative == ANY]
    assert row.prevalence is None and row.plan.startswith("no text of it was read")


def test_a_part_that_is_read_is_measured_and_the_rest_is_told(tmp_path: Path) -> None:
    project, texts, answers = start_field(tmp_path)
    draw(project, answers, texts, Design(n=100, name="may"), output=tmp_path / "tasks.json")
    tasks = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
    (tmp_path / "tasks.json").write_text(json.dumps(tasks[:60]), encoding="utf-8")
    read_tasks(tmp_path / "tasks.json", tmp_path / "read.json")
    invoke(project, "labels", "import", tmp_path / "read.json")
    result = report(project)
    assert (result.drawn, result.read) == (100, 60)
    assert result.notes[0].startswith("40 of 100 drawn texts are not read yet")


@pytest.mark.parametrize("spoilt", ["part", "model", "gone"])
def test_another_feed_or_model_is_refused(feed: tuple[Path, Path], spoilt: str) -> None:
    project, answers = feed
    if spoilt == "part":
        write_answers(answers, make_rows(seed=1))
    elif spoilt == "gone":
        (answers / "part-00000.parquet").rename(answers / "part-00001.parquet")
    else:
        plan = project / "labels" / "field" / "may" / "plan.json"
        value = json.loads(plan.read_text(encoding="utf-8"))
        plan.write_text(json.dumps({**value, "model": {"digest": "1" * 64}}), encoding="utf-8")
        kept = {"format_version": 4, "narratives": "0", "model": {"digest": "2" * 64}, "inputs": []}
        write_lines(answers.with_name(f"{answers.name}.run") / "plan.json", json.dumps(kept))
    [problem] = problems_of(lambda: report(project))
    assert "was not drawn from it" in problem and "draw a new sample" in problem


def test_another_codebook_is_refused(feed: tuple[Path, Path]) -> None:
    path = feed[0] / "labels" / "codebook.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"1"', '"2"'), encoding="utf-8")
    [problem] = problems_of(lambda: report(feed[0]))
    assert "drawn for another codebook" in problem


def test_drift_since_the_drawing_is_told(feed: tuple[Path, Path]) -> None:
    project, answers = feed
    codebook = read_codebook(project / "labels" / "codebook.toml").digest[:12]
    later = [{**row, "narratives": {"toll": "asserts"}, "line": row["line"] + 1000} for row in make_rows(100)]
    write_answers(answers, later, codebook=codebook, part=1)
    notes = report(project).notes
    assert any(note.startswith("100 texts were added to the answers since") for note in notes)
    assert any(note.startswith("drift: toll is raised for 100.0 % of what was added, 11.2 % before") for note in notes)


def test_answers_that_are_gone_leave_the_counts_of_that_day(feed: tuple[Path, Path]) -> None:
    before = report(feed[0])
    for path in feed[1].iterdir():
        path.unlink()
    feed[1].rmdir()
    after = report(feed[0])
    assert after.narratives == before.narratives
    assert "the counts of that day are used" in after.notes[-1]


def test_most_of_several_readers_count_and_the_first_where_they_are_even() -> None:
    def label(by: str, *ids: str) -> FieldLabel:
        return FieldLabel("t1", by, dict.fromkeys(ids, Stance.REPORTS))

    assert settle([label("a", "toll"), label("b")]) == {"t1": {"toll": Stance.REPORTS}}
    assert settle([label("a"), label("b", "toll")]) == {"t1": {}}
    assert settle([label("a", "toll"), label("b"), label("c")]) == {"t1": {}}
    assert set(settle([label("a"), label("b", "toll"), label("c", "toll")])["t1"]) == {"toll"}


def test_the_page_needs_nothing_else_and_shows_what_was_written(feed: tuple[Path, Path], tmp_path: Path) -> None:
    result = report(feed[0])
    codebook = read_codebook(feed[0] / "labels" / "codebook.toml")
    hostile = replace(codebook, narratives=tuple(replace(each, title=HOSTILE) for each in codebook.narratives))
    path = replace(result, notes=[HOSTILE], sample=HOSTILE).write(tmp_path / "out", hostile)
    page = Page(path)
    assert HOSTILE in page.text
    assert page.count("img") == 0 and page.count("script") == 1 and page.count("link") == 0
    assert not re.search(r'(?:src|href)="(?!#)', path.read_text(encoding="utf-8"))
    assert "is this history?" in page.text
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["texts"] == 600
    lines = (tmp_path / "out" / "figures.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + len(result.list_rows())
    assert lines[0].startswith("narrative,stance,column,value,texts,labels,carrying,raised,naive,prevalence,prevalence_low")


def test_the_command_says_what_the_page_shows(feed: tuple[Path, Path]) -> None:
    result = invoke(feed[0], "field", "report", "may", "--width", "0.5")
    assert result.exit_code == 0, result.output
    assert "read: 320 of 320 drawn" in result.output
    assert (feed[0] / "experiments" / "field" / "may" / "report.html").is_file()
    told = json.loads(invoke(feed[0], "field", "report", "may", "--json").stdout)
    assert told["narratives"]["toll"]["prevalence"]["low"] > 0


def test_nothing_is_trained_on_a_sample_before_it_is_retired(feed: tuple[Path, Path]) -> None:
    project, _ = feed
    before = snapshot(project / "labels")
    assert "14 passages" in invoke(project, "labels", "check").output
    result = invoke(project, "field", "retire", "may")
    assert result.exit_code == 0, result.output
    assert "320 passages to" in result.output
    assert "334 passages" in invoke(project, "labels", "check").output
    after = snapshot(project / "labels")
    assert {key for key in after if after[key] != before.get(key)} == {"field-may.jsonl", "splits.csv", "field/may/plan.json"}
    rows = [json.loads(line) for line in (after["field-may.jsonl"] or b"").decode().splitlines()]
    assert {row["chosen"] for row in rows} == {"by lot", "raised: toll"}
    [problem] = problems_of_command(project)
    assert "was handed to training on" in problem


def problems_of_command(project: Path) -> list[str]:
    result = invoke(project, "field", "retire", "may")
    assert result.exit_code == 2
    return result.output.splitlines()


def test_a_report_is_a_plain_record(feed: tuple[Path, Path]) -> None:
    assert isinstance(report(feed[0]), FieldReport)
    assert json.dumps(report(feed[0]).to_json())


def test_texts_of_whole_documents_tell_less_than_as_many_single_ones(tmp_path: Path) -> None:
    rows = make_rows(800)
    for row in rows:  # documents of four texts, of which all or none carry it
        carried = row["line"] % 40 < 4
        row["text"] = f"text {row['line']} {'robbed' if carried else 'quiet'}"
        row["narratives"] = {}
        row["document"] = f"d{row['line'] // 4}"
    project, texts, answers = start_field(tmp_path, rows)
    widths = {}
    for whole in ("", "document"):
        name = whole or "single"
        draw(project, answers, texts, Design(n=200, whole=whole, name=name), output=tmp_path / f"{name}.json")
        read_tasks(tmp_path / f"{name}.json", tmp_path / "read.json")
        assert invoke(project, "labels", "import", tmp_path / "read.json").exit_code == 0
        level = report(project, name).narratives["toll"].prevalence
        assert level and (level.low or 0) <= 0.1 <= (level.high or 0)
        widths[name] = (level.high or 0) - (level.low or 0)
    assert widths["document"] > 1.4 * widths["single"]
