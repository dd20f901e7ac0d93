"""Bad input through the real commands: one line a problem on standard error, exit code 2, nothing half-written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.examples import example_passages, invoke, snapshot, write_lines, write_project


def refusal(root: Path, *words: str | Path) -> list[str]:
    """The problems that a command ends with. It must exit with 2, print nothing else and leave every file as it was."""
    before = snapshot(root.parent)
    result = invoke(root, *words)
    assert isinstance(result.exception, SystemExit), result.exception
    assert (result.exit_code, result.stdout) == (2, "")
    assert snapshot(root.parent) == before
    *problems, last = result.stderr.splitlines()
    if not problems:
        return [last]
    assert last == f"{len(problems)} problems"
    return problems


# Labels: all commands that read them refuse alike


@pytest.mark.parametrize("words", [("labels", "check"), ("train", "base"), ("evaluate", "base")], ids=" ".join)
@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"id": "1"', "broken JSON: Expecting ',' delimiter at column 11"),
        ('{"id": "1", "text": 3}', "'text' must be a text in quotes, not 3"),
        ('{"id": "1", "text": "a", "narratives": ["tol"]}', "unknown narrative 'tol'; did you mean 'toll'?"),
        ('{"id": "1", "text": ""}', "'text' is empty; fill it in or delete the line"),
    ],
)
def test_a_bad_passage_stops_every_command(root: Path, words: tuple[str, ...], line: str, problem: str) -> None:
    path = write_lines(root / "labels" / "more.jsonl", {"id": "good", "text": "a"}, line)
    assert refusal(root, *words) == [f"{path}:2: {problem}"]


def test_labels_check_lists_all_problems_of_all_files(root: Path) -> None:
    labels = root / "labels"
    write_lines(labels / "a.jsonl", {"id": "p0", "text": ""}, {"id": "x", "text": "a", "narratives": {"scool": None}})
    (labels / "b.jsonl").write_bytes("{}".encode("utf-16"))
    write_lines(labels / "splits.csv", "document,split", "d0,trian", "d1", "d2,train", "d2,test")
    assert refusal(root, "labels", "check") == [
        f"{labels / 'splits.csv'}:2: unknown split 'trian'; did you mean 'train'?",
        f"{labels / 'splits.csv'}:3: 1 fields; write document,split",
        f"{labels / 'splits.csv'}:5: document 'd2' is in train already; delete one line",
        f"{labels / 'a.jsonl'}:1: 'text' is empty; fill it in or delete the line",
        f"{labels / 'a.jsonl'}:2: unknown narrative 'scool'; did you mean 'school'?",
        f"{labels / 'b.jsonl'}:1: this is UTF-16 text or no text at all; save it as UTF-8",
        f"{labels / 'passages.jsonl'}:1: id 'p0' was used at {labels / 'a.jsonl'}:1; ids must be unique",
    ]


def test_labels_check_lists_a_broken_codebook_together_with_broken_splits(root: Path) -> None:
    codebook, splits = root / "labels" / "codebook.toml", root / "labels" / "splits.csv"
    codebook.write_text(codebook.read_text().replace('"school"', '"toll"'))
    write_lines(splits, "document;split")
    assert refusal(root, "labels", "check") == [
        f"{splits}:1: the first line must be: document,split",
        f"{codebook}:11: id 'toll' was used on line 5; give it another id",
    ]


def test_labels_check_takes_a_byte_order_mark_and_crlf(root: Path) -> None:
    for path in (root / "labels").iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    result = invoke(root, "labels", "check")
    assert (result.exit_code, result.stderr) == (0, "")


def test_splits_with_the_line_ends_of_an_old_mac_are_told(root: Path) -> None:
    (root / "labels" / "splits.csv").write_bytes(b"document,split\rd0,train\r")
    [problem] = refusal(root, "labels", "check")
    assert problem.startswith(f"{root / 'labels' / 'splits.csv'}:1: broken CSV: ")


@pytest.mark.parametrize("words", [("labels", "check"), ("train", "base"), ("report", "base")], ids=" ".join)
def test_outside_a_project_every_command_says_so(tmp_path: Path, words: tuple[str, ...]) -> None:
    [problem] = refusal(tmp_path / "nowhere", *words)
    assert problem.startswith(f"{tmp_path / 'nowhere'}{os.sep}")
    assert "narratives init" in problem


# Runs, models and answers


@pytest.mark.parametrize("command", ["train", "evaluate", "report", "run"])
def test_a_run_that_is_not_there_is_told_with_the_nearest(root: Path, command: str) -> None:
    path = root / "experiments" / "bass" / "config.toml"
    assert refusal(root, command, "bass") == [f"{path}: no run 'bass'; did you mean 'base'?"]


def test_a_bad_config_stops_train_before_it_begins(root: Path) -> None:
    (root / "labels" / "splits.csv").unlink()
    path = write_lines(root / "experiments" / "base" / "config.toml", "sead = 1", "[classifier]", 'name = "tfdif"')
    assert refusal(root, "train", "base") == [
        f"{path}:1: unknown key 'sead'; did you mean 'seed'?",
        f"{path}:3: unknown classifier 'tfdif'; did you mean 'tfidf'?",
    ]


def test_a_command_that_comes_too_early_names_the_one_before(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    model, page = root / "models" / "base" / "model.json", root / "experiments" / "base" / "evaluation.json"
    untrained = f"{model}: no such model; train it first: narratives train base"
    assert refusal(root, "evaluate", "base") == [untrained]
    assert refusal(root, "report", "base") == [f"{page}: no such file; evaluate the run first: narratives evaluate base"]
    text = write_lines(root / "new.txt", "a text")
    assert refusal(root, "classify", text, "--model", "base", "--output", root / "out") == [untrained]


@pytest.mark.parametrize("content", ["[]", "{}", '{"overall": 3}'])
def test_an_evaluation_that_is_none_is_told_by_report(root: Path, content: str) -> None:
    path = write_lines(root / "experiments" / "base" / "evaluation.json", content)
    assert refusal(root, "report", "base") == [
        f"{path}: not an evaluation of this version; write it again: narratives evaluate base"
    ]


def test_a_broken_evaluation_is_told_by_report_with_its_line(root: Path) -> None:
    path = write_lines(root / "experiments" / "base" / "evaluation.json", "{", '"run": base}')
    assert refusal(root, "report", "base") == [f"{path}:2: broken JSON: Expecting value"]


# New texts: what else is wrong with a file stands in test_plan.py


@pytest.mark.parametrize("name", ["missing.jsonl", "missing.parquet", "missing"])
def test_an_input_that_is_not_there_is_told(root: Path, name: str) -> None:
    problem = f"{root / name}: no such file; check the path"
    assert refusal(root, "classify", root / name, "--model", "base", "--output", root / "out") == [problem]


def test_a_folder_with_nothing_to_read_is_told(root: Path) -> None:
    (root / "models" / "base" / "encoder").mkdir()
    folder = root / "models" / "base" / "encoder"
    problem = f"{folder}: no file to read in this folder; known endings: .jsonl, .ndjson, .csv, .tsv, .parquet, .txt, .json"
    assert refusal(root, "classify", folder, "--model", "base", "--output", root / "out") == [problem]


def test_an_output_below_a_file_is_told(root: Path) -> None:
    text, out = write_lines(root / "new.txt", "a text"), root / "new.txt" / "out"
    [problem] = refusal(root, "classify", text, "--model", "base", "--output", out)
    assert problem.startswith(f"{out}.run: cannot be written: ")


def test_the_text_column_does_not_matter_for_a_txt(root: Path) -> None:
    table, lines = write_lines(root / "a.csv", "body", "one"), write_lines(root / "b.txt", "two")
    words = ("--model", "base", "--output", root / "out", "--text-column", "body")
    assert invoke(root, "classify", table, lines, *words).exit_code == 0


def test_files_of_one_name_in_two_folders_are_no_mistake(root: Path) -> None:
    a, b = write_lines(root / "a" / "x.txt", "one"), write_lines(root / "b" / "x.txt", "two")
    assert invoke(root, "classify", a, b, "--model", "base", "--output", root / "out").exit_code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_file_name_that_is_not_utf_8_is_no_mistake(root: Path, form: str) -> None:
    path = write_lines(root / os.fsdecode(b"caf\xe9.txt"), "a text")
    words = ("--model", "base", "--output", root / "out", "--format", form)
    assert invoke(root, "classify", path, *words).exit_code == 0


# The real program


def test_the_program_itself_prints_the_line_and_exits_with_2(tmp_path: Path) -> None:
    write_project(tmp_path)
    path = write_lines(tmp_path / "labels" / "passages.jsonl", *example_passages(), {"id": "p0", "text": "again"})
    before = snapshot(tmp_path)
    words = [sys.executable, "-m", "narratives", "labels", "check"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    place = path.relative_to(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{place}:15: id 'p0' was used at {place}:1; ids must be unique\n"
    assert snapshot(tmp_path) == before
