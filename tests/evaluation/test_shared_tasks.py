"""Shared-task figures: worked by hand, whatever the order of the files, and against scikit-learn."""

import random
from collections.abc import Iterable, Sequence
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from narratives.data import Codebook, Matrix, Narrative, Passage, Prediction
from narratives.evaluation.joined import Joined, join
from narratives.evaluation.shared_tasks import CARDS_SUPPORT, SHARED_TASKS, TaskFigures
from narratives.labels.hierarchy import close_ancestors

pytestmark = pytest.mark.filterwarnings("error")

Row = tuple[str, str, str]  # document, gold, predicted; ids with blanks between


def with_families(**family: str) -> Codebook:
    return Codebook("made-up", "1", tuple(Narrative(id_, id_, name, id_) for id_, name in family.items()))


def with_parents(**parent: str | None) -> Codebook:
    return Codebook("made-up", "1", tuple(Narrative(id_, id_, id_, id_, parent=up) for id_, up in parent.items()))


FAMILIES = with_families(a1="A", a2="A", b1="B")
TREE = with_parents(a=None, a1="a", a1x="a1", a2="a", b=None, b1="b")
ROUND = 5e-5 + 1e-9  # figures are rounded to four places


def make(rows: Sequence[Row]) -> tuple[list[Passage], list[Prediction]]:
    passages = [Passage(f"p{k:02}", "text", dict.fromkeys(gold.split()), name) for k, (name, gold, _) in enumerate(rows)]
    return passages, [Prediction(f"p{k:02}", {}, dict.fromkeys(raised.split())) for k, (*_, raised) in enumerate(rows)]


def score(task: str, codebook: Codebook, *rows: Row) -> TaskFigures:
    return SHARED_TASKS[task](join(*make(rows), codebook, "predictions.jsonl"), codebook)


def semeval(codebook: Codebook, *rows: Row) -> tuple[float | None, float | None]:
    """The coarse and the fine figure."""
    figures = score("semeval2025-task10", codebook, *rows)
    return figures["f1_macro_coarse"], figures["f1_samples_fine"]


def answers_of(both: Iterable[Matrix], documents: Sequence[str] = ()) -> Joined:
    gold, predicted = both
    passages = [Passage(f"p{k}", "text", None, documents[k] if documents else f"d{k}") for k in range(len(gold))]
    stances = np.full(gold.shape, -1, dtype=np.int8)
    return Joined(passages, gold, predicted, None, stances, stances)


@st.composite
def matrices(draw: st.DrawFn, narratives: int = 3) -> tuple[Matrix, Matrix]:
    """Gold and predicted labels; sparse enough that rows without a label are common."""
    rng, shape = np.random.default_rng(draw(st.integers(0, 2**32 - 1))), (draw(st.integers(1, 25)), narratives)
    rates = st.sampled_from([0.0, 0.1, 0.3, 0.7])
    return rng.random(shape) < draw(rates), rng.random(shape) < draw(rates)


def with_none(labels: Matrix) -> Matrix:
    return np.column_stack([labels, ~labels.any(1)])


DOCUMENTS = (
    ("d1", "a1", "a1"),  # with the next line one document: gold a1 b1, predicted a1: 2 * 1 / (2 + 1) on both levels
    ("d1", "b1", ""),
    ("d2", "a1", "a2"),  # fine 0, coarse 1: the family is right
    ("d3", "", ""),  # Other, and found: 1
    ("d4", "b1", ""),  # Other, but wrong: 0
    ("d5", "", "a1 b1"),  # Other, and missed: 0
)


def test_semeval_worked_by_hand() -> None:
    # fine: 2/3, 0, 1, 0, 0; mean 1/3; squares of the distances 1/9 * (1 + 1 + 4 + 1 + 1) = 8/9, over 5
    # coarse: 2/3, 1, 1, 0, 0; mean 8/15; mean of squares 22/45, less 64/225 leaves 46/225
    assert score("semeval2025-task10", FAMILIES, *DOCUMENTS) == {
        "documents": 5,
        "f1_macro_coarse": round(8 / 15, 4),
        "f1_macro_coarse_sd": round(sqrt(46) / 15, 4),
        "f1_samples_fine": round(1 / 3, 4),
        "f1_samples_fine_sd": round(sqrt(8 / 45), 4),
    }


PARAGRAPHS = (
    *[("d", "a1", "a1")] * 2,
    ("d", "a1", ""),
    ("d", "a2", "a1"),
    *[("d", "b1", "b1")] * 2,
    ("d", "b1", "b1 a2"),
    *[("d", "", "")] * 2,
    ("d", "", "a1"),
)


