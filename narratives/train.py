"""Train one run: passages in, a model folder out."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from narratives.calibration import fit_calibration
from narratives.classifiers import Progress
from narratives.codebook import Codebook
from narratives.config import RunConfig
from narratives.data import Passage
from narratives.errors import UserError, at
from narratives.languages import count_languages
from narratives.learned import FILE, remember, to_lines
from narratives.model import Model, save_model
from narratives.parity import choose_inference, describe
from narratives.passages import digest_passages, gold_matrix
from narratives.project import Project
from narratives.reading import read_texts
from narratives.similarity import near_duplicates
from narratives.splits import Splits, append_splits, assign_splits, leaks, split_passages
from narratives.stances import LEAST, can_learn, describe_stances, stance_matrix
from narratives.thresholds import tune_thresholds
from narratives.windows import choose_window
from narratives.zero_shot import Guided, fit_prior

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What a run may see: nothing of it is, or nearly repeats, a passage of the test split."""

    codebook: Codebook
    train: list[Passage]
    validation: list[Passage]
    digests: dict[str, str]  # of all that is labelled in these two splits
    splits: Splits  # of every document, the new ones included


def load_training_set(project: Project, say: Say, dry_run: bool = False) -> TrainingSet:
    """Read the labels, give new documents a split, and keep near-duplicates of held-out passages out.

    The new splits are written down, unless nothing is to be changed (`dry_run`).
    """
    codebook = project.read_codebook()
    passages = project.read_passages(codebook)
    splits = project.read_splits()
    pairs = near_duplicates([passage.text for passage in passages])
    if new := assign_splits(passages, pairs, splits):
        splits |= new
    crossing = leaks(passages, pairs, splits)

    def choose(split: str, held_out: tuple[str, ...], use: str) -> list[Passage]:
        sides = [side for p in crossing for side in ((p.first, p.second), (p.second, p.first))]
        twins = {passages[one].id for one, other in sides if splits[passages[other].document] in held_out}
        labelled = split_passages(passages, splits, split)
        kept = [passage for passage in labelled if passage.id not in twins]
        if len(kept) < len(labelled):
            say(f"{len(labelled) - len(kept)} {split} passages nearly repeat a passage of another split: not {use} on")
        if not kept:
            raise UserError(at(project.splits_file, None, f"no labelled passage in split '{split}'; label more documents"))
        return kept

    train = choose("train", ("validation", "test"), "trained")
    validation = choose("validation", ("test",), "tuned")
    if new and not dry_run:  # only now: what cannot be trained on leaves no trace
        append_splits(project.splits_file, new)
        say(f"{len(new)} new documents got a split in {project.splits_file}")
    digests = {split: digest_passages(split_passages(passages, splits, split)) for split in ("train", "validation")}
    return TrainingSet(codebook, train, validation, digests, splits)


def train_run(project: Project, run: str, say: Say, progress: Progress | None = None) -> Model:
    """Train `run` as its config asks and save it to `models/<run>`. A training that was killed goes on."""
    config = project.read_config(run)
    return train_model(project, run, config, load_training_set(project, say), project.model(run), say, progress)


def train_model(
    project: Project,
    run: str,
    config: RunConfig,
    data: TrainingSet,
    folder: Path,
    say: Say,
    progress: Progress | None = None,
) -> Model:
    """Train on what was loaded, and save to `folder`."""
    classifier = config.make_classifier()
    ids = data.codebook.ids
    say(f"{run}: {config.classifier} learns {len(ids)} narratives from {len(data.train)} passages")
    texts, y = [p.text for p in data.train], gold_matrix(data.train, ids)
    held_texts, held_y = [p.text for p in data.validation], gold_matrix(data.validation, ids)
    if never := [id_ for id_, support in zip(ids, y.sum(0), strict=True) if not support]:
        say(f"no training passage carries {', '.join(never)}: the model cannot raise it, only rank by the codebook (zero-shot)")
    checkpoint = project.checkpoint(run)
    stances = stance_matrix(data.train)
    if not (knows_stances := can_learn(stances)):
        say(f"{run}: no stances, since fewer than {LEAST} training passages have one of them")
        stances = stances[:, :0]
    columns = np.hstack([y, stances])
    classifier.fit(texts, columns, validation=(held_texts, held_y), progress=progress, checkpoint=checkpoint)
    window = choose_window(texts)
    scores = read_texts(classifier, held_texts, len(ids), window)[0]
    prior = fit_prior(texts, y, data.codebook, scores)
    scorer = Guided(classifier, prior)
    if prior:
        scores = read_texts(scorer, held_texts, len(ids), window)[0]
    taught = y.sum(0) > 0
    calibration = fit_calibration(scores, held_y, taught)
    thresholds = tune_thresholds(calibration.apply(scores))
    thresholds[~taught] = 1.0  # what was never learnt is never raised
    inference, thresholds = choose_inference(
        classifier,
        texts,
        lambda: read_texts(scorer, held_texts, len(ids), window)[0],
        scores,
        held_y,
        calibration,
        thresholds,
    )
    say(f"{run}: {describe(inference)}")
    if knows_stances:
        told = read_texts(classifier, held_texts, len(ids), window)[2]  # as they will be told: the gate does not look at them
        say(f"{run}: {describe_stances(told, data.validation, ids)}")
    training = {
        "train": len(data.train),
        "validation": len(data.validation),
        "seed": config.seed,
        "languages": count_languages(passage.language for passage in data.train),
        "digests": data.digests,
        "zero_shot": prior.find_zero_shot(ids) if prior else [],
    }
    model = Model(
        run,
        config.classifier,
        classifier,
        data.codebook,
        calibration,
        thresholds,
        training,
        window,
        inference,
        knows_stances,
        prior,
    )
    lessons = remember({"train": data.train, "validation": data.validation})
    save_model(model, folder, {FILE: to_lines(lessons)})
    shutil.rmtree(checkpoint, ignore_errors=True)
    return model
