"""Texts of strangers on a terminal: shown, never obeyed."""

import json
from pathlib import Path

import pytest
from helpers.examples import example_passages, invoke, write_lines, write_project

from narratives.commands.terminal import echo
from narratives.errors import show_controls


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\u001b[2J"),
        ("\x9b31m", r"\u009b31m"),
        ("a\rb", r"a\u000db"),
        ("\u202egnp", r"\u202egnp"),
        ("\udc80", r"\udc80"),
        ("a\nb\tc می\u200cشود 😀", "a\nb\tc می\u200cشود 😀"),
    ],
)
def test_control_characters_are_shown(text: str, shown: str) -> None:
    assert show_controls(text) == shown


def test_what_a_program_reads_is_the_same_value(capsys: pytest.CaptureFixture[str]) -> None:
    echo(json.dumps({"a": "\x9b\u202e\x1b"}, ensure_ascii=False))
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == {"a": "\x9b\u202e\x1b"}


def test_escapes_in_keys_labels_and_file_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    bad = {"id": "x", "text": "a", "narratives": ["\x1b[31mtoll"], "txet\x9b": "a"}
    write_lines(root / "labels" / "more\x1b[1m\nb.jsonl", bad)
    result = invoke(root, "labels", "check")
    assert result.exit_code == 2
    assert "\x1b" not in result.output and "\x9b" not in result.output
    assert r"more\u001b[1m\nb.jsonl:1: " in result.stderr


def test_escapes_in_ids_and_texts_do_not_reach_the_terminal(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    passages = example_passages()
    twin = {**passages[0], "id": "twin", "narratives": {}, "language": "\x1b]0;owned\x07"}
    write_lines(root / "labels" / "twin\x1bc.jsonl", twin)
    result = invoke(root, "labels", "check")
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert r"twin\u001bc.jsonl" in result.stderr


def test_nothing_is_printed_in_another_way() -> None:
    folder = Path(__file__).parents[2] / "narratives" / "commands"
    for path in [*folder.glob("*.py"), folder.parent / "cli.py"]:
        assert path.name == "terminal.py" or "click.echo" not in path.read_text(encoding="utf-8")
