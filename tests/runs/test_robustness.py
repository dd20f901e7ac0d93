"""Three ways of holding out: their sizes, what never stands on both sides, and the figures that come of them."""

import json
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.examples import invoke, problems_of, write_lines, write_project
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from narratives.data import Passage
from narratives.project.config import RunConfig
from narratives.project.project import Project
from narratives.runs.robustness import Parts, hold_out_dates, hold_out_documents, hold_out_passages, probe_splits

pytestmark = pytest.mark.filterwarnings("error")

WAYS = ["random passages", "whole documents", "later dates"]
FIGURES = ["micro_f1", "macro_f1"]


@st.composite
def draw_passages(draw: st.DrawFn) -> list[Passage]:
    """1 to 80 dated passages in up to 30 documents; the passages of a document need not stand together."""
    owners = draw(st.lists(st.integers(0, 29), min_size=1, max_size=80))
    dates = draw(st.lists(st.dates(), min_size=len(owners), max_size=len(owners)))
    return [
        Passage(f"p{k}", "text", {}, f"d{owner}", extras={"date": date.isoformat()})
        for k, (owner, date) in enumerate(zip(owners, dates, strict=True))
    ]


def list_documents(passages: Sequence[Passage]) -> set[str]:
    return {passage.document for passage in passages}


def ids_of(parts: Parts) -> list[list[str]]:
    return [[passage.id for passage in part] for part in parts]


class Recorder:
    """A classifier that raises nothing, and remembers what it was taught and what it was asked."""

    def __init__(self) -> None:
        self.taught: list[set[str]] = []
        self.asked: list[set[str]] = []

    def fit(self, texts: list[str], y: object, *, validation: tuple[list[str], object], progress: object = None) -> None:
        self.taught.append({*texts, *validation[0]})

    def predict_proba(self, texts: list[str]) -> NDArray[np.float32]:
        self.asked.append(set(texts))
        return np.zeros((len(texts), 2), dtype=np.float32)


def rewrite(root: Path, **fields: Any) -> None:
    """Add fields to every passage of the project; `{}` in a text is the number of the passage."""
    path = root / "labels" / "passages.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for k, row in enumerate(rows):
        row |= {key: value.format(k) if isinstance(value, str) else value for key, value in fields.items()}
    write_lines(path, *rows)


