"""The arithmetic of evaluation: counts, F1, intervals, tests, curves and reliability, on plain arrays."""

from narratives.metrics.alarms import find_rates, project_precision
from narratives.metrics.cases import bound_f1, bound_shares, find_design_effect, wilson
from narratives.metrics.counts import ZERO_DIVISION, Counts, count, macro_f1, mean_defined, micro_f1, samples_f1, to_plain
from narratives.metrics.curves import average_precision, bound_average_precision, thin_out, trace
from narratives.metrics.documents import Owners, Sums, find_owners, sum_by_document
from narratives.metrics.figures import Figures, measure, measure_without
from narratives.metrics.intervals import INTERVALS, bound, bound_macro
from narratives.metrics.jackknife import find_error, find_reach
from narratives.metrics.reliability import (
    bin_scores,
    bound_calibration_error,
    brier_score,
    expected_calibration_error,
    find_brier_skill,
)
from narratives.metrics.shares import highest_share
from narratives.metrics.significance import (
    ALPHA,
    BETTER,
    EQUIVALENT,
    MARGIN,
    TOO_THIN,
    WORSE,
    find_side,
    holm,
    is_within,
    judge,
    mcnemar,
)
from narratives.metrics.silence import Silence, find_silence
from narratives.metrics.swaps import SwapTest, find_noticeable, try_swaps

__all__ = [
    "ALPHA",
    "BETTER",
    "EQUIVALENT",
    "INTERVALS",
    "MARGIN",
    "TOO_THIN",
    "WORSE",
    "ZERO_DIVISION",
    "Counts",
    "Figures",
    "Owners",
    "Silence",
    "Sums",
    "SwapTest",
    "average_precision",
    "bin_scores",
    "bound",
    "bound_average_precision",
    "bound_calibration_error",
    "bound_f1",
    "bound_macro",
    "bound_shares",
    "brier_score",
    "count",
    "expected_calibration_error",
    "find_brier_skill",
    "find_design_effect",
    "find_error",
    "find_noticeable",
    "find_owners",
    "find_rates",
    "find_reach",
    "find_side",
    "find_silence",
    "highest_share",
    "holm",
    "is_within",
    "judge",
    "macro_f1",
    "mcnemar",
    "mean_defined",
    "measure",
    "measure_without",
    "micro_f1",
    "project_precision",
    "samples_f1",
    "sum_by_document",
    "thin_out",
    "to_plain",
    "trace",
    "try_swaps",
    "wilson",
]
