"""Intervals: what each promises, against other implementations, and on made-up test sets whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from narratives.data import Floats, Matrix
from narratives.metrics.alarms import bound_rate, find_rates, project_precision
from narratives.metrics.cases import bound_f1, bound_shares, find_design_effect, wilson
from narratives.metrics.counts import Counts, macro_f1
from narratives.metrics.curves import average_precision, bound_average_precision
from narratives.metrics.documents import Owners, Sums, find_owners, sum_by_document
from narratives.metrics.figures import Figures, leave_out, measure, measure_without
from narratives.metrics.intervals import bound, bound_macro
from narratives.metrics.jackknife import find_error, find_reach
from narratives.metrics.reliability import bin_scores, bound_calibration_error, brier_score, find_brier_skill

pytestmark = pytest.mark.filterwarnings("error")

NAMES = tuple(Figures.__dataclass_fields__)


def make_case(documents: int = 40, right: float = 0.8, seed: int = 1) -> tuple[Matrix, Matrix, Owners]:
    """Three narratives of which passages carry a half, a third and a fifth; documents of one to five passages."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(documents), rng.integers(1, 6, documents))
    gold = rng.random((len(unit), 3)) < [0.5, 0.3, 0.2]
    return gold, np.where(rng.random(gold.shape) < right, gold, ~gold), Owners(unit, documents)


def alone(*shares: tuple[int, int]) -> tuple[Floats, Floats]:
    """Hits and cases of columns, every case its own document."""
    size = max(cases for _, cases in shares)
    hits = np.array([[float(row < right) for right, _ in shares] for row in range(size)])
    return hits, np.array([[float(row < cases) for _, cases in shares] for row in range(size)])


@given(st.integers(0, 60), st.integers(1, 60), st.sampled_from([0.8, 0.9, 0.95]))
def test_wilson_agrees_with_scipy(hits: int, cases: int, level: float) -> None:
    hits = min(hits, cases)
    low, high = wilson(np.asarray(float(hits)), np.asarray(float(cases)), level)
    theirs = binomtest(hits, cases).proportion_ci(level, method="wilson")
    assert (float(low), float(high)) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_without_a_case_there_is_no_interval() -> None:
    assert np.isnan(wilson(np.zeros(1), np.zeros(1))).all()


def test_fifteen_right_of_fifteen_are_not_certainly_one() -> None:
    zero = np.zeros((15, 1))
    low, high = bound_f1(Counts(np.ones((15, 1)), zero, zero))
    assert (round(float(low[0]), 2), high[0]) == (0.89, 1)


def test_cases_each_in_its_own_document_count_in_full() -> None:
    hits, cases = alone((7, 10), (3, 20))
    np.testing.assert_array_equal(find_design_effect(hits, cases), [1, 1])
    for mine, theirs in zip(bound_shares(hits, cases), wilson(np.array([7.0, 3]), np.array([10.0, 20])), strict=True):
        np.testing.assert_allclose(mine, theirs)


def test_cases_that_are_all_alike_within_their_documents_count_as_one_each() -> None:
    hits = np.repeat([[4.0], [0.0]], 10, axis=0)
    np.testing.assert_allclose(find_design_effect(hits, np.full((20, 1), 4.0)), [4])


def test_all_cases_in_one_document_count_as_one() -> None:
    np.testing.assert_allclose(find_design_effect(np.array([[5.0], [0.0]]), np.array([[8.0], [0.0]])), [8])


def test_the_correlation_within_documents_is_that_of_all_narratives() -> None:
    alike, by_lot = np.tile([2.0, 0, 2, 0], 25), np.tile([2.0, 1, 1, 0], 25)
    effect = find_design_effect(np.stack([alike, by_lot], axis=1), np.full((100, 2), 2.0))
    assert effect[0] == effect[1] == pytest.approx(1.5, abs=0.02)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000), st.floats(0.3, 1.0))
def test_every_interval_holds_its_figure_and_stays_between_0_and_1(seed: int, right: float) -> None:
    gold, predicted, owners = make_case(seed=seed, right=right)
    measured, (low, high) = measure(gold, predicted), bound(sum_by_document(gold, predicted, owners))
    for name in NAMES:
        values = (getattr(low, name), getattr(measured, name), getattr(high, name))
        defined = ~np.isnan(values[1])
        for below, above in ((0, values[0]), values[:2], values[1:], (values[2], 1)):
            assert np.all((np.asarray(below) <= np.asarray(above) + 1e-9) | ~defined), name
        assert np.all((values[0] < values[2]) | ~defined), name


def test_a_wider_level_gives_a_wider_interval() -> None:
    sums = sum_by_document(*make_case())
    (low_90, high_90), (low, high) = bound(sums, level=0.9), bound(sums)
    for name in NAMES:
        assert np.all(getattr(low, name) < getattr(low_90, name)) and np.all(getattr(high_90, name) < getattr(high, name)), name


