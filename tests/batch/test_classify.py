"""Files of new texts in, a folder of answers out, whatever the formats; what cannot be read is told and stops nothing."""

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from helpers.batch_runs import TEXTS, read_rejects, read_rows, run, write_input
from helpers.examples import problems_of
from helpers.toy import TOPICS, Toy

from narratives.batch.items import Columns
from narratives.batch.job import BatchSummary, classify_files, report_status
from narratives.batch.plan import Options
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.errors import UserError
from narratives.models.folder import load_model
from narratives.models.model import Model
from narratives.texts.languages import find_version

NUMBERED = [{"id": f"n{k}", "text": text} for k, text in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def folder(finished: Path) -> Path:
    return finished / "models" / "tfidf"


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return load_model(folder)


@pytest.fixture
def answers(folder: Path, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Give a function that classifies inputs into a fresh folder and reads all rows."""

    def classify(*inputs: Path | str, **options: Any) -> list[dict[str, Any]]:
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        run(folder, tmp_path / "out", *inputs, **options)
        return read_rows(tmp_path / "out")

    return classify


Answers = Callable[..., list[dict[str, Any]]]


@pytest.mark.parametrize("ending", ["jsonl", "ndjson", "csv", "tsv", "parquet", "jsonl.gz", "csv.zst"])
def test_every_input_format_gives_the_same_answers(answers: Answers, model: Model, tmp_path: Path, ending: str) -> None:
    inner, _, packed = ending.partition(".")
    path = write_input(tmp_path / f"new.{'jsonl' if inner == 'ndjson' else inner}", NUMBERED).rename(tmp_path / f"new.{inner}")
    if packed == "gz":
        path = tmp_path / f"new.{ending}"
        path.write_bytes(gzip.compress((tmp_path / f"new.{inner}").read_bytes()))
    elif packed:
        path = tmp_path / f"new.{ending}"
        with pa.CompressedOutputStream(str(path), "zstd") as stream:
            stream.write((tmp_path / f"new.{inner}").read_bytes())
    rows = answers(path)
    expected = list(model.classify(TEXTS, [f"n{k}" for k in range(4)]))
    assert [row["id"] for row in rows] == ["n0", "n1", "n2", "n3"]
    assert {row["file"] for row in rows} == {str(path)}
    assert [row["scores"] for row in rows] == [prediction.scores for prediction in expected]
    assert [row["narratives"] for row in rows] == [list(prediction.narratives) for prediction in expected]


def test_a_text_file_has_a_text_a_line(answers: Answers, tmp_path: Path) -> None:
    path = tmp_path / "new.txt"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n\r\n".join(TEXTS).encode())
    rows = answers(path)
    assert [(row["id"], row["line"]) for row in rows] == [(f"new.txt:{line}", line) for line in (1, 3, 5, 7)]
    assert [row["scores"] for row in rows] == [row["scores"] for row in answers(write_input(tmp_path / "new.jsonl", NUMBERED))]


def test_every_output_format_says_the_same(answers: Answers, model: Model, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.jsonl", NUMBERED)
    first = answers(path)
    assert [row["narratives"] for row in first] != [[]] * 4
    assert {(row["run"], row["codebook"]) for row in first} == {("tfidf", model.codebook.digest[:12])}
    for form in ("csv", "parquet"):
        for a, b in zip(first, answers(path, form=form), strict=True):
            assert b["scores"] == pytest.approx(a["scores"], abs=1e-6)
            assert (b["id"], int(b["line"]), b["narratives"]) == (a["id"], a["line"], a["narratives"])


def test_ids_are_kept_and_made_of_file_and_line_where_there_are_none(answers: Answers, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "ä 1", "text": "a"},
        {"id": 7, "text": "b"},
        {"text": "c"},
        {"id": "", "text": "d"},
        {"id": None, "text": "e"},
    ]
    path = write_input(tmp_path / "new.jsonl", rows)
    assert [row["id"] for row in answers(path)] == ["ä 1", "7", "new.jsonl:3", "new.jsonl:4", "new.jsonl:5"]


def test_folders_and_patterns_stand_for_their_files_each_once(answers: Answers, tmp_path: Path) -> None:
    for name in ("b/two.txt", "a/one.txt", "a/.hidden.txt", "a/notes.md"):
        write_input((tmp_path / "in" / name).with_suffix(".txt"), [{"text": name}])
    (tmp_path / "in" / "a" / "notes.txt").rename(tmp_path / "in" / "a" / "notes.md")
    pattern = str(tmp_path / "in" / "*" / "t*.txt")
    assert [row["id"] for row in answers(tmp_path / "in")] == ["one.txt:1", "two.txt:1"]
    assert [row["id"] for row in answers(pattern)] == ["two.txt:1"]
    assert [row["id"] for row in answers(pattern, tmp_path / "in")] == ["two.txt:1", "one.txt:1"]


def test_two_files_of_one_name_get_ids_that_differ(answers: Answers, tmp_path: Path) -> None:
    paths = [write_input(tmp_path / folder / "new.txt", [{"text": "toll"}]) for folder in ("a", "b")]
    assert [row["id"] for row in answers(*paths)] == [f"{path}:1" for path in paths]


def test_columns_can_be_carried_over(answers: Answers, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.jsonl", [{"id": "1", "body": "toll", "tags": ["x"], "year": 2024}, {"body": "exam"}])
    first, second = answers(path, columns=Columns(text="body", keep=("tags", "body")))
    assert (first["tags"], first["body"], second["tags"]) == (["x"], "toll", None)
    [row, _] = answers(path, columns=Columns(text="body", keep=("all",)))
    assert row["record"] == {"body": "toll", "tags": ["x"], "year": 2024}
    [row, _] = answers(path, columns=Columns(text="body", keep=("tags",)), form="parquet")
    assert row["tags"] == '["x"]'


@pytest.mark.parametrize("name", ["scores", "record", "starts", "score_toll"])
def test_a_column_that_would_hide_ours_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    path = write_input(tmp_path / "new.jsonl", NUMBERED)
    reason = f"--keep {name}: the output has a column of this name; leave it out or rename it in the input"
    assert problems_of(lambda: run(folder, tmp_path / "out", path, columns=Columns(keep=(name,)))) == [reason]
    assert not (tmp_path / "out").exists()


def test_bad_records_are_listed_in_order_and_the_run_goes_on(folder: Path, tmp_path: Path) -> None:
    lines = ['{"text": "toll"}', "nonsense", '{"text": null}', '{"text": 3}', "[1]", '{"id": 4}', '{"text": "\\ud800"}', ""]
    path = tmp_path / "new.jsonl"
    path.write_bytes("\n".join(lines * 40).encode() + b'{"text": "\xff"}\n{"a\xe2\x80\xa8b": 1}\n{"text": "a", "text": "b"}\n')
    summary = run(folder, tmp_path / "out", path, part_size=300)
    rejects = read_rejects(tmp_path / "out")
    assert (summary.texts, summary.rejects, len(rejects)) == (40, 6 * 40 + 3, 6 * 40 + 3)
    assert {file for file, _, _ in rejects} == {str(path)}
    assert [line for _, line, _ in rejects] == sorted(line for _, line, _ in rejects)
    assert [reason for _, _, reason in rejects[:6]] == [
        "broken JSON: Expecting value at column 1",
        "'text' is missing",
        "'text' is int, not a text",
        'each line must be an object such as {"id": "1", "text": "..."}',
        "'text' is not there; the record has id",
        "half a surrogate pair (\\ud...) is no character; mend the export",
    ]
    assert [line for _, line, _ in rejects[-3:]] == [320, 321, 322]
    assert rejects[-2][2] == "'text' is not there; the record has a\u2028b"


def test_an_empty_text_carries_none_and_is_noted(answers: Answers, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.jsonl", [{"text": ""}, {"text": " \n "}, {"text": "toll"}])
    rows = answers(path)
    assert [row.get("note") for row in rows] == ["empty text", "empty text", None]
    assert [row["narratives"] for row in rows[:2]] == [[], []]
    assert {score for row in rows[:2] for score in row["scores"].values()} == {0.0}
    assert report_status(str(tmp_path / "out")).empty == 2


def test_the_summary_counts(folder: Path, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.jsonl", [{"text": text, "language": "en"} for text in TEXTS])
    seen: list[tuple[int, int, str]] = []
    summary = classify_files([str(path)], folder, str(tmp_path / "out"), Options(), progress=lambda *now: seen.append(now))
    rows = read_rows(tmp_path / "out")
    none, counts = sum(not r["narratives"] for r in rows), {i: sum(i in r["narratives"] for r in rows) for i in TOPICS}
    raised = {id_: n for id_, n in counts.items() if n}
    assert summary == BatchSummary(1, 1, 4, 4, none=none, narratives=raised, languages={"en": 4}, finder=find_version())
    assert json.loads((tmp_path / "out.run/summary.json").read_text()) == summary.to_json()
    assert (tmp_path / "out.run/rejects.jsonl").exists() is False
    assert seen[-1][:2] == (4, 4)
    assert seen[-1][2].endswith(" texts/s")


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_no_texts_give_answers_without_rows(answers: Answers, tmp_path: Path, form: str) -> None:
    assert answers(write_input(tmp_path / "new.txt", []), form=form) == []
    assert len(list((tmp_path / "out").glob("part-*"))) == 1


def test_equal_texts_are_computed_once_in_a_part(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[str] = []
    inner = TfidfClassifier.predict_proba

    def count(self: TfidfClassifier, texts: list[str], **rest: Any) -> Any:
        computed.extend(texts)
        return inner(self, texts, **rest)

    monkeypatch.setattr(TfidfClassifier, "predict_proba", count)
    path = write_input(tmp_path / "new.txt", [{"text": text} for text in TEXTS * 500])
    run(folder, tmp_path / "out", path)
    assert computed[1:] == TEXTS  # the first is tried when the model is loaded
    rows = read_rows(tmp_path / "out")
    assert [row["scores"] for row in rows] == [row["scores"] for row in rows[:4]] * 500


def test_many_texts_are_answered_as_one_by_one(answers: Answers, model: Model, tmp_path: Path, toy_texts: Toy) -> None:
    texts = [f"{toy_texts.texts[k % 60]} {k}" for k in range(1500)]
    rows = answers(write_input(tmp_path / "new.txt", [{"text": text} for text in texts]))
    assert [row["id"] for row in rows] == [f"new.txt:{k + 1}" for k in range(1500)]
    for k in [*range(0, 1500, 97), 511, 512, 513, 1023, 1024, 1499]:
        [alone] = model.classify([texts[k]], ["-"])
        assert rows[k]["scores"] == pytest.approx(alone.scores, abs=2e-6)
        assert rows[k]["narratives"] == list(alone.narratives)


@pytest.mark.parametrize("name", ["tfidf", "transformer"])
def test_the_rows_do_not_depend_on_the_size_of_parts(finished: Path, tmp_path: Path, toy_texts: Toy, name: str) -> None:
    path = write_input(tmp_path / "new.csv", [{"text": f"{text} {k}"} for k, text in enumerate(toy_texts.texts[:40])])
    joined = set()
    for size in (1, 700, 1 << 20):
        run(finished / "models" / name, tmp_path / f"out{size}", path, part_size=size)
        joined.add(b"".join(part.read_bytes() for part in sorted((tmp_path / f"out{size}").glob("part-*"))))
    assert len(joined) == 1


def test_a_missing_model_is_told_before_anything_is_written(tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.txt", [{"text": "a"}])
    with pytest.raises(UserError, match="no such model"):
        run(tmp_path / "none", tmp_path / "out", path)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_answers_that_was_deleted_is_begun_anew(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(folder, out, write_input(tmp_path / "one.jsonl", [{"text": "toll"}]))
    shutil.rmtree(out)
    summary = run(folder, out, write_input(tmp_path / "two.jsonl", [{"text": "toll"}, {"text": "school"}]))
    assert (summary.texts, len(read_rows(out))) == (2, 2)
