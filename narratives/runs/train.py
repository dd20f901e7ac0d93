"""Train one run: passages in, a model folder out."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import Classifier
from narratives.data import Codebook, Passage, Targets
from narratives.errors import UserError, at
from narratives.labels import Corpus, append_splits, assign_splits, gold_matrix, leaks
from narratives.models import (
    LEAST,
    LESSONS_FILE,
    Cuts,
    Examples,
    Model,
    Reading,
    can_learn,
    describe_stances,
    fit_cascade,
    fit_cuts,
    hold_out,
    read_texts,
    remember,
    save_model,
    stance_matrix,
    to_lines,
)
from narratives.progress import Progress, Say, find_memory
from narratives.project import Project, RunConfig
from narratives.runs.background import (
    SUSPECTS_FILE,
    Background,
    add_background,
    describe_alarms,
    describe_background,
    take_background,
    write_suspects,
)
from narratives.runs.tuning import cut_lesson, find_judged, make_wishes, require_background
from narratives.texts import choose_window, count_languages


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What a run may see: nothing of it is, or nearly repeats, a passage of the test split."""

    corpus: Corpus  # with a split for every document, the new ones included
    train: list[Passage]
    validation: list[Passage]

    @property
    def codebook(self) -> Codebook:
        """The narratives that are taught."""
        return self.corpus.codebook

    @property
    def digests(self) -> dict[str, str]:
        """Of all that is labelled in the two splits."""
        return {split: self.corpus.digest(split) for split in ("train", "validation")}


def choose_training_set(corpus: Corpus, say: Say, dry_run: bool = False) -> TrainingSet:
    """Give new documents a split, and keep near-duplicates of held-out passages out.

    The new splits are written down, unless nothing is to be changed (`dry_run`).
    """
    new = assign_splits(corpus.passages, corpus.pairs, corpus.splits)
    corpus = corpus.add_splits(new)
    train = _leave_out_twins(corpus, "train", ("validation", "test"), "trained", say)
    validation = _leave_out_twins(corpus, "validation", ("test",), "tuned", say)
    if new and not dry_run:  # only now: what cannot be trained on leaves no trace
        append_splits(corpus.splits_file, new)
        say(f"{len(new)} new documents got a split in {corpus.splits_file}")
    return TrainingSet(corpus=corpus, train=train, validation=validation)


def _leave_out_twins(corpus: Corpus, split: str, held_out: tuple[str, ...], use: str, say: Say) -> list[Passage]:
    passages = corpus.passages
    crossing = leaks(passages, corpus.pairs, corpus.splits)
    sides = [side for p in crossing for side in ((p.first, p.second), (p.second, p.first))]
    twins = {passages[twin].id for twin, original in sides if corpus.splits[passages[original].document] in held_out}
    labelled = corpus.part(split)
    usable = [passage for passage in labelled if passage.id not in twins]
    if len(usable) < len(labelled):
        say(f"{len(labelled) - len(usable)} {split} passages nearly repeat a passage of another split: not {use} on")
    if not usable:
        if all(passage.narratives is None for passage in passages):
            raise UserError("nobody has labelled a passage yet: narratives labels export --unlabelled, and back: labels import")
        why = "passages of one document, and near-duplicates, stay together"
        raise UserError(at(corpus.splits_file, None, f"no labelled passage in split '{split}' ({why}); label other documents"))
    return usable


def train_run(project: Project, run: str, say: Say, progress: Progress | None = None) -> Model:
    """Train `run` as its config asks and save it to `models/<run>`. A training that was killed goes on."""
    with project.lock(say, run):
        config = project.read_config(run)
        data = read_training_set(project, say)
        return train_model(project, config, data, project.model(run), say, progress)


def read_training_set(project: Project, say: Say) -> TrainingSet:
    """Read the labels, and give new documents a split before anybody else does."""
    with project.lock(say):
        return choose_training_set(project.read_corpus(), say)


@dataclass(frozen=True, slots=True)
class _Material:
    # What a classifier is shown.
    train: Examples
    validation: Examples
    stances: NDArray[np.bool_]  # of the training texts, (texts, 3); (texts, 0) where too few are labelled
    reading: Reading
    background: Background | None
    idle: list[str]  # those of its texts that tune

    @property
    def y(self) -> Targets:
        """The narratives and the stances of the training texts."""
        return np.hstack([self.train.gold, self.stances])

    @property
    def tune(self) -> tuple[list[str], Targets]:
        """The validation texts and their narratives."""
        return self.validation.texts, self.validation.gold


