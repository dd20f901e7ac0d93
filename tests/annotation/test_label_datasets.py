"""Datasets saved on disk: class labels, a column for each narrative, what the versions of Argilla write."""

from pathlib import Path
from typing import Any

import pytest
from helpers.examples import problems_of
from helpers.labelled import NAMES, read

from narratives.annotation.formats.choice import read_entries
from narratives.annotation.formats.entry import Wishes


@pytest.fixture
def datasets() -> Any:
    """The package that saves datasets, where it is installed."""
    return pytest.importorskip("datasets")


def test_saved_datasets_with_class_labels_are_read(tmp_path: Path, datasets: Any) -> None:
    names = datasets.ClassLabel(names=["toll", "The school is sinking"])
    text = datasets.Value("string")
    one = datasets.Features({"text": text, "label": names})
    several = datasets.Features({"text": text, "labels": datasets.Sequence(names)})
    rows = [{"text": "a tram", "label": 1}, {"text": "a ferry", "label": -1}]
    datasets.Dataset.from_list(rows, one).save_to_disk(tmp_path / "one")
    assert read(tmp_path / "one") == [("a tram", "", {"school": None}), ("a ferry", "", None)]
    rows = [{"text": "a tram", "labels": [0, 1]}, {"text": "a ferry", "labels": []}, {"text": "a bus", "labels": None}]
    part = datasets.Dataset.from_list(rows, several)
    datasets.DatasetDict({"train": part.select([0]), "test": part.select([1, 2])}).save_to_disk(tmp_path / "several")
    found = {text: labels for text, _, labels in read(tmp_path / "several")}
    assert found == {"a tram": {"toll": None, "school": None}, "a ferry": {}, "a bus": None}


def test_saved_datasets_with_a_column_for_each_narrative_are_read(tmp_path: Path, datasets: Any) -> None:
    rows = [{"text": "a tram", "toll": True, "school": False}, {"text": "a ferry", "toll": False, "school": False}]
    datasets.Dataset.from_list(rows).save_to_disk(tmp_path / "hot")
    assert read(tmp_path / "hot") == [("a tram", "", {"toll": None}), ("a ferry", "", {})]


def test_argillas_datasets_of_every_version_are_read(tmp_path: Path, datasets: Any) -> None:
    two = {"text": "a tram", "labels.responses": [["toll"], []], "labels.responses.users": ["a", "b"]}
    two |= {"labels.responses.status": ["submitted", "draft"], "labels.suggestion": ["school"], "note.responses": ["hm"]}
    answers = [{"user_id": "a", "value": ["school:rebuts"], "status": "submitted"}]
    one = {"text": "a ferry", "labels": answers, "labels-suggestion": ["toll"], "metadata": '{"source": "wire"}'}
    old = {"text": "a bus", "annotation": ["toll"], "annotation_agent": "a", "status": "Validated", "metadata": None}
    for name, row in (("two", two), ("one", one), ("old", old)):
        datasets.Dataset.from_list([row]).save_to_disk(tmp_path / name)
    assert read(tmp_path / "two") == [("a tram", "a", {"toll": None})]
    assert read(tmp_path / "one") == [("a ferry", "a", {"school": "rebuts"})]
    assert read(tmp_path / "old") == [("a bus", "a", {"toll": None})]
    values = next(read_entries(tmp_path / "one", None, Wishes(NAMES))).values
    assert values["source"] == "wire"
    assert "labels-suggestion" not in values


def test_a_folder_that_only_looks_like_a_dataset_is_told(tmp_path: Path, datasets: Any) -> None:
    (tmp_path / "state.json").write_text("{}", encoding="utf-8")
    assert problems_of(lambda: read(tmp_path))[0].startswith(f"{tmp_path}: not a saved dataset that can be read")
