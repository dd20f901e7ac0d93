"""Train, evaluate, report and compare runs; score anybody's predictions."""

import json
from pathlib import Path

import click

from narratives.commands.options import ENCODING, FOLDER, JSON, SPLIT, RunName, open_project, say, show
from narratives.commands.terminal import echo

_TASKS = ["semeval2025-task10", "cards"]


@click.command()
@click.argument("run", type=RunName())
@click.pass_obj
def train(root: Path, run: str) -> None:
    """Train RUN as experiments/RUN/config.toml asks; a training that was stopped goes on where it was.

    \b
    Examples:
      narratives train tfidf
      narratives --project trams train transformer
    """
    from narratives.runs import train_run

    project = open_project(root)
    with show(f"train {run}") as progress:
        train_run(project, run, say, progress)
    echo(f"model: {project.model(run)}")


@click.command()
@click.argument("run", type=RunName())
@SPLIT
@click.option("--robustness", is_flag=True, help="Also train anew with other ways of holding out; takes three trainings.")
@JSON
@click.pass_obj
def evaluate(root: Path, run: str, split: str | None, robustness: bool, as_json: bool) -> None:
    """Predict the held-out passages with RUN's model and score the predictions.

    \b
    Examples:
      narratives evaluate tfidf
      narratives evaluate tfidf --split validation --json
    """
    from narratives.report import headline
    from narratives.runs import evaluate_run

    project = open_project(root)
    with show(f"evaluate {run}") as progress:
        evaluation = evaluate_run(project, run, split, progress, robustness, say)
    echo(json.dumps(evaluation.to_json(), indent=1) if as_json else headline(evaluation))


@click.command()
@click.argument("run", type=RunName())
@click.pass_obj
def report(root: Path, run: str) -> None:
    """Write RUN's evaluation as report.html and report.md.

    \b
    Examples:
      narratives report tfidf
      narratives --project trams report transformer
    """
    from narratives.runs import report_run

    echo(f"report: {report_run(open_project(root), run, say)}")


@click.command()
@click.argument("gold", type=click.Path(path_type=Path))
@click.argument("predictions", type=click.Path(path_type=Path))
@click.option("--codebook", required=True, type=click.Path(path_type=Path), help="The codebook.toml that both follow.")
@click.option("-o", "--output", required=True, type=FOLDER, help="Folder for evaluation.json, report.md, report.html.")
@click.option("--task", "tasks", multiple=True, type=click.Choice(_TASKS), help="Add a shared task's own figures.")
@click.option("--split", help="Score the passages of this split only: their field `split`, or splits.csv beside GOLD.")
@ENCODING
@click.option("--resamples", hidden=True, type=click.IntRange(1), help="No longer used: intervals are computed, not drawn.")
@JSON
def score(
    gold: Path,
    predictions: Path,
    codebook: Path,
    output: Path,
    tasks: tuple[str, ...],
    split: str | None,
    encoding: str,
    resamples: int | None,
    as_json: bool,
) -> None:
    """Write the whole report for anybody's PREDICTIONS: JSONL, CSV or Parquet, labels alone or with scores.

    They are joined with GOLD by id. Labels are `narratives` (an object, a list, ids with `;` between) or a column of 0
    and 1 for each narrative; scores are `scores` or columns `score_<id>` (or `score.<id>`).

    \b
    Examples:
      narratives score gold.jsonl theirs.csv --codebook labels/codebook.toml -o report
      narratives score gold.csv theirs.jsonl --codebook c.toml -o report --task cards
    """
    from narratives.report import headline
    from narratives.runs import score_files

    evaluation = score_files(gold, predictions, codebook, output, tasks, split, say, encoding)
    echo(json.dumps(evaluation.to_json(), indent=1) if as_json else headline(evaluation))
    echo(f"report: {output / 'report.html'}", err=as_json)


@click.command(name="run")
@click.argument("runs", nargs=-1, required=True, type=RunName())
@SPLIT
@click.pass_obj
def run_command(root: Path, runs: tuple[str, ...], split: str | None) -> None:
    """Train, evaluate and report each of RUNS, then compare them with the first: the main job.

    \b
    Examples:
      narratives run tfidf
      narratives run tfidf transformer --split validation
    """
    from narratives.runs import run_all

    for page in run_all(open_project(root), runs, split, say, show):
        echo(f"report: {page}")


@click.command()
@click.argument("run_a")
@click.argument("run_b")
@click.option("--margin", type=float, help="Smaller differences count as none.  [default: 0.02]")
@JSON
@click.pass_obj
def compare(root: Path, run_a: str, run_b: str, margin: float | None, as_json: bool) -> None:
    """Compare two evaluated runs, paired, overall and for each narrative: better, worse, equivalent, or cannot be told.

    Folders that `score` wrote can be compared, too; the answer is written beside the first.

    \b
    Examples:
      narratives compare tfidf transformer
      narratives compare tfidf transformer --margin 0.01 --json
      narratives compare results/a results/b
    """
    from narratives.runs import compare_runs, compare_scores, is_scored

    if is_scored(run_a) and is_scored(run_b):
        page = compare_scores(Path(run_a), Path(run_b), say, margin)
    else:
        names = [RunName().convert(name, None, None) for name in (run_a, run_b)]
        page = compare_runs(open_project(root), names[0], names[1], say, margin)
    if as_json:
        echo(page.with_name("comparison.json").read_text(encoding="utf-8"), nl=False)
    echo(f"report: {page}", err=as_json)
