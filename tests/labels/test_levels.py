"""The codebook from higher up: parents close over their children, families gather their narratives."""

import numpy as np
import pytest
from helpers.examples import make_codebook
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from narratives.data import Codebook, Matrix, Narrative
from narratives.labels.hierarchy import close_ancestors, collapse, find_depths, find_families


def grow(**parents: str | None) -> Codebook:
    """A codebook whose narratives have these parents."""
    return Codebook("tree", "1", tuple(Narrative(id_, id_, "family", id_, parent=up) for id_, up in parents.items()))


TREE = grow(leaf="branch", branch="trunk", trunk=None, twig="trunk", stone=None)  # children may stand before their parents
FAMILIES = Codebook("f", "1", tuple(Narrative(f"n{k}", "", family, "") for k, family in enumerate("baabc")))
LABELS = st.integers(0, 6).flatmap(lambda rows: arrays(np.bool_, (rows, 5)))


def carry(codebook: Codebook, *ids: str) -> Matrix:
    """One passage that carries `ids`."""
    return np.array([[id_ in ids for id_ in codebook.ids]])


def close(codebook: Codebook, *ids: str) -> set[str]:
    """What a passage carries after closing."""
    [row] = close_ancestors(carry(codebook, *ids), codebook)
    return {id_ for id_, yes in zip(codebook.ids, row, strict=True) if yes}


@pytest.mark.parametrize(
    ("carried", "closed"),
    [
        ({"leaf"}, {"leaf", "branch", "trunk"}),
        ({"branch"}, {"branch", "trunk"}),
        ({"trunk"}, {"trunk"}),
        ({"twig", "stone"}, {"twig", "trunk", "stone"}),
        (set(), set()),
    ],
)
def test_whoever_carries_a_narrative_carries_its_parents_up_to_the_top(carried: set[str], closed: set[str]) -> None:
    assert close(TREE, *carried) == closed


@settings(deadline=None)
@given(LABELS)
def test_closing_takes_nothing_away_and_closing_again_changes_nothing(labels: Matrix) -> None:
    closed = close_ancestors(labels, TREE)
    assert (closed >= labels).all()
    np.testing.assert_array_equal(close_ancestors(closed, TREE), closed)


@settings(deadline=None)
@given(LABELS)
def test_closing_leaves_its_argument_as_it_was(labels: Matrix) -> None:
    before = labels.copy()
    close_ancestors(labels, TREE)
    np.testing.assert_array_equal(labels, before)


@settings(deadline=None)
@given(LABELS)
def test_without_parents_closing_changes_nothing(labels: Matrix) -> None:
    np.testing.assert_array_equal(close_ancestors(labels, make_codebook(*"abcde")), labels)


def test_depths_count_the_steps_to_the_top() -> None:
    assert find_depths(TREE).tolist() == [2, 1, 0, 1, 0]


@pytest.mark.parametrize("circle", [{"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "a"}, {"a": "a"}])
def test_a_circle_of_parents_ends(circle: dict[str, str]) -> None:
    codebook = grow(**circle, below="a", apart=None)
    assert close(codebook, "a") == set(circle)
    assert close(codebook, "below") == {"below", *circle}
    assert find_depths(codebook)[-1] == 0


def test_families_stand_in_the_order_of_their_first_narrative() -> None:
    assert find_families(FAMILIES) == ["b", "a", "c"]


@settings(deadline=None)
@given(LABELS)
def test_a_family_is_carried_where_any_of_its_narratives_is(labels: Matrix) -> None:
    collapsed = collapse(labels, FAMILIES, ["b", "a", "c"])
    expected = [[row[0] or row[3], row[1] or row[2], row[4]] for row in labels.tolist()]
    assert collapsed.shape == (len(labels), 3)
    assert collapsed.tolist() == expected
