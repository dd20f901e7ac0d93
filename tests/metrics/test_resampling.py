"""Intervals: what a bootstrap over documents promises."""

import numpy as np
import pytest
from narratives.metrics.bootstrap import Figures, interval, measure, resample
from scipy.stats import bootstrap

from narratives.data import Matrix
from narratives.metrics import bootstrap as resampling
from narratives.metrics.counts import count, samples_f1

NAMES = tuple(Figures.__dataclass_fields__)


def make_case(documents: int = 40, seed: int = 1, right: float = 0.85) -> tuple[Matrix, Matrix, list[str]]:
    """Gold, predictions that are right for most cells, and documents of one to four passages."""
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(documents), rng.integers(1, 5, documents))
    gold = rng.random((len(owners), 3)) < [0.5, 0.3, 0.2]
    predicted = np.where(rng.random(gold.shape) < right, gold, ~gold)
    return gold, predicted, [f"d{owner:03d}" for owner in owners]


def draw(gold: Matrix, predicted: Matrix, documents: list[str], resamples: int = 300, seed: int = 0) -> Figures:
    [figures] = resample(gold, [predicted], documents, resamples, seed)
    return figures


def assert_same(a: Figures, b: Figures) -> None:
    for name in NAMES:
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-12, err_msg=name)


def test_the_same_seed_gives_the_same_figures() -> None:
    assert_same(draw(*make_case(), seed=3), draw(*make_case(), seed=3))


def test_another_seed_gives_other_resamples() -> None:
    assert not np.array_equal(draw(*make_case(), seed=3).micro_f1, draw(*make_case(), seed=4).micro_f1)


def test_every_figure_has_one_value_a_resample() -> None:
    figures = draw(*make_case(), resamples=17)
    assert [getattr(figures, name).shape for name in NAMES] == [(17, 3)] * 3 + [(17,)] * 5


def test_the_order_of_the_passages_does_not_matter() -> None:
    gold, predicted, documents = make_case()
    order = np.random.default_rng(0).permutation(len(documents))
    shuffled = draw(gold[order], predicted[order], [documents[k] for k in order])
    assert_same(shuffled, draw(gold, predicted, documents))


@pytest.mark.parametrize("seed", range(5))
def test_the_interval_contains_the_figure_itself(seed: int) -> None:
    gold, predicted, documents = make_case(seed=seed)
    here, drawn = measure(gold, predicted), draw(gold, predicted, documents, resamples=1000)
    for name in NAMES:
        low, high = interval(getattr(drawn, name))
        assert np.all(low < getattr(here, name)), name
        assert np.all(getattr(here, name) < high), name


def test_repeating_every_passage_within_its_document_adds_no_certainty() -> None:
    gold, predicted, documents = make_case()
    once = draw(gold, predicted, documents)
    thrice = draw(np.repeat(gold, 3, axis=0), np.repeat(predicted, 3, axis=0), list(np.repeat(documents, 3)))
    assert_same(thrice, once)


def test_passages_drawn_one_by_one_would_seem_more_certain() -> None:
    gold, predicted, documents = (np.repeat(values, 6, axis=0) for values in make_case())
    alone = [f"p{k:04d}" for k in range(len(documents))]
    low, high = interval(draw(gold, predicted, list(documents), resamples=1000).micro_f1)
    low_alone, high_alone = interval(draw(gold, predicted, alone, resamples=1000).micro_f1)
    assert high - low > 1.5 * (high_alone - low_alone)


def test_identical_predictions_differ_by_exactly_nothing() -> None:
    gold, predicted, documents = make_case()
    a, b = resample(gold, [predicted, predicted.copy()], documents, 200, seed=0)
    for name in NAMES:
        assert not getattr(b.minus(a), name).any(), name


def test_predictions_that_are_compared_meet_the_same_resamples() -> None:
    gold, predicted, documents = make_case()
    other = make_case(right=0.6)[1]
    a, b = resample(gold, [predicted, other], documents, 100, seed=0)
    assert_same(a, draw(gold, predicted, documents, resamples=100))
    assert_same(b, draw(gold, other, documents, resamples=100))


