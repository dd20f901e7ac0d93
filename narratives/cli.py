"""The command line: each command is a few lines over a plain function, imported only when it is called."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narratives import __version__
from narratives.errors import UserError
from narratives.significance import MARGIN

if TYPE_CHECKING:
    from narratives.project import Project

_FOLDER = click.Path(path_type=Path, file_okay=False)
_SPLIT = click.option("--split", type=click.Choice(["train", "validation", "test"]), help="Score this split, not test.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")
_TASKS = ["semeval2025-task10", "cards"]
_FORMATS = ["parquet", "jsonl", "csv"]


class _Run(click.ParamType[str]):
    """A run's name; of a path, such as a shell completes, the last part."""

    name = "run"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return Path(value).name or self.fail("name a run", param, ctx)


class _Group(click.Group):
    """Turns the user's errors into lines on standard error and exit code 2; bugs keep their traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            for problem in error.problems:
                click.echo(problem, err=True)
            if len(error.problems) > 1:
                click.echo(f"{len(error.problems)} problems", err=True)
            ctx.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="narratives")
@click.option("--project", "root", type=_FOLDER, default=Path(), help="The project's folder; by default the current one.")
@click.pass_context
def cli(ctx: click.Context, root: Path) -> None:
    """Tell which propaganda narratives a text carries, and how far that answer can be trusted.

    A project is a folder with labels/ (codebook and labelled passages), experiments/ (a config for each run) and
    models/. Begin with: narratives init DIR
    """
    ctx.obj = root


@cli.command()
@click.argument("folder", type=_FOLDER)
def init(folder: Path) -> None:
    """Start a project in FOLDER: a small codebook to edit, example labels, two runs."""
    from narratives.init import init_project

    written = init_project(folder)
    for path in written:
        click.echo(f"wrote {path}")
    if not written:
        click.echo(f"{folder} has everything already; nothing was changed")
    click.echo(f"next: cd {folder} && narratives labels check && narratives run tfidf")


@cli.group()
def labels() -> None:
    """Look after the labelled passages."""


@labels.command()
@_JSON
@click.pass_obj
def check(root: Path, as_json: bool) -> None:
    """Validate all labels: broken lines, near-duplicates across splits, support of each narrative.

    Exit code 2: something cannot be read, every problem is listed. 1: it can, but something needs a decision.
    """
    from narratives.check import check_labels, describe

    report = check_labels(_project(root))
    if as_json:
        click.echo(json.dumps(report.to_json(), indent=1))
    else:
        click.echo("\n".join(describe(report)))
    for finding in () if as_json else report.findings:
        click.echo(finding, err=True)
    if report.findings:
        raise SystemExit(1)


@cli.command()
@click.argument("run", type=_Run())
@click.pass_obj
def train(root: Path, run: str) -> None:
    """Train RUN as experiments/RUN/config.toml asks; a training that was stopped goes on where it was."""
    from narratives.train import train_run

    project = _project(root)
    with _show(f"train {run}") as progress:
        train_run(project, run, _say, progress)
    click.echo(f"model: {project.model(run)}")


@cli.command()
@click.argument("run", type=_Run())
@_SPLIT
@click.option("--robustness", is_flag=True, help="Also train anew with other ways of holding out; takes three trainings.")
@_JSON
@click.pass_obj
def evaluate(root: Path, run: str, split: str | None, robustness: bool, as_json: bool) -> None:
    """Predict the held-out passages with RUN's model and score the predictions."""
    from narratives.evaluate import evaluate_run
    from narratives.report import headline

    project = _project(root)
    with _show(f"evaluate {run}") as progress:
        evaluation = evaluate_run(project, run, split, progress, robustness)
    click.echo(json.dumps(evaluation.to_json(), indent=1) if as_json else headline(evaluation))


@cli.command()
@click.argument("run", type=_Run())
@click.pass_obj
def report(root: Path, run: str) -> None:
    """Write RUN's evaluation as report.html and report.md."""
    from narratives.evaluate import read_evaluation
    from narratives.report import write_report

    project = _project(root)
    click.echo(f"report: {write_report(project.experiment(run), [read_evaluation(project, run)])}")


