"""What is printed: names and texts of strangers are shown, and never obeyed by the terminal."""

import click

from narratives.errors import show_controls


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    r"""Print a text, on standard error with `err`; control characters in it are shown as `\u001b`, which JSON reads too."""
    click.echo(show_controls(text), err=err, nl=nl)
