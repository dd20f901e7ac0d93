"""The job of the week: train on today's labels, try the new model against the one that stands, promote it or hold it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from narratives.classifiers import hyperparameters
from narratives.data import Passage
from narratives.errors import UserError, at
from narratives.evaluation import HOLD, PROMOTE, TOLERANCE, Evaluation, Figure
from narratives.labels import digest_passages, find_renames, read_checks
from narratives.models import Changes, Model, describe_changes, find_changes, load_model, read_lessons, remember
from narratives.progress import Say, Show
from narratives.project import Project, RunConfig
from narratives.report import write_report
from narratives.runs.background import digest_background
from narratives.runs.best import Best, describe_forced, find_best, list_forced
from narratives.runs.challenge import Terms, Trial, compare_codebooks, leave_out_learned, try_out
from narratives.runs.evaluate import evaluate_model
from narratives.runs.history import (
    FIGURES,
    Figures,
    find_figures,
    promote,
    read_events,
    read_figures,
    record_held,
    refuse_lost,
)
from narratives.runs.renamed import rename_lessons, rename_model
from narratives.runs.train import TrainingSet, choose_training_set, train_model
from narratives.runs.tuning import is_as_wished
from narratives.runs.verdict_files import choose_folder, gather_facts, write_verdict
from narratives.runs.wear import measure_wear

UNCHANGED = "unchanged"  # nothing was trained


@dataclass(frozen=True, slots=True)
class RetrainRequest:
    """What is wanted beyond the run's name."""

    force: bool = False  # train even where the labels are as they were
    promote: bool = False  # whatever the verdict
    dry_run: bool = False
    margin: float = TOLERANCE


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    decision: str
    reasons: list[str]
    promoted: bool
    version: int | None = None  # of the model that was promoted
    page: Path | None = None
    facts: dict[str, Any] = field(default_factory=dict)  # what verdict.json holds

    @property
    def held(self) -> bool:
        """Whether the incumbent stays although there is a new model."""
        return self.decision == HOLD and not self.promoted

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        outcome = {"decision": self.decision, "reasons": self.reasons, "promoted": self.promoted, "version": self.version}
        return {**self.facts, **outcome, "report": str(self.page) if self.page else None}


@dataclass(frozen=True, slots=True)
class _Job:
    # What all steps of a retraining need.
    project: Project
    config: RunConfig
    request: RetrainRequest
    data: TrainingSet
    say: Say
    show: Show

    @property
    def run(self) -> str:
        return self.config.run

    @property
    def place(self) -> Path:
        """Where the incumbent stands."""
        return self.project.model(self.run)


def retrain_run(project: Project, run: str, request: RetrainRequest, say: Say, show: Show) -> Outcome:
    """Train a challenger for `run` and judge it; promote it, or let it wait in `models/.RUN.challenger`.

    Promoting puts the incumbent into `models/history/RUN/` and the challenger into its place in one step. A challenger that
    was trained for these very labels and settings (a run that was stopped, held or dry) is not trained again.
    """
    if not 0 < request.margin <= 1:
        raise UserError(f"--margin must be above 0 and at most 1, not {request.margin:g}; the default is {TOLERANCE:g}")
    with project.lock(say, run):
        return _retrain(project, run, request, say, show)


def _retrain(project: Project, run: str, request: RetrainRequest, say: Say, show: Show) -> Outcome:
    with project.lock(say):
        config, corpus = project.read_config(run), project.read_corpus()
        incumbent = load_model(project.model(run), project.trusted) if project.model(run).exists() else None
        if incumbent is None and not request.promote:
            refuse_lost(project, run)
        renames = find_renames(corpus.folder, incumbent.codebook, corpus.codebook) if incumbent else {}
        if incumbent and renames:
            incumbent = rename_model(incumbent, renames, say)
        vocabulary = compare_codebooks(incumbent.codebook, corpus.codebook) if incumbent else None
        read_checks(project.checks_file, corpus.codebook)  # a mistake there should not cost the time of a training
        data = choose_training_set(corpus, say, request.dry_run)
    job = _Job(project=project, config=config, request=request, data=data, say=say, show=show)
    if incumbent is None or vocabulary is None:
        return _promote_first(job)
    for line in vocabulary.describe(incumbent.codebook, data.codebook):
        say(line)
    changes = _tell_changes(job, [*data.codebook.ids, *vocabulary.retired], renames)
    if _is_taught(incumbent, job.place, config, data) and not request.force:
        reason = "the labels and the settings are those that the incumbent was trained on; --force trains all the same"
        return Outcome(decision=UNCHANGED, reasons=[reason], promoted=False, facts={"run": run})
    passages = _choose_test(job)
    challenger, best = _train(job), find_best(project, run, data.codebook)
    trial = _try_out(job, incumbent, challenger, passages, best)
    facts = gather_facts(run, incumbent, challenger, trial, changes, digest_passages(passages))
    facts["codebook"] = {name: getattr(vocabulary, name) for name in ("new", "retired", "reworded")}
    return _conclude(job, incumbent, trial, facts, passages, best)


def _try_out(job: _Job, incumbent: Model, challenger: Model, passages: Sequence[Passage], best: Best) -> Trial:
    figures = _recall_figures(job, incumbent)
    terms = Terms(
        resamples=job.config.resamples,
        margin=job.request.margin,
        former=Figure(*figures["micro_f1"]) if figures else None,
        beside=job.data.validation,
    )
    if best.past:
        job.say(f"{best.past.name}, is tried out too")
    with job.show(f"try out {job.run}") as progress:
        return try_out(incumbent, challenger, passages, terms, best.past, progress)


