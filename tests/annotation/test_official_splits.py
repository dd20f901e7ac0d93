"""Splits that the makers of data gave are honoured on the way in, written on the way out, and never changed here."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import invoke, write_lines, write_project

TEXTS = ["harbour lamp", "winter saddle", "copper pepper", "anchor basket"]


def bring(root: Path, name: str, *records: dict[str, Any], options: tuple[str, ...] = ()) -> dict[str, str]:
    """Import records from a file; return the splits of the project's documents afterwards."""
    done = invoke(root, "labels", "import", write_lines(root.parent / name, *records), *options)
    assert done.exit_code == 0, done.output
    with (root / "labels" / "splits.csv").open(encoding="utf-8") as stream:
        return {row["document"]: row["split"] for row in csv.DictReader(stream)}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


def records(**more: Any) -> list[dict[str, Any]]:
    return [{"id": f"n{k}", "text": text, "narratives": ["toll"], **more} for k, text in enumerate(TEXTS)]


def test_a_column_of_splits_is_honoured(root: Path) -> None:
    words = ["train", "dev", "test", "Validation"]
    splits = bring(root, "a.jsonl", *({**one, "split": word} for one, word in zip(records(), words, strict=True)))
    assert [splits[f"n{k}"] for k in range(4)] == ["train", "validation", "test", "validation"]
    lines = [line for path in (root / "labels").glob("imported*.jsonl") for line in path.read_text().splitlines()]
    assert not any("split" in json.loads(line) for line in lines)


def test_a_column_of_another_name_and_the_name_of_a_file_are_honoured(root: Path) -> None:
    assert bring(root, "a.jsonl", *records(fold="test")[:2], options=("--split-column", "fold"))["n1"] == "test"
    splits = bring(root, "test-00000-of-00001.jsonl", *records()[2:])
    assert (splits["n2"], splits["n3"]) == ("test", "test")


def test_the_splits_of_another_project_come_with_its_passages(root: Path) -> None:
    write_lines(root.parent / "splits.csv", "document,split", "n0,test", "n1,train", "doc,validation")
    splits = bring(root, "passages.jsonl", *records()[:2], {**records(document="doc")[2]})
    assert (splits["n0"], splits["n1"], splits["doc"]) == ("test", "train", "validation")


def test_a_table_of_that_name_that_is_none_of_ours_is_left_alone(root: Path) -> None:
    write_lines(root.parent / "splits.csv", "name,part", "n0,test")
    assert set(bring(root, "a.jsonl", *records())) >= {"n0", "n1", "n2", "n3"}


def test_documents_can_be_dealt_out_anew_all_the_same(root: Path) -> None:
    done = invoke(root, "labels", "import", write_lines(root / "test.jsonl", *records()), "--new-splits", "--json")
    assert "test" not in str(json.loads(done.stdout)["notes"])


def test_a_document_in_two_official_splits_is_reported(root: Path) -> None:
    both = [{**one, "document": "d", "split": split} for one, split in zip(records(), ["train", "test"], strict=False)]
    path = write_lines(root / "a.jsonl", *both)
    done = invoke(root, "labels", "import", path)
    assert (done.exit_code, done.stderr.split(";")[0]) == (2, f"{path}:2: document 'd' is in test and, at {path}:1, in train")


def test_a_split_that_was_fixed_here_stays(root: Path) -> None:
    more = {"id": "x", "text": "ladder window", "document": "d0", "narratives": [], "split": "test"}
    done = invoke(root, "labels", "import", write_lines(root / "a.jsonl", more))
    assert "in another split than this project; they stay where they are here: 1" in done.stdout


@pytest.mark.parametrize(("form", "name"), [("jsonl", "a.jsonl"), ("csv", "a.csv"), ("label-studio", "a.json")])
def test_splits_go_out_and_come_back(root: Path, tmp_path: Path, form: str, name: str) -> None:
    assert invoke(root, "labels", "export", "--format", form, "-o", tmp_path / name).exit_code == 0
    other = write_project(tmp_path / "other")
    for file in ("passages.jsonl", "splits.csv"):
        (other / "labels" / file).unlink()
    assert invoke(other, "labels", "import", tmp_path / name).exit_code == 0
    assert sorted((other / "labels" / "splits.csv").read_text().splitlines()) == sorted(
        (root / "labels" / "splits.csv").read_text().splitlines()
    )
