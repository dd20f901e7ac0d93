"""The main job: train, evaluate and report each run, then compare every later one with the first."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from narratives.classifiers import Progress
from narratives.comparison import Comparison, compare, require_same_gold
from narratives.errors import UserError
from narratives.evaluate import SEED, evaluate_run, read_answers, read_evaluation, read_gold
from narratives.evaluation import Evaluation
from narratives.files import write_json
from narratives.project import Project
from narratives.report import headline, outcome, write_report
from narratives.significance import MARGIN
from narratives.train import Say, train_run

Show = Callable[[str], AbstractContextManager[Progress]]  # title -> progress bar


def run_all(project: Project, runs: Sequence[str], split: str | None, say: Say, show: Show) -> list[Path]:
    """Train, evaluate and report `runs`, compare each with the first; the pages written, the comparisons first."""
    if len(set(runs)) < len(runs):
        raise UserError("a run is named twice; name each once")
    for run in runs:  # a mistake in the last should not cost the time of a training
        project.read_config(run)
    pages, evaluations = [], []
    for run in runs:
        with show(f"train {run}") as progress:
            train_run(project, run, say, progress)
        with show(f"evaluate {run}") as progress:
            evaluation = evaluate_run(project, run, split, progress)
        pages.append(write_report(project.experiment(run), [evaluation]))
        say(headline(evaluation))
        evaluations.append(evaluation)
    return [*(compare_runs(project, evaluations[0].run, other.run, say) for other in evaluations[1:]), *pages]


def compare_runs(project: Project, a: str, b: str, say: Say, margin: float = MARGIN) -> Path:
    """Compare two evaluated runs; write `comparison.json` and the report of both to `experiments/<a>-vs-<b>/`."""
    if not 0 < margin <= 1:
        raise UserError(f"--margin must be above 0 and at most 1, not {margin:g}; the default is {MARGIN:g}")
    first, second = read_evaluation(project, a), read_evaluation(project, b)
    comparison = _compare(project, first, second, margin)
    folder = project.experiment(f"{a}-vs-{b}")
    write_json(folder / "comparison.json", comparison.to_json())
    say(outcome(comparison))
    return write_report(folder, [first, second], comparison)


def _compare(project: Project, a: Evaluation, b: Evaluation, margin: float) -> Comparison:
    codebook = project.read_codebook()
    gold = read_gold(project, codebook, a.split)
    require_same_gold(a, b, gold, codebook)
    answers = [read_answers(project, evaluation.run, gold, codebook) for evaluation in (a, b)]
    resamples = project.read_config(a.run).resamples
    return compare(a, answers[0], b, answers[1], codebook, resamples, SEED, margin)
