"""The help of every command: two examples that are right, and summaries that are whole."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from narratives.cli import cli


def walk(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every group and command, by its words."""
    yield words
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from walk(command, (*words, name))
        else:
            yield (*words, name)


def read_help(*words: str) -> str:
    result = CliRunner().invoke(cli, [*words, "--help"], terminal_width=100, prog_name="narratives")
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("words", list(walk(cli)), ids=" ".join)
def test_every_help_has_two_examples_or_more_that_the_command_line_takes(words: tuple[str, ...]) -> None:
    lines = read_help(*words).partition("Examples:\n")[2].split("\n\n")[0].splitlines()
    assert len(lines) >= 2
    for line in lines:
        example = shlex.split(line.split(" < ")[0])
        assert example[0] == "narratives"
        command, rest = parse_example(example[1:])
        assert command[: len(words)] == words  # it shows this command, or one of this group
        assert rest.command.name == command[-1]


def parse_example(arguments: list[str]) -> tuple[tuple[str, ...], click.Context]:
    """The command that is called, and its context; a `click.UsageError` where an option or argument is wrong."""
    arguments = arguments[2:] if arguments[0] == "--project" else arguments
    command: click.Command = cli
    words: tuple[str, ...] = ()
    while isinstance(command, click.Group):
        name, *arguments = arguments
        command = command.commands[name]
        words = (*words, name)
    return words, command.make_context(words[-1], arguments)


@pytest.mark.parametrize("words", [words for words in walk(cli) if words], ids=" ".join)
def test_the_list_of_commands_cuts_no_sentence_short(words: tuple[str, ...]) -> None:
    own = " ".join(read_help(*words).partition("\n\n")[2].split("\n\n")[0].split())  # the first paragraph
    sentence = re.split(r"\.(?: |$)", own)[0]
    listed = " ".join(read_help(*words[:-1]).partition("Commands:")[2].split())
    assert f"{words[-1]} {sentence}" in listed
