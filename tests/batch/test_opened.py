"""Answers opened as a whole by the programs that people use, and what may stand beside an answer."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
from helpers.batch_runs import add, collect, kept, read_rows, run, write_input
from helpers.examples import invoke, make_codebook, problems_of, snapshot
from pyarrow.dataset import dataset

from narratives.batch.items import Columns
from narratives.batch.job import report_status
from narratives.batch.plan import ANEW
from narratives.batch.record import read_record
from narratives.batch.storage import find_kept
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
    for place in (out, f"{out}/", f"{out}/*.parquet", f"{out}/**/*.parquet"):
        query = f"select count(*), max(score_toll) > 0, count(distinct id) from read_parquet('{place}')"
        assert duckdb.sql(query).fetchall() == [(30, True, 30)]


def test_polars_opens_the_folder(model: Path, texts: Path) -> None:
    polars = pytest.importorskip("polars")
    out = answer(model, texts, form="parquet")
    for place in (out, f"{out}/", f"{out}/*.parquet"):
        assert polars.read_parquet(place).shape[0] == polars.scan_parquet(place).collect().shape[0] == 30


def test_pyarrow_opens_the_folder(model: Path, texts: Path) -> None:
    assert dataset(answer(model, texts, form="parquet"), format="parquet").count_rows() == 30


def test_beside_the_answers_lies_nothing_else(model: Path, texts: Path) -> None:
    out = answer(model, texts)
    assert {name for name in snapshot(out) if not name.startswith("part-")} == set()
    assert {name for name in snapshot(kept(out)) if "/" not in name} == {"plan.json", "log", "summary.json", "rejects.jsonl"}


@pytest.mark.parametrize("again", ["go on", "add", "status", "begin anew"])
def test_a_run_that_an_earlier_version_kept_in_the_folder_goes_on_there(model: Path, texts: Path, again: str) -> None:
    out = answer(model, texts)
    whole = collect(out)
    kept(out).rename(out / "_run")
    (out / "part-00001.jsonl").unlink()
    before = snapshot(out)
    if again == "status":
        summary = report_status(str(out))
        assert summary.parts - summary.done == 1 and snapshot(out) == before
        return
    if again == "add":
        add(model, out, write_input(texts.parent / "more.jsonl", [{"text": "toll"}]), part_size=500)
        assert b"more.jsonl" in (out / "_run" / "plan.json").read_bytes()
        return
    run(model, out, texts, part_size=500, restart=again == "begin anew")
    assert {name: data for name, data in snapshot(out).items() if name != "_run"} == whole
    assert not kept(out).exists() and read_record(out).model


def test_what_an_earlier_version_kept_in_the_folder_can_be_put_beside_it(model: Path, texts: Path) -> None:
    polars = pytest.importorskip("polars")
    out = answer(model, texts, form="parquet")
    whole = collect(out)
    kept(out).rename(out / "_run")
    with pytest.raises(polars.exceptions.PolarsError):
        polars.read_parquet(out)
    (out / "_run").rename(kept(out))
    run(model, out, texts, part_size=500, form="parquet")
    assert collect(out) == whole and len(polars.read_parquet(out)) == 30


def test_a_folder_that_was_moved_alone_says_what_is_missing(model: Path, texts: Path) -> None:
    out = answer(model, texts)
    whole = collect(out)
    moved = out.rename(out.with_name("june"))
    [problem] = problems_of(lambda: run(model, moved, texts, part_size=500))
    assert f"no plan is in {moved}.run; move that folder along where this one was moved" in problem
    assert "with its .run folder beside it" in problems_of(lambda: report_status(str(moved)))[0]
    kept(out).rename(kept(moved))
    run(model, moved, texts, part_size=500)
    assert collect(moved) == whole


def test_what_lies_beside_the_answers_is_no_input(model: Path, texts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(texts.parent)
    for inputs in (".", "*"):
        run(model, Path("out"), inputs, restart=True)
        assert run(model, Path("out"), inputs).texts == 30
    assert {row["file"] for row in read_rows(Path("out"))} == {"new.jsonl"}


def test_where_nothing_can_lie_beside_it_the_plan_lies_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert find_kept(str(tmp_path / "link")) == f"{tmp_path}/real.run"  # two names of a folder have one plan
    monkeypatch.chdir(tmp_path / "real")
    assert find_kept(".") == f"{tmp_path}/real.run"
    assert find_kept("/") == "/_run"
    assert find_kept("new/") == "new.run"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert find_kept(str(tmp_path / "real")) == f"{tmp_path}/real/_run"
    (tmp_path / "real.run").mkdir()
    assert find_kept(str(tmp_path / "real")) == f"{tmp_path}/real.run"


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
        f"{out}/plan.json: written by narratives 0.1.0 in another format; {ANEW}"
    ]
    run(model, out, texts, restart=True)
    assert {name.split("/")[0] for name in snapshot(out)} == {"log", "part-00000.jsonl"}
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
