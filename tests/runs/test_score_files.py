"""`narratives score`: the whole report for anybody's predictions, whatever form they come in."""

import csv
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from click.testing import Result
from helpers.examples import CODEBOOK, invoke, write_lines

from narratives.evaluation.joined import join
from narratives.evaluation.shared_tasks import SHARED_TASKS
from narratives.labels.codebook import read_codebook
from narratives.models.predictions import read_predictions
from narratives.runs.score import read_gold_file

IDS = ["toll", "school"]
Row = dict[str, Any]  # one line of a file


def make_gold(n: int = 40) -> list[Row]:
    """Rows with `id`, `document` and a list of narratives; every fourth carries none."""
    carried = [["toll"], ["school"], [], ["toll", "school"]]
    return [{"id": f"p{k:02}", "document": f"d{k // 2}", "narratives": carried[k % 4]} for k in range(n)]


def make_predictions(n: int = 40) -> list[Row]:
    """Rows with `id`, `narratives` and `scores`, now and then wrong."""
    rng = random.Random(7)
    rows = []
    for gold in make_gold(n):
        scores = {id_: round(rng.uniform(*((0.3, 1) if id_ in gold["narratives"] else (0, 0.6))), 3) for id_ in IDS}
        rows.append({"id": gold["id"], "narratives": [id_ for id_ in IDS if scores[id_] >= 0.5], "scores": scores})
    return rows


def spread(row: Row) -> Row:
    """A row as a spreadsheet has it: a column of 0 and 1 for each narrative, scores beside them."""
    flat = {key: value for key, value in row.items() if key not in ("narratives", "scores")}
    flat |= {id_: int(id_ in row["narratives"]) for id_ in IDS}
    return flat | {f"score.{id_}": score for id_, score in row.get("scores", {}).items()}


def write_jsonl(folder: Path, rows: Sequence[Row]) -> Path:
    return write_lines(folder / "a.jsonl", *rows)


def write_objects(folder: Path, rows: Sequence[Row]) -> Path:
    return write_lines(folder / "a.jsonl", *({**row, "narratives": dict.fromkeys(row["narratives"])} for row in rows))


def write_csv(folder: Path, rows: Sequence[Row]) -> Path:
    """Ids with `;` between in one column, scores in columns of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    flat = [{**spread(row), "narratives": ";".join(row["narratives"])} for row in rows]
    with (folder / "a.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [key for key in flat[0] if key not in IDS], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(flat)
    return folder / "a.csv"


def write_columns(folder: Path, rows: Sequence[Row]) -> Path:
    """A column for each narrative."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "a.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(spread(rows[0])))
        writer.writeheader()
        writer.writerows(map(spread, rows))
    return folder / "a.csv"


def write_parquet(folder: Path, rows: Sequence[Row]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), folder / "a.parquet")
    return folder / "a.parquet"


Write = Callable[[Path, Sequence[Row]], Path]
FORMS: list[Write] = [write_jsonl, write_objects, write_csv, write_columns, write_parquet]


@pytest.fixture
def codebook(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "codebook.toml", *CODEBOOK.splitlines())


def run_score(codebook: Path, gold: Path, predictions: Path, *options: str, out: str = "out") -> Result:
    words = ("--codebook", codebook, "-o", codebook.parent / out, "--resamples", "20")
    return invoke(codebook.parent, "score", gold, predictions, *words, *options)


def score(codebook: Path, gold: Path, predictions: Path, *options: str, out: str = "out") -> dict[str, Any]:
    """The evaluation that the command writes."""
    result = run_score(codebook, gold, predictions, *options, out=out)
    assert result.exit_code == 0, result.output
    evaluation: dict[str, Any] = json.loads((codebook.parent / out / "evaluation.json").read_text(encoding="utf-8"))
    return evaluation


def figures(evaluation: dict[str, Any]) -> dict[str, Any]:
    """What does not depend on the names of the files."""
    return {key: value for key, value in evaluation.items() if key not in ("run", "description", "split")}


# Forms


@pytest.mark.parametrize("write", FORMS)
def test_predictions_in_every_form_give_the_same_figures(tmp_path: Path, codebook: Path, write: Write) -> None:
    gold = write_jsonl(tmp_path / "gold", make_gold())
    first = score(codebook, gold, write_jsonl(tmp_path / "theirs", make_predictions()))
    assert figures(score(codebook, gold, write(tmp_path / "others", make_predictions()))) == figures(first)
    assert 0 < first["overall"]["micro_f1"]["value"] < 1
    assert first["narratives"][0]["average_precision"] is not None


