"""`classify` with a cascade: each row says which stage answered, the same however a run was done."""

import io
import json
import shutil
from pathlib import Path

import pytest
from helpers.batch_runs import number_texts, read_rows, run, write_input
from helpers.examples import invoke, problems_of, snapshot
from helpers.served import serving

from narratives.batch.items import Columns
from narratives.batch.plan import Options
from narratives.batch.stream import classify_stream
from narratives.models.folder import load_model
from narratives.models.model import Model

LONG = "  ".join(["She went home, and that was all."] * 40 + ["A toll at the bridge barrier, a ferry and a tariff."])
QUIET = "Wheat and water at the market, and a letter in winter. " * 30


@pytest.fixture
def folder(cascaded: Path) -> Path:
    return cascaded / "models" / "blend"


@pytest.fixture
def model(folder: Path) -> Model:
    return load_model(folder)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    rows = [{"id": "long", "text": LONG}, {"id": "empty", "text": ""}, {"id": "quiet", "text": QUIET}, *number_texts(60)]
    return write_input(tmp_path / "new.jsonl", rows)


@pytest.mark.parametrize("explain", [False, True])
def test_the_three_formats_say_which_stage_answered(
    folder: Path, model: Model, texts: Path, tmp_path: Path, explain: bool
) -> None:
    records = [json.loads(line) for line in texts.read_text(encoding="utf-8").splitlines()]
    expected = model.classify([record["text"] for record in records if isinstance(record["text"], str)]).stages
    assert expected is not None and {*expected} == {"first", "full"}
    for form in ("jsonl", "csv", "parquet"):
        summary = run(folder, tmp_path / form, texts, form=form, explain=explain)
        rows = read_rows(tmp_path / form)
        assert [row["stage"] for row in rows] == expected
        assert not any(row["narratives"] for row in rows if row["stage"] == "first")
        assert summary.first == expected.count("first") < summary.rows


def test_a_row_for_each_passage_says_who_read_it(folder: Path, texts: Path, tmp_path: Path) -> None:
    for form in ("jsonl", "parquet"):
        summary = run(folder, tmp_path / form, texts, form=form, unit="passage")
        rows = read_rows(tmp_path / form)
        assert {row["stage"] for row in rows if row["id"] == "long"} == {"first", "full"}
        assert {row["stage"] for row in rows if row["id"] == "quiet"} == {"first"}
        assert summary.first == sum(row["stage"] == "first" for row in rows)


def test_neither_the_size_of_parts_nor_processes_change_a_byte(folder: Path, texts: Path, tmp_path: Path) -> None:
    for name, size, jobs in (("whole", 1 << 20, 1), ("small", 1000, 1), ("two", 1000, 2)):
        run(folder, tmp_path / name, texts, part_size=size, jobs=jobs)
    whole, small, two = (
        b"".join(path.read_bytes() for path in sorted((tmp_path / name).glob("part-*"))) for name in ("whole", "small", "two")
    )
    assert whole == small == two
    assert len(list((tmp_path / "small").glob("part-*"))) > 2


def test_a_request_and_a_line_get_the_row_of_classify(cascaded: Path, texts: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(cascaded, tmp_path / "project"))
    lines = texts.read_text(encoding="utf-8").splitlines()[:6]
    run(
        root / "models" / "blend", tmp_path / "out", write_input(tmp_path / "stdin.jsonl", [json.loads(line) for line in lines])
    )
    expected = [(row["id"], row["stage"], row["scores"]) for row in read_rows(tmp_path / "out")]
    out = io.StringIO()
    classify_stream(io.BytesIO("\n".join(lines).encode() + b"\n"), out, root / "models" / "blend", Options(), print)
    with serving(root) as client:
        body = {"model": "blend", "texts": [json.loads(line) for line in lines]}
        reply = client.post("/api/classify", json=body, headers={"accept": "application/jsonl"})
    assert reply.status_code == 200, reply.text
    for answered in (out.getvalue(), reply.text):
        rows = [json.loads(line) for line in answered.splitlines()]
        assert [(row["id"], row["stage"], row["scores"]) for row in rows] == expected


def test_the_summary_says_how_many_the_first_stage_answered(cascaded: Path, texts: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(cascaded, tmp_path / "project"))
    said = invoke(root, "classify", texts, "--model", "blend", "--output", tmp_path / "out")
    assert said.exit_code == 0, said.output
    summary = json.loads((tmp_path / "out.run" / "summary.json").read_text("utf-8"))
    line = (
        f"TF-IDF alone answered {summary['first']} of {summary['rows']} texts, nothing raised; the whole model read the others"
    )
    assert line in said.output


def test_a_column_that_would_hide_the_stage_is_refused(folder: Path, finished: Path, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.jsonl", [{"text": "a toll at the bridge", "stage": "draft"}])
    kept = Columns(keep=("stage",))
    [line] = problems_of(lambda: run(folder, tmp_path / "out", path, columns=kept))
    assert line.startswith("--keep stage: the output has a column of this name")
    run(finished / "models" / "transformer", tmp_path / "other", path, columns=kept)
    assert [row["stage"] for row in read_rows(tmp_path / "other")] == ["draft"]


def test_without_a_cascade_nothing_is_said_of_stages(cascaded: Path, texts: Path, tmp_path: Path) -> None:
    for form in ("jsonl", "csv", "parquet"):
        summary = run(cascaded / "models" / "transformer", tmp_path / form, texts, form=form)  # which was refused it
        assert summary.first is None and not any("stage" in row for row in read_rows(tmp_path / form))
    files = snapshot(tmp_path / "jsonl")
    assert b'"first"' not in b"".join(data for data in files.values() if data)
