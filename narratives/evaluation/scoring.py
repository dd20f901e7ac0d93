"""Turn joined answers into an evaluation. Models are not needed here, nor seen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.data import Codebook, Floats, Matrix
from narratives.evaluation.breakdowns import find_confusions, find_slices, find_stances, find_worst
from narratives.evaluation.elsewhere import ELSEWHERE, find_elsewhere
from narratives.evaluation.evaluation import About, Evaluation, Level, NarrativeScore
from narratives.evaluation.figures import FEW, THIN, Figure, make_figure
from narratives.evaluation.joined import Joined
from narratives.evaluation.objectives import Alternative, find_objectives
from narratives.labels import collapse, digest_passages, find_depths, find_families
from narratives.metrics import (
    INTERVALS,
    ZERO_DIVISION,
    Owners,
    average_precision,
    bin_scores,
    bound,
    bound_average_precision,
    bound_calibration_error,
    bound_macro,
    brier_score,
    expected_calibration_error,
    find_brier_skill,
    find_owners,
    mean_defined,
    measure,
    sum_by_document,
    thin_out,
    trace,
)

_ZERO_SHOT = {"zero-shot": "carried by no training passage: ranked by the codebook's words, never raised; not firm either"}
OVERALL = ("micro_f1", "macro_f1", "samples_f1", "exact_match", "coverage")


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
    zero_shot: Collection[str] = (),
    alternatives: Sequence[Alternative] = (),
) -> Evaluation:
    """All figures with intervals. `zero_shot` are ids of narratives to be marked, `alternatives` are other thresholds."""
    owners = find_owners(answers.documents)
    units = [_Unit(narrative.id, narrative.title, narrative.family) for narrative in codebook.narratives]
    cuts = None if thresholds is None else np.asarray(thresholds, dtype=np.float64)
    overall, rows = _score_matrix(answers.gold, answers.predicted, owners, units, zero_shot)
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
        narratives=[_add_curve(row, k, answers, owners, cuts) for k, row in enumerate(rows)],
        levels=_score_levels(answers, codebook, owners),
        confusions=find_confusions(answers, codebook),
        slices=find_slices(answers),
        stances=find_stances(answers),
        calibration=_rate_scores(answers),
        probabilities=_bound_scores(answers, owners),
        elsewhere=find_elsewhere(answers, owners),
        objectives=find_objectives(answers, codebook, owners, alternatives),
        worst=find_worst(answers, codebook, cuts),
        rules=_state_rules() | (_ZERO_SHOT if zero_shot else {}),
        gold_digest=digest_passages(answers.passages),
        **{part.name: getattr(about, part.name) for part in fields(about)},
    )


def _score_matrix(
    gold: Matrix, predicted: Matrix, owners: Owners, units: Sequence[_Unit], zero_shot: Collection[str] = ()
) -> tuple[dict[str, Figure], list[NarrativeScore]]:
    sums = sum_by_document(gold, predicted, owners)
    measured, (low, high) = measure(gold, predicted), bound(sums)
    counts = sums.counts.sum(0)
    cases = {
        "precision": counts.tp + counts.fp,
        "recall": counts.tp + counts.fn,
        "f1": counts.tp + counts.fp + counts.fn,
    }

    def figures(name: str) -> list[Figure]:
        columns = (getattr(side, name) for side in (measured, low, high))
        return [make_figure(*four) for four in zip(*columns, cases[name].astype(int).tolist(), strict=True)]

    precision, recall, f1 = (figures(name) for name in cases)
    rows = [
        NarrativeScore(
            id=unit.id,
            title=unit.title,
            family=unit.family,
            support=int(cases["recall"][k]),
            raised=int(cases["precision"][k]),
            threshold=None,
            precision=precision[k],
            recall=recall[k],
            f1=f1[k],
            zero_shot=unit.id in zero_shot,
            hits=int(counts.tp[k]),
        )
        for k, unit in enumerate(units)
    ]
    overall = {name: make_figure(*(getattr(side, name) for side in (measured, low, high))) for name in OVERALL}
    firm = np.array([row.firm for row in rows], dtype=np.bool_)
    overall["macro_f1_firm"] = make_figure(mean_defined(measured.f1[firm]), *bound_macro(sums.counts.take(firm)))
    return overall, rows


def _add_curve(row: NarrativeScore, k: int, answers: Joined, owners: Owners, cuts: Floats | None) -> NarrativeScore:
    threshold = None if cuts is None else round(float(cuts[k]), 4)
    if answers.scores is None or not row.support:
        return replace(row, threshold=threshold)
    scores, gold = answers.scores[:, k], answers.gold[:, k]
    low, high = bound_average_precision(scores, gold, owners)
    return replace(
        row,
        threshold=threshold,
        average_precision=average_precision(scores, gold),
        average_precision_low=round(low, 4),
        average_precision_high=round(high, 4),
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
            {key: value if value is None else round(value, 4) for key, value in bin_.to_json().items()} for bin_ in diagram
        ],
    }


def _bound_scores(answers: Joined, owners: Owners) -> dict[str, Figure]:
    """ECE of all decisions, ECE of those that were raised, and Brier skill, with their intervals."""
    if answers.scores is None:
        return {}
    figures = {}
    for name, chosen in (("ece", None), ("ece_raised", answers.predicted)):
        value = expected_calibration_error(bin_scores(answers.scores, answers.gold, chosen=chosen))
        cases = answers.gold.size if chosen is None else int(chosen.sum())
        figures[name] = make_figure(value, *bound_calibration_error(answers.scores, answers.gold, owners, chosen), cases)
    return figures | {"brier_skill": make_figure(*find_brier_skill(answers.scores, answers.gold, owners))}


def _score_levels(answers: Joined, codebook: Codebook, owners: Owners) -> list[Level]:
    """Families where there are several, and each storey of a codebook whose narratives have parents."""
    levels = []
    families = find_families(codebook)
    if 1 < len(families) < len(codebook.ids):
        gold, predicted = (collapse(labels, codebook, families) for labels in (answers.gold, answers.predicted))
        units = [_Unit(family, family, family) for family in families]
        levels.append(Level("family", *_score_matrix(gold, predicted, owners, units)))
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
            levels.append(Level(f"storey {depth + 1}", *_score_matrix(gold, predicted, owners, units)))
    return levels


def _state_rules() -> dict[str, str]:
    return {
        "label set": "the codebook's, in its order, whatever the gold holds; a parent is carried where a child is",
        "join": "by passage id",
        "zero division": ZERO_DIVISION,
        "intervals": INTERVALS,
        "intervals of average precision": (
            "Wilson's, on as many cases as its variance over documents (infinitesimal jackknife) is worth, at most two "
            "for each positive, of which those of one document count as alike"
        ),
        "intervals of ECE": "all values with which the one seen agrees, given the gaps that chance alone would make",
        "too few": f"fewer than {FEW} cases: no share of them can be read",
        "thin": f"fewer than {THIN} positives; 'macro F1, firm' leaves such narratives out",
        "elsewhere": ELSEWHERE,
        "exact match": "share of passages whose narratives are all found and none is wrongly raised",
        "coverage": "share of passages for which at least one narrative is raised",
        "worst errors": "the wrong decisions that went farthest from their threshold",
    }
