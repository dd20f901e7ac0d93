"""The chain rule: exact where there is nothing to guess, and on made-up feeds it covers what it promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from narratives.field.chain import Cells, compare_periods, estimate
from narratives.field.power import find_labels_for_change, find_needed, find_noticeable, find_power


def cell(size: float, seen: float, hits: float) -> Cells:
    return Cells(*(np.array([float(x)]) for x in (size, seen, seen, hits)))


def test_where_nothing_is_raised_it_is_the_interval_of_jeffreys() -> None:
    bounds = estimate(cell(0, 0, 0), cell(1e9, 100, 7)).prevalence
    np.testing.assert_allclose([bounds.low[0], bounds.high[0]], beta.ppf([0.025, 0.975], 7.5, 93.5), rtol=2e-3)


def test_precision_is_the_interval_of_jeffreys_among_what_is_raised() -> None:
    bounds = estimate(cell(1e9, 40, 30), cell(1e9, 100, 7)).precision
    np.testing.assert_allclose([bounds.low[0], bounds.high[0]], beta.ppf([0.025, 0.975], 30.5, 10.5), rtol=1e-6)


@given(st.integers(1, 200), st.integers(0, 200), st.integers(1, 200), st.integers(0, 200))
def test_a_feed_that_is_read_whole_has_no_doubt_left(raised: int, right: int, others: int, missed: int) -> None:
    right, missed = min(right, raised), min(missed, others)
    chain = estimate(cell(raised, raised, right), cell(others, others, missed))
    for bounds in (chain.prevalence, chain.precision):
        assert bounds.low[0] == pytest.approx(bounds.value[0]) == pytest.approx(bounds.high[0])


@given(st.integers(1, 60), st.integers(0, 60), st.integers(1, 400), st.integers(0, 20))
def test_every_interval_holds_its_value_and_stays_within_0_and_1(n: int, right: int, rest: int, missed: int) -> None:
    chain = estimate(cell(900, n, min(right, n)), cell(20000, rest, min(missed, rest)))
    for bounds in (chain.prevalence, chain.precision, chain.recall, chain.f1):
        if not np.isnan(bounds.value[0]):
            assert 0 <= bounds.low[0] <= bounds.value[0] <= bounds.high[0] <= 1


def test_where_nobody_found_it_the_feed_may_hold_none() -> None:
    bounds = estimate(cell(500, 20, 0), cell(19500, 380, 0)).prevalence
    assert bounds.low[0] == 0 and 0.001 < bounds.high[0] < 0.02


def test_more_labels_never_widen_it_by_much() -> None:
    widths = []
    for k in (1, 2, 4, 8):
        bounds = estimate(cell(5000, 40 * k, 20 * k), cell(95000, 360 * k, 4 * k)).prevalence
        widths.append(float(bounds.high[0] - bounds.low[0]))
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(("prevalence", "recall", "alarms"), [(0.01, 0.8, 0.01), (0.05, 0.4, 0.05), (0.1, 0.9, 0.001)])
def test_on_made_up_feeds_it_covers(prevalence: float, recall: float, alarms: float) -> None:
    rng = np.random.default_rng(0)
    carried = round(20000 * prevalence)
    right, wrong = round(carried * recall), round((20000 - carried) * alarms)
    feed = [right, wrong, carried - right, 20000 - carried - wrong]
    counts = rng.multivariate_hypergeometric(feed, 400, size=600).astype(float)
    sizes = [np.full(600, float(feed[k] + feed[k + 1])) for k in (0, 2)]
    seen = [counts[:, k] + counts[:, k + 1] for k in (0, 2)]
    bounds = estimate(
        Cells(sizes[0], seen[0], seen[0], counts[:, 0]), Cells(sizes[1], seen[1], seen[1], counts[:, 2])
    ).prevalence
    assert ((bounds.low <= carried / 20000) & (carried / 20000 <= bounds.high)).mean() > 0.92


def test_two_periods_alike_are_no_change_and_two_far_apart_are_one() -> None:
    calm, loud = ((cell(1000, 30, k), cell(19000, 370, k)) for k in (2, 25))
    assert compare_periods(calm, calm)[0] == pytest.approx(1, abs=0.01)
    assert compare_periods(calm, loud)[0] < 1e-4
    assert compare_periods(calm, loud)[0] == pytest.approx(compare_periods(loud, calm)[0], abs=1e-9)


def test_power_rises_with_labels_and_with_the_change() -> None:
    def power(after: float, labels: int) -> float:
        return find_power(0.02, after, (0.02 * 0.98, after * (1 - after)), (labels, labels), 0.05)

    assert power(0.02, 400) < 0.06
    assert power(0.03, 400) < power(0.04, 400) < power(0.08, 400)
    assert power(0.04, 200) < power(0.04, 400) < power(0.04, 1600)


def test_the_smallest_noticeable_rise_is_noticed_four_times_in_five() -> None:
    variance = 0.02 * 0.98
    rise = find_noticeable(0.02, variance, (400, 400), 0.05)
    assert rise is not None
    spread = (variance, variance * (0.02 + rise) / 0.02)
    assert find_power(0.02, 0.02 + rise, spread, (400, 400), 0.05) == pytest.approx(0.8, abs=0.02)
    assert find_noticeable(0.0, variance, (400, 400), 0.05) is None


def test_so_many_labels_as_are_told_bring_the_width_that_was_asked_for() -> None:
    mine, rest = cell(1000, 40, 20), cell(19000, 360, 4)
    needed = float(find_needed(mine, rest, 0.01)[0])
    few = [c.size / 20000 * needed for c in (mine, rest)]
    more = [Cells(c.size * 100, n, n, c.share * n) for c, n in zip((mine, rest), few, strict=True)]
    bounds = estimate(more[0], more[1]).prevalence
    assert bounds.high[0] - bounds.value[0] == pytest.approx(0.01, rel=0.1)


def test_labels_for_a_change_that_was_not_seen_are_out_of_reach() -> None:
    assert find_labels_for_change(0.02, 0.02, (0.02, 0.02), 0.05) is None
    assert (find_labels_for_change(0.02, 0.06, (0.02, 0.06), 0.05) or 0) < 1000