@cli.command()
@click.argument("gold", type=click.Path(path_type=Path))
@click.argument("predictions", type=click.Path(path_type=Path))
@click.option("--codebook", required=True, type=click.Path(path_type=Path), help="The codebook.toml that both follow.")
@click.option("-o", "--output", required=True, type=_FOLDER, help="Folder for evaluation.json, report.md, report.html.")
@click.option("--task", "tasks", multiple=True, type=click.Choice(_TASKS), help="Add a shared task's own figures.")
@click.option("--resamples", default=2000, show_default=True, type=click.IntRange(1))
@_JSON
def score(
    gold: Path, predictions: Path, codebook: Path, output: Path, tasks: tuple[str, ...], resamples: int, as_json: bool
) -> None:
    """Write the whole report for anybody's PREDICTIONS: JSONL, CSV or Parquet, labels alone or with scores.

    They are joined with GOLD by id. Labels are `narratives` (an object, a list, ids with `;` between) or a column of 0
    and 1 for each narrative; scores are `scores` or columns `score.<id>`.
    """
    from narratives.report import headline
    from narratives.score_files import score_files

    evaluation = score_files(gold, predictions, codebook, output, resamples, tasks=tasks)
    click.echo(json.dumps(evaluation.to_json(), indent=1) if as_json else headline(evaluation))
    click.echo(f"report: {output / 'report.html'}", err=as_json)


@cli.command(name="run")
@click.argument("runs", nargs=-1, required=True, type=_Run())
@_SPLIT
@click.pass_obj
def run_command(root: Path, runs: tuple[str, ...], split: str | None) -> None:
    """Train, evaluate and report each of RUNS, then compare them with the first: the main job."""
    from narratives.run import run_all

    for page in run_all(_project(root), runs, split, _say, _show):
        click.echo(f"report: {page}")


@cli.command()
@click.argument("run_a", type=_Run())
@click.argument("run_b", type=_Run())
@click.option("--margin", default=MARGIN, show_default=True, help="Smaller differences count as none.")
@_JSON
@click.pass_obj
def compare(root: Path, run_a: str, run_b: str, margin: float, as_json: bool) -> None:
    """Compare two evaluated runs, paired, overall and for each narrative: better, worse, equivalent, or cannot be told."""
    from narratives.run import compare_runs

    page = compare_runs(_project(root), run_a, run_b, _say, margin)
    if as_json:
        click.echo(page.with_name("comparison.json").read_text(encoding="utf-8"), nl=False)
    click.echo(f"report: {page}", err=as_json)


@cli.command()
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", "name", required=True, help="A run of this project, or the folder of a model.")
@click.option("--output", required=True, type=_FOLDER, help="Folder for predictions.<format>.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="parquet", show_default=True)
@click.option("--text-column", default="text", show_default=True, help="Where JSONL, CSV and Parquet hold the text.")
@click.pass_obj
def classify(root: Path, inputs: tuple[Path, ...], name: str, output: Path, form: str, text_column: str) -> None:
    """Classify new texts: INPUTS are .jsonl, .csv, .tsv, .parquet or .txt files (a text a line)."""
    from narratives.classify import classify_files
    from narratives.model import load_model

    folder = Path(name).parent if Path(name).name == "model.json" else Path(name)
    model = load_model(folder if (folder / "model.json").is_file() else _project(root).model(name))
    with _show("classify") as progress:
        summary = classify_files(inputs, model, output, form, text_column, progress)
    for id_, texts in summary.narratives.items():
        click.echo(f"{texts:8}  {id_}")
    click.echo(f"{summary.texts} texts, {summary.none} of them carry none: {summary.output}")


def _project(root: Path) -> "Project":
    from narratives.project import Project

    return Project(root)


def _show(title: str) -> AbstractContextManager[Callable[[int, int, str], None]]:
    from narratives.progress import show_progress

    return show_progress(title)


def _say(line: str) -> None:
    click.echo(line, err=True)


def main() -> None:
    """The `narratives` command."""
    cli(prog_name="narratives")
