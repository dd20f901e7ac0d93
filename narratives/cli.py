"""The command line: the group, what becomes of errors, and every command."""

import errno
import os
import shlex
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import click

from narratives import __version__
from narratives.commands import FOLDER, Menu, batch, codebook, echo, field, labels, models, runs, serve, suggest
from narratives.errors import UserError, gather

_STUCK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)  # of a stream that takes no more


class _Group(Menu):
    """Turns the user's errors into lines on standard error and exit code 2; bugs keep their traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            for problem in gather(error.problems):
                echo(problem.replace("\n", "\\n"), err=True)
            if error.count > 1:
                echo(f"{error.count} problems", err=True)
            ctx.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="narratives")
@click.option("--project", "root", type=FOLDER, default=Path(), help="The project's folder; by default the current one.")
@click.pass_context
def cli(ctx: click.Context, root: Path) -> None:
    """Tell which propaganda narratives a text carries, and how far that answer can be trusted.

    A project is a folder with labels/ (codebook and labelled passages), experiments/ (a config for each run) and
    models/. Begin with: narratives init DIR

    \b
    Examples:
      narratives init trams
      narratives --project trams run tfidf transformer
    """
    ctx.obj = root


@cli.command()
@click.argument("folder", type=FOLDER)
def init(folder: Path) -> None:
    """Start a project in FOLDER: a small codebook to edit, example labels, two runs.

    \b
    Examples:
      narratives init trams
      narratives init .
    """
    from narratives.project import init_project

    written = init_project(folder)
    for path in written:
        echo(f"wrote {path}")
    if not written:
        echo(f"{folder} has everything already; nothing was changed")
    echo(f"next: cd {shlex.quote(str(folder))} && narratives labels check && narratives run tfidf")


for _command in (
    labels.labels,
    codebook.codebook,
    runs.train,
    runs.evaluate,
    runs.report,
    runs.score,
    runs.run_command,
    runs.compare,
    models.retrain,
    models.models,
    batch.classify,
    suggest.suggest,
    field.field,
    serve.serve,
):
    cli.add_command(_command)


def main() -> None:
    """The `narratives` command. Where it is ended from outside, it clears away what it had half-written."""
    with suppress(ValueError):  # not the main thread: who runs it there answers signals
        signal.signal(signal.SIGTERM, _end)
    # Before torch is loaded: its threads would spin while they wait for one that has no processor, three times the work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        cli(prog_name="narratives")
    except OSError as error:
        if error.filename is not None or error.errno not in _STUCK:  # what fails on a file of ours is told where it is written
            raise
        _let_go_of_output()
        echo(f"standard output: cannot be written: {os.strerror(error.errno or 0)}; what is in files stays", err=True)
        raise SystemExit(2) from None


def _end(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _let_go_of_output() -> None:
    # What is still waiting to be written would fail once more when the program ends.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
