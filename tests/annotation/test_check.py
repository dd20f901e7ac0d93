"""`labels check`: what it says of narratives that too few passages carry."""

from pathlib import Path

import pytest
from helpers.examples import write_lines, write_project

from narratives.annotation.check import CUT, check_labels, describe_labels
from narratives.project.project import Project


@pytest.mark.parametrize(("train", "validation", "counted"), [(27, 1, None), (26, 0, 9), (0, 9, 9), (0, 10, None), (3, 2, 3)])
def test_training_passages_help_to_set_a_threshold_one_in_three(
    tmp_path: Path, train: int, validation: int, counted: int | None
) -> None:
    root = write_project(tmp_path)
    parts = ["train"] * train + ["validation"] * validation
    passages = [
        {"id": f"q{k}", "text": f"unlike{k} other{k} texts{k}", "document": f"q{k}", "narratives": {"toll": "asserts"}}
        for k in range(len(parts))
    ]
    write_lines(root / "labels" / "passages.jsonl", *passages)
    write_lines(root / "labels" / "splits.csv", "document,split", *(f"q{k},{part}" for k, part in enumerate(parts)))
    report = check_labels(Project(root))
    assert report.uncut.get("toll") == counted
    told = [line for line in describe_labels(report) if line.startswith(f"too little to set a threshold by, fewer than {CUT}")]
    assert told[0].endswith("; about 28 labelled passages that carry a narrative are enough")
    assert report.uncut["school"] == 0
