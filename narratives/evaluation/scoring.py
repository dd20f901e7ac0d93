"""Turn joined answers into an evaluation. Models are not needed here, nor seen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.data import Codebook, Floats, Matrix
from narratives.evaluation.breakdowns import find_confusions, find_slices, find_stances, find_worst
from narratives.evaluation.evaluation import THIN, About, Evaluation, Figure, Level, NarrativeScore, make_figure
from narratives.evaluation.joined import Joined
from narratives.labels import collapse, digest_passages, find_depths, find_families
from narratives.metrics import (
    GROUPS,
    ZERO_DIVISION,
    average_precision,
    bin_scores,
    brier_score,
    expected_calibration_error,
    interval,
    mean_defined,
    measure,
    resample,
    thin_out,
    trace,
)

_ZERO_SHOT = {"zero-shot": "carried by no training passage: ranked by the codebook's words, never raised; not firm either"}
OVERALL = ("micro_f1", "macro_f1", "samples_f1", "exact_match", "coverage")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How intervals are drawn."""

    resamples: int
    seed: int


@dataclass(frozen=True, slots=True)
class _Unit:
    # What one row is about: a narrative or a family.
    id: str
    title: str
    family: str


def score(
    answers: Joined,
    codebook: Codebook,
    about: About,
    *,
    thresholds: Sequence[float] | None = None,
    resamples: int,
    seed: int,
    zero_shot: Collection[str] = (),
) -> Evaluation:
    """All figures with intervals. `zero_shot` are ids of narratives to be marked."""
    sampling = Sampling(resamples, seed)
    units = [_Unit(narrative.id, narrative.title, narrative.family) for narrative in codebook.narratives]
    cuts = None if thresholds is None else np.asarray(thresholds, dtype=np.float64)
    overall, rows = _score_matrix(answers.gold, answers.predicted, answers.documents, units, sampling, zero_shot)
    return Evaluation(
        codebook={
            "name": codebook.name,
            "version": codebook.version,
            "digest": codebook.digest,
            "narratives": len(codebook.ids),
        },
        passages=len(answers.passages),
        documents=len(set(answers.documents)),
        none=int((~answers.gold.any(1)).sum()),
        overall=overall,
        narratives=[_add_curve(row, k, answers, cuts) for k, row in enumerate(rows)],
        levels=_score_levels(answers, codebook, sampling),
        confusions=find_confusions(answers, codebook),
        slices=find_slices(answers, resamples, seed),
        stances=find_stances(answers),
        calibration=_rate_scores(answers),
        worst=find_worst(answers, codebook, cuts),
        rules=_state_rules(len(set(answers.documents)), sampling) | (_ZERO_SHOT if zero_shot else {}),
        gold_digest=digest_passages(answers.passages),
        **{part.name: getattr(about, part.name) for part in fields(about)},
    )


def _score_matrix(
    gold: Matrix,
    predicted: Matrix,
    documents: Sequence[str],
    units: Sequence[_Unit],
    sampling: Sampling,
    zero_shot: Collection[str] = (),
) -> tuple[dict[str, Figure], list[NarrativeScore]]:
    here = measure(gold, predicted)
    [drawn] = resample(gold, [predicted], documents, sampling.resamples, sampling.seed)
    support, raised = gold.sum(0), predicted.sum(0)

    def figures(name: str) -> list[Figure]:
        low, high = interval(getattr(drawn, name))
        return [make_figure(*three) for three in zip(getattr(here, name), low, high, strict=True)]

    columns = zip(figures("precision"), figures("recall"), figures("f1"), strict=True)
    rows = [
        NarrativeScore(
            unit.id, unit.title, unit.family, int(support[k]), int(raised[k]), None, *three, zero_shot=unit.id in zero_shot
        )
        for k, (unit, three) in enumerate(zip(units, columns, strict=True))
    ]
    overall = {name: make_figure(getattr(here, name), *interval(getattr(drawn, name))) for name in OVERALL}
    firm = np.array([row.firm for row in rows], dtype=np.bool_)
    overall["macro_f1_firm"] = make_figure(mean_defined(here.f1[firm]), *interval(mean_defined(drawn.f1[:, firm])))
    return overall, rows


def _add_curve(row: NarrativeScore, k: int, answers: Joined, cuts: Floats | None) -> NarrativeScore:
    threshold = None if cuts is None else round(float(cuts[k]), 4)
    if answers.scores is None or not row.support:
        return replace(row, threshold=threshold)
    scores, gold = answers.scores[:, k], answers.gold[:, k]
    return replace(
        row,
        threshold=threshold,
        average_precision=average_precision(scores, gold),
        curve=thin_out(*trace(scores, gold)),
    )


def _rate_scores(answers: Joined) -> dict[str, Any]:
    if answers.scores is None:
        return {}
    diagram = bin_scores(answers.scores, answers.gold)
    return {
        "ece": round(expected_calibration_error(diagram), 4),
        "brier": round(brier_score(answers.scores, answers.gold), 4),
        "bins": [
            {key: value if value is None else round(value, 4) for key, value in each.to_json().items()} for each in diagram
        ],
    }


def _score_levels(answers: Joined, codebook: Codebook, sampling: Sampling) -> list[Level]:
    """Families where there are several, and each storey of a codebook whose narratives have parents."""
    levels = []
    families = find_families(codebook)
    if 1 < len(families) < len(codebook.ids):
        gold, predicted = (collapse(labels, codebook, families) for labels in (answers.gold, answers.predicted))
        units = [_Unit(family, family, family) for family in families]
        levels.append(Level("family", *_score_matrix(gold, predicted, answers.documents, units, sampling)))
    depths = find_depths(codebook)
    if depths.any():
        for depth in range(int(depths.max()) + 1):
            chosen: NDArray[np.bool_] = depths == depth
            units = [
                _Unit(narrative.id, narrative.title, narrative.family)
                for narrative, inside in zip(codebook.narratives, chosen, strict=True)
                if inside
            ]
            gold, predicted = answers.gold[:, chosen], answers.predicted[:, chosen]
            levels.append(Level(f"storey {depth + 1}", *_score_matrix(gold, predicted, answers.documents, units, sampling)))
    return levels


def _state_rules(documents: int, sampling: Sampling) -> dict[str, str]:
    unit = "documents" if documents <= GROUPS else f"documents in {GROUPS} random groups"
    return {
        "label set": "the codebook's, in its order, whatever the gold holds; a parent is carried where a child is",
        "join": "by passage id",
        "zero division": ZERO_DIVISION,
        "intervals": f"95 % percentile bootstrap over {unit}, {sampling.resamples} resamples, seed {sampling.seed}",
        "thin": f"fewer than {THIN} positives; 'macro F1, firm' leaves such narratives out",
        "exact match": "share of passages whose narratives are all found and none is wrongly raised",
        "coverage": "share of passages for which at least one narrative is raised",
        "worst errors": "the wrong decisions that went farthest from their threshold",
    }
