"""The main job: train, evaluate and report each run, then compare every later one with the first."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from narratives.errors import UserError
from narratives.evaluation import Comparison, Evaluation, compare, require_same_gold
from narratives.files import hold_lock, write_json
from narratives.labels import Corpus
from narratives.metrics import MARGIN
from narratives.progress import Say, Show
from narratives.project import Project
from narratives.report import headline, outcome, write_report
from narratives.runs.evaluate import SEED, evaluate_model, read_answers, read_evaluation
from narratives.runs.score import read_scored
from narratives.runs.train import read_training_set, train_model

RESAMPLES = 2000  # swaps of a comparison that no config asks otherwise for


def run_all(project: Project, runs: Sequence[str], split: str | None, say: Say, show: Show) -> list[Path]:
    """Train, evaluate and report `runs`, compare each with the first; the pages written, the comparisons first."""
    if len(set(runs)) < len(runs):
        raise UserError("a run is named twice; name each once")
    with _hold(project, runs, say):
        return _run_all(project, runs, split, say, show)


def _run_all(project: Project, runs: Sequence[str], split: str | None, say: Say, show: Show) -> list[Path]:
    configs = [project.read_config(run) for run in runs]  # a mistake in the last should not cost the time of a training
    data = read_training_set(project, say)
    pages, evaluations = [], []
    for config in configs:
        with show(f"train {config.run}") as progress:
            train_model(project, config, data, project.model(config.run), say, progress)
        with show(f"evaluate {config.run}") as progress:
            evaluation = evaluate_model(project, config, data.corpus, split, progress)
        pages.append(write_report(project.experiment(config.run), [evaluation]))
        say(headline(evaluation))
        evaluations.append(evaluation)
    first, *rivals = evaluations
    corpus, resamples = data.corpus, configs[0].resamples
    return [*(_write_comparison(project, corpus, first, rival, resamples, MARGIN, say) for rival in rivals), *pages]


def report_run(project: Project, run: str, say: Say) -> Path:
    """Write a run's saved evaluation as pages."""
    with project.lock(say, run):
        return write_report(project.experiment(run), [read_evaluation(project, run)])


def compare_runs(project: Project, a: str, b: str, say: Say, margin: float | None = None) -> Path:
    """Compare two evaluated runs; write `comparison.json` and the report of both to `experiments/<a>-vs-<b>/`."""
    margin = _check_margin(margin)
    with _hold(project, (a, b), say):
        first, second = read_evaluation(project, a), read_evaluation(project, b)
        resamples = project.read_config(a).resamples
        return _write_comparison(project, project.read_corpus(), first, second, resamples, margin, say)


def compare_scores(a: Path, b: Path, say: Say, margin: float | None = None) -> Path:
    """Compare two folders that `score` wrote; write the comparison and the report of both to `<a>-vs-<b>/` beside the first."""
    margin = _check_margin(margin)
    a, b = a.absolute(), b.absolute()
    (first, answers, codebook), (second, answers_second, _) = read_scored(a), read_scored(b)
    if (first.gold_digest, first.codebook["digest"]) != (second.gold_digest, second.codebook["digest"]):
        raise UserError(
            f"{a.name} and {b.name} were scored on other passages, labels or codebooks; score both on the same gold"
        )
    names = (a.name, b.name) if a.name != b.name else (f"{a.parent.name}/{a.name}", f"{b.parent.name}/{b.name}")
    first, second = (replace(evaluation, run=name) for evaluation, name in zip((first, second), names, strict=True))
    comparison = compare(first, answers, second, answers_second, codebook, RESAMPLES, SEED, margin)
    folder = a.with_name(f"{a.name}-vs-{b.name}")
    with hold_lock(folder, say, make=True):
        return _write(folder, first, second, comparison, say)


@contextmanager
def _hold(project: Project, runs: Sequence[str], say: Say) -> Iterator[None]:
    """Let nobody evaluate these runs anew; all take the locks in one order, so that no two wait for each other."""
    with ExitStack() as locks:
        for run in sorted(set(runs)):
            locks.enter_context(project.lock(say, run))
        yield


def _check_margin(margin: float | None) -> float:
    margin = MARGIN if margin is None else margin
    if not 0 < margin <= 1:
        raise UserError(f"--margin must be above 0 and at most 1, not {margin:g}; the default is {MARGIN:g}")
    return margin


def _write_comparison(
    project: Project, corpus: Corpus, a: Evaluation, b: Evaluation, resamples: int, margin: float, say: Say
) -> Path:
    gold = corpus.part(a.split)
    require_same_gold(a, b, gold, corpus.codebook)
    answers = [read_answers(project, evaluation, gold, corpus.codebook) for evaluation in (a, b)]
    comparison = compare(a, answers[0], b, answers[1], corpus.codebook, resamples, SEED, margin)
    return _write(project.experiment(f"{a.run}-vs-{b.run}"), a, b, comparison, say)


def _write(folder: Path, a: Evaluation, b: Evaluation, comparison: Comparison, say: Say) -> Path:
    write_json(folder / "comparison.json", comparison.to_json())
    say(outcome(comparison))
    return write_report(folder, [a, b], comparison)
