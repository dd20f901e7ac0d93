"""What a run's calibration and thresholds rest on: validation, and training passages scored by models that did not see them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import FoldedLesson
from narratives.data import Objective, Passage, Targets, Texts
from narratives.errors import UserError, at
from narratives.labels import Corpus, deal_folds, group_passages
from narratives.models import FOLDS, Model, Wishes
from narratives.project import Project, RunConfig


def make_wishes(config: RunConfig) -> Wishes:
    """What a config asks of thresholds."""
    return Wishes(
        objective=config.objective,
        max_alarms=config.max_alarms,
        folds=config.folds,
        folds_held=config.folds_held,
        rarer=config.rarer,
    )


def is_as_wished(model: Model, config: RunConfig) -> bool:
    """Whether a config asks the same of reading, of thresholds and of a cascade as that of which a model was made."""
    # An older version noted the budget alone.
    former = model.tuning.wishes if model.tuning else Wishes(max_alarms=model.training.get("background", {}).get("max_alarms"))
    same_reading = model.detail == config.detail and (model.cascade is not None) == config.cascade
    return former == make_wishes(config) and same_reading


def require_background(project: Project, config: RunConfig) -> None:
    """`UserError` where thresholds are to spend a budget of alarms and there are no texts to count them in."""
    if (config.objective == Objective.ALARMS or config.max_alarms is not None) and not config.background:
        instead = 'take objective = "narrative"' if config.objective == Objective.ALARMS else "leave max_alarms out"
        fix = f"put unlabelled texts of your feed into labels/background/, or {instead}"
        raise UserError(
            at(project.experiment(config.run) / "config.toml", None, f"no background texts to count alarms in; {fix}")
        )


def cut_lesson(
    config: RunConfig, corpus: Corpus, passages: Sequence[Passage], texts: Texts, y: Targets, validation: tuple[Texts, Targets]
) -> FoldedLesson | None:
    """The training texts in folds; `None` where validation alone is to decide, or there are too few documents to hold any out.

    `texts` are those of `passages`, then perhaps background texts, each of which stands for itself. Passages of a document
    stay together, and so do near-duplicates.
    """
    number = FOLDS.get(config.classifier, 0) if config.folds is None else config.folds
    roots = group_passages(corpus.passages, corpus.pairs)
    root_of = {passage.id: root for passage, root in zip(corpus.passages, roots, strict=True)}
    groups = [root_of[passage.id] for passage in passages]
    number = min(number, len(set(groups)) // 2)
    if number < 2:
        return None
    background = range(len(corpus.passages), len(corpus.passages) + len(texts) - len(passages))
    return FoldedLesson(texts=texts, y=y, folds=deal_folds([*groups, *background], number), validation=validation)


def find_judged(config: RunConfig, passages: Sequence[Passage], lesson: FoldedLesson) -> NDArray[np.bool_]:
    """The texts of a lesson, those of `passages` first, on which thresholds may rest.

    Their fold is one of those to be scored, and their labels may judge a model: they are no model's answer.
    """
    by_model = np.array([passage.by_model for passage in passages], dtype=np.bool_)
    vouched = np.concatenate([~by_model, np.ones(len(lesson.texts) - len(passages), dtype=np.bool_)])
    return vouched if config.folds_held is None else vouched & (lesson.folds < config.folds_held)
