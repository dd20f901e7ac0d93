"""Folds: what belongs together stays together, and the same labels are always cut in the same way."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from narratives.data import Passage
from narratives.labels.folds import deal_folds, group_passages
from narratives.texts.similarity import Pair


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.data())
def test_passages_of_a_document_and_near_duplicates_share_a_group(owners: list[int], data: st.DataObject) -> None:
    passages = [Passage(f"p{k}", "text", {}, f"d{owner}") for k, owner in enumerate(owners)]
    rows = st.integers(0, len(owners) - 1)
    drawn = data.draw(st.lists(st.tuples(rows, rows), max_size=5))
    groups = group_passages(passages, [Pair(min(pair), max(pair), 0.9) for pair in drawn])
    for first, second in drawn:
        assert groups[first] == groups[second]
    for k, owner in enumerate(owners):
        assert groups[k] == groups[owners.index(owner)]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(2, 6))
def test_groups_are_dealt_out_whole_and_evenly(groups: list[int], number: int) -> None:
    folds = deal_folds(groups, number)
    fold_of = dict(zip(groups, folds.tolist(), strict=True))
    assert folds.tolist() == [fold_of[group] for group in groups]
    sizes = np.bincount(list(fold_of.values()))
    assert sizes.max() - sizes.min() <= 1 and len(sizes) == min(number, len(fold_of))
    assert np.array_equal(folds, deal_folds(groups, number))
