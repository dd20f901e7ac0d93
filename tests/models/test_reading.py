"""Texts of any length are read to their end, and each answer names the place that it comes from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.batch_runs import read_rows, run, write_input
from hypothesis import given
from hypothesis import strategies as st

from narratives.batch.items import Columns
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.data import UNKNOWN
from narratives.models.folder import load_model
from narratives.models.inference import read_texts
from narratives.models.model import Model
from narratives.texts.windows import find_windows

PLAIN = "She went home, and that was all there was to it. "
TEXT = PLAIN * 30 + "A toll at the bridge barrier. " * 8 + PLAIN * 30 + "The teacher gave the pupil an exam. " * 8 + PLAIN * 20


class Words(TfidfClassifier):
    """Scores a text by the share of its characters that are `a`, `b` and `c`; keeps what it was asked."""

    def predict_proba(self, texts: Sequence[str], **_: Any) -> Any:
        self.asked = list(texts)
        shares = [[text.count(letter) / max(len(text), 1) for letter in "abc"] for text in texts]
        return np.array(shares, dtype=np.float32)


@pytest.fixture(scope="module")
def model(finished: Path) -> Model:
    return load_model(finished / "models" / "tfidf")


@given(st.lists(st.text("abc .\n", max_size=60), max_size=6), st.integers(1, 20))
def test_the_score_is_the_highest_of_the_windows_and_the_span_is_the_first_of_them(texts: list[str], size: int) -> None:
    classifier = Words()
    scores, spans, stances = read_texts(classifier, texts, 3, size)
    assert (stances == UNKNOWN).all()
    for row, text in enumerate(texts):
        windows = find_windows(text, size)
        if not windows:
            assert not scores[row].any() and not spans[row].any()
            continue
        pieces = [text[start:end] for start, end in windows]
        for k, letter in enumerate("abc"):
            shares = [np.float32(piece.count(letter) / max(len(piece), 1)) for piece in pieces]
            assert scores[row, k] == max(shares)
            assert tuple(spans[row, k]) == windows[shares.index(max(shares))]
    if any(text.strip() for text in texts):
        assert len(classifier.asked) == len(set(classifier.asked))
        assert max(map(len, classifier.asked)) <= 1.5 * size


def test_a_narrative_has_the_stance_of_the_window_that_scores_highest() -> None:
    """Here `a` is the narrative, and of `b`, `c` and `d` the most frequent is the stance."""

    class Stances(Words):
        def predict_proba(self, texts: Sequence[str], **_: Any) -> Any:
            return np.array([[text.count(letter) for letter in "abcd"] for text in texts], dtype=np.float32)

    texts = ["aa cc. " + "x" * 8 + " a ddd.", "a bb. " + "x" * 9 + " aaa d.", " "]
    scores, spans, stances = read_texts(Stances(), texts, 1, 9)
    assert scores[:, 0].tolist() == [2, 3, 0]
    assert stances[:, 0].tolist() == [1, 2, UNKNOWN]
    assert "ddd" not in texts[0][slice(*spans[0, 0])]


def test_a_claim_deep_in_a_long_text_is_found_at_its_place(model: Model) -> None:
    [prediction] = list(model.classify([TEXT], ["x"]))
    assert {"toll", "school"} <= prediction.narratives.keys()
    for id_, word in (("toll", "toll"), ("school", "teacher")):
        start, end = prediction.spans[id_]
        assert 0 < start < end < len(TEXT)
        assert word in TEXT[start:end]
        [window] = model.classify([TEXT[start:end]])
        assert window.scores[id_] == prediction.scores[id_]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_the_row_of_a_long_text_names_the_place(finished: Path, model: Model, tmp_path: Path, form: str) -> None:
    path = write_input(tmp_path / "new.jsonl", [{"text": TEXT}, {"text": "toll at the bridge"}])
    run(finished / "models" / "tfidf", tmp_path / "out", path, form=form)
    expected = list(model.classify([TEXT, "toll at the bridge"], ["1", "2"]))
    for row, prediction in zip(read_rows(tmp_path / "out"), expected, strict=True):
        spans = list(prediction.spans.values())
        if form == "jsonl":
            assert row["spans"] == {id_: list(span) for id_, span in prediction.spans.items()}
        elif form == "csv":
            assert row["spans"] == ";".join(f"{start}-{end}" for start, end in spans)
        else:
            assert list(zip(row["starts"], row["ends"], strict=True)) == spans


def test_a_row_for_each_passage_covers_the_text(finished: Path, model: Model, tmp_path: Path) -> None:
    rows = [{"id": "long", "text": f"  {TEXT}\n"}, {"id": "short", "text": "toll"}, {"id": "none", "text": " "}]
    path = write_input(tmp_path / "new.jsonl", rows)
    folder = finished / "models" / "tfidf"
    summary = run(folder, tmp_path / "out", path, unit="passage", columns=Columns(keep=("text",)))
    *passages, short, none = read_rows(tmp_path / "out")
    assert (summary.texts, summary.rows, summary.empty) == (3, len(passages) + 2, 1)
    assert {row["id"] for row in passages} == {"long"}
    text = rows[0]["text"]
    assert [(row["start"], row["end"]) for row in passages] == find_windows(text, model.window)
    assert "".join("".join(row["text"].split()) for row in passages) == "".join(text.split())
    assert all(row["text"] == text[row["start"] : row["end"]] for row in passages)
    assert all("spans" not in row for row in passages)
    [whole] = list(model.classify([text], ["long"]))
    assert {id_ for row in passages for id_ in row["narratives"]} == whole.narratives.keys()
    assert {id_: max(row["scores"][id_] for row in passages) for id_ in whole.scores} == whole.scores
    assert (short["start"], short["end"], none["note"], none["narratives"]) == (0, 4, "empty text", [])