def test_cards_worked_by_hand() -> None:
    # Level 1. A: 3 right, 2 wrong, 1 missed: 6/9. B: 3 right: 1. No claim: 2 right, 1 wrong, 1 missed: 4/6.
    #   pooled 2 * 8 / (16 + 3 + 2); passages 1 1 0 1 1 1 2/3 1 1 0
    # Level 2. a2 has a support of 1 and is dropped. a1: 2 right, 2 wrong, 1 missed: 4/7. b1: 1. No claim: 4/6.
    #   pooled 2 * 7 / (14 + 3 + 2); passages 1 1 0 0 1 1 1 1 1 0
    assert score("cards", FAMILIES, *PARAGRAPHS) == {
        "passages": 10,
        "level_1_labels": 3,
        "level_1_macro_f1": round((6 / 9 + 1 + 4 / 6) / 3, 4),
        "level_1_micro_f1": round(16 / 21, 4),
        "level_1_samples_f1": round((7 + 2 / 3) / 10, 4),
        "level_2_labels": 3,
        "level_2_macro_f1": round((4 / 7 + 1 + 4 / 6) / 3, 4),
        "level_2_micro_f1": round(14 / 19, 4),
        "level_2_samples_f1": 0.7,
    }


@pytest.mark.parametrize("task", SHARED_TASKS)
@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_files_does_not_matter(task: str, seed: int) -> None:
    passages, predictions = make(DOCUMENTS + PARAGRAPHS)
    rng = random.Random(seed)
    shuffled = join(rng.sample(passages, 16), rng.sample(predictions, 16), FAMILIES, "predictions.jsonl")
    assert SHARED_TASKS[task](shuffled, FAMILIES) == score(task, FAMILIES, *DOCUMENTS, *PARAGRAPHS)


def test_perfect_predictions_in_another_order_score_one() -> None:
    passages, predictions = make([(f"d{k}", gold, gold) for k, (_, gold, _) in enumerate(PARAGRAPHS)])
    answers = join(passages, predictions[::-1], FAMILIES, "predictions.jsonl")
    assert list(SHARED_TASKS["semeval2025-task10"](answers, FAMILIES).values()) == [10, 1, 0, 1, 0]
    assert SHARED_TASKS["cards"](answers, FAMILIES)["level_1_macro_f1"] == 1


def test_a_document_without_a_label_for_which_none_is_predicted_is_right() -> None:
    assert semeval(FAMILIES, ("d", "", "")) == (1, 1)


@pytest.mark.parametrize(
    ("gold", "predicted", "coarse", "fine"),
    [
        ("a1x", "a2", 1, 0),  # the coarse label is the topmost parent, not the next one and not the family
        ("a1x", "b1", 0, 0),
        ("a1x b", "a b", 1, 0.5),
        ("a", "a1", 1, 0),  # a parent alone is a label of its own
        ("a", "a", 1, 1),
        ("a a1 a1x", "a1x", 1, 1),  # beside its child it says nothing new
        ("a", "a1 a", 1, 0),
    ],
)
def test_semeval_with_parents(gold: str, predicted: str, coarse: float, fine: float) -> None:
    assert semeval(TREE, ("d", gold, predicted)) == (coarse, fine)


def test_a_parent_alone_stands_beside_a_child_of_another_passage() -> None:
    assert semeval(TREE, ("d", "a", ""), ("d", "a1", "a1")) == (1, round(2 / 3, 4))


def test_cards_has_a_level_for_each_storey_of_the_taxonomy() -> None:
    rows = [("d", "a1x", "a1x"), ("d", "a1x", "a1"), ("d", "a1x", "a2"), ("d", "b", "b1")] * 3
    figures = score("cards", TREE, *rows)
    assert [figures[f"level_{k}_macro_f1"] for k in (1, 2, 3)] == [
        1,  # a, b
        round((2 * 2 / (4 + 1) + 0) / 2, 4),  # a1 found in two of three, b alone never; a2 and b1 have no support
        round((2 * 1 / (2 + 2) + 0) / 2, 4),  # a1x found in one of three
    ]
    assert [figures[f"level_{k}_labels"] for k in (1, 2, 3)] == [2, 2, 2]


@pytest.mark.parametrize("support", range(1, 5))
def test_cards_counts_a_label_from_a_support_of_three(support: int) -> None:
    figures = score("cards", FAMILIES, *[("d", "a1", "a1")] * 3, *[("d", "b1", "")] * support)
    enough = support >= CARDS_SUPPORT == 3
    assert figures["level_1_labels"] == 1 + enough
    assert figures["level_1_macro_f1"] == (0.5 if enough else 1)


