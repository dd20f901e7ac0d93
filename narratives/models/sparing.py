"""May a first stage answer for the full model? Only if it spares enough, and on held-out texts changes next to nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import BlendClassifier, TfidfClassifier
from narratives.data import Matrix, Texts
from narratives.models.calibration import fit_calibration
from narratives.models.cascade import Cascade, FirstStage, Trial, count_flips, place_bounds
from narratives.models.cuts import Examples
from narratives.models.held_out import Recalled
from narratives.models.inference import Remembering, cut_texts, number_windows, read_texts
from narratives.models.model import Model
from narratives.models.parity import measure_falls
from narratives.models.prior import Guided

MARGINS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)  # in log-odds; the first that passes is taken
MOST_FLIPS = 0.001  # share of the decisions on validation, and of those on background texts
LEAST_SPARED = 0.2  # share of the texts that carry nothing: for less, a second stage is not worth its words


def fit_cascade(
    model: Model,
    train: Examples,
    validation: Examples,
    labelled: int,
    background: Sequence[str] = (),
    whole: Remembering | None = None,
) -> Cascade:
    """Give a trained model a first stage, with the smallest margin that passes; or none, and the reason.

    The first stage of a `blend` is its own TF-IDF, that of any other classifier is taught now, on `train`. It is calibrated on
    `validation`, of which the first `labelled` texts have labels; the others, and `background`, carry nothing and were not
    learned from. What passes flips at most `MOST_FLIPS` of the decisions on either, costs no narrative and not micro F1 half
    a point (but for what two decisions of a narrative cause), and spares `LEAST_SPARED` of the background texts; without
    any, of the validation passages that carry nothing. `whole` answers for the model's classifier, if it remembers some scores.
    """
    scorer = _find_scorer(model, train)
    narratives = len(model.codebook.ids)
    scores = read_texts(Guided(scorer, model.prior), validation.texts, narratives, model.window)[0]
    calibration = fit_calibration(scores, validation.gold, train.gold.sum(0) > 0)
    judged = [texts for texts in (validation.texts[:labelled], background) if len(texts)]
    parts = [_remember(model, scorer, whole or Remembering(model.classifier), texts) for texts in judged]
    trials: list[Trial] = []
    for margin in MARGINS:
        stage = FirstStage(scorer=scorer, calibration=calibration, margin=margin, bounds=place_bounds(model.thresholds, margin))
        trials.append(_try_out(stage, parts, validation.gold[:labelled]))
        if not trials[-1].refused:
            return Cascade(first=stage, trials=tuple(trials))
        if trials[-1].spared < LEAST_SPARED * trials[-1].idle:  # a wider margin spares even less
            break
    return Cascade(first=None, trials=tuple(trials))


def _find_scorer(model: Model, train: Examples) -> TfidfClassifier:
    if isinstance(model.classifier, BlendClassifier):
        scorer: TfidfClassifier = model.classifier.tfidf_
        return scorer
    return TfidfClassifier(seed=model.classifier.seed).fit(train.texts, train.gold)


@dataclass(frozen=True, slots=True)
class _Part:
    # Texts with the scores of all their windows, so that each is computed once, however many margins are tried.
    texts: Texts
    model: Model  # answers from those scores
    words: Any  # the first stage, likewise
    raised: Matrix  # by the full model


def _remember(model: Model, scorer: TfidfClassifier, whole: Any, texts: Texts) -> _Part:
    numbers = number_windows(texts, cut_texts(texts, model.window))
    words = Recalled(numbers, scorer.predict_proba(list(numbers)))
    remembered = replace(model, classifier=whole)
    return _Part(texts=texts, model=remembered, words=words, raised=remembered.classify(texts).raised)


def _try_out(stage: FirstStage, parts: Sequence[_Part], gold: Matrix) -> Trial:
    """Judge a first stage on validation, whose labels are `gold`, and on background texts where there are such."""
    answered, raised = zip(*(_answer(stage, part) for part in parts), strict=True)
    falls = measure_falls(gold, parts[0].raised, raised[0])
    flips = [count_flips(part.raised, after) for part, after in zip(parts, raised, strict=True)]
    sizes = [after.size for after in raised]
    idle = answered[1] if len(parts) > 1 else answered[0][~gold.any(1)]
    spared = int(idle.sum())
    reasons = [
        f"{count} of {size} decisions on {name} flip"
        for name, count, size in zip(("validation", "background"), flips, sizes, strict=False)
        if count > MOST_FLIPS * size
    ]
    reasons += falls.list_reasons()
    if spared < LEAST_SPARED * len(idle) or not spared:
        reasons.append(f"TF-IDF alone would answer only {spared} of {len(idle)} texts that carry nothing")
    return Trial(
        margin=stage.margin,
        flips=flips[0],
        decisions=sizes[0],
        background_flips=sum(flips[1:]),
        background_decisions=sum(sizes[1:]),
        fall=round(falls.largest, 4),
        spared=spared,
        idle=len(idle),
        refused=" and ".join(reasons),
    )


def _answer(stage: FirstStage, part: _Part) -> tuple[NDArray[np.bool_], Matrix]:
    """Which texts the first stage answers, and what is raised in all."""
    cascade = Cascade(first=replace(stage, scorer=part.words), trials=())
    answers = replace(part.model, cascade=cascade).classify(part.texts)
    assert answers.first is not None  # noqa: S101
    return answers.first, answers.raised