def evaluate(root: Path, *options: str) -> list[dict[str, Any]]:
    """The rows on robustness that the tfidf run of a project gets."""
    for words in (["train", "tfidf"], ["evaluate", "tfidf", *options]):
        assert invoke(root, *words).exit_code == 0
    evaluation = json.loads((root / "experiments" / "tfidf" / "evaluation.json").read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = evaluation["robustness"]
    return rows


# Holding out


@pytest.mark.parametrize("hold_out", [hold_out_passages, hold_out_documents, hold_out_dates])
@settings(deadline=None)
@given(passages=draw_passages())
def test_every_passage_stands_in_one_part(hold_out: Any, passages: list[Passage]) -> None:
    parts = ids_of(hold_out(passages))
    assert sorted(id_ for part in parts for id_ in part) == sorted(passage.id for passage in passages)
    assert ids_of(hold_out(passages)) == parts


@settings(deadline=None)
@given(draw_passages())
def test_random_passages_have_the_sizes_of_the_splits(passages: list[Passage]) -> None:
    train, validation, _ = map(len, hold_out_passages(passages))
    assert (train, train + validation) == (round(0.65 * len(passages)), round(0.8 * len(passages)))


@pytest.mark.parametrize("hold_out", [hold_out_documents, hold_out_dates])
@settings(deadline=None)
@given(passages=draw_passages())
def test_no_document_stands_in_two_parts(hold_out: Any, passages: list[Passage]) -> None:
    train, validation, test = map(list_documents, hold_out(passages))
    assert not train & validation | train & test | validation & test


@pytest.mark.parametrize("hold_out", [hold_out_documents, hold_out_dates])
@settings(deadline=None)
@given(passages=draw_passages())
def test_whole_documents_miss_the_sizes_by_less_than_one_document(hold_out: Any, passages: list[Passage]) -> None:
    train, validation, _ = map(len, hold_out(passages))
    sizes: dict[str, int] = defaultdict(int)
    for passage in passages:
        sizes[passage.document] += 1
    for size, share in ((train, 0.65), (train + validation, 0.8)):
        assert 0 <= size - round(share * len(passages)) < max(sizes.values())


@settings(deadline=None)
@given(draw_passages())
def test_no_document_that_is_tested_began_before_one_that_was_trained_on(passages: list[Passage]) -> None:
    first: dict[str, str] = {}
    for passage in passages:
        first[passage.document] = min(passage.extras["date"], first.get(passage.document, "9999"))
    began = [sorted(first[passage.document] for passage in part) for part in hold_out_dates(passages) if part]
    for earlier, later in pairwise(began):
        assert earlier[-1] <= later[0]


def test_random_passages_part_documents_that_whole_documents_keep() -> None:
    passages = [Passage(f"p{k}", "text", {}, f"d{k // 10}") for k in range(100)]
    train, _, test = hold_out_passages(passages)
    assert list_documents(train) & list_documents(test)


# Figures


def test_with_dates_an_evaluation_gets_three_rows(project: Path) -> None:
    rewrite(project, date="20{:02}-05")
    rows = evaluate(project, "--robustness")
    assert [row["held out"] for row in rows] == WAYS
    assert [row["passages"] for row in rows] == [12, 12, 12]
    for value, low, high in (row[name] for row in rows for name in FIGURES):
        assert 0 <= value <= 1
        assert 0 <= low <= high <= 1


@pytest.mark.parametrize("dates", [{}, {"date": 2020}], ids=["none", "no texts"])
def test_without_dates_an_evaluation_gets_two_rows(project: Path, dates: dict[str, Any]) -> None:
    rewrite(project, **dates)
    assert [row["held out"] for row in evaluate(project, "--robustness")] == WAYS[:2]


def test_an_evaluation_that_was_not_asked_for_it_gets_none(project: Path) -> None:
    assert evaluate(project) == []


def test_what_is_tested_was_neither_trained_nor_tuned_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr(RunConfig, "make_classifier", lambda _: recorder)
    rewrite(write_project(tmp_path), date="20{:02}-05")
    probe_splits(Project(tmp_path).read_config("base"), Project(tmp_path).corpus)
    assert len(recorder.taught) == 3
    for taught, asked in zip(recorder.taught, recorder.asked[1::2], strict=True):  # first validation is asked, then the test
        assert asked
        assert not taught & asked


def test_passages_that_nobody_labelled_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr(RunConfig, "make_classifier", lambda _: recorder)
    write_lines(write_project(tmp_path) / "labels" / "more.jsonl", {"id": "x", "text": "unlabelled"})
    probe_splits(Project(tmp_path).read_config("base"), Project(tmp_path).corpus)
    assert "unlabelled" not in set().union(*recorder.taught, *recorder.asked)


def test_an_undefined_figure_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunConfig, "make_classifier", lambda _: Recorder())
    rewrite(write_project(tmp_path), date="20{:02}-05", narratives={})
    for row in probe_splits(Project(tmp_path).read_config("base"), Project(tmp_path).corpus):
        assert [row[name] for name in FIGURES] == [[None, None, None]] * 2


def test_too_few_documents_are_told_before_anything_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr(RunConfig, "make_classifier", lambda _: recorder)
    rewrite(write_project(tmp_path), document="one")
    assert problems_of(lambda: probe_splits(Project(tmp_path).read_config("base"), Project(tmp_path).corpus)) == [
        f"{tmp_path / 'labels'}: too few documents for --robustness; label more, or evaluate without it"
    ]
    assert recorder.taught == []


def test_what_is_refused_leaves_predictions_and_figures_as_they_were(project: Path) -> None:
    rewrite(project, document="d{}", date="20{:02}-05")
    evaluate(project)
    path = project / "labels" / "passages.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    splits = dict(line.split(",") for line in (project / "labels" / "splits.csv").read_text(encoding="utf-8").splitlines()[1:])
    first = {split: document for document, split in reversed(splits.items())}
    write_lines(path, *({**row, "document": first[splits[row["document"]]]} for row in rows))  # a document a split: too few
    before = {file.name: file.read_bytes() for file in (project / "experiments" / "tfidf").iterdir()}
    done = invoke(project, "evaluate", "tfidf", "--robustness")
    assert done.exit_code == 2 and "too few documents for --robustness" in done.output
    assert {file.name: file.read_bytes() for file in (project / "experiments" / "tfidf").iterdir()} == before