def test_cards_does_not_mind_a_false_alarm_for_a_label_that_is_dropped() -> None:
    figures = score("cards", FAMILIES, *[("d", "a1", "a1 b1")] * 5)
    assert (figures["level_2_macro_f1"], figures["level_2_micro_f1"], figures["level_2_samples_f1"]) == (1, 1, 1)


def test_cards_counts_no_claim_as_a_label() -> None:
    figures = score("cards", FAMILIES, *[("d", "a1", "")] * 3, *[("d", "", "")] * 9)
    assert figures["level_2_labels"] == 2
    assert figures["level_2_macro_f1"] == round((0 + 2 * 9 / (18 + 3)) / 2, 4)


def test_cards_counts_a_passage_left_without_any_label_as_a_miss_in_samples_f1() -> None:
    figures = score("cards", FAMILIES, *[("d", "a1", "a1")] * 3, ("d", "b1", "b1"))
    assert figures["level_2_samples_f1"] == 0.75


def test_cards_without_a_label_of_enough_support_is_undefined() -> None:
    figures = score("cards", FAMILIES, ("d", "a1", "a1"), ("d", "", ""))
    assert figures["level_1_labels"] == 0
    assert {figures[f"level_{k}_{name}_f1"] for k in (1, 2) for name in ("macro", "micro", "samples")} == {None}


@settings(deadline=None, max_examples=40)  # scikit-learn takes a document at a time
@given(matrices())
def test_semeval_agrees_with_sklearn_that_knows_other_as_a_label(both: tuple[Matrix, Matrix]) -> None:
    figures = SHARED_TASKS["semeval2025-task10"](answers_of(both), FAMILIES)
    fine = [with_none(labels) for labels in both]
    coarse = [with_none(np.column_stack([labels[:, :2].any(1), labels[:, 2]])) for labels in both]
    for name, labels in (("f1_samples_fine", fine), ("f1_macro_coarse", coarse)):
        assert figures[name] == pytest.approx(f1_score(*labels, average="samples", zero_division=0), abs=ROUND)
        alone = [f1_score(*pair, zero_division=0) for pair in zip(*labels, strict=True)]
        assert figures[f"{name}_sd"] == pytest.approx(np.std(alone), abs=ROUND)


@settings(deadline=None)
@given(matrices(), st.lists(st.sampled_from("uvwx"), min_size=25, max_size=25))
def test_semeval_puts_the_passages_of_a_document_together(both: tuple[Matrix, Matrix], names: list[str]) -> None:
    names = names[: len(both[0])]
    rows = [[k for k, name in enumerate(names) if name == document] for document in set(names)]
    merged = [np.array([labels[inside].any(0) for inside in rows]) for labels in both]
    task = SHARED_TASKS["semeval2025-task10"]
    assert task(answers_of(both, names), FAMILIES) == pytest.approx(task(answers_of(merged), FAMILIES), abs=1e-4)


@settings(deadline=None)
@given(matrices())
def test_cards_agrees_with_sklearn(both: tuple[Matrix, Matrix]) -> None:
    figures = SHARED_TASKS["cards"](answers_of(both), FAMILIES)
    gold, predicted = (with_none(labels) for labels in both)
    kept = [k for k in range(4) if gold[:, k].sum() >= 3]
    assert figures["level_2_labels"] == len(kept)
    for name in ("macro", "micro", "samples") if len(kept) > 1 else ():
        expected = f1_score(gold[:, kept], predicted[:, kept], average=name, zero_division=0)
        assert figures[f"level_2_{name}_f1"] == pytest.approx(expected, abs=ROUND)


@settings(deadline=None)
@given(matrices(narratives=6), st.sampled_from(sorted(SHARED_TASKS)))
def test_writing_out_parents_changes_nothing(both: tuple[Matrix, Matrix], task: str) -> None:
    closed = (close_ancestors(labels, TREE) for labels in both)
    assert SHARED_TASKS[task](answers_of(closed), TREE) == SHARED_TASKS[task](answers_of(both), TREE)


@settings(deadline=None)
@given(matrices(), st.sampled_from(sorted(SHARED_TASKS)))
def test_other_may_be_written_as_a_narrative_or_left_empty(both: tuple[Matrix, Matrix], task: str) -> None:
    written = with_families(a1="A", a2="A", b1="B", other="Other")
    explicit = SHARED_TASKS[task](answers_of(with_none(labels) for labels in both), written)
    assert explicit == pytest.approx(SHARED_TASKS[task](answers_of(both), FAMILIES), abs=1e-4)