@pytest.mark.parametrize("write", FORMS)
def test_gold_in_every_form_gives_the_same_figures(tmp_path: Path, codebook: Path, write: Write) -> None:
    theirs = write_jsonl(tmp_path / "theirs", make_predictions())
    first = score(codebook, write_jsonl(tmp_path / "gold", make_gold()), theirs)
    assert figures(score(codebook, write(tmp_path / "others", make_gold()), theirs)) == figures(first)


@pytest.mark.parametrize("write", FORMS)
def test_labels_alone_give_the_same_f1_and_no_curve(tmp_path: Path, codebook: Path, write: Write) -> None:
    gold = write_jsonl(tmp_path / "gold", make_gold())
    labels = [{key: value for key, value in row.items() if key != "scores"} for row in make_predictions()]
    alone = score(codebook, gold, write(tmp_path / "labels", labels))
    assert alone["overall"] == score(codebook, gold, write_jsonl(tmp_path / "all", make_predictions()))["overall"]
    assert [(row["average_precision"], row["curve"], row["threshold"]) for row in alone["narratives"]] == [(None, [], None)] * 2


@pytest.mark.parametrize("write", FORMS)
@pytest.mark.parametrize("seed", [1, 2])
def test_shuffled_predictions_give_the_same_bytes(tmp_path: Path, codebook: Path, write: Write, seed: int) -> None:
    rng, gold, predictions = random.Random(seed), make_gold(), make_predictions()
    score(codebook, write(tmp_path / "gold", gold), write(tmp_path / "theirs", predictions))
    mixed = write(tmp_path / "mixed", rng.sample(predictions, len(predictions)))
    score(codebook, write(tmp_path / "mixed gold", rng.sample(gold, len(gold))), mixed, out="again")
    first, second = ((tmp_path / out / "evaluation.json").read_bytes() for out in ("out", "again"))
    assert second == first


def test_perfect_predictions_in_another_order_score_one(tmp_path: Path, codebook: Path) -> None:
    gold, theirs = write_jsonl(tmp_path / "gold", make_gold()), write_csv(tmp_path / "theirs", make_gold()[::-1])
    assert score(codebook, gold, theirs)["overall"]["exact_match"] == {"value": 1, "low": 0.9124, "high": 1, "cases": None}


# What is used, what is written


def test_a_gold_file_needs_ids_and_labels_only(tmp_path: Path, codebook: Path) -> None:
    [passage] = read_gold_file(write_lines(tmp_path / "gold.csv", "id,toll,school", "p,1,0"), read_codebook(codebook))
    assert (passage.document, passage.text, passage.language, passage.source) == ("p", "", "und", "")


def test_document_text_source_language_and_case_are_used_where_they_are_there(tmp_path: Path, codebook: Path) -> None:
    extra = {"document": "d", "text": "word " * 6, "source": "sermon", "language": "ar", "case": "quote"}
    rows = [{**row, **extra} for row in make_gold()]
    evaluation = score(codebook, write_jsonl(tmp_path / "gold", rows), write_csv(tmp_path / "theirs", make_predictions()))
    assert (evaluation["passages"], evaluation["documents"]) == (40, 1)
    axes = {found["axis"]: found["value"] for found in evaluation["slices"]}
    assert axes == {"register": "sermon", "language": "ar", "hard case": "quote", "length": "0 to 25 words"}
    assert evaluation["worst"][0]["text"].startswith("word word")


def test_the_shared_tasks_asked_for_are_added(tmp_path: Path, codebook: Path) -> None:
    gold, theirs = write_jsonl(tmp_path / "gold", make_gold()), write_jsonl(tmp_path / "theirs", make_predictions())
    assert score(codebook, gold, theirs)["shared_tasks"] == {}
    tasks = ("--task", "cards", "--task", "semeval2025-task10")
    book = read_codebook(codebook)
    answers = join(read_gold_file(gold, book), read_predictions(theirs, book), book, theirs)
    expected = {name: score_task(answers, book) for name, score_task in SHARED_TASKS.items()}
    assert score(codebook, gold, theirs, *tasks)["shared_tasks"] == expected


def test_the_whole_report_is_written_and_told(tmp_path: Path, codebook: Path) -> None:
    gold, theirs = write_jsonl(tmp_path / "gold", make_gold()), write_jsonl(tmp_path / "theirs", make_predictions())
    result = run_score(codebook, gold, theirs)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "evaluation.json",
        "report.md",
        "report.html",
        "sources.json",
    }
    assert result.stdout.splitlines()[-1] == f"report: {tmp_path / 'out' / 'report.html'}"
    printed = run_score(codebook, gold, theirs, "--json").stdout
    assert json.loads(printed) == json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))


# One split


