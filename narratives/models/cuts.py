"""What turns a classifier's scores into decisions: calibration, thresholds, the codebook's help, the way of computing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from narratives.classifiers import Classifier
from narratives.data import Codebook, Floats, Matrix, Scores
from narratives.models.calibration import Calibration, fit_calibration
from narratives.models.held_out import HeldOut
from narratives.models.inference import Remembering, Scorer, read_texts
from narratives.models.parity import Gate, Inference, choose_inference
from narratives.models.prior import Guided, Prior, fit_prior
from narratives.models.purposes import Choice, Tuning, Wishes, weigh_choices
from narratives.models.twofold import Reading, Twofold


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled texts as a classifier sees them."""

    texts: list[str]
    gold: Matrix  # (texts, narratives), columns in codebook order


@dataclass(frozen=True, slots=True)
class Cuts:
    """How the scores of a fitted classifier are read."""

    calibration: Calibration
    thresholds: Floats  # (narratives,), on calibrated scores
    inference: Inference
    prior: Prior | None
    tuning: Tuning
    scorer: Remembering  # the classifier, which remembers what it has scored in the way that was chosen


def fit_cuts(
    classifier: Classifier,
    codebook: Codebook,
    train: Examples,
    validation: Examples,
    reading: Reading,
    *,
    wishes: Wishes | None = None,
    held_out: HeldOut | None = None,
    background: Sequence[str] = (),
) -> Cuts:
    """Calibrate a fitted classifier, set its thresholds, and leave it with the fastest way of computing that passes.

    Calibration and thresholds rest on validation texts, and on those training texts that `held_out` can score. `background`
    are texts that carry nothing and were not learned from, for the budget of alarms that `wishes` may name.
    """
    wishes = wishes or Wishes()

    def read(by: Scorer, texts: Sequence[str]) -> Scores:
        scorer = Twofold(by, len(codebook.ids), reading.detail)
        return read_texts(scorer, texts, len(codebook.ids), reading.window)[0]

    memory = Remembering(classifier)
    prior = fit_prior(train.texts, train.gold, codebook, read(memory, validation.texts))
    scorer = Guided(memory, prior)
    exact = read(scorer, validation.texts)
    scores, gold = exact, validation.gold
    if held_out:
        more = read(Guided(held_out.scorer, prior), held_out.texts)
        scores, gold = np.concatenate([more, exact]), np.concatenate([held_out.gold, gold])
    taught = train.gold.sum(0) > 0
    calibration = fit_calibration(scores, gold, taught)
    quiet = calibration.apply(read(scorer, background)) if background else None
    choices = weigh_choices(calibration.apply(scores), gold, taught, quiet, wishes)
    gate = Gate(
        score=lambda: read(scorer, validation.texts),
        exact=exact,
        gold=validation.gold,
        calibration=calibration,
        thresholds=np.array(choices[wishes.objective].thresholds),
    )
    inference = choose_inference(classifier, train.texts, gate)
    return Cuts(
        calibration=calibration,
        thresholds=gate.settled,
        inference=inference,
        prior=prior,
        tuning=_describe(wishes, choices, held_out, validation),
        scorer=memory,
    )


def _describe(wishes: Wishes, choices: dict[str, Choice], held_out: HeldOut | None, validation: Examples) -> Tuning:
    return Tuning(
        wishes=wishes,
        folds=held_out.folds if held_out else 0,
        train=len(held_out.texts) if held_out else 0,
        validation=len(validation.texts),
        choices=choices,
    )
