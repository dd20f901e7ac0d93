"""What turns a classifier's scores into decisions: calibration, thresholds, the codebook's help, the way of computing."""

from dataclasses import dataclass

from narratives.classifiers import Classifier
from narratives.data import Codebook, Floats, Matrix
from narratives.models.calibration import Calibration, fit_calibration
from narratives.models.inference import read_texts
from narratives.models.parity import Gate, Inference, choose_inference
from narratives.models.prior import Guided, Prior, fit_prior
from narratives.models.thresholds import cap_alarms, tune_thresholds


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled texts as a classifier sees them."""

    texts: list[str]
    gold: Matrix  # (texts, narratives), columns in codebook order


@dataclass(frozen=True, slots=True)
class AlarmBudget:
    """In which share of these texts, which were not learned from, anything may be raised."""

    texts: list[str]
    max_alarms: float


@dataclass(frozen=True, slots=True)
class Cuts:
    """How the scores of a fitted classifier are read."""

    calibration: Calibration
    thresholds: Floats  # (narratives,), on calibrated scores
    inference: Inference
    prior: Prior | None


def fit_cuts(
    classifier: Classifier,
    codebook: Codebook,
    train: Examples,
    validation: Examples,
    window: int,
    budget: AlarmBudget | None = None,
) -> Cuts:
    """Calibrate a fitted classifier, set its thresholds on validation, and leave it with the fastest way that passes."""
    narratives = len(codebook.ids)
    scores = read_texts(classifier, validation.texts, narratives, window)[0]
    prior = fit_prior(train.texts, train.gold, codebook, scores)
    scorer = Guided(classifier, prior)
    if prior:
        scores = read_texts(scorer, validation.texts, narratives, window)[0]
    taught = train.gold.sum(0) > 0
    calibration = fit_calibration(scores, validation.gold, taught)
    thresholds = tune_thresholds(calibration.apply(scores))
    thresholds[~taught] = 1.0  # what was never learnt is never raised
    if budget:
        background = read_texts(scorer, budget.texts, narratives, window)[0]
        thresholds = cap_alarms(thresholds, calibration.apply(background), budget.max_alarms)
    gate = Gate(
        score=lambda: read_texts(scorer, validation.texts, narratives, window)[0],
        exact=scores,
        gold=validation.gold,
        calibration=calibration,
        thresholds=thresholds,
    )
    inference = choose_inference(classifier, train.texts, gate)
    return Cuts(calibration=calibration, thresholds=gate.settled, inference=inference, prior=prior)
