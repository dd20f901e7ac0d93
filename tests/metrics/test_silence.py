"""When two runs' counts say that one of them raises a narrative no more."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from narratives.metrics.counts import Counts
from narratives.metrics.silence import find_silence


def make_counts(hits: list[int], wrong: list[int]) -> Counts:
    """Of one narrative, by document; every document carries it twice."""
    columns = [np.array(cells, dtype=np.float64)[:, None] for cells in (hits, wrong, [2 - hit for hit in hits])]
    return Counts(*columns)


QUIET = make_counts([0] * 6, [0] * 6)
LOUD = make_counts([2, 1, 0, 0, 0, 0], [0, 3, 1, 1, 0, 0])  # raised in four documents


def test_it_counts_the_documents_in_which_the_other_raises_it() -> None:
    assert find_silence(LOUD, QUIET).p == pytest.approx([2 / 2**4])
    assert find_silence(QUIET, LOUD).p == find_silence(LOUD, QUIET).p


@pytest.mark.parametrize("other", [LOUD, make_counts([0, 0, 0, 0, 0, 1], [0] * 6), make_counts([0] * 6, [0, 0, 0, 0, 0, 1])])
def test_what_both_raise_is_not_silent(other: Counts) -> None:
    assert find_silence(LOUD, other).p == [1]


def test_nothing_is_lost_where_nothing_was_right_or_raised() -> None:
    assert find_silence(make_counts([0] * 6, [1] * 6), QUIET).p == [1]
    assert find_silence(QUIET, QUIET).p == [1]


@given(arrays(np.bool_, (2, 7, 3)), arrays(np.bool_, (7, 3)))
def test_swaps_silence_a_family_no_oftener_than_its_p_says(raised: NDArray[np.bool_], gold: NDArray[np.bool_]) -> None:
    everything = np.ones(3, dtype=np.bool_)
    smallest = []
    for swapped in product([False, True], repeat=7):
        sides = np.where(np.array(swapped)[:, None], raised[::-1], raised)
        counts = [Counts(*(cells.astype(np.float64) for cells in (side & gold, side & ~gold, gold & ~side))) for side in sides]
        smallest.append(find_silence(*counts).correct(everything).min())
    for p in set(smallest):
        assert np.mean(np.array(smallest) <= p) <= p + 1e-12


@given(st.integers(6, 12))
def test_what_both_runs_raise_together_costs_a_silence_no_correction(documents: int) -> None:
    loud, none = np.ones((documents, 28)), np.zeros((documents, 28))
    quiet = loud.copy()
    quiet[:, 0] = 0
    silence = find_silence(Counts(loud, none, none), Counts(quiet, none, none))
    assert silence.correct(np.ones(28, dtype=np.bool_))[0] == pytest.approx(2 / 2**documents)
    assert (silence.correct(np.ones(28, dtype=np.bool_))[1:] == 1).all()
