"""Files of new texts in, one file of predictions out, whatever the formats."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from conftest import TOPICS, Toy

from narratives.classify import Summary, classify_files
from narratives.cli import cli
from narratives.errors import UserError
from narratives.model import Model, load_model

TEXTS = [
    "a toll at the bridge barrier",
    "the teacher gave the exam to a pupil",
    "she went home, and that was all",
    "toll, exam",
]
FORMATS = ["jsonl", "csv", "parquet"]


@pytest.fixture(scope="module")
def model(finished: Path) -> Model:
    return load_model(finished / "models" / "tfidf")


def write_input(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A file of `rows`, in the format that its ending names."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".txt":
        path.write_text("".join(row["text"] + "\n" for row in rows), encoding="utf-8")
    else:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


def read_output(path: Path) -> list[dict[str, Any]]:
    """The rows of an output in one shape: id, narratives (a list), scores, run, codebook."""
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [{**row, "narratives": list(row["narratives"])} for row in rows]
    if path.suffix == ".parquet":
        rows = pq.read_table(path).to_pylist()
    else:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [{**row, "narratives": [n for n in row["narratives"].split(";") if n]} for row in csv.DictReader(stream)]
    for row in rows:
        row["scores"] = {id_: float(row.pop(f"score.{id_}")) for id_ in TOPICS}
    return rows


def classify(model: Model, tmp_path: Path, *inputs: Path, form: str = "jsonl", **options: Any) -> list[dict[str, Any]]:
    return read_output(classify_files(inputs, model, tmp_path / "out", form, **options).output)


def problems(model: Model, tmp_path: Path, *inputs: Path) -> tuple[str, ...]:
    """What is said of bad input; nothing may have been written."""
    with pytest.raises(UserError) as caught:
        classify_files(inputs, model, tmp_path / "out", "jsonl")
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []
    return caught.value.problems


@pytest.mark.parametrize("ending", ["jsonl", "csv", "tsv", "parquet"])
def test_every_input_format_gives_the_same_answers(model: Model, tmp_path: Path, ending: str) -> None:
    rows = [{"id": f"n{k}", "text": text} for k, text in enumerate(TEXTS)]
    answers = classify(model, tmp_path, write_input(tmp_path / f"new.{ending}", rows))
    expected = model.predict([f"n{k}" for k in range(4)], TEXTS)
    assert [row["id"] for row in answers] == ["n0", "n1", "n2", "n3"]
    assert [row["scores"] for row in answers] == [prediction.scores for prediction in expected]
    assert [row["narratives"] for row in answers] == [list(prediction.narratives) for prediction in expected]


def test_a_text_file_has_a_text_a_line(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "new.txt"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n\r\n".join(TEXTS).encode())
    answers = classify(model, tmp_path, path)
    assert [row["id"] for row in answers] == ["new.txt:1", "new.txt:3", "new.txt:5", "new.txt:7"]
    assert [row["scores"] for row in answers] == [prediction.scores for prediction in model.predict(["-"] * 4, TEXTS)]


def test_every_output_format_says_the_same(model: Model, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.jsonl", [{"id": f"n{k}", "text": text} for k, text in enumerate(TEXTS)])
    first, *others = (classify(model, tmp_path, path, form=form) for form in FORMATS)
    assert [row["narratives"] for row in first] != [[]] * 4
    assert {(row["run"], row["codebook"]) for row in first} == {("tfidf", model.codebook.digest[:12])}
    for other in others:
        for a, b in zip(first, other, strict=True):
            assert b.pop("scores") == pytest.approx(a["scores"], abs=1e-6)
            assert b == {key: value for key, value in a.items() if key != "scores"}


def test_the_columns_of_csv_and_parquet(model: Model, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.txt", [{"text": "toll"}])
    columns = ["id", "narratives", "score.toll", "score.school", "score.flood", "run", "codebook"]
    table = pq.read_table(classify_files([path], model, tmp_path, "parquet").output)
    assert table.column_names == columns
    assert str(table.schema.field("score.toll").type) == "float"
    text = classify_files([path], model, tmp_path, "csv").output.read_text(encoding="utf-8")
    assert text.splitlines()[0].split(",") == columns


def test_ids_are_kept_and_made_of_file_and_line_where_there_are_none(model: Model, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "ä 1", "text": "a"},
        {"id": 7, "text": "b"},
        {"text": "c"},
        {"id": "", "text": "d"},
        {"id": None, "text": "e"},
    ]
    path = write_input(tmp_path / "new.jsonl", rows)
    assert [row["id"] for row in classify(model, tmp_path, path)] == ["ä 1", "7", "new.jsonl:3", "new.jsonl:4", "new.jsonl:5"]


def test_several_inputs_make_one_output_in_their_order(model: Model, tmp_path: Path) -> None:
    one = write_input(tmp_path / "one.txt", [{"text": "a"}, {"text": "b"}])
    two = write_input(tmp_path / "two.csv", [{"id": "x", "text": "c"}])
    assert [row["id"] for row in classify(model, tmp_path, two, one)] == ["x", "one.txt:1", "one.txt:2"]


def test_two_files_of_one_name_get_ids_that_differ(model: Model, tmp_path: Path) -> None:
    paths = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        paths.append(write_input(tmp_path / folder / "new.txt", [{"text": "toll"}]))
    assert [row["id"] for row in classify(model, tmp_path, *paths)] == [f"{path}:1" for path in paths]


def test_another_column_can_hold_the_text(model: Model, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.csv", [{"body": TEXTS[0], "text": TEXTS[1]}])
    [row] = classify(model, tmp_path, path, text_column="body")
    assert row["scores"] == model.predict(["-"], [TEXTS[0]])[0].scores


def test_many_texts_are_answered_as_one_by_one(model: Model, tmp_path: Path, toy_texts: Toy) -> None:
    texts = [f"{toy_texts.texts[k % 60]} {k}" for k in range(3000)]
    answers = classify(model, tmp_path, write_input(tmp_path / "new.txt", [{"text": text} for text in texts]))
    assert [row["id"] for row in answers] == [f"new.txt:{k + 1}" for k in range(3000)]
    for k in [*range(0, 3000, 97), 1023, 1024, 1025, 2047, 2048, 2999]:
        [alone] = model.predict(["-"], [texts[k]])
        assert answers[k]["scores"] == pytest.approx(alone.scores, abs=2e-6)
        assert answers[k]["narratives"] == list(alone.narratives)


def test_the_summary_counts(model: Model, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.txt", [{"text": text} for text in TEXTS])
    seen: list[tuple[int, int]] = []
    summary = classify_files([path], model, tmp_path, "csv", progress=lambda done, total, note: seen.append((done, total)))
    answers = read_output(summary.output)
    assert summary == Summary(
        output=tmp_path / "predictions.csv",
        texts=4,
        none=sum(not row["narratives"] for row in answers),
        narratives={id_: n for id_ in TOPICS if (n := sum(id_ in row["narratives"] for row in answers))},
    )
    assert seen[-1] == (4, 4)


@pytest.mark.parametrize("form", FORMATS)
def test_no_texts_give_an_output_without_rows(model: Model, tmp_path: Path, form: str) -> None:
    path = write_input(tmp_path / "new.txt", [])
    assert classify(model, tmp_path, path, form=form) == []


def test_bad_records_are_all_named_and_nothing_is_written(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "new.jsonl"
    path.write_text(
        '{"text": "a", "id": "1"}\nnonsense\n{"text": " "}\n{"text": 3}\n{"text": "b", "id": "1"}\n', encoding="utf-8"
    )
    assert problems(model, tmp_path, path) == (
        f"{path}:2: broken JSON: Expecting value at column 1",
        f"{path}:3: 'text' is empty; fill it in or delete the record",
        f"{path}:4: 'text' is not a text; fill it in or delete the record",
        f"{path}:5: id '1' was used at {path}:1; ids must be unique",
    )


def test_a_bad_record_at_the_very_end_leaves_nothing_behind(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "new.jsonl"
    path.write_text('{"text": "toll"}\n' * 3000 + '{"text": ""}\n', encoding="utf-8")
    assert problems(model, tmp_path, path) == (f"{path}:3001: 'text' is empty; fill it in or delete the record",)


def test_a_file_full_of_bad_records_is_not_listed_in_full(model: Model, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.jsonl", [{"text": ""}] * 2000)
    told = problems(model, tmp_path, path)
    assert len(told) == 51
    assert told[-1] == f"{path}: over 49 bad records; reading stopped here"


def test_a_file_without_a_text_column(model: Model, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.csv", [{"id": "1", "txt": "a"}])
    assert problems(model, tmp_path, path) == (f"{path}:2: no 'text' column; did you mean 'txt'?; name it with --text-column",)


def test_old_predictions_stay_where_new_ones_fail(model: Model, tmp_path: Path) -> None:
    good, bad = write_input(tmp_path / "new.txt", [{"text": "a"}]), write_input(tmp_path / "bad.csv", [{"text": ""}])
    output = classify_files([good], model, tmp_path, "jsonl").output
    before = output.read_bytes()
    with pytest.raises(UserError):
        classify_files([good, bad], model, tmp_path, "jsonl")
    assert output.read_bytes() == before


@pytest.mark.parametrize("name", ["tfidf", "transformer"])
def test_the_command(finished: Path, tmp_path: Path, name: str) -> None:
    path = write_input(tmp_path / "new.txt", [{"text": text} for text in TEXTS])
    arguments = [
        "--project",
        str(finished),
        "classify",
        str(path),
        "--model",
        name,
        "--output",
        str(tmp_path),
        "--format",
        "csv",
    ]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    rows = read_output(tmp_path / "predictions.csv")
    none = sum(not row["narratives"] for row in rows)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == f"4 texts, {none} of them carry none: {tmp_path / 'predictions.csv'}"


def test_a_model_can_be_named_by_its_folder(finished: Path, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.txt", [{"text": "toll"}])
    arguments = ["classify", str(path), "--model", str(finished / "models" / "tfidf"), "--output", str(tmp_path)]
    assert CliRunner().invoke(cli, arguments, catch_exceptions=False).exit_code == 0
    assert pq.read_table(tmp_path / "predictions.parquet").num_rows == 1
