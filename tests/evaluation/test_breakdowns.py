"""Where a model fails, worked by hand: confusions, slices, stances, the surest errors."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from helpers.examples import make_codebook
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from narratives.data import Labels, Passage, Prediction, Stance
from narratives.evaluation.breakdowns import (
    WORST,
    Confusion,
    Miss,
    Slice,
    find_confusions,
    find_slices,
    find_stances,
    find_worst,
)
from narratives.evaluation.joined import Joined, join

pytestmark = pytest.mark.filterwarnings("error")

CODEBOOK = make_codebook("a", "b", "c")
SHORT = {"+": Stance.ASSERTS, "~": Stance.REPORTS, "-": Stance.REBUTS}
STANCES = st.sampled_from([*Stance, None])
LABELS: st.SearchStrategy[Labels] = st.dictionaries(st.sampled_from("abc"), STANCES)


def read(labels: str) -> Labels:
    """`a+ b` is narrative a, asserted, and b without a stance."""
    return {word[0]: SHORT.get(word[1:]) for word in labels.split()}


def pair(*rows: tuple[str, str], scores: list[tuple[float, float, float]] | None = None) -> Joined:
    """Gold and predicted labels of passages p00, p01, ..., each its own document; scores of a, b and c."""
    passages = [Passage(f"p{k:02}", f"text {k}", read(gold), f"d{k}") for k, (gold, _) in enumerate(rows)]
    given = [dict(zip("abc", row, strict=True)) for row in scores] if scores else [{}] * len(rows)
    predictions = [Prediction(f"p{k:02}", given[k], read(raised)) for k, (_, raised) in enumerate(rows)]
    return join(passages, predictions, CODEBOOK, "theirs.jsonl")


def slice_up(passages: list[Passage], raised: list[Labels] | None = None) -> dict[tuple[str, str], Slice]:
    """Slices by axis and value; the predictions are right where `raised` is not given."""
    raised = raised or [passage.narratives or {} for passage in passages]
    predictions = [Prediction(passage.id, {}, labels) for passage, labels in zip(passages, raised, strict=True)]
    found = find_slices(join(passages, predictions, CODEBOOK, "theirs.jsonl"))
    assert len({(each.axis, each.value) for each in found}) == len(found)
    return {(each.axis, each.value): each for each in found}


def number(n: int, **fields: object) -> list[Passage]:
    """`n` passages alike but for their ids and documents; `words` gives the length of their text."""
    words = int(str(fields.pop("words", 5)))
    first = Passage("p", " ".join(["word"] * words), {}, "d")
    name = ",".join(map(str, [words, *fields.values()]))
    return [replace(first, **{"id": f"{name}-{k}", "document": f"{name}-{k}", **fields}) for k in range(n)]  # type: ignore[arg-type]


# Confusions


def test_confusions_worked_by_hand() -> None:
    answers = pair(("a", "b"), ("a", "b"), ("a", "c"), ("b", "a"), ("a b", "a c"), ("a", "a"), ("a", ""), ("", "c"))
    assert find_confusions(answers, CODEBOOK) == [
        Confusion("a", "b", 2),
        Confusion("a", "c", 1),
        Confusion("b", "a", 1),
        Confusion("b", "c", 1),
    ]


def test_of_a_passage_with_several_errors_all_pairs_count() -> None:
    assert find_confusions(pair(("a b", "c")), CODEBOOK) == [Confusion("a", "c", 1), Confusion("b", "c", 1)]


@pytest.mark.parametrize(("gold", "raised"), [("a", "a"), ("a", ""), ("", "a"), ("a", "a b"), ("a b", "b")])
def test_a_miss_alone_or_a_false_alarm_alone_is_no_confusion(gold: str, raised: str) -> None:
    assert find_confusions(pair((gold, raised)), CODEBOOK) == []


# Slices


@pytest.mark.parametrize(
    ("axis", "value", "fields"),
    [
        ("stance", "rebuts", {"narratives": {"a": Stance.REBUTS}}),
        ("register", "sermon", {"source": "sermon"}),
        ("language", "ar", {"language": "ar"}),
        ("hard case", "quote", {"extras": {"case": "quote"}}),
        ("length", "26 to 50 words", {"words": 30}),
    ],
)
def test_passages_are_sliced_from_ten_on(axis: str, value: str, fields: dict[str, object]) -> None:
    others = number(12, words=200)
    assert slice_up(others + number(10, **fields))[axis, value].passages == 10
    assert (axis, value) not in slice_up(others + number(9, **fields))


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (1, "0 to 25 words"),
        (25, "0 to 25 words"),
        (26, "26 to 50 words"),
        (50, "26 to 50 words"),
        (51, "51 to 80 words"),
        (80, "51 to 80 words"),
        (81, "81 to 120 words"),
        (120, "81 to 120 words"),
        (121, "121 words or more"),
        (5000, "121 words or more"),
    ],
)
def test_each_length_is_in_one_slice(words: int, value: str) -> None:
    assert [name for axis, name in slice_up(number(10, words=words)) if axis == "length"] == [value]


def test_what_is_not_given_makes_no_slice() -> None:
    assert slice_up(number(20, text="")) == {}


def test_passages_that_carry_none_are_a_slice_beside_the_stances() -> None:
    slices = slice_up(number(10, narratives=read("a+")) + number(11))
    assert {value: found.passages for (axis, value), found in slices.items() if axis == "stance"} == {
        "asserts": 10,
        "carries none": 11,
    }


def test_a_passage_with_two_stances_is_in_both_slices() -> None:
    slices = slice_up(number(10, narratives=read("a+ b-")))
    assert [slices["stance", value].passages for value in ("asserts", "rebuts")] == [10, 10]
    assert slices["stance", "asserts"].labels == 10


def test_a_slice_by_stance_has_recall_of_what_carries_it_which_false_alarms_do_not_touch() -> None:
    passages = number(12, narratives=read("a+ b-"))
    raised = [read("a c") if k < 9 else read("c") for k in range(12)]
    slices = slice_up(passages, raised)
    asserted, rebutted = (slices["stance", value] for value in ("asserts", "rebuts"))
    assert (asserted.recall, rebutted.recall, asserted.micro_f1) == (0.75, 0, None)
    assert (asserted.recall_low or 0) < 0.75 < (asserted.recall_high or 0)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(LABELS, LABELS, st.sampled_from(["sermon", "essay"])), min_size=20, max_size=60))
def test_the_figure_of_a_slice_agrees_with_sklearn(rows: list[tuple[Labels, Labels, str]]) -> None:
    passages = [Passage(f"p{k}", "", gold, f"d{k}", source=source) for k, (gold, _, source) in enumerate(rows)]
    slices = slice_up(passages, [raised for _, raised, _ in rows])
    for source, n in Counter(source for *_, source in rows).items():
        inside = [(gold, raised) for gold, raised, name in rows if name == source]
        gold, raised = (np.array([[id_ in labels for id_ in "abc"] for labels in side]) for side in zip(*inside, strict=True))
        found = slices.get(("register", source))
        assert (found is not None) == (n >= 10)
        if found is None:
            continue
        assert (found.passages, found.labels) == (n, gold.sum())
        assert found.exact_match == pytest.approx(accuracy_score(gold, raised), abs=5.1e-5)
        if gold.any() or raised.any():
            assert found.micro_f1 == pytest.approx(f1_score(gold, raised, average="micro"), abs=5.1e-5)
            assert found.low is not None and found.high is not None and 0 <= found.low <= found.high <= 1
        else:
            assert (found.micro_f1, found.low, found.high) == (None, None, None)


# Stances


def test_stance_scores_worked_by_hand() -> None:
    # Found with both stances: + as +, + as ~, ~ as ~, - as +. What is wrong, missed or without a stance does not count.
    answers = pair(("a+", "a+"), ("a+ b~", "a~ b~"), ("a-", "a+"), ("a+", "b+"), ("a-", "a"), ("a", "a+"), ("", "c-"))
    asserts, reports, rebuts, either = find_stances(answers)
    assert [each.stance for each in (asserts, reports, rebuts)] == ["asserts", "reports", "rebuts"]
    assert (asserts.support, asserts.precision, asserts.recall, asserts.f1) == (2, 0.5, 0.5, 0.5)
    assert (reports.support, reports.precision, reports.recall, reports.f1) == (1, 0.5, 1, round(2 / 3, 4))
    assert (rebuts.support, rebuts.precision, rebuts.recall, rebuts.f1) == (1, None, 0, 0)
    assert (either.stance, either.support, either.f1) == ("any", 4, 0.5)


def test_end_to_end_narrative_and_stance_are_one_answer() -> None:
    # As above; what was missed and what was raised wrongly counts now, what has no stance still does not.
    answers = pair(("a+", "a+"), ("a+ b~", "a~ b~"), ("a-", "a+"), ("a+", "b+"), ("a-", "a"), ("a", "a+"), ("", "c-"))
    assert [score.end_to_end for score in find_stances(answers)] == [round(1 / 3, 4), round(2 / 3, 4), 0, round(4 / 11, 4)]


@pytest.mark.parametrize("rows", [[("a+", "a")], [("a", "a+")], [("a+", "b+")], [("", "")]])
def test_without_a_pair_of_stances_there_are_no_scores(rows: list[tuple[str, str]]) -> None:
    assert find_stances(pair(*rows)) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(Stance), st.sampled_from(Stance)), min_size=1, max_size=40))
def test_stance_scores_agree_with_sklearn(pairs: list[tuple[Stance, Stance]]) -> None:
    back = {stance: sign for sign, stance in SHORT.items()}
    scores = find_stances(pair(*((f"a{back[gold]}", f"a{back[raised]}") for gold, raised in pairs)))
    expected = precision_recall_fscore_support(*zip(*pairs, strict=True), labels=list(Stance), zero_division=np.nan)
    assert scores[-1].f1 == pytest.approx(np.mean([gold == raised for gold, raised in pairs]), abs=5.1e-5)
    for k, score in enumerate(scores[:-1]):
        for ours, theirs in zip((score.precision, score.recall, score.f1, score.support), expected, strict=True):
            assert (np.nan if ours is None else ours) == pytest.approx(theirs[k], abs=5.1e-5, nan_ok=True)


# Worst errors


def test_the_surest_errors_come_first_missed_and_raised_mixed() -> None:
    scores = [(0.45, 0.1, 0.1), (0.1, 0.9, 0.1), (0.02, 0.1, 0.1), (0.1, 0.1, 0.6)]
    answers = pair(("a-", ""), ("", "b"), ("a+", ""), ("", "c"), scores=scores)
    assert find_worst(answers, CODEBOOK, None) == [
        Miss("p02", "a", "missed", 0.02, "asserts", "text 2"),
        Miss("p01", "b", "raised", 0.9, "", "text 1"),
        Miss("p03", "c", "raised", 0.6, "", "text 3"),
        Miss("p00", "a", "missed", 0.45, "rebuts", "text 0"),
    ]


def test_how_sure_an_error_is_depends_on_the_threshold_of_its_narrative() -> None:
    answers = pair(("", "a"), ("", "b"), scores=[(0.3, 0.1, 0.1), (0.1, 0.95, 0.1)])
    order = [error.narrative for error in find_worst(answers, CODEBOOK, np.array([0.05, 0.9, 0.5]))]
    assert order == ["b", "a"]  # 0.05 of the 0.1 above the one, 0.25 of the 0.95 above the other


def test_labels_that_go_against_their_scores_are_the_least_sure_errors() -> None:
    answers = pair(("", "a"), ("", "a"), ("a", ""), scores=[(0.2, 0, 0), (0.6, 0, 0), (0.9, 0, 0)])
    assert [error.id for error in find_worst(answers, CODEBOOK, None)] == ["p01", "p00", "p02"]


def test_errors_are_shown_up_to_a_limit() -> None:
    answers = pair(*[("a", "b")] * (WORST + 1), scores=[(0.4, 0.6, 0)] * (WORST + 1))
    assert len(find_worst(answers, CODEBOOK, None)) == WORST == 60


def test_without_scores_errors_come_in_the_order_of_the_ids() -> None:
    answers = pair(("a", "b"), ("c", "c"), ("b", ""))
    found = [(error.id, error.narrative, error.kind, error.score) for error in find_worst(answers, CODEBOOK, None)]
    assert found == [("p00", "a", "missed", None), ("p00", "b", "raised", None), ("p02", "b", "missed", None)]


@pytest.mark.parametrize("cut", [0.0, 1.0])
def test_a_threshold_at_the_end_of_the_scale_gives_no_warning(cut: float) -> None:
    answers = pair(("a", ""), ("", "a"), scores=[(cut, 0, 0), (cut, 0, 0)])
    assert len(find_worst(answers, CODEBOOK, np.full(3, cut))) == 2


def test_without_an_error_nothing_is_shown() -> None:
    assert find_worst(pair(("a", "a"), ("", "")), CODEBOOK, None) == []