def test_leaving_out_each_document_is_measuring_the_others() -> None:
    gold, predicted, owners = make_case(documents=12)
    without = measure_without(sum_by_document(gold, predicted, owners))
    for unit in range(owners.size):
        others = owners.unit != unit
        expected = measure(gold[others], predicted[others])
        for name in NAMES:
            np.testing.assert_allclose(getattr(without, name)[unit], getattr(expected, name), err_msg=name)


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(0).random(30)
    error = find_error(values.mean(), (values.sum() - values) / 29)
    assert float(error) == pytest.approx(values.std(ddof=1) / np.sqrt(30))
    assert float(find_reach(error, 29)) == pytest.approx(2.0452 * float(error), rel=1e-4)


def test_one_document_has_no_standard_error() -> None:
    assert find_error(np.asarray(0.5), np.asarray([np.nan])) == 0


def test_where_no_document_differs_macro_f1_is_as_sure_as_its_thinnest_narratives_allow() -> None:
    rich, poor = np.ones((40, 2)), np.hstack([np.ones((40, 1)), np.eye(40)[:, :1]])
    zero = np.zeros((40, 2))
    lows = [float(bound_macro(Counts(hits, zero, zero))[0]) for hits in (rich, poor)]
    assert 0.34 < lows[1] < lows[0] < 1


def test_macro_f1_is_bounded_by_students_t_around_where_it_is_without_bias() -> None:
    sums = sum_by_document(*make_case())
    value, without = macro_f1(sums.counts.sum(0)), macro_f1(leave_out(sums.counts))
    middle, reach = 40 * value - 39 * without.mean(), find_reach(find_error(value, without), 39)
    np.testing.assert_allclose(bound_macro(sums.counts), (middle - reach, middle + reach))


