"""Evaluate one run: predict its held-out passages, write the predictions down, score what was written."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from narratives.data import Codebook, Passage
from narratives.errors import UserError, at
from narratives.evaluation import (
    LANGUAGE,
    About,
    Alternative,
    Evaluation,
    Joined,
    Miss,
    Slice,
    find_further,
    find_languages,
    join,
    score,
    write_tested,
)
from narratives.files import read_json, write_json
from narratives.labels import (
    SHARES,
    Check,
    Corpus,
    FamilyResult,
    describe_difference,
    digest_passages,
    pair_stances,
    read_checks,
    score_checks,
    score_stance_pairs,
)
from narratives.models import (
    TESTED_FILE,
    Model,
    digest_predictions,
    explain_text,
    load_model,
    read_predictions,
    write_predictions,
)
from narratives.progress import Progress, Say
from narratives.project import Project, RunConfig
from narratives.runs.background import describe_alarms
from narratives.runs.robustness import probe_splits
from narratives.runs.wear import measure_wear

PREDICTIONS = "predictions.jsonl"
SEED = 0  # of comparisons; one seed everywhere, so that two reports of the same predictions agree
OPTIMISTIC = (
    "Scored on the validation split, on which calibration, thresholds and the best epoch were chosen: the figures are "
    "optimistic. "
    "Use them to choose between settings, not to tell anyone how good the model is."
)
NO_TEST = "The test split has no labelled passage."


def evaluate_run(
    project: Project,
    run: str,
    split: str | None = None,
    progress: Progress | None = None,
    robustness: bool = False,
    say: Say | None = None,
) -> Evaluation:
    """`evaluate_model` for a run by its name; `say` hears for whom it waits."""
    with project.lock(say, run):
        return evaluate_model(project, project.read_config(run), project.read_corpus(), split, progress, robustness)


def evaluate_model(
    project: Project,
    config: RunConfig,
    corpus: Corpus,
    split: str | None = None,
    progress: Progress | None = None,
    robustness: bool = False,
) -> Evaluation:
    """Write `predictions.jsonl` and `evaluation.json` of a run; the test split unless `split` names another.

    Beside the test passages the further ones that the config names are scored, file by file, in slices of their own.
    Where the test split has no labels the validation split stands in, and the report says what that means.
    `robustness` trains anew for each way of holding out. Whoever calls it holds the lock of the run: predictions, figures and
    model belong together.
    """
    model, codebook = _load(project, config.run, corpus), corpus.codebook
    parts = {name: corpus.part(name) for name in SHARES}
    split, notes = _choose_split(corpus, parts, split)
    notes += _note_wear(project, parts[split]) if split == "test" else []
    further = project.read_further(config.further, corpus) if split == "test" else {}
    checks = read_checks(project.checks_file, codebook)  # before predicting: a bad line should be told at once
    folder = project.experiment(config.run)
    probed = probe_splits(config, corpus, progress) if robustness else []  # before anything is written: it may refuse
    answers = _answer(model, parts[split], folder / PREDICTIONS, codebook, progress)
    about = About(
        run=config.run,
        description=config.description,
        classifier=model.classifier_name,
        split=split,
        training=model.training,
        further=[{"file": file, "passages": len(added), "digest": digest_passages(added)} for file, added in further.items()],
        notes=[*notes, describe_alarms(model.training), *_note_further(further), *_note_changed_training(parts, model)],
        behaviour=_run_checks(checks, model),
        robustness=probed,
    )
    evaluation = _score(answers, codebook, about, model)
    if further:
        beyond = _answer(
            model, list(chain.from_iterable(further.values())), folder / "predictions-further.jsonl", codebook, progress
        )
        files = {passage.id: file for file, added in further.items() for passage in added}
        evaluation = replace(evaluation, slices=_slice_further(evaluation, answers, beyond, files))
    worst = explain_misses(model, evaluation.worst, progress)
    evaluation = replace(evaluation, worst=worst, predictions_digest=digest_predictions(folder / PREDICTIONS))
    write_json(folder / "evaluation.json", evaluation.to_json())
    if split == "test":
        write_tested(project.model(config.run) / TESTED_FILE, evaluation, model.digest, config.all_languages)
    return evaluation


def _score(answers: Joined, codebook: Codebook, about: About, model: Model) -> Evaluation:
    """All figures, those of other thresholds included, and what the thresholds rest on."""
    cuts, zero_shot = list(model.thresholds), model.training.get("zero_shot", ())
    evaluation = score(answers, codebook, about, thresholds=cuts, zero_shot=zero_shot, alternatives=_list_alternatives(model))
    if model.tuning is None:
        return evaluation
    basis = f"{model.tuning.describe()} {model.tuning.describe_objective()}"
    return replace(evaluation, rules={**evaluation.rules, "thresholds": basis})


def _slice_further(evaluation: Evaluation, answers: Joined, beyond: Joined, files: dict[str, str]) -> list[Slice]:
    """Slices of the further files, of languages in these and the split together, and all others, of the split alone."""
    inside = [part for part in evaluation.slices if part.axis != LANGUAGE]
    return [*find_further(beyond, files), *find_languages(answers, beyond), *inside]


def _list_alternatives(model: Model) -> list[Alternative]:
    """The thresholds that the model would have for each purpose; none for a model of an older version."""
    if model.tuning is None:
        return []
    return [
        Alternative(
            name=name,
            chosen=name == model.tuning.wishes.objective,
            thresholds=choice.thresholds,
            micro_f1=choice.micro_f1,
            macro_f1=choice.macro_f1,
        )
        for name, choice in model.tuning.choices.items()
    ]


def _load(project: Project, run: str, corpus: Corpus) -> Model:
    model = load_model(project.model(run), project.trusted)
    if model.codebook.digest != corpus.codebook.digest:
        reason = f"{describe_difference(model.codebook, corpus.codebook)}; train again: narratives train {run}"
        raise UserError(at(project.model(run), None, reason))
    return model


def _answer(model: Model, passages: list[Passage], path: Path, codebook: Codebook, progress: Progress | None) -> Joined:
    """Predict, write the predictions down, and join what was written with the gold."""
    predictions = list(model.classify([p.text for p in passages], [p.id for p in passages], progress=progress))
    write_predictions(path, predictions, model.run, codebook)
    return join(passages, read_predictions(path, codebook), codebook, path)


def read_evaluation(project: Project, run: str) -> Evaluation:
    """The saved evaluation of a run; `UserError` where there is none yet."""
    path = project.experiment(run) / "evaluation.json"
    if not path.is_file():
        project.read_config(run)  # a run that is not there at all gets its own message
        raise UserError(at(path, None, f"no such file; evaluate the run first: narratives evaluate {run}"))
    try:
        return Evaluation.from_json(read_json(path))
    except (TypeError, KeyError, AttributeError):
        raise UserError(
            at(path, None, f"not an evaluation of this version; write it again: narratives evaluate {run}")
        ) from None


def read_answers(project: Project, evaluation: Evaluation, passages: list[Passage], codebook: Codebook) -> Joined:
    """The saved predictions of which an evaluation is, joined with gold passages; `UserError` where they are others."""
    path = project.experiment(evaluation.run) / PREDICTIONS
    digest = evaluation.predictions_digest
    if digest and path.is_file() and digest_predictions(path) != digest:
        fix = f"evaluate again: narratives evaluate {evaluation.run}"
        raise UserError(at(path, None, f"not the predictions of which evaluation.json beside it is; {fix}"))
    return join(passages, read_predictions(path, codebook), codebook, path)


def explain_misses(model: Model, misses: Sequence[Miss], progress: Progress | None = None) -> list[Miss]:
    """The same errors with the words that made them: what spoke for the narrative, of one missed also what spoke against."""
    spans = model.classify([miss.text for miss in misses]).spans
    explained = []
    for k, miss in enumerate(misses):
        column = model.codebook.ids.index(miss.narrative)
        words = explain_text(model, miss.text, spans[k], [column], against=miss.kind == "missed")
        explained.append(replace(miss, words=words[miss.narrative]))
        if progress:
            progress(k + 1, len(misses), "errors explained")
    return explained


def _run_checks(checks: list[Check], model: Model) -> list[FamilyResult]:
    results = score_checks(checks, list(model.classify([check.text for check in checks], [check.id for check in checks])))
    if not model.stances:
        return results
    pairs = pair_stances(checks)
    stances = model.tell_stances([check.text for pair in pairs for check in pair])
    return results + score_stance_pairs(pairs, list(zip(stances[::2], stances[1::2], strict=True)))


def _choose_split(corpus: Corpus, parts: Mapping[str, list[Passage]], split: str | None) -> tuple[str, list[str]]:
    notes = []
    if split is None and not parts["test"]:
        split, notes = "validation", [NO_TEST]
    split = split or "test"
    if not parts[split]:
        raise UserError(
            at(corpus.splits_file, None, f"no labelled passage in split '{split}'; label some, or name another split")
        )
    if split == "validation":
        notes.append(OPTIMISTIC)
    if split == "train":
        notes.append("Scored on the passages that the model was trained on: this says nothing about new texts.")
    return split, notes


def _note_wear(project: Project, passages: Sequence[Passage]) -> list[str]:
    wear = measure_wear(project, passages, digest_passages(passages))
    return [f"Retraining: {wear.describe()}."] if wear.decisions else []


def _note_further(further: Mapping[str, Sequence[Passage]]) -> list[str]:
    if not further:
        return []
    files = ", ".join(f"{file} ({len(passages)})" for file, passages in further.items())
    return [f"Also tested on passages that are in no split, {files}: see the slices. All other figures are of the test split."]


def _note_changed_training(parts: Mapping[str, list[Passage]], model: Model) -> list[str]:
    digests = model.training.get("digests", {})
    if all(digests.get(split) == digest_passages(parts[split]) for split in ("train", "validation")):
        return []
    return [f"The labels have changed since this model was trained; train it on them: narratives train {model.run}."]
