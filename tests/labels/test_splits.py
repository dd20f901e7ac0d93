"""Splits: what stays together, what never moves, and how evenly the rest is dealt out."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.data import Passage, Stance
from narratives.errors import UserError
from narratives.labels.splits import SHARES, append_splits, assign_splits, leaks, read_splits, split_passages
from narratives.texts.similarity import Pair

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


def make_passage(id_: str, document: str, *narratives: str) -> Passage:
    return Passage(id_, f"text of {id_}", dict.fromkeys(narratives, Stance.ASSERTS), document)


def make_corpus(seed: int) -> list[Passage]:
    """600 passages in documents of one to four; 20 narratives, the rarest with 15 passages; 150 carry none."""
    rng = random.Random(seed)
    carried = [[f"n{k % 20:02}"] for k in range(300)] + [[f"n{rng.randrange(10):02}"] for _ in range(150)] + [[]] * 150
    rng.shuffle(carried)
    documents: list[str] = []
    while len(documents) < len(carried):
        documents += [f"d{len(documents):03}"] * rng.randint(1, 4)
    return [make_passage(f"p{k:03}", documents[k], *names) for k, names in enumerate(carried)]


@st.composite
def growing_projects(draw: st.DrawFn) -> tuple[list[Passage], list[Pair], dict[str, str]]:
    """Passages of several documents, some near-duplicates, and a split for some of the documents."""
    owners = draw(st.lists(st.integers(0, 9), min_size=1, max_size=25))
    passages = [make_passage(f"p{k}", f"d{owner}", *draw(st.sets(st.sampled_from("abc")))) for k, owner in enumerate(owners)]
    places = st.integers(0, len(passages) - 1)
    links = draw(st.lists(st.tuples(places, places), max_size=6))
    pairs = [Pair(min(link), max(link), 0.8) for link in links if link[0] != link[1]]
    return passages, pairs, draw(st.dictionaries(st.sampled_from([f"d{k}" for k in range(10)]), st.sampled_from(list(SHARES))))


@settings(deadline=None)
@given(growing_projects())
def test_every_document_without_a_split_gets_one_and_no_other_is_named(
    case: tuple[list[Passage], list[Pair], dict[str, str]],
) -> None:
    passages, pairs, splits = case
    new = assign_splits(passages, pairs, splits)
    assert set(new) == {passage.document for passage in passages} - set(splits)
    assert set(new.values()) <= set(SHARES)


@settings(deadline=None)
@given(growing_projects())
def test_near_duplicates_are_never_in_different_splits_at_first(
    case: tuple[list[Passage], list[Pair], dict[str, str]],
) -> None:
    passages, pairs, _ = case
    assert leaks(passages, pairs, assign_splits(passages, pairs, {})) == []


@settings(deadline=None)
@given(growing_projects())
def test_a_newcomer_is_held_out_as_strictly_as_whatever_it_repeats(
    case: tuple[list[Passage], list[Pair], dict[str, str]],
) -> None:
    passages, pairs, splits = case
    both = splits | assign_splits(passages, pairs, splits)
    strictness = list(SHARES).index  # train, validation, test
    for pair in pairs:
        ends = [passages[pair.first].document, passages[pair.second].document]
        for newcomer, other in (ends, ends[::-1]):
            if newcomer not in splits:
                assert strictness(both[newcomer]) >= strictness(both[other])


@pytest.mark.parametrize(
    ("neighbours", "expected"),
    [
        (["train"], "train"),
        (["validation"], "validation"),
        (["test"], "test"),
        (["train", "test"], "test"),
        (["validation", "test", "train"], "test"),
        (["train", "validation"], "validation"),
    ],
)
def test_a_newcomer_goes_where_it_cannot_leak_a_test_passage(neighbours: list[str], expected: str) -> None:
    passages = [make_passage(f"old{k}", f"old{k}", "a") for k in range(len(neighbours))] + [make_passage("new", "new", "a")]
    pairs = [Pair(k, len(neighbours), 0.9) for k in range(len(neighbours))]
    splits = {f"old{k}": split for k, split in enumerate(neighbours)}
    assert assign_splits(passages, pairs, splits) == {"new": expected}


def test_newcomers_that_repeat_each_other_follow_the_one_that_repeats_a_test_passage() -> None:
    passages = [make_passage(name, name, "a") for name in ("old", "x", "y", "z")]
    assert assign_splits(passages, [Pair(2, 3, 0.6), Pair(1, 2, 0.6), Pair(0, 1, 0.6)], {"old": "test"}) == dict.fromkeys(
        "xyz", "test"
    )


@pytest.mark.parametrize("seed", range(5))
def test_every_narrative_is_in_every_split_about_in_proportion(seed: int) -> None:
    passages = make_corpus(seed)
    splits = assign_splits(passages, [], {})
    total = Counter(name for passage in passages for name in passage.narratives or ["none"])
    placed = Counter((splits[passage.document], name) for passage in passages for name in passage.narratives or ["none"])
    for name, n in total.items():
        for split, share in SHARES.items():
            assert abs(placed[split, name] - share * n) <= (1 if n < 20 else 3), (name, split)


@pytest.mark.parametrize("seed", range(5))
def test_the_splits_have_about_the_shares_of_all_passages(seed: int) -> None:
    passages = make_corpus(seed)
    splits = assign_splits(passages, [], {})
    size = Counter(splits[passage.document] for passage in passages)
    for split, share in SHARES.items():
        assert abs(size[split] / len(passages) - share) < 0.02


def test_new_documents_make_up_for_what_a_split_lacks() -> None:
    passages = [make_passage(f"p{k:02}", f"d{k:02}", "a") for k in range(40)]
    splits = {f"d{k:02}": "train" for k in range(20)}  # of 40 passages 26 belong here
    assert Counter(assign_splits(passages, [], splits).values()) == {"train": 6, "validation": 6, "test": 8}


def test_the_same_arguments_give_the_same_splits() -> None:
    passages = make_corpus(0)
    assert assign_splits(passages, [], {}, seed=4) == assign_splits(list(passages), [], {}, seed=4)


def test_another_seed_deals_another_hand() -> None:
    passages = make_corpus(0)
    assert assign_splits(passages, [], {}, seed=1) != assign_splits(passages, [], {}, seed=2)


def test_a_document_that_was_placed_stays_though_the_passages_come_in_another_order() -> None:
    # The first deal may depend on the order of the passages: that is why it is written down and only ever added to.
    passages = make_corpus(0)
    splits = assign_splits(passages[:300], [], {})
    shuffled = random.Random(1).sample(passages, len(passages))
    assert not set(assign_splits(shuffled, [], splits)) & set(splits)


def test_unlabelled_documents_get_a_split_and_are_left_out_of_it() -> None:
    passages = [Passage("p1", "t", None, "d1"), make_passage("p2", "d2", "a"), make_passage("p3", "d2")]
    splits = assign_splits(passages, [], {})
    assert set(splits) == {"d1", "d2"}
    assert [passage.id for passage in split_passages(passages, dict.fromkeys(splits, "test"), "test")] == ["p2", "p3"]


def test_leaks_are_the_near_duplicates_in_different_splits() -> None:
    passages = [make_passage(name, name, "a") for name in ("x", "y", "z")]
    within, across = Pair(0, 1, 0.9), Pair(1, 2, 0.9)
    assert leaks(passages, [within, across], {"x": "train", "y": "train", "z": "test"}) == [across]


BEFORE = [b"document,split\nd1,test\n", b"document,split\nd1,test", b"\xef\xbb\xbfdocument,split\r\n\r\nd1,test\r\n"]


@pytest.mark.parametrize("before", BEFORE)
def test_what_stands_in_the_file_stays_byte_for_byte(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "splits.csv"
    path.write_bytes(before)
    append_splits(path, {"d2": "train", "d, 3": "validation"})
    assert path.read_bytes().startswith(before)
    assert read_splits(path) == {"d1": "test", "d2": "train", "d, 3": "validation"}


def test_the_file_is_begun_with_a_header(tmp_path: Path) -> None:
    append_splits(tmp_path / "labels" / "splits.csv", {"d1": "train"})
    assert (tmp_path / "labels" / "splits.csv").read_bytes() == b"document,split\nd1,train\n"


@settings(deadline=None)
@given(st.dictionaries(NAMES, st.sampled_from(list(SHARES)), max_size=5))
def test_any_name_without_control_characters_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, splits: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("splits") / "splits.csv"
    append_splits(path, splits)
    assert read_splits(path) == splits


def test_no_file_means_no_splits_yet(tmp_path: Path) -> None:
    assert read_splits(tmp_path / "splits.csv") == {}


def test_a_byte_order_mark_crlf_and_empty_lines_are_read(tmp_path: Path) -> None:
    (tmp_path / "splits.csv").write_bytes(b"\xef\xbb\xbfdocument,split\r\nd1,test\r\n\r\nd2,train\r\n")
    assert read_splits(tmp_path / "splits.csv") == {"d1": "test", "d2": "train"}


def test_line_ends_that_are_none_are_told_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "splits.csv").write_bytes(b"document,split\rd1,test\r")
    with pytest.raises(UserError, match=rf"^{tmp_path / 'splits.csv'}:1: broken CSV: "):
        read_splits(tmp_path / "splits.csv")


def test_every_bad_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / "splits.csv"
    path.write_text("doc,part\nd1,trian\nd2,test\n\nd2,train\nd3\nd4,holdout\nd2,test\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_splits(path)
    assert caught.value.problems == (
        f"{path}:1: the first line must be: document,split",
        f"{path}:2: unknown split 'trian'; did you mean 'train'?",
        f"{path}:5: document 'd2' is in test already; delete one line",
        f"{path}:6: 1 fields; write document,split",
        f"{path}:7: unknown split 'holdout'; known: train, validation, test",
    )


def test_an_empty_file_lacks_its_header(tmp_path: Path) -> None:
    (tmp_path / "splits.csv").touch()
    with pytest.raises(UserError) as caught:
        read_splits(tmp_path / "splits.csv")
    assert caught.value.problems == (f"{tmp_path / 'splits.csv'}:1: the first line must be: document,split",)


def test_what_was_suggested_is_trained_on_and_what_was_drawn_by_lot_is_dealt_out() -> None:
    def suggest(reason: str) -> list[Passage]:
        extras = {"chosen": reason}
        return [replace(make_passage(f"{reason}{k}", f"{reason}{k}", "toll"), extras=extras) for k in range(100)]

    uncertain, lot = suggest("uncertain: toll .48"), suggest("by lot")
    splits = assign_splits([*uncertain, *lot], [], {})
    assert {splits[passage.document] for passage in uncertain} == {"train"}
    assert {splits[passage.document] for passage in lot} == set(SHARES)
    twin = [Pair(0, 1, 1.0)]  # a test document's near-duplicate must not be trained on, whoever chose it
    assert assign_splits(uncertain[:2], twin, {uncertain[0].document: "test"}) == {uncertain[1].document: "test"}
