"""`narratives retrain` and `narratives models`: new labels in, a better model out, and the way back."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narratives.commands.menu import Menu
from narratives.commands.options import JSON, RunName, open_project, say, show
from narratives.commands.terminal import echo

if TYPE_CHECKING:
    from narratives.runs import Version


@click.command()
@click.argument("run", type=RunName())
@click.option("--force", is_flag=True, help="Train even where the labels are as they were.")
@click.option("--promote", is_flag=True, help="Promote whatever the verdict.")
@click.option("--dry-run", is_flag=True, help="Train and tell; change neither model nor history, write no verdict.")
@click.option("--margin", default=0.05, show_default=True, help="A loss of F1 to put up with.")
@JSON
@click.pass_obj
def retrain(root: Path, run: str, force: bool, promote: bool, dry_run: bool, margin: float, as_json: bool) -> None:
    """Train RUN on today's labels, try it against the model that stands, and promote it or hold it.

    The verdict stands in experiments/RUN/retraining/. A model that is held waits in models/.RUN.challenger: --promote
    takes it without training again. Exit code 0: promoted, or nothing to do. 1: held.

    \b
    Examples:
      narratives retrain tfidf
      narratives retrain tfidf --dry-run --margin 0.03
    """
    from narratives.runs import RetrainRequest, retrain_run

    outcome = retrain_run(open_project(root), run, RetrainRequest(force, promote, dry_run, margin), say, show)
    if as_json:
        echo(json.dumps(outcome.to_json(), indent=1, ensure_ascii=False))
    else:
        fate = f"promoted, version {outcome.version}" if outcome.promoted else outcome.decision
        echo(f"{run}: {fate}")
        for line in (*outcome.reasons, *outcome.facts.get("notes", ())):
            echo(f"  {line}")
        if outcome.held:
            echo(f"the new model waits; to promote it all the same: narratives retrain {run} --promote")
        if outcome.page:
            echo(f"report: {outcome.page}")
    if outcome.held:
        raise SystemExit(1)


@click.group(cls=Menu)
def models() -> None:
    """Look after the trained models.

    \b
    Examples:
      narratives models list
      narratives models rollback tfidf
    """


@models.command(name="list")
@click.argument("run", type=RunName(), required=False)
@JSON
@click.pass_obj
def list_command(root: Path, run: str | None, as_json: bool) -> None:
    """Every model on disk, of RUN or of all runs: the one that stands, those it replaced, and one that waits.

    F1 is of the test passages of a model's day: compare models by their verdicts, not by this column.
    "forced": promoted against its verdict.

    \b
    Examples:
      narratives models list
      narratives models list tfidf --json
    """
    from narratives.runs import list_versions

    versions = list_versions(open_project(root), run)
    if as_json:
        echo(json.dumps([version.to_json() for version in versions], indent=1, ensure_ascii=False))
    elif versions:
        rows = [("run", "version", "state", "trained", "codebook", "micro F1", "macro F1"), *map(_show, versions)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    else:
        echo("no models yet; train one: narratives retrain RUN")
    for version in versions if not as_json else ():
        if version.problem:
            echo(version.problem, err=True)


@models.command()
@click.argument("run", type=RunName())
@click.option("--to", type=click.IntRange(1), help="The version; by default the latest before the present one.")
@click.pass_obj
def rollback(root: Path, run: str, to: int | None) -> None:
    """Put a past model of RUN back in its place; the present one becomes a past one.

    \b
    Examples:
      narratives models rollback tfidf
      narratives models rollback tfidf --to 3
    """
    from narratives.runs import roll_back

    project = open_project(root)
    event = roll_back(project, run, to, say)
    echo(f"{run}: version {event.version} stands again in {project.model(run)}")
    echo(f"its report is not: narratives evaluate {run} && narratives report {run}", err=True)


def _show(version: "Version") -> tuple[str, ...]:
    number = "-" if version.version is None else str(version.version)
    figures = ("-" if figure is None else f"{figure:.2f}" for figure in (version.micro_f1, version.macro_f1))
    state = f"{version.state}, forced" if version.forced else version.state
    return version.run, number, state, version.trained or "damaged", version.codebook, *figures
