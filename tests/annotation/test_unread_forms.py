"""Forms of other tools that are not read are called by their names, with a way that works."""

import json
from pathlib import Path

import pytest
from helpers.examples import invoke, write_lines, write_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


@pytest.mark.parametrize(
    ("name", "data", "called"),
    [
        ("a.ann", "T1\ttoll 0 4\tJohn\n", "brat's standoff"),
        ("a.txt", "T1\ttoll 0 4\tJohn\nA1\tsure T1\n", "brat's standoff"),
        ("a.conll", "EU NNP B-ORG\nsays VBZ O\n\n", "CoNLL"),
        ("a.conllu", "# text = EU\n1\tEU\tEU\tX\t_\t_\t0\troot\t_\t_\n", "CoNLL"),
        ("a.txt", "EU\tB-ORG\nsays\tO\n\n", "CoNLL"),
        ("a.tsv", "#FORMAT=WebAnno TSV 3.3\n\n1-1\t0-5\tHello\ttoll\t\n", "WebAnno TSV, of INCEpTION perhaps"),
        ("a.xmi", '<?xml version="1.0"?><xmi/>', "XML"),
        ("a.txt", "only a text\n", "no form of labels that is known"),
    ],
)
def test_a_form_that_is_not_read_is_called_by_its_name(project: Path, name: str, data: str, called: str) -> None:
    (project / name).write_text(data, encoding="utf-8")
    done = invoke(project, "labels", "import", project / name)
    assert done.exit_code == 2 and called in done.stderr and "id,text,labels" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_way_out_of_forms_with_spans_works(project: Path) -> None:
    (project / "brat").mkdir()
    (project / "brat" / "a.ann").write_text("T1\ttoll 0 4\tToll\n")
    assert "a folder of brat's standoff" in invoke(project, "labels", "import", project / "brat").stderr
    path = write_lines(project / "a.jsonl", {"text": "Toll robs", "label": [[0, 4, "toll"]]})
    done = invoke(project, "labels", "import", path, "--spans", "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["narratives"]["toll"] == 1
