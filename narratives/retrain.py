"""The job of the week: train on today's labels, try the new model against the one that stands, promote it or hold it."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from narratives.behaviour import read_checks
from narratives.challenge import Trial, compare_codebooks, leave_out_learned, name_codebook, try_out
from narratives.classifiers import hyperparameters
from narratives.config import RunConfig
from narratives.data import Passage
from narratives.errors import UserError, at
from narratives.evaluate import evaluate_run
from narratives.evaluation import Evaluation, Figure
from narratives.files import read_json, write_json, write_text
from narratives.history import FIGURES, Figures, find_figures, promote, read_events, read_figures, record_held
from narratives.learned import Changes, describe_changes, find_changes, read_lessons, remember
from narratives.model import Model, load_model
from narratives.passages import digest_passages
from narratives.project import Project
from narratives.report import write_report
from narratives.run import Show
from narratives.splits import split_passages
from narratives.train import Say, TrainingSet, load_training_set, train_model
from narratives.verdict import HOLD, PROMOTE, TOLERANCE

UNCHANGED = "unchanged"  # nothing was trained
_SAME = ("incumbent", "challenger", "test")  # what a verdict was reached on


@dataclass(frozen=True, slots=True)
class Request:
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
        own = {"decision": self.decision, "reasons": self.reasons, "promoted": self.promoted, "version": self.version}
        return {**self.facts, **own, "report": str(self.page) if self.page else None}


def retrain_run(project: Project, run: str, request: Request, say: Say, show: Show) -> Outcome:
    """Train a challenger for `run` and judge it; promote it, or let it wait in `models/.RUN.challenger`.

    Promoting puts the incumbent into `models/history/RUN/` and the challenger into its place in one step. A challenger that
    was trained for these very labels and settings (a run that was stopped, held or dry) is not trained again.
    """
    if not 0 < request.margin <= 1:
        raise UserError(f"--margin must be above 0 and at most 1, not {request.margin:g}; the default is {TOLERANCE:g}")
    config = project.read_config(run)
    first = not project.model(run).exists()
    incumbent = None if first else load_model(project.model(run))
    vocabulary = None if incumbent is None else compare_codebooks(incumbent.codebook, project.read_codebook())
    data = load_training_set(project, say, request.dry_run)
    read_checks(project.checks_file, data.codebook)  # a mistake there should not cost the time of a training
    changes = None
    if incumbent is not None and vocabulary is not None:
        for line in vocabulary.describe(incumbent.codebook, data.codebook):
            say(line)
        changes = _tell_changes(project, run, data, [*data.codebook.ids, *vocabulary.retired], say)
        if _is_taught(incumbent, project.model(run), config, data) and not request.force:
            reason = "the labels and the settings are those that the incumbent was trained on; --force trains all the same"
            return Outcome(UNCHANGED, [reason], False, facts={"run": run})
    passages = _choose_test(project, run, data, say) if incumbent else []
    challenger = _train(project, run, config, data, request, say, show)
    if incumbent is None:
        return _promote_first(project, run, request, show)
    figures = find_figures(read_events(project), run, incumbent.digest) or read_figures(project, run, incumbent.training)
    former = Figure(*figures["micro_f1"]) if figures else None
    with show(f"try out {run}") as progress:
        trial = try_out(incumbent, challenger, passages, config.resamples, former, request.margin, progress)
    facts = _gather(run, incumbent, challenger, trial, changes, digest_passages(passages))
    facts["codebook"] = {name: getattr(vocabulary, name) for name in ("new", "retired", "reworded")}
    decision, reasons = trial.verdict.decision, trial.verdict.reasons
    wanted = decision == PROMOTE or request.promote
    if request.dry_run:
        return Outcome(decision, reasons, False, facts=facts)
    folder = _write(project, run, trial, facts, passages)
    place = folder.relative_to(project.root).as_posix()
    here = _take_figures(trial.whole)
    if not wanted:
        record_held(project, run, here, place)
        return Outcome(decision, reasons, False, None, folder / "report.html", facts)
    version = promote(project, run, here, figures or _take_figures(trial.incumbent), decision, place)
    _report(project, run, show)
    return Outcome(decision, reasons, True, version, folder / "report.html", facts)


def _tell_changes(project: Project, run: str, data: TrainingSet, ids: Sequence[str], say: Say) -> Changes | None:
    before = read_lessons(project.model(run))
    if before is None:
        say(f"{project.model(run)} does not say which passages it learned from: an older version trained it")
        return None
    changes = find_changes(before, remember({"train": data.train, "validation": data.validation}), ids)
    for line in describe_changes(changes):
        say(line)
    return changes


def _is_taught(model: Model, folder: Path, config: RunConfig, data: TrainingSet) -> bool:
    """Whether a model has learned these passages, with these labels, under this codebook and these settings."""
    lessons = read_lessons(folder)
    now = remember({"train": data.train, "validation": data.validation})
    return (
        model.training.get("digests") == data.digests
        and (lessons is None or lessons == now)  # fewer than are labelled, where some nearly repeat a held-out passage
        and model.codebook.digest == data.codebook.digest
        and model.classifier_name == config.classifier
        and hyperparameters(model.classifier) == hyperparameters(config.make_classifier())
    )


def _choose_test(project: Project, run: str, data: TrainingSet, say: Say) -> list[Passage]:
    passages = project.read_passages(data.codebook)
    labelled = split_passages(passages, data.splits, "test")
    if not labelled:
        raise UserError(at(project.splits_file, None, "no labelled passage in split 'test' to compare on; label some"))
    kept = leave_out_learned(labelled, read_lessons(project.model(run)) or [])
    if len(kept) < len(labelled):
        say(f"{len(labelled) - len(kept)} test passages were learned by the incumbent: not compared on")
    if not kept:
        raise UserError(at(project.splits_file, None, "the incumbent has learned every test passage; label new documents"))
    return kept


def _train(project: Project, run: str, config: RunConfig, data: TrainingSet, request: Request, say: Say, show: Show) -> Model:
    folder = project.challenger(run)
    if folder.is_dir() and not request.force:
        with suppress(UserError):  # damaged or of another format: it is trained again
            waiting = load_model(folder)
            if _is_taught(waiting, folder, config, data):
                say(f"{folder} was trained on these labels: not trained again")
                return waiting
    with show(f"train {run}") as progress:
        train_model(project, run, config, data, folder, say, progress)
    return load_model(folder)


def _promote_first(project: Project, run: str, request: Request, show: Show) -> Outcome:
    reasons = [f"no incumbent in {project.model(run)}: nothing to compare with"]
    if request.dry_run:
        return Outcome(PROMOTE, reasons, False, facts={"run": run})
    version = promote(project, run, {}, {}, PROMOTE, "")
    return Outcome(PROMOTE, reasons, True, version, _report(project, run, show), {"run": run})


def _report(project: Project, run: str, show: Show) -> Path:
    with show(f"evaluate {run}") as progress:
        evaluation = evaluate_run(project, run, None, progress)
    return write_report(project.experiment(run), [evaluation])


def _take_figures(evaluation: Evaluation) -> Figures:
    return {name: [figure.value, figure.low, figure.high] for name in FIGURES if (figure := evaluation.overall[name])}


def _gather(
    run: str, incumbent: Model, challenger: Model, trial: Trial, changes: Changes | None, gold_digest: str
) -> dict[str, Any]:
    models = {"incumbent": incumbent, "challenger": challenger}
    comparison = trial.comparison
    return {
        "run": run,
        **{
            name: {"digest": model.digest, "codebook": name_codebook(model.codebook), "training": model.training}
            for name, model in models.items()
        },
        "test": {"passages": trial.incumbent.passages, "documents": trial.incumbent.documents, "gold_digest": gold_digest},
        "changes": changes.to_json() if changes else None,
        "flips": {"all": len(comparison.flips), "regressions": comparison.regressions, "file": "flips.jsonl"},
        **trial.verdict.to_json(),
    }


def _write(project: Project, run: str, trial: Trial, facts: dict[str, Any], passages: Sequence[Passage]) -> Path:
    """Write the verdict, the flips with their texts, and the page; over the last one where nothing has changed since."""
    numbered = sorted(path for path in (project.experiment(run) / "retraining").glob("[0-9]*/verdict.json"))
    folder = project.experiment(run) / "retraining" / f"{int(numbered[-1].parent.name) + 1 if numbered else 1:04}"
    if numbered and all(read_json(numbered[-1]).get(name) == json.loads(json.dumps(facts[name])) for name in _SAME):
        folder = numbered[-1].parent
    texts = {passage.id: passage.text for passage in passages}
    flips = trial.comparison.to_json()["flips"]
    lines = (json.dumps({**flip, "text": texts[flip["passage"]]}, ensure_ascii=False) for flip in flips)
    write_text(folder / "flips.jsonl", "".join(line + "\n" for line in lines))
    write_json(folder / "comparison.json", trial.comparison.to_json())
    write_report(folder, [trial.incumbent, trial.challenger], trial.comparison, trial.verdict, texts)
    write_json(folder / "verdict.json", facts)
    return folder
