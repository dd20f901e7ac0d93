"""Very many broken records among labels: all are told and listed, yet few are held."""

import json
from pathlib import Path

import pytest
from helpers.examples import invoke, make_codebook, write_project

from narratives.annotation.formats.choice import read_entries
from narratives.annotation.formats.entry import Wishes
from narratives.annotation.formats.items import look_at, read_items
from narratives.annotation.incoming import parse_entries
from narratives.annotation.names import make_names
from narratives.errors import gather

GOOD = '{"id": "good", "text": "the toll bites", "narratives": {"toll": null}}'
BROKEN = ("NaN", '"a text"', "[1, 2]", '{"text": "no end', "17", '{"text": ["x"]} {"text": "y"}')
EACH = 50  # broken records of each kind
MANY = EACH * len(BROKEN)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "in.jsonl", *BROKEN * EACH, GOOD)


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_of_each_cause_the_first_few_come_where_they_stand_and_the_others_as_one(path: Path) -> None:
    items = [item for item in read_items(path) if item.problem]
    *few, others = items
    assert others.rest is not None and all(item.rest is None for item in few)
    assert len(few) <= 3 * len(BROKEN)
    told = [(item.place.line, item.problem) for item in look_at(path) if item.problem]
    assert sorted([*((item.place.line, item.problem) for item in few), *others.rest]) == told
    assert others.rest.count_reasons() == {reason: [r for _, r in others.rest].count(reason) for _, reason in others.rest}


def test_messages_are_those_of_all_broken_records_together(tmp_path: Path) -> None:
    others = ('{"id": "r", "text": 5, "narratives": []}', *BROKEN)
    path = write(tmp_path / "in.jsonl", *others * EACH, GOOD)
    codebook = make_codebook("toll")
    names = make_names(codebook)
    parsed = parse_entries(read_entries(path, None, Wishes(names)), codebook, names, (), keep_bad=False)
    assert parsed.bad == [] and parsed.refused == MANY + EACH
    told = []
    for item in look_at(path):
        if item.problem:
            told.append(f"{item.where}: {item.problem}")
        elif item.values["text"] == 5:
            told += [problem for bad in parse_entries([item], codebook, names, ()).bad for problem in bad.problems]
    assert parsed.problems.lines() == gather(told)
    assert parsed.problems.count == len(told)


def test_lines_that_stand_for_several_problems_stay_as_they_are(path: Path) -> None:
    lines = gather([f"{item.where}: {item.problem}" for item in look_at(path) if item.problem])
    assert len(lines) < MANY and gather(lines) == lines


def test_a_refusal_counts_every_broken_record(path: Path, tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    result = invoke(root, "labels", "import", path)
    assert result.exit_code == 2
    *lines, count = result.stderr.splitlines()
    assert len(lines) < 12 and all(line.startswith(f"{path}:") for line in lines)
    assert f"{path}:1: " in lines[0] and "lines 1, " in lines[0]
    assert int(count.split()[0]) >= MANY


@pytest.mark.parametrize("form", ["jsonl", "csv", "doccano"])
def test_with_the_good_ones_accepted_every_broken_record_is_listed(path: Path, tmp_path: Path, form: str) -> None:
    root = write_project(tmp_path / "project")
    if form != "jsonl":
        write(path, *BROKEN * EACH, '{"id": "good", "text": "the toll bites", "label": ["toll"]}')
    result = invoke(root, "labels", "import", path, "--format", form, "--accept-good", "--json")
    assert result.exit_code == 1
    summary = json.loads(result.stdout)
    assert (summary["imported"], summary["rejected"]) == (1, MANY)
    listed = [json.loads(line) for line in Path(summary["files"]["rejected"]).read_text(encoding="utf-8").splitlines()]
    places = [int(record["import_problems"][0].removeprefix(f"{path}:").partition(":")[0]) for record in listed]
    assert sorted(places) == list(range(1, MANY + 1))
    assert all(record["narratives"] == ["?"] for record in listed)
    reasons = {f"{path}:{item.place.line}: {item.problem}" for item in look_at(path) if item.problem}
    assert {problem for record in listed for problem in record["import_problems"]} == reasons