def test_a_paired_difference_is_surer_than_two_intervals_apart() -> None:
    gold, predicted, documents = make_case()
    other = predicted.copy()
    other[::10] = gold[::10]
    a, b = resample(gold, [predicted, other], documents, 1000, seed=0)
    paired = np.ptp(interval(b.minus(a).micro_f1))
    assert paired < np.ptp(interval(a.micro_f1))


def test_a_single_document_leaves_nothing_to_vary() -> None:
    gold, predicted, documents = make_case()
    here, drawn = measure(gold, predicted), draw(gold, predicted, ["one"] * len(documents), resamples=20)
    for name in NAMES:
        np.testing.assert_allclose(getattr(drawn, name) - getattr(here, name), 0, atol=1e-12)


def test_the_interval_agrees_with_scipy() -> None:
    gold, predicted, documents = make_case(documents=60)
    owner = np.array([int(document[1:]) for document in documents])
    cells = count(gold, predicted, axis=1)
    sums = [np.bincount(owner, values) for values in (cells.tp, cells.fp, cells.fn)]

    def micro_f1(drawn: np.ndarray, axis: int) -> np.ndarray:
        tp, fp, fn = (values[drawn].sum(axis) for values in sums)
        return np.asarray(2 * tp / (2 * tp + fp + fn))

    theirs = bootstrap((np.arange(60),), micro_f1, n_resamples=4000, method="percentile", rng=np.random.default_rng(5))
    low, high = interval(draw(gold, predicted, documents, resamples=4000).micro_f1)
    width = high - low
    assert abs(low - theirs.confidence_interval.low) < 0.1 * width
    assert abs(high - theirs.confidence_interval.high) < 0.1 * width


@pytest.mark.parametrize("cells", [1, 280, 1000])
def test_drawing_in_blocks_to_save_memory_changes_nothing(monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    whole = draw(*make_case())
    monkeypatch.setattr(resampling, "_CELLS", cells)
    assert_same(draw(*make_case()), whole)


def test_a_level_leaves_half_of_the_rest_on_either_side() -> None:
    np.testing.assert_allclose(interval(np.arange(101.0), level=0.9), [5, 95])


def test_resamples_where_a_figure_is_undefined_are_left_out_of_its_interval() -> None:
    low, high = interval(np.array([[0.2, np.nan], [np.nan, np.nan], [0.4, np.nan]]), level=1.0)
    np.testing.assert_array_equal(low, [0.2, np.nan])
    np.testing.assert_array_equal(high, [0.4, np.nan])


@pytest.mark.filterwarnings("error")
def test_a_narrative_that_is_never_there_gives_no_warning_and_no_interval() -> None:
    gold = np.array([[True, False], [True, False]])
    low, high = interval(draw(gold, gold, ["a", "b"]).f1)
    np.testing.assert_array_equal(low, [1, np.nan])
    np.testing.assert_array_equal(high, [1, np.nan])


def test_perfect_predictions_are_perfect_in_every_resample() -> None:
    gold, _, documents = make_case()
    figures = draw(gold, gold, documents)
    for name in NAMES:
        if name != "coverage":  # the gold itself leaves some passages without a narrative
            np.testing.assert_allclose(getattr(figures, name), 1, err_msg=name)


def test_exact_match_and_coverage_are_shares_of_passages() -> None:
    gold = np.array([[True, False], [False, False], [False, True], [True, True]])
    predicted = np.array([[True, False], [False, False], [True, True], [False, False]])
    figures = measure(gold, predicted)
    assert [float(figures.exact_match), float(figures.coverage)] == [0.5, 0.5]


def test_many_documents_drawn_in_groups_give_intervals_of_the_same_width(monkeypatch: pytest.MonkeyPatch) -> None:
    case = make_case(documents=2000)
    low, high = interval(draw(*case, resamples=1000).micro_f1)
    monkeypatch.setattr(resampling, "GROUPS", 200)
    grouped_low, grouped_high = interval(draw(*case, resamples=1000).micro_f1)
    assert grouped_high - grouped_low == pytest.approx(high - low, rel=0.25)


def test_samples_f1_is_the_mean_over_passages_not_over_documents() -> None:
    gold, predicted, _ = make_case()
    assert measure(gold, predicted).samples_f1 == pytest.approx(samples_f1(gold, predicted).mean())
