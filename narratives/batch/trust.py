"""How far to trust the answers of a batch run: what was raised, held against the model's own test."""

import math
from collections.abc import Mapping
from typing import Any

from narratives.batch.job import BatchSummary
from narratives.evaluation import THIN, ModelTest

LEAST_PRECISION = 0.5  # below it more of what is raised is wrong than right
_FAR = 2.0  # times the share in test from which a share is far above it ...
_SURE = 3.0  # ... if it is as many standard errors above, so that few texts do not cry wolf


def weigh_answers(
    summary: BatchSummary, tested: ModelTest | None, run: str, training: Mapping[str, Any] | None = None
) -> list[str]:
    """What a reader of the answers should know, in lines: narratives whose test tells little or nothing good, odd shares.

    `training` is what the model's manifest says of its training.
    """
    if not summary.rows:
        return []
    lines = _weigh_against_test(summary, tested, run)
    return [*lines, *_weigh_against_background(summary, (training or {}).get("background"))]


def _weigh_against_background(summary: BatchSummary, background: Mapping[str, Any] | None) -> list[str]:
    raising = summary.rows - summary.none
    if not raising:
        return []
    if not background or not background["measured"]:
        return [
            "how often it raises a false alarm in your feed is not known: put unlabelled texts of it into "
            "labels/background/ and train again"
        ]
    alarms, measured = background["alarms"], background["measured"]
    false = min(raising, round(summary.rows * alarms / measured))
    return [
        f"of {measured} background texts, nearly all of which carry nothing, {alarms} raised something; "
        f"if these texts are like them, about {false} of the {raising} are false alarms"
    ]


def _weigh_against_test(summary: BatchSummary, tested: ModelTest | None, run: str) -> list[str]:
    if tested is None:
        return [f"this model was not tested, so nobody knows how far to trust it; test it with: narratives evaluate {run}"]
    raising = summary.rows - summary.none
    unit = "texts" if summary.rows == summary.texts else "passages"
    lines = [f"{raising} of {summary.rows} {unit} raise something; in test {tested.raised} of {tested.passages} did"]
    if _is_far(raising, summary.rows, tested.raised, tested.passages):
        lines[0] += ": far more, as where texts are of another kind than those it was tested on; label some of them"
    untested, thin, wrong, odd = [], [], [], []
    for id_, count in summary.narratives.items():
        row = tested.narratives.get(id_)
        if row is None or not row.support:
            untested.append(f"{id_} ({count})")
            continue
        if row.support < THIN:
            thin.append(f"{id_} ({count}; {row.support} in test)")
        if row.precision is not None and row.precision < LEAST_PRECISION:
            wrong.append(f"{id_} ({count}; precision {row.precision:.2f})")
        if _is_far(count, summary.rows, row.raised, tested.passages):
            odd.append(f"{id_} ({count} of {summary.rows}; {row.raised} of {tested.passages})")
    ids_by_reason = {
        "raised though untested, no test passage carries it": untested,
        f"raised though thin, fewer than {THIN} test passages carry it": thin,
        "raised though more often wrong than right in test": wrong,
        "raised far more often than in test": odd,
    }
    return [*lines, *(f"{reason}: {', '.join(ids)}" for reason, ids in ids_by_reason.items() if ids)]


def _is_far(count: int, of: int, before: int, of_before: int) -> bool:
    """Whether a share lies far above an earlier one, and not by chance (two proportions, pooled)."""
    if not of or not of_before or count * of_before < _FAR * before * of:
        return False
    pooled = (count + before) / (of + of_before)
    error = math.sqrt(pooled * (1 - pooled) * (1 / of + 1 / of_before))
    return error > 0 and (count / of - before / of_before) / error >= _SURE
