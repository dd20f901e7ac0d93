"""Files that hold labels in a form that is not read, where texts are wanted: called by their names, with a way to the texts."""

from pathlib import Path

import pytest
from helpers.examples import invoke, write_project

LINES, BRAT, WORDS = "a text a line", "brat's standoff (.ann)", "CoNLL, a row for each word"


@pytest.mark.parametrize(
    ("name", "data", "called", "way"),
    [
        ("a.ann", "T1\ttoll 0 4\tJohn\n", BRAT, LINES),
        ("a.conll", "EU NNP B-ORG\nsays VBZ O\n\n", WORDS, LINES),
        ("a.iob2", "", WORDS, LINES),
        ("a.tsv", "#FORMAT=WebAnno TSV 3.3\n\n1-1\t0-5\tHello\ttoll\t\n", "WebAnno TSV", "a row for each text"),
        ("a.xmi", '<?xml version="1.0"?><xmi/>', "XML", LINES),
        ("a.html", "<!DOCTYPE html>", "a web page", LINES),
        ("a.weird", "words and words\n", "unknown format", ".txt"),
    ],
)
def test_texts_in_a_form_that_is_not_read(tmp_path: Path, name: str, data: str, called: str, way: str) -> None:
    root, path = write_project(tmp_path / "project"), tmp_path / name
    path.write_text(data, encoding="utf-8")
    done = invoke(root, "labels", "add", path)
    assert done.exit_code == 2 and called in done.stderr and way in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_classify_says_the_same(tmp_path: Path, small_model: Path) -> None:
    (tmp_path / "a.ann").write_text("T1\ttoll 0 4\tJohn\n")
    done = invoke(tmp_path, "classify", tmp_path / "a.ann", "--model", small_model, "--output", tmp_path / "out")
    assert done.exit_code == 2 and BRAT in done.stderr and LINES in done.stderr and not (tmp_path / "out").exists()
