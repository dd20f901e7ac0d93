"""Evaluate one run: predict its held-out passages, write the predictions down, score what was written."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from narratives.answers import Answers, join
from narratives.behaviour import Check, FamilyResult, pair_stances, read_checks, score_checks, score_stance_pairs
from narratives.breakdowns import Miss, find_further
from narratives.classifiers import Progress
from narratives.codebook import Codebook, describe_difference
from narratives.data import Passage
from narratives.errors import UserError, at
from narratives.evaluation import Evaluation
from narratives.explanations import explain_text
from narratives.files import read_json, write_json
from narratives.model import Model, load_model
from narratives.passages import digest_passages
from narratives.predictions import read_predictions, write_predictions
from narratives.project import Project
from narratives.robustness import probe_splits
from narratives.scoring import score
from narratives.splits import SHARES, split_passages
from narratives.words import format_words

SEED = 0  # of the bootstrap; one seed everywhere, so that two reports of the same predictions agree
OPTIMISTIC = (
    "Scored on the validation split, on which calibration, thresholds and the best epoch were chosen: the figures are "
    "optimistic. "
    "Use them to choose between settings, not to tell anyone how good the model is."
)
NO_TEST = "The test split has no labelled passage."


def evaluate_run(
    project: Project, run: str, split: str | None = None, progress: Progress | None = None, robustness: bool = False
) -> Evaluation:
    """Write `predictions.jsonl` and `evaluation.json` of a run; the test split unless `split` names another.

    Beside the test passages the further ones that the config names are scored, file by file, in slices of their own.
    Where the test split has no labels the validation split stands in, and the report says what that means.
    `robustness` trains anew for each way of holding out.
    """
    config = project.read_config(run)
    model = load_model(project.model(run))
    codebook = project.read_codebook()
    if model.codebook.digest != codebook.digest:
        raise UserError(
            at(
                project.model(run),
                None,
                f"{describe_difference(model.codebook, codebook)}; train again: narratives train {run}",
            )
        )
    labelled, splits = project.read_passages(codebook), project.read_splits()
    parts = {name: split_passages(labelled, splits, name) for name in SHARES}
    split, notes = _choose_split(project, parts, split)
    further = project.read_further(project.find_further(run), codebook, labelled) if split == "test" else {}
    passages = parts[split]
    notes += [*_note_further(further), *_note_changed_training(parts, model)]
    checks = read_checks(project.checks_file, codebook)  # before predicting: a bad line should be told at once
    folder = project.experiment(run)
    answers = _answer(model, passages, folder / "predictions.jsonl", codebook, progress)
    evaluation = score(
        answers,
        codebook,
        list(model.thresholds),
        config.resamples,
        SEED,
        model.training.get("zero_shot", ()),
        run=run,
        description=config.description,
        classifier=model.classifier_name,
        split=split,
        training=model.training,
        further=[{"file": file, "passages": len(added), "digest": digest_passages(added)} for file, added in further.items()],
        notes=notes,
        behaviour=_run_checks(checks, model),
        robustness=probe_splits(project, run, progress) if robustness else [],
    )
    if further:
        beyond = list(chain.from_iterable(further.values()))
        added = _answer(model, beyond, folder / "predictions-further.jsonl", codebook, progress)
        sizes = {file: len(some) for file, some in further.items()}
        slices = find_further(added, sizes, config.resamples, SEED)
        evaluation = replace(evaluation, slices=[*slices, *evaluation.slices])
    evaluation = replace(evaluation, worst=explain_misses(model, evaluation.worst, progress))
    write_json(folder / "evaluation.json", evaluation.to_json())
    return evaluation


def _answer(model: Model, passages: list[Passage], path: Path, codebook: Codebook, progress: Progress | None) -> Answers:
    """Predict, write the predictions down, and join what was written with the gold."""
    predictions = model.predict([p.id for p in passages], [p.text for p in passages], progress)
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


def read_answers(project: Project, run: str, passages: list[Passage], codebook: Codebook) -> Answers:
    """The saved predictions of a run, joined with gold passages."""
    path = project.experiment(run) / "predictions.jsonl"
    return join(passages, read_predictions(path, codebook), codebook, path)


def read_gold(project: Project, codebook: Codebook, split: str) -> list[Passage]:
    """The labelled passages of a split."""
    return split_passages(project.read_passages(codebook), project.read_splits(), split)


def explain_misses(model: Model, misses: Sequence[Miss], progress: Progress | None = None) -> list[Miss]:
    """The same errors with the words that made them: what spoke for the narrative, of one missed also what spoke against."""
    spans = model.read([miss.text for miss in misses]).spans
    explained = []
    for k, miss in enumerate(misses):
        column = model.codebook.ids.index(miss.narrative)
        words = explain_text(model, miss.text, spans[k], [column], against=miss.kind == "missed")
        explained.append(replace(miss, words=format_words(words[miss.narrative])))
        if progress:
            progress(k + 1, len(misses), "errors explained")
    return explained


def _run_checks(checks: list[Check], model: Model) -> list[FamilyResult]:
    results = score_checks(checks, model.predict([check.id for check in checks], [check.text for check in checks]))
    if not model.stances:
        return results
    pairs = pair_stances(checks)
    told = model.tell_stances([check.text for pair in pairs for check in pair])
    return results + score_stance_pairs(pairs, list(zip(told[::2], told[1::2], strict=True)))


def _choose_split(project: Project, parts: Mapping[str, list[Passage]], split: str | None) -> tuple[str, list[str]]:
    notes = []
    if split is None and not parts["test"]:
        split, notes = "validation", [NO_TEST]
    split = split or "test"
    if not parts[split]:
        raise UserError(
            at(project.splits_file, None, f"no labelled passage in split '{split}'; label some, or name another split")
        )
    if split == "validation":
        notes.append(OPTIMISTIC)
    if split == "train":
        notes.append("Scored on the passages that the model was trained on: this says nothing about new texts.")
    return split, notes


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