def train_model(
    project: Project, config: RunConfig, data: TrainingSet, folder: Path, say: Say, progress: Progress | None = None
) -> Model:
    """Train on what was loaded, and save to `folder`."""
    run, ids = config.run, data.codebook.ids
    require_background(project, config)
    say(f"{run}: {config.classifier} learns {len(ids)} narratives from {len(data.train)} passages")
    material = _gather(project, config, data, say)
    background, classifier, checkpoint = material.background, config.make_classifier(), project.checkpoint(run)
    classifier.fit(material.train.texts, material.y, validation=material.tune, progress=progress, checkpoint=checkpoint)
    cuts = _fit_cuts(config, data, material, classifier, progress, checkpoint)
    for chosen in (cuts.inference, cuts.tuning):
        say(f"{run}: {chosen.describe()}")
    model = Model(
        run=run,
        classifier_name=config.classifier,
        classifier=classifier,
        codebook=data.codebook,
        calibration=cuts.calibration,
        thresholds=cuts.thresholds,
        training=_describe_training(config, data, cuts),
        window=material.reading.window,
        detail=material.reading.detail,
        inference=cuts.inference,
        stances=material.stances.size > 0,
        prior=cuts.prior,
        tuning=cuts.tuning,
    )
    if config.cascade:
        cascade = fit_cascade(model, material.train, material.validation, len(data.validation), material.idle, cuts.scorer)
        model = replace(model, cascade=cascade)
        say(f"{run}: {cascade.describe()}")
    if model.stances:
        texts = [passage.text for passage in data.validation]
        predicted = read_texts(cuts.scorer, texts, len(ids), model.window)[2]  # as they will be: the gate does not ask
        say(f"{run}: {describe_stances(predicted, data.validation, ids)}")
    if background:
        model.training["background"] = describe_background(model, background, config)
        say(f"{run}: {describe_alarms(model.training)}")
    lessons = remember({"train": data.train, "validation": data.validation})
    with project.lock(say):
        save_model(model, folder, {LESSONS_FILE: to_lines(lessons)})
    shutil.rmtree(checkpoint, ignore_errors=True)
    if memory := find_memory():
        say(f"{run}: training took {memory:,} MB of memory at most")
    return model


def _fit_cuts(
    config: RunConfig,
    data: TrainingSet,
    material: _Material,
    classifier: Classifier,
    progress: Progress | None,
    checkpoint: Path,
) -> Cuts:
    """Calibration and thresholds, from validation and from training texts that were held out in turn."""
    texts, held_out = material.train.texts, None
    if lesson := cut_lesson(config, data.corpus, data.train, texts, material.y, material.tune):
        judged = find_judged(config, data.train, lesson)
        held_out = hold_out(classifier, lesson, judged, len(data.codebook.ids), material.reading, progress, checkpoint)
    return fit_cuts(
        classifier,
        data.codebook,
        material.train,
        material.validation,
        material.reading,
        wishes=make_wishes(config),
        held_out=held_out,
        background=material.idle,
    )


def _gather(project: Project, config: RunConfig, data: TrainingSet, say: Say) -> _Material:
    """The labelled examples, and those texts of the feed's background that are taken as carrying nothing."""
    ids = data.codebook.ids
    train, validation = _to_examples(data.train, ids), _to_examples(data.validation, ids)
    _tell_untaught(train, ids, say)
    stances, window = _choose_stances(config, data, say), choose_window(train.texts)
    background = take_background(config, train, ids, window)
    if background:
        say(f"{config.run}: {background.describe()}")
        write_suspects(project.experiment(config.run) / SUSPECTS_FILE, background)
        train = add_background(train, background.learn, window, config.seed)
        validation = add_background(validation, background.tune, window, config.seed)
        stances = np.concatenate([stances, np.zeros((len(background.learn), stances.shape[1]), dtype=np.bool_)])
    idle, reading = background.tune if background else [], Reading(window, config.detail)
    return _Material(train=train, validation=validation, stances=stances, reading=reading, background=background, idle=idle)


def _describe_training(config: RunConfig, data: TrainingSet, cuts: Cuts) -> dict[str, Any]:
    return {
        "train": len(data.train),
        "validation": len(data.validation),
        "seed": config.seed,
        "languages": count_languages(passage.language for passage in data.train),
        "digests": data.digests,
        "zero_shot": cuts.prior.find_zero_shot(data.codebook.ids) if cuts.prior else [],
    }


def _to_examples(passages: list[Passage], ids: tuple[str, ...]) -> Examples:
    return Examples(texts=[passage.text for passage in passages], gold=gold_matrix(passages, ids))


def _tell_untaught(train: Examples, ids: tuple[str, ...], say: Say) -> None:
    if never := [id_ for id_, support in zip(ids, train.gold.sum(0), strict=True) if not support]:
        say(f"no training passage carries {', '.join(never)}: the model cannot raise it, only rank by the codebook (zero-shot)")


def _choose_stances(config: RunConfig, data: TrainingSet, say: Say) -> NDArray[np.bool_]:
    """The stances to be learned, of shape (passages, 3); (passages, 0) where too few are labelled."""
    stances = stance_matrix(data.train)
    if can_learn(stances):
        return stances
    say(f"{config.run}: no stances, since fewer than {LEAST} training passages have one of them")
    return stances[:, :0]
