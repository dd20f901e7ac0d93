"""A plan says which parts there are; what is wrong with an input shows before anything is written."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from helpers.batch_runs import number_texts, run, write_input
from helpers.examples import invoke, problems_of
from helpers.toy import TOPICS
from hypothesis import given
from hypothesis import strategies as st

from narratives import progress
from narratives.batch.items import Columns
from narratives.batch.parts import Part
from narratives.batch.plan import Input, Options, Plan, describe_model, make_plan
from narratives.batch.plan_file import read_plan
from narratives.batch.sources import Source, find_sources
from narratives.batch.storage import OutputFolder
from narratives.files.csv_rows import Header
from narratives.models.folder import load_model

NAMES = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\udc80\udcff\u2028\n"), min_size=1, max_size=8)
COUNTS = st.integers(0, 1 << 50)
PARTS = st.builds(Part, COUNTS, COUNTS, COUNTS, COUNTS)
KNOWN = st.fixed_dictionaries({"size": COUNTS, "changed": COUNTS, "digest": NAMES})
HEADERS = st.none() | st.builds(Header, st.lists(NAMES).map(tuple), COUNTS, st.sampled_from(",;\t"), COUNTS, COUNTS)
INPUTS = st.builds(Input, st.builds(Source, NAMES, NAMES, NAMES), KNOWN, HEADERS, st.lists(PARTS, max_size=3))
COLUMNS = st.builds(Columns, NAMES, NAMES, st.lists(NAMES, max_size=3).map(tuple))
OPTIONS = st.builds(Options, st.sampled_from(["jsonl", "csv"]), COLUMNS, st.sampled_from(["text", "passage"]), COUNTS)
PLANS = st.builds(Plan, st.dictionaries(NAMES, NAMES), OPTIONS, st.lists(INPUTS, max_size=3))


@pytest.fixture
def folder(finished: Path) -> Path:
    return finished / "models" / "tfidf"


@given(PLANS)
def test_a_plan_is_written_as_ascii_and_read_as_it_was(plan: Plan) -> None:
    text = plan.to_text()
    assert text.isascii()
    assert Plan.from_json(json.loads(text)) == plan


def test_a_plan_names_the_parts_of_all_inputs_in_order(folder: Path, tmp_path: Path) -> None:
    one, two = write_input(tmp_path / "one.jsonl", number_texts(100)), write_input(tmp_path / "two.csv", [{"text": "a"}] * 9)
    sources, _ = find_sources([str(two), str(one)], "out")
    plan = make_plan(sources, Options("csv", part_size=1000), load_model(folder))
    files = [input_.source.path for part in plan.parts for input_, _ in part]
    assert files == [str(two)] + [str(one)] * (len(files) - 1)
    assert (
        sum(piece.length for part in plan.parts for input_, piece in part if input_.source.path == str(one))
        == one.stat().st_size
    )
    assert sum(piece.lines for part in plan.parts for _, piece in part) == 109
    assert (plan.name(7), plan.log(123456)) == ("part-00007.csv", "_run/log/part-123456.jsonl")


def test_the_plan_in_a_folder_is_the_one_that_was_made(folder: Path, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.csv", [{"text": "a"}])
    run(folder, tmp_path / "out", path)
    model = load_model(folder)
    plan = read_plan(OutputFolder(str(tmp_path / "out")))
    assert plan == make_plan(find_sources([str(path)], "out")[0], Options("jsonl"), model)
    assert plan.model == describe_model(model)
    assert plan.model["digest"] == json.loads((folder / "model.json").read_text())["digest"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "not the plan of a batch run; name another folder"),
        ("[]", "not the plan of a batch run; name another folder"),
        ("\xff", "not the plan of a batch run; name another folder"),
        (
            '{"format_version": 9, "narratives": "7.0", "inputs": []}',
            "written by narratives 7.0 in another format; name another --output, or begin anew with --restart",
        ),
    ],
)
def test_what_is_no_plan_of_ours_is_told(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "out.run").mkdir()
    (tmp_path / "out.run/plan.json").write_text(text, encoding="latin-1")
    assert problems_of(lambda: read_plan(OutputFolder(str(tmp_path / "out")))) == [f"{tmp_path}/out.run/plan.json: {problem}"]


LIST = "this is one JSON list; give the file the ending .json, or write one object a line: jq -c '.[]'"
UTF_16 = "this is UTF-16 text or no text at all; save it as UTF-8, or name its encoding: --encoding utf-16-le"
SHEET = "this is a spreadsheet; save it as CSV in UTF-8 and name that file"


@pytest.mark.parametrize(
    ("name", "data", "options", "problem"),
    [
        ("a.jsonl", '[{"text": "a"}]', {}, f":1: {LIST}"),
        ("a.jsonl", "[\n", {}, f":1: {LIST}"),
        ("a.txt", "é\n".encode("utf-16-le"), {}, f":1: {UTF_16}"),
        ("a.csv", "text\né\n".encode("utf-16-be"), {}, f":1: {UTF_16}"),
        ("a.xlsx", b"PK", {}, f": {SHEET}"),
        (
            "a.docx",
            b"PK",
            {},
            ": unknown format; give it one of the endings .jsonl, .ndjson, .csv, .tsv, .parquet, .txt, .json, .js",
        ),
        ("a.csv", "id,body\n1,a\n", {}, ":2: no 'text' column; known: id, body; name it with --text-column"),
        ("a.csv", "id,Text\n1\n2,a\n", {}, ":3: no 'text' column; did you mean 'Text'?; name it with --text-column"),
        ("a.jsonl", '{"a": 1}\n{"txt": "b"}\n', {}, ":1: no 'text' column; did you mean 'txt'?; name it with --text-column"),
        ("a.csv", "text,by\na,b\n", {"keep": ("bye",)}, ":2: no 'bye' column; did you mean 'by'?; name others with --keep"),
        ("a.csv", "", {}, ":1: it is empty; the first line must name the columns, each once, such as: id,text"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_at_once(
    folder: Path, tmp_path: Path, name: str, data: str | bytes, options: dict[str, Any], problem: str
) -> None:
    good, path = write_input(tmp_path / "good.txt", [{"text": "toll"}]), tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    told = problems_of(lambda: run(folder, tmp_path / "out", good, path, columns=Columns(**options)))
    assert told == [f"{path}{problem}"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("name", ["tfidf", "transformer"])
def test_the_command(finished: Path, tmp_path: Path, name: str, jobs: str) -> None:
    if (name, jobs) == ("transformer", "2"):
        pytest.skip("two more processes that load torch show nothing new")
    path = write_input(tmp_path / "new.jsonl", [*number_texts(29), {"text": ""}])
    words = ("classify", path, "--model", name, "--output", tmp_path / "out", "--part-size", "0.0005", "--jobs", jobs)
    done = invoke(finished, *words)
    assert done.exit_code == 0
    counts = [line for line in done.stdout.splitlines() if re.fullmatch(r" +\d+  \S+", line)]
    assert counts and {line.split()[1] for line in counts} <= TOPICS.keys()
    total, *rest = done.stdout.splitlines()[len(counts) :]
    [empty] = [line for line in rest if line.startswith("empty texts")]
    [rejects] = [line for line in rest if "could not be read" in line]
    [speed] = [line for line in rest if "records read in" in line]
    assert any("texts raise something; in test" in line for line in rest)
    assert total.startswith("29 texts, ")
    assert total.endswith(f": {tmp_path}/out")
    assert empty == "empty texts: 1; nothing is raised in them, and they are noted as such"
    assert rejects == f"1 records could not be read: {tmp_path}/out.run/rejects.jsonl says which and why"
    assert speed.startswith("30 records read in ")
    again = invoke(finished, *words, "--json")
    summary = json.loads((tmp_path / "out.run/summary.json").read_text())
    assert {key: value for key, value in json.loads(again.stdout).items() if key != "trust"} == summary
    assert again.stderr.endswith(" parts were done already\n")


def test_a_folder_that_cannot_be_written_is_told(folder: Path, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.txt", [{"text": "a"}])
    [told] = problems_of(lambda: run(folder, path / "out", path))
    assert told == f"{path}/out.run: cannot be written: Not a directory; nothing was changed"
    result = invoke(tmp_path, "classify", path, "--model", folder)
    assert result.stderr.splitlines()[-1] == "Error: name an INPUT, a --model and an --output; or --status DIR"


def test_where_there_is_no_terminal_progress_is_told_in_lines(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    path = write_input(tmp_path / "new.jsonl", number_texts(29))
    words = ("--model", folder, "--output", tmp_path / "out", "--part-size", "0.0005", "--jobs", "1")
    said = invoke(tmp_path, "classify", path, *words).stderr.splitlines()
    assert all(re.fullmatch(r"classify: \d+ of 29, \d+ texts/s(, about \d+ s left)?", line) for line in said)
    assert said[-1].startswith("classify: 29 of 29, ")


@pytest.mark.parametrize("size", ["nan", "0", "-1", "inf", "many"])
def test_parts_have_a_size(folder: Path, tmp_path: Path, size: str) -> None:
    words = ("--model", folder, "--output", tmp_path / "out", "--part-size", size)
    result = invoke(tmp_path, "classify", write_input(tmp_path / "a.txt", []), *words)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("Error: Invalid value for '--part-size': ")
