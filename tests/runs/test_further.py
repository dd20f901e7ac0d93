"""Further test passages: in no split, read by the runs that ask for them, scored beside the test split, file by file."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import example_passages, invoke, problems_of, snapshot, write_lines

from narratives.annotation.check import check_labels
from narratives.evaluation.breakdowns import LANGUAGE
from narratives.evaluation.languages import FURTHER, TWINS
from narratives.evaluation.tested import read_tested
from narratives.project.project import Project
from narratives.report.summary import gather_slices
from narratives.runs.evaluate import read_evaluation

ASKING = [
    "[classifier]",
    'name = "tfidf"',
    "min_df = 1",
    "[evaluation]",
    "resamples = 20",
    'further_test = ["languages/*.jsonl"]',
]
WORDS = {"ru": "паром мост пошлина школа ветер зима", "tr": "vapur köprü ücret okul rüzgar kış"}


def make_passages(language: str, count: int = 12) -> list[dict[str, Any]]:
    """Passages in a language, every third with the narrative `toll`."""
    words = WORDS[language].split()
    return [
        {
            "id": f"{language}{k}-1",
            "text": f"{words[k % 6]}{k} {words[(k * 5 + 1) % 6][::-1]}{k * k} {'toll' if k % 3 == 0 else words[k // 6]}",
            "document": f"{language}{k}",
            "narratives": {"toll": "asserts"} if k % 3 == 0 else {},
            "language": language,
        }
        for k in range(count)
    ]


@pytest.fixture
def asking(root: Path) -> Path:
    """A trained project with a second run, like the first but for two further files; it is trained, not evaluated."""
    for language in WORDS:
        write_lines(root / "labels" / "languages" / f"{language}.jsonl", *make_passages(language))
    write_lines(root / "experiments" / "asking" / "config.toml", *ASKING)
    assert invoke(root, "train", "asking").exit_code == 0
    return root


def test_they_are_scored_file_by_file_and_the_other_figures_are_of_the_test_split(asking: Path) -> None:
    assert invoke(asking, "evaluate", "asking").exit_code == 0
    project = Project(asking)
    own, other = read_evaluation(project, "asking"), read_evaluation(project, "base")
    assert (own.passages, own.overall, own.narratives) == (other.passages, other.overall, other.narratives)
    assert [(part["file"], part["passages"]) for part in own.further] == [
        ("languages/ru.jsonl", 12),
        ("languages/tr.jsonl", 12),
    ]
    assert own.further[0]["digest"] != own.further[1]["digest"]
    assert other.further == []
    assert any("languages/ru.jsonl (12), languages/tr.jsonl (12)" in note for note in own.notes)
    [group] = [group for group in gather_slices([own]) if group.title == "further test"]
    rows = [("languages/ru.jsonl, 4 labels", 12), ("languages/tr.jsonl, 4 labels", 12)]
    assert [(row.label, row.count) for row in group.rows] == rows
    assert all(row.figures[0].value is not None and row.figures[0].low is not None for row in group.rows)
    assert invoke(asking, "report", "asking").exit_code == 0
    for name in ("report.md", "report.html"):
        assert "languages/ru.jsonl, 4 labels" in (asking / "experiments" / "asking" / name).read_text(encoding="utf-8")


def test_each_language_has_a_figure_over_all_files_and_translated_twins_have_one_by_themselves(asking: Path) -> None:
    originals = Project(asking).read_corpus().part("test")
    for language in WORDS:
        rows = make_passages(language)
        shared = originals[:2] if language == "ru" else originals[1:3]
        twins = [{**row, "twin": original.id} for row, original in zip(rows, shared, strict=False)]
        write_lines(asking / "labels" / "languages" / f"{language}.jsonl", *twins, *rows[2:8])
        write_lines(asking / "labels" / "languages" / f"{language}-2.jsonl", *rows[8:])
    assert invoke(asking, "evaluate", "asking").exit_code == 0
    evaluation = read_evaluation(Project(asking), "asking")
    by_axis = {axis: {part.value: part for part in evaluation.slices if part.axis == axis} for axis in (LANGUAGE, TWINS)}
    assert {code: part.passages for code, part in by_axis[LANGUAGE].items()} == {"ru": 12, "tr": 12, "und": evaluation.passages}
    assert {code: part.passages for code, part in by_axis[TWINS].items()} == {"ru": 1, "tr": 1, "und": 1}  # in all languages
    model = Project(asking).model("asking")
    tested = read_tested(model / "tested.json", json.loads((model / "model.json").read_text())["digest"])
    assert tested and tested.languages
    assert {code: row.passages for code, row in tested.languages.items()} == {"ru": 12, "tr": 12, "und": evaluation.passages}
    assert tested.languages["ru"].micro_f1 == by_axis[LANGUAGE]["ru"].micro_f1


def test_a_file_in_several_languages_has_a_line_for_each(asking: Path) -> None:
    for language in WORDS:
        (asking / "labels" / "languages" / f"{language}.jsonl").unlink()
    write_lines(asking / "labels" / "languages" / "both.jsonl", *make_passages("ru"), *make_passages("tr"))
    assert invoke(asking, "evaluate", "asking").exit_code == 0
    slices = [part for part in read_evaluation(Project(asking), "asking").slices if part.axis == FURTHER]
    names = ["languages/both.jsonl, ru", "languages/both.jsonl, tr"]
    assert [(part.value, part.passages, part.labels) for part in slices] == [(name, 12, 4) for name in names]


def test_they_change_nothing_that_is_learned_nor_the_other_splits(asking: Path) -> None:
    base, own = (snapshot(asking / "models" / run) for run in ("base", "asking"))
    base, own = ({name: data for name, data in files.items() if name != "tested.json"} for files in (base, own))
    assert base.keys() == own.keys()
    assert {name for name in base if base[name] != own[name]} == {"model.json", "README.md"}  # they name their run
    assert "ru0" not in (asking / "labels" / "splits.csv").read_text()
    assert invoke(asking, "evaluate", "asking", "--split", "validation").exit_code == 0
    validation = read_evaluation(Project(asking), "asking")
    assert (validation.passages, validation.further) == (3, [])


def test_runs_with_and_without_them_are_compared_on_the_test_split(asking: Path) -> None:
    invoke(asking, "evaluate", "asking")
    for one, other in (("base", "asking"), ("asking", "base")):
        assert invoke(asking, "compare", one, other).exit_code == 0
        assert (asking / "experiments" / f"{one}-vs-{other}" / "comparison.json").is_file()


def test_retraining_asks_the_test_split_alone(asking: Path) -> None:
    invoke(asking, "evaluate", "asking")
    done = invoke(asking, "retrain", "asking", "--force", "--json")
    assert done.exit_code in (0, 1)
    assert json.loads(done.stdout)["test"]["passages"] == 5


def test_labels_check_reads_them_as_it_reads_the_others(asking: Path) -> None:
    project = Project(asking)
    report = check_labels(project)
    assert (report.further, report.findings, report.passages) == (24, [], 14)
    assert "24 further passages are in no split: some run is tested on them too" in invoke(asking, "labels", "check").stdout
    known = example_passages()[0]
    spoilt = [
        {**known, "document": "ru90"},
        {"id": "ru91-1", "text": "мост", "document": known["document"], "narratives": {}},
        {"id": "ru92-1", "text": "мост", "narratives": {"tol": "asserts"}},
        {"id": "tr0-1", "text": "мост", "narratives": {}, "document": "ru93"},
    ]
    place = write_lines(asking / "labels" / "languages" / "more.jsonl", *spoilt)
    labels = asking / "labels" / "passages.jsonl"
    told = problems_of(lambda: check_labels(project))
    assert told[:3] == [
        f"{place}:1: id 'p0' was used at {labels}:1; ids must be unique",
        f"{place}:2: document 'd0' stands at {labels}:1 too; give it another name",
        f"{place}:3: unknown narrative 'tol'; did you mean 'toll'?",
    ]
    assert told[3].endswith(f"tr.jsonl:1: id 'tr0-1' was used at {place}:4; ids must be unique")
    assert problems_of(lambda: project.read_further([place], project.corpus))


def test_one_that_repeats_a_passage_of_the_labels_is_found(asking: Path) -> None:
    known = example_passages()[0]
    place = write_lines(asking / "labels" / "languages" / "more.jsonl", {**known, "id": "m1", "document": "m1"})
    report = check_labels(Project(asking))
    labels = asking / "labels" / "passages.jsonl"
    assert report.findings == [f"{place}:1: 'm1' nearly repeats 'p0' (100% alike, {labels}:1); a further test must be new"]


@pytest.mark.parametrize("command", ["train", "evaluate", "retrain", "run"])
def test_a_pattern_without_a_file_is_told_before_anything_is_done(root: Path, command: str) -> None:
    config = write_lines(root / "experiments" / "base" / "config.toml", *ASKING)
    before = snapshot(root)
    done = invoke(root, command, "base")
    assert done.exit_code == 2
    told = f"{config}:6: no file in {root}/labels matches 'languages/*.jsonl'; write one, or take the pattern out\n"
    assert done.stderr == told
    assert snapshot(root) == before


@pytest.mark.parametrize(
    "value", ['"languages/*.jsonl"', '["passages.jsonl"]', '["/a/b.jsonl"]', '["../a/b.jsonl"]', "[1]", '["a/b.csv"]']
)
def test_a_pattern_lies_in_a_folder_below_labels(root: Path, value: str) -> None:
    config = write_lines(root / "experiments" / "base" / "config.toml", *ASKING[:-1], f"further_test = {value}")
    told = f"{config}:6: 'further_test' must be patterns of files below labels/, such as [\"languages/*.jsonl\"]\n"
    assert invoke(root, "train", "base").stderr == told


def test_figures_are_those_of_their_file_whatever_the_ids(asking: Path) -> None:
    folder = asking / "labels" / "languages"
    for language, first, count in (("ru", "z", 12), ("tr", "a", 6)):  # in order of ids the second file comes first
        rows = [{**row, "id": f"{first}{k:02}"} for k, row in enumerate(make_passages(language, count))]
        write_lines(folder / f"{language}.jsonl", *rows)
    assert invoke(asking, "evaluate", "asking").exit_code == 0
    evaluation = read_evaluation(Project(asking), "asking")
    counts = {part.value: (part.passages, part.labels) for part in evaluation.slices if part.axis == FURTHER}
    assert counts == {"languages/ru.jsonl": (12, 4), "languages/tr.jsonl": (6, 2)}
