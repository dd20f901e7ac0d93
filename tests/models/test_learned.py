"""What a model keeps of the passages it learned from, and what it tells of the labels' changes since."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from narratives.data import Labels, Passage, Stance
from narratives.models.lessons import Lesson, describe_changes, find_changes, read_lessons, remember, to_lines

IDS = ("toll", "school")
TEXTS = st.sampled_from(["one", "two", "three"])
LABELS = st.sets(st.sampled_from(IDS)).map(lambda ids: dict.fromkeys(sorted(ids), Stance.ASSERTS))
PASSAGES = st.dictionaries(st.integers(0, 9).map(str), st.tuples(TEXTS, LABELS, st.sampled_from(["train", "validation"])))


def teach(passages: dict[str, tuple[str, Labels, str]]) -> list[Lesson]:
    parts: dict[str, list[Passage]] = {"train": [], "validation": []}
    for id_, (text, labels, split) in passages.items():
        parts[split].append(Passage(id_, text, labels, id_))
    return remember(parts)


@given(PASSAGES)
def test_what_was_written_is_what_is_read(passages: dict[str, tuple[str, Labels, str]]) -> None:
    lessons = teach(passages)
    assert [Lesson(**json.loads(line)) for line in to_lines(lessons).splitlines()] == lessons


@given(PASSAGES, PASSAGES)
def test_the_counts_add_up(before: dict[str, tuple[str, Labels, str]], after: dict[str, tuple[str, Labels, str]]) -> None:
    changes = find_changes(teach(before), teach(after), IDS)
    for split, all_ in changes.passages.items():
        assert all_.after == all_.before + all_.added - all_.removed == sum(split == p[2] for p in after.values())
    for id_, shifts in changes.narratives.items():
        for split, shift in shifts.items():
            assert shift.after == shift.before + shift.added - shift.removed + shift.gained - shift.lost
            assert shift.after == sum(split == p[2] and id_ in p[1] for p in after.values())


@given(PASSAGES)
def test_nothing_changed_where_nothing_did(passages: dict[str, tuple[str, Labels, str]]) -> None:
    lessons = teach(passages)
    assert all("(" not in line for line in describe_changes(find_changes(lessons, lessons, IDS)))


def test_a_change_is_told_for_its_split_and_its_narrative() -> None:
    before = teach({"a": ("one", {"toll": None}, "train"), "b": ("two", {}, "train"), "c": ("three", {}, "validation")})
    after = teach(
        {
            "a": ("one", {"school": Stance.REBUTS}, "train"),
            "b": ("two again", {}, "train"),
            "d": ("four", {"school": None}, "train"),
        }
    )
    assert describe_changes(find_changes(before, after, IDS)) == [
        "train: 2 -> 3 passages (1 new, 1 relabelled, 1 reworded)",
        "validation: 1 -> 0 passages (1 gone)",
        "toll: train 1 -> 0 (1 no longer)",
        "school: train 0 -> 2 (1 new, 1 newly labelled with it)",
    ]


def test_a_model_of_an_older_version_remembers_nothing(tmp_path: Path) -> None:
    assert read_lessons(tmp_path) is None


def test_a_hundred_thousand_passages_fit_into_ten_megabytes() -> None:
    lessons = remember({"train": [Passage(f"p{k:06}", f"text {k}", {"toll": Stance.ASSERTS}, "d") for k in range(100)]})
    assert len(to_lines(lessons)) / len(lessons) <= 100