def test_many_documents_are_put_into_groups_and_the_interval_stays_as_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    gold, predicted, owners = make_case(documents=2000)
    names = [f"d{unit}" for unit in owners.unit]
    low, high = bound(sum_by_document(gold, predicted, find_owners(names)))
    monkeypatch.setattr("narratives.metrics.documents.GROUPS", 200)
    grouped_low, grouped_high = bound(sum_by_document(gold, predicted, find_owners(names)))
    for name in ("micro_f1", "macro_f1", "exact_match"):
        width, grouped = getattr(high, name) - getattr(low, name), getattr(grouped_high, name) - getattr(grouped_low, name)
        assert float(grouped) == pytest.approx(float(width), rel=0.25), name


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """The whole table is in experiments/studies/intervals; here a taste, wide enough for 150 repetitions."""
    rng, held = np.random.default_rng(0), []
    for _ in range(150):
        gold = rng.random((300, 8)) < 0.04
        predicted = np.where(gold, rng.random(gold.shape) < 0.7, rng.random(gold.shape) < 0.02)
        low, high = bound(sum_by_document(gold, predicted, Owners(np.arange(300) // 3, 100)))
        truth = 2 * 0.04 * 0.7 / (0.04 + 0.04 * 0.7 + 0.96 * 0.02)
        held.append([low.macro_f1 <= truth <= high.macro_f1, ((low.f1 <= truth) & (truth <= high.f1)).mean()])
    macro, f1 = np.mean(held, axis=0)
    assert macro >= 0.9
    assert 0.92 <= f1 <= 0.98


# Average precision


def test_the_interval_of_average_precision_holds_it_and_narrows_with_more_positives() -> None:
    rng = np.random.default_rng(0)
    widths = []
    for n in (100, 1000):
        gold = rng.random(n) < 0.2
        scores = (rng.random(n) + 0.5 * gold).astype(np.float32).round(2)  # with ties
        low, high = bound_average_precision(scores, gold, Owners(np.arange(n), n))
        assert low < (average_precision(scores, gold) or 0) < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


def test_perfect_ranks_of_few_positives_are_not_sure_and_one_document_tells_nothing() -> None:
    gold = np.arange(50) < 10
    scores = np.linspace(1, 0, 50).astype(np.float32)
    low, high = bound_average_precision(scores, gold, Owners(np.arange(50), 50))
    assert 0.7 < low < 0.85 and high == pytest.approx(1)
    assert bound_average_precision(scores, gold, Owners(np.arange(50) // 10, 5)) == (0, 1)


def test_positives_of_one_document_count_as_alike() -> None:
    gold, documents = np.arange(90) < 12, np.arange(90)
    scores = np.linspace(1, 0, 90).astype(np.float32)
    alone = bound_average_precision(scores, gold, Owners(documents, 90))
    in_pairs = bound_average_precision(scores, gold, Owners(documents // 2, 45))
    half = bound_average_precision(scores, np.arange(90) < 6, Owners(documents, 90))
    assert in_pairs == pytest.approx(half) and in_pairs[0] < alone[0]


# Scores as probabilities


def test_what_chance_alone_makes_of_calibrated_scores_leaves_no_ece_in_the_interval() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((300, 4))
    calibrated, sure = rng.random(scores.shape) < scores, rng.random(scores.shape) < 0.5
    owners = Owners(np.arange(300), 300)
    assert bound_calibration_error(scores, calibrated, owners)[0] == 0
    low, high = bound_calibration_error(scores, sure, owners)
    assert 0.2 < low < 0.25 < high < 0.3  # a score evenly spread is .25 from a half on average


def test_documents_of_different_size_do_not_make_ece_unsure() -> None:
    owners = Owners(np.repeat(np.arange(8), np.arange(1, 9)), 8)
    gold = np.ones((36, 2), dtype=np.bool_)
    assert bound_calibration_error(np.full((36, 2), 0.75), gold, owners) == pytest.approx((0.25, 0.25))


def test_only_the_chosen_decisions_are_binned() -> None:
    scores, gold = np.array([[0.1, 0.95], [0.2, 0.85]]), np.array([[True, True], [False, False]])
    bins = bin_scores(scores, gold, chosen=scores > 0.5)
    assert [(each.low, each.n, each.share) for each in bins if each.n] == [(0.8, 1, 0), (0.9, 1, 1)]
    assert bound_calibration_error(scores, gold, Owners(np.arange(2), 2), scores > 2) == pytest.approx(
        (np.nan, np.nan), nan_ok=True
    )


def test_brier_skill_is_the_share_of_the_base_rates_brier_score_that_is_saved() -> None:
    gold, _, owners = make_case()
    rates = np.broadcast_to(gold.mean(0), gold.shape)
    assert find_brier_skill(rates, gold, owners)[0] == pytest.approx(0)
    assert find_brier_skill(gold.astype(np.float64), gold, owners) == (1, 1, 1)
    scores = np.where(gold, 0.8, 0.1)
    value, low, high = find_brier_skill(scores, gold, owners)
    assert value == pytest.approx(1 - brier_score(scores, gold) / brier_score(rates, gold))
    assert low < value < high


# Elsewhere


def test_no_alarm_on_a_hundred_texts_may_be_four() -> None:
    assert bound_rate(np.zeros(100), np.ones(100)) == pytest.approx((0, 0, 0.0384), abs=1e-3)


def test_alarms_in_bursts_are_less_sure_than_alarms_alone() -> None:
    spread, burst = np.zeros(100), np.zeros(100)
    spread[:20] = 1
    burst[:4] = 5
    (rate, low, high), (same, lower, higher) = bound_rate(spread, np.ones(100)), bound_rate(burst, np.ones(100))
    assert rate == same == 0.2
    assert lower < low < rate < high < higher


def test_precision_elsewhere_is_that_of_a_test_with_such_a_mix() -> None:
    gold, predicted, _ = make_case(documents=400)
    gold[::3] = False
    owners = Owners(np.arange(len(gold)), len(gold))
    rates, loud = find_rates(gold, predicted, owners), gold.any(1)
    assert rates is not None
    quiet = np.flatnonzero(~loud)
    few = np.flatnonzero(loud)
    # Ten times the quiet passages: what precision is where they are so many.
    mixed = np.concatenate([few, np.tile(quiet, 10)])
    truth = (gold & predicted)[mixed].sum() / predicted[mixed].sum()
    value, low, high = project_precision(rates, len(few) / len(mixed))
    assert value == pytest.approx(truth)
    assert low < value < high
    own = (gold & predicted).sum() / predicted.sum()
    assert project_precision(rates, float(loud.mean()))[0] == pytest.approx(own)


@pytest.mark.parametrize("carried", [True, False])
def test_a_test_of_one_kind_of_texts_says_nothing_about_another_mix(carried: bool) -> None:
    gold = np.full((20, 2), carried)
    assert find_rates(gold, gold, Owners(np.arange(20), 20)) is None


def test_without_an_alarm_precision_elsewhere_is_one_but_not_surely() -> None:
    gold = np.zeros((60, 1), dtype=np.bool_)
    gold[:30] = True
    rates = find_rates(gold, gold, Owners(np.arange(60), 60))
    assert rates is not None
    value, low, high = project_precision(rates, 0.01)
    assert (value, high) == (1, 1)
    assert 0 < low < 0.2


def test_sums_keep_what_the_figures_are_made_of() -> None:
    gold, predicted, owners = make_case()
    sums = sum_by_document(gold, predicted, owners)
    assert isinstance(sums, Sums)
    assert sums.passages.sum() == len(gold)
    np.testing.assert_allclose(sums.counts.sum(0).f1, measure(gold, predicted).f1)
