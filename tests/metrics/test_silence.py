"""When two runs' counts say that one of them raises a narrative no more."""

import numpy as np
import pytest

from narratives.metrics.counts import Counts
from narratives.metrics.silence import find_silence


def make_counts(hits: list[int], wrong: list[int]) -> Counts:
    """Of one narrative, by document; every document carries it twice."""
    columns = [np.array(cells, dtype=np.float64)[:, None] for cells in (hits, wrong, [2 - hit for hit in hits])]
    return Counts(*columns)


QUIET = make_counts([0] * 6, [0] * 6)
LOUD = make_counts([2, 1, 0, 0, 0, 0], [0, 3, 1, 1, 0, 0])  # raised in four documents


def test_it_counts_the_documents_in_which_the_other_raises_it() -> None:
    assert find_silence(LOUD, QUIET) == pytest.approx([2 / 2**4])
    assert find_silence(QUIET, LOUD) == find_silence(LOUD, QUIET)


@pytest.mark.parametrize("other", [LOUD, make_counts([0, 0, 0, 0, 0, 1], [0] * 6), make_counts([0] * 6, [0, 0, 0, 0, 0, 1])])
def test_what_both_raise_is_not_silent(other: Counts) -> None:
    assert find_silence(LOUD, other) == [1]


def test_nothing_is_lost_where_nothing_was_right_or_raised() -> None:
    assert find_silence(make_counts([0] * 6, [1] * 6), QUIET) == [1]
    assert find_silence(QUIET, QUIET) == [1]