def _conclude(
    job: _Job, incumbent: Model, trial: Trial, facts: dict[str, Any], passages: Sequence[Passage], best: Best
) -> Outcome:
    """Write the verdict down and follow it; a dry run only tells it."""
    folder = choose_folder(job.project, job.run, facts)
    wear = measure_wear(job.project, passages, facts["test"]["gold_digest"], folder)
    forced = list_forced(read_events(job.project), job.run)
    record = [*best.notes, describe_forced(forced), wear.describe()]
    trial = replace(trial, verdict=replace(trial.verdict, record=record))
    facts |= {**trial.verdict.to_json(), "wear": asdict(wear), "forced": forced}
    decision, reasons = trial.verdict.decision, trial.verdict.reasons
    if job.request.dry_run:
        return Outcome(decision=decision, reasons=reasons, promoted=False, facts=facts)
    page = write_verdict(folder, trial, facts, passages)
    place, figures = folder.relative_to(job.project.root).as_posix(), _take_figures(trial.on_today)
    if decision != PROMOTE and not job.request.promote:
        record_held(job.project, job.run, figures, place)
        return Outcome(decision=decision, reasons=reasons, promoted=False, page=page, facts=facts)
    former = _recall_figures(job, incumbent) or _take_figures(trial.incumbent)
    lead = None if trial.verdict.leads and decision == PROMOTE else best.version
    version = promote(job.project, job.run, figures, former, decision, place, lead, incumbent.digest)
    _report(job)
    return Outcome(decision=decision, reasons=reasons, promoted=True, version=version, page=page, facts=facts)


def _recall_figures(job: _Job, incumbent: Model) -> Figures:
    """What the incumbent reached on the test passages of its day; empty where nobody wrote it down."""
    figures = find_figures(read_events(job.project), job.run, incumbent.digest)
    return figures or read_figures(job.project, job.run, incumbent.training)


def _tell_changes(job: _Job, ids: Sequence[str], renames: Mapping[str, str]) -> Changes | None:
    before = read_lessons(job.place)
    if before is None:
        job.say(f"{job.place} does not say which passages it learned from: an older version trained it")
        return None
    changes = find_changes(
        rename_lessons(before, renames), remember({"train": job.data.train, "validation": job.data.validation}), ids
    )
    for line in describe_changes(changes):
        job.say(line)
    return changes


def _is_taught(model: Model, folder: Path, config: RunConfig, data: TrainingSet) -> bool:
    """Whether a model has learned these passages, with these labels, under this codebook and these settings."""
    lessons = read_lessons(folder)
    today = remember({"train": data.train, "validation": data.validation})
    return (
        model.training.get("digests") == data.digests
        and model.training.get("background", {}).get("digest", "") == digest_background(config.background)
        and (lessons is None or lessons == today)  # fewer than are labelled, where some nearly repeat a held-out passage
        and model.codebook.digest == data.codebook.digest
        and model.classifier_name == config.classifier
        and hyperparameters(model.classifier) == hyperparameters(config.make_classifier())
        and is_as_wished(model, config)
    )


def _choose_test(job: _Job) -> list[Passage]:
    corpus = job.data.corpus
    labelled = corpus.part("test")
    if not labelled:
        raise UserError(at(corpus.splits_file, None, "no labelled passage in split 'test' to compare on; label some"))
    unlearned = leave_out_learned(labelled, read_lessons(job.place) or [])
    if len(unlearned) < len(labelled):
        job.say(f"{len(labelled) - len(unlearned)} test passages were learned by the incumbent: not compared on")
    if not unlearned:
        raise UserError(at(corpus.splits_file, None, "the incumbent has learned every test passage; label new documents"))
    return unlearned


def _train(job: _Job) -> Model:
    folder = job.project.challenger(job.run)
    if folder.is_dir() and not job.request.force:
        with suppress(UserError):  # damaged or of another format: it is trained again
            waiting = load_model(folder, job.project.trusted)
            if _is_taught(waiting, folder, job.config, job.data):
                job.say(f"{folder} was trained on these labels: not trained again")
                return waiting
    with job.show(f"train {job.run}") as progress:
        train_model(job.project, job.config, job.data, folder, job.say, progress)
    return load_model(folder, job.project.trusted)


def _promote_first(job: _Job) -> Outcome:
    _train(job)
    reasons = [f"no incumbent in {job.place}: nothing to compare with"]
    if job.request.dry_run:
        return Outcome(decision=PROMOTE, reasons=reasons, promoted=False, facts={"run": job.run})
    version = promote(job.project, job.run, {}, {}, PROMOTE, "")
    page = _report(job)
    return Outcome(decision=PROMOTE, reasons=reasons, promoted=True, version=version, page=page, facts={"run": job.run})


def _report(job: _Job) -> Path:
    with job.show(f"evaluate {job.run}") as progress:
        evaluation = evaluate_model(job.project, job.config, job.data.corpus, None, progress)
    return write_report(job.project.experiment(job.run), [evaluation])


def _take_figures(evaluation: Evaluation) -> Figures:
    return {name: [figure.value, figure.low, figure.high] for name in FIGURES if (figure := evaluation.overall[name])}
