"""Tests of significance: agreement with scipy and with hand-computed examples, and what each word needs."""

from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from narratives.metrics.significance import MARGIN, find_side, find_winner, holm, is_within, judge, mcnemar

COUNTS = st.integers(0, 400)
P_VALUES = st.lists(st.floats(0, 1), max_size=30)


def test_mcnemar_by_hand() -> None:
    assert mcnemar(1, 10) == pytest.approx(2 * (comb(11, 0) + comb(11, 1)) / 2**11)
    assert mcnemar(0, 5) == pytest.approx(2 / 32)
    assert mcnemar(0, 6) == pytest.approx(2 / 64)


@settings(deadline=None)
@given(COUNTS, COUNTS)
def test_mcnemar_is_scipys_binomial_test_on_the_discordant_cases(only_a: int, only_b: int) -> None:
    discordant = only_a + only_b
    expected = min(1.0, 2 * binom.cdf(min(only_a, only_b), discordant, 0.5)) if discordant else 1.0
    assert mcnemar(only_a, only_b) == pytest.approx(expected, rel=1e-9)
    if discordant:
        assert mcnemar(only_a, only_b) == pytest.approx(binomtest(only_b, discordant).pvalue, rel=1e-9)


@settings(deadline=None)
@given(COUNTS, COUNTS)
def test_mcnemar_does_not_care_which_run_is_called_a(only_a: int, only_b: int) -> None:
    assert mcnemar(only_a, only_b) == pytest.approx(mcnemar(only_b, only_a), rel=1e-9)


def test_runs_that_differ_nowhere_have_a_p_of_one() -> None:
    assert mcnemar(0, 0) == 1.0


def test_holm_by_hand() -> None:
    # In rising order 0.005 * 4, 0.01 * 3, 0.03 * 2, 0.04 * 1; the last must not fall below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


@given(P_VALUES)
def test_holm_lies_between_no_correction_and_bonferronis(p_values: list[float]) -> None:
    for raw, corrected in zip(p_values, holm(p_values), strict=True):
        assert raw <= corrected <= min(1.0, raw * len(p_values))


@given(P_VALUES)
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values: list[float]) -> None:
    rejected: set[float] = set()
    for rank, p in enumerate(sorted(p_values)):
        if p * (len(p_values) - rank) >= 0.05:
            break
        rejected.add(p)
    corrected = holm(p_values)
    assert {p for p, q in zip(p_values, corrected, strict=True) if q < 0.05} == rejected


@given(P_VALUES, st.randoms())
def test_holm_follows_its_p_values_when_they_are_shuffled(p_values: list[float], rng: object) -> None:
    order = list(range(len(p_values)))
    rng.shuffle(order)  # type: ignore[attr-defined]
    corrected = holm(p_values)
    assert holm([p_values[k] for k in order]) == [corrected[k] for k in order]


@pytest.mark.parametrize(
    ("low", "high", "within"),
    [
        (0.0, 0.0, True),
        (-0.0199, 0.0199, True),
        (-0.02, 0.01, False),  # on the boundary the test does not reject
        (-0.01, 0.02, False),
        (-0.03, 0.01, False),
        (-0.01, 0.03, False),
        (0.001, 0.019, True),  # leaving out zero has no part in it
        (0.03, 0.04, False),
        (None, None, False),
    ],
)
def test_equivalence_needs_the_90_percent_interval_inside_the_margin(low: float, high: float, within: bool) -> None:
    assert is_within(low, high, MARGIN) == within


def test_a_wider_margin_lets_more_through() -> None:
    assert [is_within(-0.03, 0.01, margin) for margin in (0.02, 0.03, 0.031, 0.5)] == [False, False, True, True]


def test_an_interval_that_touches_zero_has_no_side() -> None:
    intervals = [(0.01, 0.2), (-0.2, -0.01), (-0.1, 0.1), (0.0, 0.1), (-0.1, 0.0), (None, None)]
    assert [find_side(*interval) for interval in intervals] == [1, -1, 0, 0, 0, 0]


def test_a_winner_needs_a_p_below_five_percent() -> None:
    assert [find_winner(3, 9, p) for p in (0.049, 0.05, 0.6)] == [1, 0, 0]
    assert find_winner(9, 3, 0.01) == -1
    assert find_winner(5, 5, 0.01) == 0


@pytest.mark.parametrize(
    ("sides", "within", "word"),
    [
        ([1], False, "better"),
        ([-1, -1], False, "worse"),
        ([1, 1], True, "better"),  # a difference that can be told is named, however small
        ([1, 0], False, "no clear difference"),
        ([1, -1], False, "no clear difference"),  # right more often, yet a lower F1: the two tests contradict each other
        ([-1, 0], True, "equivalent"),
        ([0, 0], True, "equivalent"),
        ([0], False, "no clear difference"),
    ],
)
def test_better_and_worse_need_every_test_to_say_so(sides: list[int], within: bool, word: str) -> None:
    assert judge(sides, within) == word
