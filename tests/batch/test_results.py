"""Answers on disk: the three formats say the same, whatever the texts hold, and the same bytes each time."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.examples import make_codebook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narratives.batch.items import EMPTY, Columns, Item, to_item
from narratives.batch.rows import FORMATS, Layout, format_row, to_rows
from narratives.files.records import Record, read_records
from narratives.models.answers import Answers
from narratives.models.predictions import read_predictions

IN_FOLDER = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
CODEBOOK = make_codebook("toll", "school", "flood")
TEXTS = st.text(st.sampled_from('\n\r",;\t\0=+-@ \u2028\x85😀') | st.characters(codec="utf-8"), max_size=12)
IDS = st.one_of(TEXTS, st.sampled_from(["1", "007", "1e5", "-1", "1.0", "=1+1", "nan", "null", "true"])).filter(bool)
KEPT = st.one_of(st.none(), TEXTS, st.integers(), st.booleans(), st.lists(TEXTS, max_size=2))


def layout_of(*keep: str, by_window: bool = False) -> Layout:
    return Layout("base", CODEBOOK, Columns(keep=keep), by_window)


def answers_of(rows: int, seed: int = 0) -> Answers:
    rng = np.random.default_rng(seed)
    scores = rng.random((rows, 3)).astype(np.float32)
    spans = np.sort(rng.integers(0, 5000, (rows, 3, 2)), axis=2).astype(np.int32)
    raised = scores > 0.6
    stances = np.where(raised, rng.integers(-1, 3, (rows, 3)), -1).astype(np.int8)
    ids = tuple(map(str, range(rows)))
    return Answers(columns=CODEBOOK.ids, ids=ids, scores=scores, raised=raised, stances=stances, spans=spans)


def write(folder: Path, items: list[Item], answers: Answers, layout: Layout) -> dict[str, Path]:
    paths = {form: folder / f"part.{form}" for form in FORMATS}
    for form, path in paths.items():
        FORMATS[form](path, items, answers, layout)
    return paths


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file in the shape of those of JSONL, spans aside."""
    rows: list[dict[str, Any]] = []
    for record in read_records(path):
        assert isinstance(record, Record), record
        values = dict(record.values)
        if path.suffix != ".jsonl":
            names = values["narratives"]
            stances = values.pop("stances")
            if isinstance(names, str):
                names, stances = (text.split(";") if names else [] for text in (names, stances))
            values["narratives"] = dict(zip(names, [stance or None for stance in stances], strict=True))
            values["line"] = int(values["line"])
            values["scores"] = {id_: float(values.pop(f"score_{id_}")) for id_ in CODEBOOK.ids}
        rows.append(values)
    return rows


def spans_of(path: Path) -> list[list[tuple[int, int]]]:
    rows = [record.values for record in read_records(path) if isinstance(record, Record)]
    if path.suffix == ".jsonl":
        return [[tuple(span) for span in row["spans"].values()] for row in rows]
    if path.suffix == ".parquet":
        return [list(zip(row["starts"], row["ends"], strict=True)) for row in rows]
    pairs = [[span.split("-") for span in row["spans"].split(";") if span] for row in rows]
    return [[(int(start), int(end)) for start, end in row] for row in pairs]


# One content in three formats


@IN_FOLDER
@given(st.lists(st.tuples(IDS, KEPT), max_size=6, unique_by=lambda pair: pair[0]), st.integers(0, 99))
def test_the_three_formats_say_the_same(tmp_path: Path, rows: list[tuple[str, Any]], seed: int) -> None:
    columns = Columns(keep=("kept",))
    records = [Record(line, {"id": id_, "text": "a", "kept": kept}) for line, (id_, kept) in enumerate(rows, 1)]
    items = [to_item(record, columns, "in/é.jsonl", "é.jsonl") for record in records]
    answers, layout = answers_of(len(items), seed), layout_of("kept")
    paths = write(tmp_path, items, answers, layout)
    expected = [json.loads(format_row(row)) for row in to_rows(items, answers, layout)]
    assert read(paths["jsonl"]) == expected
    for form in ("csv", "parquet"):
        for row, other in zip(read(paths[form]), expected, strict=True):
            for key in ("id", "file", "line", "narratives", "run", "codebook"):
                assert row[key] == other[key]
            assert list(row["scores"].values()) == pytest.approx(list(other["scores"].values()), abs=1e-7)
            kept = other["kept"]
            text = kept if kept is None or isinstance(kept, str) else json.dumps(kept, ensure_ascii=False)
            assert row["kept"] == (text or "" if form == "csv" else text)
        assert spans_of(paths[form]) == spans_of(paths["jsonl"])


