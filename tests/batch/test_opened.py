"""Answers opened as a whole by the programs that people use, and what may stand beside an answer."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.batch_runs import read_rows, run, write_input
from helpers.examples import invoke, make_codebook, problems_of, snapshot

from narratives.batch.items import Columns
from narratives.batch.plan import ANEW
from narratives.data import Codebook
from narratives.models.predictions import read_predictions

TITLES = {"toll": "The toll robs us", "school": "The school is sinking"}


@pytest.fixture
def model(small_done: Path) -> Path:
    return small_done / "models" / "base"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    rows: list[dict[str, Any]] = [{"id": f"n{k}", "text": f"toll school, „ferry“ {k}"} for k in range(30)]
    return write_input(tmp_path / "new.jsonl", [*rows, {"id": "bad", "text": 1}])


def answer(model: Path, file: Path, **options: Any) -> Path:
    run(model, file.parent / "out", file, part_size=500, **options)
    assert len(list((file.parent / "out").glob("part-*"))) > 2
    return file.parent / "out"


def test_pandas_opens_the_folder(model: Path, texts: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(answer(model, texts, form="parquet"))
    assert len(frame) == 30 and {"score_toll", "score_school"} <= set(frame.columns)


def test_duckdb_opens_the_folder(model: Path, texts: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    out = answer(model, texts, form="parquet")
    for place in (f"{out}/*.parquet", f"{out}/**/*.parquet"):
        query = f"select count(*), max(score_toll) > 0, count(distinct id) from read_parquet('{place}')"
        assert duckdb.sql(query).fetchall() == [(30, True, 30)]


def test_polars_opens_the_folder(model: Path, texts: Path) -> None:
    polars = pytest.importorskip("polars")
    out = answer(model, texts, form="parquet")
    assert polars.read_parquet(f"{out}/*.parquet").shape[0] == 30


def test_beside_the_answers_lies_nothing_else(model: Path, texts: Path) -> None:
    names = {name.split("/")[0] for name in snapshot(answer(model, texts))}
    assert {name for name in names if not name.startswith("part-")} == {"_run"}


def test_scores_of_earlier_versions_are_still_read(tmp_path: Path) -> None:
    codebook: Codebook = make_codebook("toll", "school")
    for sign in "._":
        row = {"id": "a", "narratives": "toll", f"score{sign}toll": 0.9, f"score{sign}school": 0.1, "score_of_mine": 7}
        [prediction] = read_predictions(write_input(tmp_path / f"p{ord(sign)}.csv", [row]), codebook)
        assert prediction.scores == {"toll": 0.9, "school": 0.1}


def test_a_folder_of_an_earlier_version_is_told_and_can_be_begun_anew(model: Path, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_input(out / "part-00000.jsonl", [{"id": "old"}])
    write_input(out / "log" / "part-00000.jsonl", [{"texts": 1}])
    (out / "plan.json").write_text('{"format_version": 2, "narratives": "0.1.0", "inputs": []}')
    assert problems_of(lambda: run(model, out, texts)) == [
        f"{out}/_run/plan.json: written by narratives 0.1.0 in another format; {ANEW}"
    ]
    run(model, out, texts, restart=True)
    assert {name.split("/")[0] for name in snapshot(out)} == {"_run", "log", "part-00000.jsonl"}
    assert not list((out / "log").iterdir())


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_titles_and_texts_on_request(model: Path, texts: Path, form: str) -> None:
    rows = read_rows(answer(model, texts, form=form, titles=True, texts=True))
    assert [row["text"] for row in rows] == [f"toll school, „ferry“ {k}" for k in range(30)]
    for row in rows:
        titles = [TITLES[id_] for id_ in row["narratives"]]
        assert row["titles"] == ("; ".join(titles) if form == "csv" else titles)
    assert any(row["narratives"] for row in rows)


def test_a_column_that_would_hide_one_of_ours_is_refused(model: Path, texts: Path) -> None:
    for name, options in (("text", {"texts": True}), ("titles", {"titles": True}), ("score_toll", {})):
        [told] = problems_of(lambda n=name, o=options: run(model, texts.parent / "out", texts, columns=Columns(keep=(n,)), **o))  # type: ignore[misc]
        assert told.startswith(f"--keep {name}: the output has a column of this name")


def test_a_spreadsheet_knows_the_letters(root: Path, texts: Path, tmp_path: Path) -> None:
    done = invoke(root, "classify", texts, "--model", "base", "--output", tmp_path / "out", "--excel", "--text", "--titles")
    assert done.exit_code == 0
    [part] = (tmp_path / "out").glob("part-*.csv")
    assert part.read_bytes().startswith(b"\xef\xbb\xbf")
    with part.open(encoding="utf-8-sig", newline="") as stream:
        assert next(csv.DictReader(stream))["text"] == "toll school, „ferry“ 0"
    refused = invoke(root, "classify", texts, "--model", "base", "--output", tmp_path / "b", "--excel", "--format", "jsonl")
    assert refused.exit_code == 2 and "--excel is for CSV" in refused.stderr


def test_standard_input_has_titles_too(root: Path) -> None:
    from click.testing import CliRunner

    from narratives.cli import cli

    words = ["--project", str(root), "classify", "-", "--model", "base", "--titles", "--text"]
    row = json.loads(CliRunner().invoke(cli, words, input='{"text": "toll"}\n').stdout)
    assert row["text"] == "toll" and row["titles"] == [TITLES[id_] for id_ in row["narratives"]]
