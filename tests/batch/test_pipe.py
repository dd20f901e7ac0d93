"""Standard input to standard output: a line in, a line out, at once."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.batch_runs import TEXTS, read_rows, run, write_input
from helpers.examples import invoke, problems_of
from hypothesis import given
from hypothesis import strategies as st

from narratives.batch import stream as pipe
from narratives.batch.items import Columns
from narratives.batch.plan import Options
from narratives.batch.stream import classify_stream
from narratives.files import lines
from narratives.files.lines import TOO_LONG


@pytest.fixture
def folder(finished: Path) -> Path:
    return finished / "models" / "tfidf"


def answer(folder: Path, data: bytes, **options: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """The answers to what comes in, and what is said of bad lines."""
    out = io.StringIO()
    said: list[str] = []
    classify_stream(io.BytesIO(data), out, folder, Options(**options), said.append)
    return [json.loads(line) for line in out.getvalue().split("\n")[:-1]], said


@pytest.fixture
def process(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "narratives", "classify", "-", "--model", str(folder)]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, **pipes, env={**os.environ, "PYTHONIOENCODING": "ascii"}) as process:
        yield process
        process.kill()


def test_a_line_is_answered_before_the_next_is_sent(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin and process.stdout and process.stderr
    for k, text in enumerate(["toll ä", "no such thing", "exam"]):
        process.stdin.write(json.dumps({"id": k, "text": text}, ensure_ascii=False).encode() + b"\n")
        process.stdin.flush()
        row = json.loads(process.stdout.readline())
        assert (row["id"], row["file"], row["line"]) == (str(k), "stdin", k + 1)
    process.stdin.write(b"nonsense\n")
    process.stdin.flush()
    assert process.stderr.readline() == b"stdin:4: broken JSON: Expecting value at column 1\n"
    process.stdin.write(b'{"text": "the last, with no line end"}')
    process.stdin.close()
    assert json.loads(process.stdout.readline())["id"] == "stdin:5"
    assert (process.wait(), process.stderr.read()) == (0, b"")


def test_control_c_ends_it_with_one_line(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin and process.stdout and process.stderr
    process.stdin.write(b'{"text": "toll"}\n')
    process.stdin.flush()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert (process.wait(), process.stderr.read()) == (130, b"stopped; every line before was answered\n")


def test_a_reader_that_has_enough_is_no_error(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin and process.stdout and process.stderr
    process.stdout.close()
    process.stdin.write(b'{"text": "toll"}\n')
    process.stdin.close()
    assert (process.wait(), process.stderr.read()) == (1, b"")


def test_the_answers_are_those_for_a_file(folder: Path, tmp_path: Path) -> None:
    rows = [{"id": str(k), "text": text, "by": "x"} for k, text in enumerate([*TEXTS, "", "A long one. " * 300])]
    path = write_input(tmp_path / "new.jsonl", rows)
    run(folder, tmp_path / "out", path, columns=Columns(keep=("by",)))
    answers, said = answer(folder, path.read_bytes(), columns=Columns(keep=("by",)))
    assert said == []
    there = [{**row, "narratives": list(row["narratives"]), "file": str(path)} for row in answers]
    assert there == read_rows(tmp_path / "out")


def test_bad_lines_are_told_and_the_rest_is_answered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe, "LIMIT", 100)
    monkeypatch.setattr(pipe, "_CHUNK", 7)
    lines = [b'{"text": "a"}', b"x" * 100, b'{"text": 3}', b"\xff", b"", b'{"body": "b"}', b'{"text": "c"}', b"y" * 101]
    rows, said = answer(folder, b"\n".join(lines))
    assert [row["id"] for row in rows] == ["stdin:1", "stdin:7"]
    assert said == [
        f"stdin:2: {TOO_LONG}",
        "stdin:3: 'text' is int, not a text",
        "stdin:4: byte 0xff is not UTF-8; save the file as UTF-8, or name its encoding: --encoding cp1252",
        "stdin:6: 'text' is not there; the record has body",
        f"stdin:8: {TOO_LONG}",
    ]


@given(st.lists(st.binary(max_size=8).map(lambda data: data.replace(b"\n", b"")), max_size=12), st.integers(1, 9))
def test_lines_are_those_that_a_file_has(contents: list[bytes], chunk: int) -> None:
    data = b"\n".join(contents)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipe, "_CHUNK", chunk)
        found = [line for group in pipe._read_groups(io.BytesIO(data)) for line in group]
    expected = [(number, size, content) for number, size, content in lines.read_lines(io.BytesIO(data))]
    assert [(number, size, (content or b"").rstrip(b"\n")) for number, size, content in expected] == found


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            b'[\n{"text": "a"}]',
            "this is one JSON list; give the file the ending .json, or write one object a line: jq -c '.[]'",
        ),
        (
            '{"text": "a"}\n'.encode("utf-16-le"),
            "this is UTF-16 text or no text at all; save it as UTF-8, or name its encoding: --encoding utf-16-le",
        ),
    ],
)
def test_what_is_no_jsonl_at_all_is_refused(folder: Path, data: bytes, reason: str) -> None:
    assert problems_of(lambda: answer(folder, data)) == [f"stdin:1: {reason}"]


def test_no_lines_give_no_answers(folder: Path) -> None:
    assert answer(folder, b"") == ([], [])


def test_options_that_do_not_fit_are_refused(folder: Path, tmp_path: Path) -> None:
    reason = "standard input is answered text by text; give --unit passage with files"
    assert problems_of(lambda: answer(folder, b"", unit="passage")) == [reason]
    for words in (("-", "--output", tmp_path / "out"), ("-", "more.txt", "--output", tmp_path / "out")):
        result = invoke(tmp_path, "classify", *words, "--model", folder)
        assert result.exit_code == 2
        assert result.stderr.splitlines()[-1].startswith("Error: INPUT - stands alone: it is answered on standard output")


@pytest.mark.parametrize("words", [["--add"], ["--restart"], ["--jobs", "2"], ["--engine", "ray"], ["--address", "here:1"]])
def test_options_for_files_are_refused(folder: Path, tmp_path: Path, words: list[str]) -> None:
    result = invoke(tmp_path, "classify", "-", "--model", folder, *words)
    assert result.exit_code == 2
    assert "--add, --restart, --jobs and --engine go with files" in result.stderr