@IN_FOLDER
@given(st.lists(IDS, min_size=1, max_size=6, unique=True), st.integers(0, 99))
def test_what_is_written_can_be_scored(tmp_path: Path, ids: list[str], seed: int) -> None:
    items = [Item(id_, "a.txt", line, "text") for line, id_ in enumerate(ids, 1)]
    answers = answers_of(len(ids), seed)
    for form, path in write(tmp_path, items, answers, layout_of()).items():
        found = list(read_predictions(path, CODEBOOK))
        assert [prediction.id for prediction in found] == ids, form
        raised = [[id_ in prediction.narratives for id_ in CODEBOOK.ids] for prediction in found]
        assert raised == answers.raised.tolist()
        scores = np.array([list(prediction.scores.values()) for prediction in found])
        np.testing.assert_allclose(scores, answers.scores, atol=1e-6)


@pytest.mark.parametrize("by_window", [False, True])
def test_no_rows_are_a_file_with_all_columns(tmp_path: Path, by_window: bool) -> None:
    layout = layout_of("kept", by_window=by_window)
    paths = write(tmp_path, [], answers_of(0), layout)
    assert [read(path) for path in paths.values()] == [[], [], []]
    header = paths["csv"].read_text(encoding="utf-8").replace('"', "").strip().split(",")
    names = list(pq.read_schema(paths["parquet"]).names)
    place = ["start", "end"] if by_window else []
    last = ["note", "language", "language_note", "kept", "score_toll", "score_school", "score_flood", "run", "codebook"]
    assert header == ["id", "file", "line", *place, "narratives", "stances", *([] if by_window else ["spans"]), *last]
    assert names == ["id", "file", "line", *place, "narratives", "stances", *([] if by_window else ["starts", "ends"]), *last]


def test_a_row_for_each_window_has_its_place_and_no_spans(tmp_path: Path) -> None:
    items = [Item("x", "a.txt", 1, "text", start=start, end=start + 10) for start in (0, 12)]
    for path in write(tmp_path, items, answers_of(2), layout_of(by_window=True)).values():
        rows = read(path)
        assert [(row["id"], int(row["start"]), int(row["end"])) for row in rows] == [("x", 0, 10), ("x", 12, 22)]
        assert not {"spans", "starts", "ends"} & set(rows[0])


def test_an_empty_text_is_noted(tmp_path: Path) -> None:
    items = [Item("x", "a.txt", 1, "", note=EMPTY), Item("y", "a.txt", 2, "b")]
    paths = write(tmp_path, items, answers_of(2), layout_of())
    assert [row.get("note") for row in read(paths["jsonl"])] == [EMPTY, None]
    assert [row["note"] for row in read(paths["csv"])] == [EMPTY, ""]
    assert [row["note"] for row in read(paths["parquet"])] == [EMPTY, None]


# Bytes


@IN_FOLDER
@given(st.lists(st.tuples(IDS, TEXTS), max_size=5))
def test_the_same_answers_are_the_same_bytes(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    items = [Item(id_, "a.txt", line, "b", kept={"kept": kept}) for line, (id_, kept) in enumerate(rows, 1)]
    written = [
        {form: path.read_bytes() for form, path in write(tmp_path, items, answers_of(len(items)), layout_of("kept")).items()}
        for _ in range(2)
    ]
    assert written[0] == written[1]


def test_a_parquet_file_says_nothing_of_when_or_where_it_was_written(tmp_path: Path) -> None:
    path = write(tmp_path, [Item("x", "a.txt", 1, "b")], answers_of(1), layout_of())["parquet"]
    metadata = pq.read_metadata(path)
    assert set(metadata.metadata or {}) == {b"ARROW:schema"}
    assert metadata.created_by.startswith("parquet-cpp-arrow version ")
    assert str(tmp_path).encode() not in path.read_bytes()


def test_the_types_of_parquet_are_the_same_in_every_part(tmp_path: Path) -> None:
    schemas = []
    for kept in (None, "a", 5):
        items = [Item("x", "a.txt", 1, "b", kept={"kept": kept})] * (kept is not None)
        path = write(tmp_path, items, answers_of(len(items)), layout_of("kept"))["parquet"]
        schemas.append(pq.read_schema(path))
    assert schemas[0] == schemas[1] == schemas[2]
    assert schemas[0].field("kept").type == pa.string()
    assert schemas[0].field("score_toll").type == pa.float32()


def test_csv_quotes_texts_alone_and_changes_none(tmp_path: Path) -> None:
    odd = '=HYPERLINK("x")'
    items = [Item("-1", "a.txt", 7, "b", kept={"kept": odd}), Item("@me", "a.txt", 8, "b", kept={"kept": "a\rb"})]
    path = write(tmp_path, items, answers_of(2), layout_of("kept"))["csv"]
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["id"], row["kept"]) for row in rows] == [("-1", odd), ("@me", "a\rb")]
    assert path.read_bytes().splitlines()[1].startswith(b'"-1","a.txt",7,"')
