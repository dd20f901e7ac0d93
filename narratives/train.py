"""Train one run: passages in, a model folder out."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass

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


def load_training_set(project: Project, say: Say) -> TrainingSet:
    """Read the labels, give new documents a split, and keep near-duplicates of held-out passages out of training."""
    codebook = project.read_codebook()
    passages = project.read_passages(codebook)
    splits = project.read_splits()
    pairs = near_duplicates([passage.text for passage in passages])
    if new := assign_splits(passages, pairs, splits):
        append_splits(project.splits_file, new)
        splits |= new
        say(f"{len(new)} new documents got a split in {project.splits_file}")
    twins = {passages[k].id for pair in leaks(passages, pairs, splits) for k in (pair.first, pair.second)}
    train = split_passages(passages, splits, "train")
    kept = [passage for passage in train if passage.id not in twins]
    if len(kept) < len(train):
        say(f"{len(train) - len(kept)} training passages nearly repeat a passage of another split: not trained on")
    validation = split_passages(passages, splits, "validation")
    for name, part in (("train", kept), ("validation", validation)):
        if not part:
            raise UserError(at(project.splits_file, None, f"no labelled passage in split '{name}'; label more documents"))
    return TrainingSet(codebook, kept, validation)


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
    thresholds = tune_thresholds(classifier.predict_proba(held_texts), held_y, config.shrinkage)
    training = {
        "train": len(data.train),
        "validation": len(data.validation),
        "seed": config.seed,
        "train_digest": digest_passages(data.train),
        "validation_digest": digest_passages(data.validation),
    }
    model = Model(run, config.classifier, classifier, data.codebook, thresholds, training)
    save_model(model, project.model(run))
    shutil.rmtree(checkpoint, ignore_errors=True)
    return model
