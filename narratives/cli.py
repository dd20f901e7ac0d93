"""The command line: the group, what becomes of errors, and every command."""

from pathlib import Path
from typing import Any

import click

from narratives import __version__
from narratives.commands import FOLDER, batch, codebook, labels, models, runs, suggest
from narratives.errors import UserError, gather


class _Group(click.Group):
    """Turns the user's errors into lines on standard error and exit code 2; bugs keep their traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            for problem in gather(error.problems):
                click.echo(problem, err=True)
            if len(error.problems) > 1:
                click.echo(f"{len(error.problems)} problems", err=True)
            ctx.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="narratives")
@click.option("--project", "root", type=FOLDER, default=Path(), help="The project's folder; by default the current one.")
@click.pass_context
def cli(ctx: click.Context, root: Path) -> None:
    """Tell which propaganda narratives a text carries, and how far that answer can be trusted.

    A project is a folder with labels/ (codebook and labelled passages), experiments/ (a config for each run) and
    models/. Begin with: narratives init DIR
    """
    ctx.obj = root


@cli.command()
@click.argument("folder", type=FOLDER)
def init(folder: Path) -> None:
    """Start a project in FOLDER: a small codebook to edit, example labels, two runs."""
    from narratives.project import init_project

    written = init_project(folder)
    for path in written:
        click.echo(f"wrote {path}")
    if not written:
        click.echo(f"{folder} has everything already; nothing was changed")
    click.echo(f"next: cd {folder} && narratives labels check && narratives run tfidf")


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
):
    cli.add_command(_command)


def main() -> None:
    """The `narratives` command."""
    cli(prog_name="narratives")
