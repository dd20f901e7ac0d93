"""Train one run: passages in, a model folder out."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from narratives.calibration import fit_calibration
from narratives.classifiers import Progress
from narratives.codebook import Codebook
from narratives.data import Passage
from narratives.errors import UserError, at
from narratives.model import Model, save_model
from narratives.passages import digest_passages, gold_matrix
from narratives.project import Project
from narratives.similarity import near_duplicates
from narratives.splits import append_splits, assign_splits, leaks, split_passages
from narratives.thresholds import tune_thresholds

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What a run may see: nothing of it is, or nearly repeats, a test passage."""

    codebook: Codebook
    train: list[Passage]
    validation: list[Passage]
    digests: dict[str, str]  # of all that is labelled in these two splits


def load_training_set(project: Project, say: Say) -> TrainingSet:
    """Read the labels, give new documents a split, and keep near-duplicates of held-out passages out."""
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
    if new:  # only now: what cannot be trained on leaves no trace
        append_splits(project.splits_file, new)
        say(f"{len(new)} new documents got a split in {project.splits_file}")
    digests = {split: digest_passages(split_passages(passages, splits, split)) for split in ("train", "validation")}
    return TrainingSet(codebook, train, validation, digests)


def train_run(project: Project, run: str, say: Say, progress: Progress | None = None) -> Model:
    """Train `run` as its config asks and save it to `models/<run>`. A training that was killed goes on."""
    config = project.read_config(run)
    classifier = config.make_classifier()
    data = load_training_set(project, say)
    ids = data.codebook.ids
    say(f"{run}: {config.classifier} learns {len(ids)} narratives from {len(data.train)} passages")
    texts, y = [p.text for p in data.train], gold_matrix(data.train, ids)
    held_texts, held_y = [p.text for p in data.validation], gold_matrix(data.validation, ids)
    if never := [id_ for id_, support in zip(ids, y.sum(0), strict=True) if not support]:
        say(f"no training passage carries {', '.join(never)}: the model cannot raise it")
    checkpoint = project.checkpoint(run)
    classifier.fit(texts, y, validation=(held_texts, held_y), progress=progress, checkpoint=checkpoint)
    scores = classifier.predict_proba(held_texts)
    calibration = fit_calibration(scores, held_y)
    thresholds = tune_thresholds(calibration.apply(scores), held_y, config.shrinkage)
    thresholds[~y.any(0)] = 1.0  # what was never learnt is never raised
    training = {
        "train": len(data.train),
        "validation": len(data.validation),
        "seed": config.seed,
        "digests": data.digests,
    }
    model = Model(run, config.classifier, classifier, data.codebook, calibration, thresholds, training)
    save_model(model, project.model(run))
    shutil.rmtree(checkpoint, ignore_errors=True)
    return model
