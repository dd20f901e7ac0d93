"""The arithmetic of evaluation: counts, F1, intervals, tests, curves and reliability, on plain arrays."""

from narratives.metrics.bootstrap import GROUPS, Figures, interval, measure, resample
from narratives.metrics.counts import ZERO_DIVISION, Counts, count, macro_f1, mean_defined, micro_f1, samples_f1, to_plain
from narratives.metrics.curves import average_precision, thin_out, trace
from narratives.metrics.reliability import bin_scores, brier_score, expected_calibration_error
from narratives.metrics.shares import highest_share, share_bounds
from narratives.metrics.significance import (
    ALPHA,
    BETTER,
    EQUIVALENT,
    MARGIN,
    TOO_THIN,
    WORSE,
    find_side,
    find_winner,
    holm,
    is_within,
    judge,
    mcnemar,
)

__all__ = [
    "ALPHA",
    "BETTER",
    "EQUIVALENT",
    "GROUPS",
    "MARGIN",
    "TOO_THIN",
    "WORSE",
    "ZERO_DIVISION",
    "Counts",
    "Figures",
    "average_precision",
    "bin_scores",
    "brier_score",
    "count",
    "expected_calibration_error",
    "find_side",
    "find_winner",
    "highest_share",
    "holm",
    "interval",
    "is_within",
    "judge",
    "macro_f1",
    "mcnemar",
    "mean_defined",
    "measure",
    "micro_f1",
    "resample",
    "samples_f1",
    "share_bounds",
    "thin_out",
    "to_plain",
    "trace",
]
