"""`classify --explain`: the words that carry each narrative, in every format, the same however a run was done."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.batch_runs import SIZE, collect, number_texts, read_rows, run, start, write_input
from helpers.examples import invoke, problems_of

from narratives.batch import work as classify_part
from narratives.batch.plan import ANEW, Options
from narratives.batch.stream import classify_stream
from narratives.models.explanations import explain_raised
from narratives.models.folder import load_model
from narratives.texts.words import parse_words

LONG = "  ".join(["She went home, and that was all."] * 40 + ["A toll at the bridge barrier, a ferry and a tariff."])


@pytest.fixture
def folder(finished: Path) -> Path:
    return finished / "models" / "tfidf"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    rows = [{"id": "long", "text": LONG}, {"id": "empty", "text": ""}, {"id": "long 2", "text": LONG}, *number_texts(60)]
    return write_input(tmp_path / "new.jsonl", rows)


def words_of(output: Path) -> list[list[list[tuple[int, int, float]]]]:
    """Of each row, of each narrative raised, its words."""
    found: list[Any] = []
    for row in read_rows(output):
        words = row["words"]
        if isinstance(words, dict):
            assert list(words) == row["narratives"]
            words = list(words.values())
        elif isinstance(words, str):
            words = [parse_words(each) for each in words.split(";")] if row["narratives"] else []
        else:
            words = [[tuple(word.values()) for word in each] for each in words]
        found.append([[tuple(word) for word in each] for each in words])
    return found


@pytest.mark.parametrize("unit", ["text", "passage"])
def test_the_three_formats_say_the_same(folder: Path, texts: Path, tmp_path: Path, unit: str) -> None:
    for form in ("jsonl", "csv", "parquet"):
        run(folder, tmp_path / form, texts, form=form, unit=unit, explain=True)
    found = words_of(tmp_path / "jsonl")
    assert found == words_of(tmp_path / "csv") == words_of(tmp_path / "parquet")
    assert any(found) and not all(found)


def test_places_are_those_in_the_whole_text(folder: Path, texts: Path, tmp_path: Path) -> None:
    for unit in ("text", "passage"):
        run(folder, tmp_path / unit, texts, unit=unit, explain=True)
    [whole] = [row for row in read_rows(tmp_path / "text") if row["id"] == "long"]
    windows = [row for row in read_rows(tmp_path / "passage") if row["id"] == "long"]
    [last] = [row for row in windows if "toll" in row["narratives"]]
    assert len(windows) > 1 and whole["words"]["toll"] == last["words"]["toll"]
    told = [LONG[start:end] for start, end, _ in last["words"]["toll"]]
    assert {"toll", "bridge", "ferry", "tariff"} & set(told) and told == sorted(told, key=LONG.index)


def test_the_answers_themselves_stay_the_same(folder: Path, texts: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "plain", texts)
    run(folder, tmp_path / "explained", texts, explain=True)
    explained = read_rows(tmp_path / "explained")
    assert [{key: row[key] for key in row if key != "words"} for row in explained] == read_rows(tmp_path / "plain")


@pytest.mark.parametrize("name", ["tfidf", "transformer"])
def test_the_words_do_not_depend_on_the_size_of_parts(finished: Path, texts: Path, tmp_path: Path, name: str) -> None:
    for size in (SIZE, 1 << 20):
        run(finished / "models" / name, tmp_path / str(size), texts, explain=True, part_size=size)
    assert read_rows(tmp_path / str(SIZE)) == read_rows(tmp_path / str(1 << 20))


def test_the_words_do_not_depend_on_the_number_of_processes(folder: Path, texts: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "one", texts, explain=True, part_size=SIZE)
    process = start(folder, tmp_path / "two", texts, "--jobs", "2", "--explain")
    assert process.wait() == 0
    parts = [collect(tmp_path / name) for name in ("one", "two")]
    for files in parts:
        files.pop("_run/plan.json")
    assert parts[0] == parts[1]


def test_a_run_begun_without_is_not_gone_on_with(folder: Path, texts: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "out", texts)
    before = collect(tmp_path / "out")
    told = problems_of(lambda: run(folder, tmp_path / "out", texts, explain=True))
    assert told == [f"{tmp_path}/out.run/plan.json: this run was begun with another --explain (without, not with); {ANEW}"]
    assert collect(tmp_path / "out") == before


def test_standard_input_gives_the_words_of_a_file(folder: Path, texts: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "out", texts, explain=True)
    out = io.StringIO()
    classify_stream(io.BytesIO(texts.read_bytes()), out, folder, Options(explain=True), lambda _: None)
    rows = [json.loads(line) for line in out.getvalue().split("\n")[:-1]]
    assert [row["words"] for row in rows] == [row["words"] for row in read_rows(tmp_path / "out")]


def test_equal_texts_are_explained_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def spy(model: Any, texts: Any, *rest: Any, inner: Any = explain_raised) -> Any:
        seen.extend(texts)
        return inner(model, texts, *rest)

    monkeypatch.setattr(classify_part, "explain_raised", spy)
    path = write_input(tmp_path / "new.jsonl", [{"text": "a toll at the bridge"}, {"text": "b"}] * 40)
    run(folder, tmp_path / "out", path, explain=True)
    assert sorted(seen) == ["a toll at the bridge", "b"]


def test_a_part_without_rows_has_the_column(folder: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    run(folder, tmp_path / "out", write_input(tmp_path / "new.txt", []), explain=True, form="parquet")
    assert "words" in pq.read_table(tmp_path / "out" / "part-00000.parquet").column_names


def test_the_words_explain_what_evaluate_got_wrong(finished: Path) -> None:
    errors: list[dict[str, object]] = []
    for name in ("tfidf", "transformer"):
        evaluation = json.loads((finished / "experiments" / name / "evaluation.json").read_text(encoding="utf-8"))
        ids = load_model(finished / "models" / name).codebook.ids
        errors.extend(evaluation["worst"])
        for miss in evaluation["worst"]:
            words = parse_words(miss["words"])
            assert miss["narrative"] in ids and all(0 <= a < b <= len(miss["text"]) for a, b, _ in words)
            assert miss["kind"] == "missed" or all(weight > 0 for _, _, weight in words)
    assert any(miss["words"] for miss in errors)


def test_a_column_of_that_name_cannot_be_kept(folder: Path, texts: Path, tmp_path: Path) -> None:
    result = invoke(tmp_path, "classify", texts, "--model", folder, "--output", tmp_path / "out", "--keep", "words")
    assert result.exit_code == 2 and "the output has a column of this name" in result.stderr