def test_one_split_is_scored_by_the_field_of_its_passages(tmp_path: Path, codebook: Path) -> None:
    rows = [{**row, "split": "dev" if k < 16 else "test"} for k, row in enumerate(make_gold())]
    gold, theirs = write_jsonl(tmp_path / "gold", rows), write_jsonl(tmp_path / "theirs", make_predictions())
    part = write_jsonl(tmp_path / "part", rows[16:])
    alone = score(codebook, part, write_jsonl(tmp_path / "ours", make_predictions()[16:]))
    evaluation = score(codebook, gold, theirs, "--split", "test")
    assert (evaluation["passages"], evaluation["split"]) == (24, "test of a.jsonl")
    assert figures(evaluation) == figures(alone)


def test_one_split_is_scored_by_the_splits_file_beside_the_gold(tmp_path: Path, codebook: Path) -> None:
    gold, theirs = write_jsonl(tmp_path / "gold", make_gold()), write_jsonl(tmp_path / "theirs", make_predictions())
    lines = [f"d{k},{'test' if k < 5 else 'train'}" for k in range(20)]
    write_lines(tmp_path / "gold" / "splits.csv", "document,split", *lines)
    assert score(codebook, gold, theirs, "--split", "test")["passages"] == 10


def test_a_split_that_is_not_there_is_told_with_those_that_are(tmp_path: Path, codebook: Path) -> None:
    theirs = write_jsonl(tmp_path / "theirs", make_predictions())
    gold = write_jsonl(tmp_path / "gold", make_gold())
    result = run_score(codebook, gold, theirs, "--split", "test")
    assert result.exit_code == 2
    assert "no passage has a field 'split', and there is no splits.csv beside it; leave out --split" in result.output
    gold = write_jsonl(tmp_path / "gold", [{**row, "split": "tests"} for row in make_gold()])
    result = run_score(codebook, gold, theirs, "--split", "test")
    assert "no passage is in split 'test'; did you mean 'tests'?; there are: tests" in result.output.replace(" (", "; ")


# Two folders compared


def two_folders(tmp_path: Path, codebook: Path) -> tuple[Path, Path]:
    gold, theirs = write_jsonl(tmp_path / "gold", make_gold()), write_jsonl(tmp_path / "theirs", make_predictions())
    silent = [{**row, "narratives": [id_ for id_ in row["narratives"] if id_ != "toll"]} for row in make_predictions()]
    for out, file in (("theirs-scored", theirs), ("silent-scored", write_jsonl(tmp_path / "silent", silent))):
        score(codebook, gold, file, out=out)
    return tmp_path / "theirs-scored", tmp_path / "silent-scored"


def test_folders_of_score_are_compared_beside_the_first(tmp_path: Path, codebook: Path) -> None:
    a, b = two_folders(tmp_path, codebook)
    result = invoke(tmp_path, "compare", a, b)
    assert result.exit_code == 0, result.output
    folder = tmp_path / "theirs-scored-vs-silent-scored"
    assert {path.name for path in folder.iterdir()} == {"comparison.json", "report.md", "report.html"}
    comparison = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    assert (comparison["a"], comparison["b"]) == ("theirs-scored", "silent-scored")
    assert {id_: each["verdict"] for id_, each in comparison["narratives"].items()} == {"toll": "worse", "school": "equivalent"}


def test_folders_are_not_compared_once_what_they_were_scored_from_has_changed(tmp_path: Path, codebook: Path) -> None:
    a, b = two_folders(tmp_path, codebook)
    write_jsonl(tmp_path / "silent", make_predictions())
    result = invoke(tmp_path, "compare", a, b)
    assert (result.exit_code, "altered since it was scored; score it again" in result.output) == (2, True)
    (tmp_path / "silent" / "a.jsonl").unlink()
    result = invoke(tmp_path, "compare", a, b)
    assert (result.exit_code, "was scored from this file and it is gone; bring it back" in result.output) == (2, True)
    two_folders(tmp_path, codebook)
    write_jsonl(tmp_path / "gold", [{**make_gold()[0], "narratives": []}, *make_gold()[1:]])
    result = invoke(tmp_path, "compare", a, b)
    assert (result.exit_code, "altered since it was scored" in result.output) == (2, True)
    assert not (tmp_path / "theirs-scored-vs-silent-scored").exists()


def test_folders_scored_on_different_gold_are_refused(tmp_path: Path, codebook: Path) -> None:
    a, _ = two_folders(tmp_path, codebook)
    part = write_jsonl(tmp_path / "part", make_gold()[:20])
    score(codebook, part, write_jsonl(tmp_path / "ours", make_predictions()[:20]), out="other")
    result = invoke(tmp_path, "compare", a, tmp_path / "other")
    assert result.exit_code == 2
    assert "theirs-scored and other were scored on other passages, labels or codebooks" in result.output
