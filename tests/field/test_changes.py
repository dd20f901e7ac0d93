"""Levels over time: a change that is there is called, one that is not is not, and what nobody could tell is said."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import invoke, problems_of
from helpers.fields import make_rows, read_tasks, start_field
from helpers.reported import Page

from narratives.field.changes import trends
from narratives.field.design import Design
from narratives.field.drawing import draw
from narratives.labels.codebook import read_codebook


def read_all(project: Path, folder: Path, name: str) -> None:
    read_tasks(folder / f"{name}.json", folder / "read.json")
    result = invoke(project, "labels", "import", folder / "read.json")
    assert result.exit_code == 0, result.output


def louder(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same feed, but that in June half of the texts of the radio carry it and are found."""
    for row in rows:
        if row["date"].startswith("2024-06") and row["source"] == "radio" and row["line"] % 2:
            row["text"] = row["text"].replace("quiet", "robbed")
            row["narratives"] = {"toll": "asserts"}
    return rows


def test_a_change_that_is_there_is_called_and_its_size_is_told(tmp_path: Path) -> None:
    project, texts, answers = start_field(tmp_path, louder(make_rows()))
    draw(project, answers, texts, Design(n=400, by=("month", "source"), name="spring"), output=tmp_path / "spring.json")
    read_all(project, tmp_path, "spring")
    result = trends(project)
    verdicts = {(change.narrative, change.series): change.verdict for change in result.changes}
    assert result.periods == ["2024-05", "2024-06"]
    assert verdicts["toll", "all"] == "up"
    assert verdicts["toll", "radio"] == "up"
    assert verdicts["toll", "paper"] == verdicts["toll", "site"] == "can't tell"
    [change] = [change for change in result.changes if (change.narrative, change.series) == ("toll", "all")]
    assert change.level_after > change.level_before and change.p_corrected < 0.05
    assert change.p <= change.p_corrected
    assert all(change.narrative != "school" for change in result.changes)  # nobody found it, so nothing can be told


def test_where_nothing_changes_nothing_is_called(tmp_path: Path) -> None:
    project, texts, answers = start_field(tmp_path)
    draw(project, answers, texts, Design(n=300, by=("month",), name="spring"), output=tmp_path / "spring.json")
    read_all(project, tmp_path, "spring")
    result = trends(project)
    assert {change.verdict for change in result.changes} == {"can't tell"}
    assert all(change.noticeable for change in result.changes)
    assert all(change.needed is None or change.needed > 150 for change in result.changes)


def test_samples_without_periods_are_periods_themselves(tmp_path: Path) -> None:
    project, texts, answers = start_field(tmp_path)
    for seed, name in enumerate(("week1", "week2")):
        draw(project, answers, texts, Design(n=60, seed=seed, name=name), output=tmp_path / f"{name}.json")
        read_all(project, tmp_path, name)
    result = trends(project, ["week2", "week1"])
    assert (result.unit, result.periods) == ("sample", ["week2", "week1"])
    assert [(change.before, change.after) for change in result.changes if change.narrative == "toll"] == [("week2", "week1")]
    [problem] = problems_of(lambda: trends(project, "week1"))
    assert "has no periods" in problem


def test_a_period_in_two_samples_is_refused(tmp_path: Path) -> None:
    project, texts, answers = start_field(tmp_path)
    for name in ("one", "two"):
        draw(project, answers, texts, Design(n=40, by=("month",), name=name))
    [problem] = problems_of(lambda: trends(project, ["one", "two"]))
    assert "'2024-05' stands in the samples 'one' and 'two'" in problem


def test_periods_with_few_labels_are_not_compared_and_that_is_told(tmp_path: Path) -> None:
    project, texts, answers = start_field(tmp_path)
    draw(project, answers, texts, Design(n=50, by=("month",), name="spring"), output=tmp_path / "spring.json")
    read_all(project, tmp_path, "spring")
    result = trends(project)
    assert result.changes == []
    assert result.notes == ["fewer than 30 labels, so not compared: 2024-05, 2024-06; read more texts of them"]


@pytest.mark.parametrize("form", ["page", "command"])
def test_the_page_has_a_chart_for_each_series_and_tables_beside_it(form: str, tmp_path: Path) -> None:
    project, texts, answers = start_field(tmp_path, louder(make_rows()))
    draw(project, answers, texts, Design(n=400, by=("month", "source"), name="spring"), output=tmp_path / "spring.json")
    read_all(project, tmp_path, "spring")
    folder = tmp_path / "out"
    if form == "page":
        trends(project).write(folder, read_codebook(project / "labels" / "codebook.toml"))
    else:
        result = invoke(project, "field", "trends", "spring", "-o", folder)
        assert result.exit_code == 0, result.output
        assert "toll: up from 2024-05 to 2024-06" in result.output
    page = Page(folder / "trends.html")
    assert page.count("svg") == 8  # anything and toll, in all and in three sources
    assert "The toll robs us in radio up from 2024-05 to 2024-06" in page.text
    assert page.count("img") == page.count("link") == 0
    assert len((folder / "trends.csv").read_text(encoding="utf-8").splitlines()) == 1 + 2 * 4 * 3
    changes = json.loads((folder / "trends.json").read_text(encoding="utf-8"))["changes"]
    assert len((folder / "changes.csv").read_text(encoding="utf-8").splitlines()) == 1 + len(changes)
