"""Compare labels that come in with those that are there: new, the same, more than was known, or a conflict."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from narratives.annotation.decisions import Settled, make_conflict
from narratives.annotation.incoming import Incoming, fold_text
from narratives.data import Labels, Passage

BY_PEOPLE = "people"  # the `origin` of labels that took the place of a model's
READERS = "readers"  # beside the labels: the names of the people who gave them, where these are known


@dataclass(slots=True)
class Merge:
    """What an import would do."""

    new: list[Passage] = field(default_factory=list)
    updated: list[Passage] = field(default_factory=list)  # passages that are there, with their labels to be
    dropped: int = 0
    conflicts: list[dict[str, Any]] = field(default_factory=list)


def merge(existing: Sequence[Passage], incoming: Sequence[Incoming], settled: Settled) -> Merge:
    """Go through `incoming` text by text. Labels that nobody had given, and stances that were unknown, are filled in.

    What a person has settled once is no conflict again when a tool exports both sides anew.
    """
    there: dict[str, list[Passage]] = defaultdict(list)
    for passage in existing:
        there[fold_text(passage.text)].append(passage)
    groups: dict[str, list[Incoming]] = defaultdict(list)
    for one in incoming:
        groups[fold_text(one.passage.text)].append(one)
    result = Merge()
    for key, everything in groups.items():
        group = _prefer_people(result, there.get(key, []), everything)
        old = [_forget_model(passage) for passage in there.get(key, [])]
        decisions = [one for one in group if one.settles]
        if not group or _place(result, old, decisions or group):
            continue
        if key in there and all(one.passage.narratives in settled.get(key, []) for one in group):
            result.dropped += len(group)
        else:
            result.conflicts.append(make_conflict(old, group))
    return result


def agree(a: Labels | None, b: Labels | None) -> bool:
    """Whether both can be true: no narrative more in one, no stance other than in the other. "Not labelled" says nothing."""
    if a is None or b is None:
        return True
    return a.keys() == b.keys() and all(a[id_] == b[id_] or None in (a[id_], b[id_]) for id_ in a)


def join(a: Labels | None, b: Labels | None) -> Labels | None:
    """All that two label sets that agree know together."""
    if a is None or b is None:
        return b if a is None else a
    return {id_: a[id_] or b[id_] for id_ in a}


def _prefer_people(result: Merge, old: list[Passage], group: list[Incoming]) -> list[Incoming]:
    """What of a group is left to be compared: labels of people, or a model's where no person has labelled the text."""
    people = [one for one in group if not one.passage.by_model]
    by_people = any(passage.narratives is not None and not passage.by_model for passage in old)
    same = any(passage.by_model and all(_is_same(passage, one.passage) for one in group) for passage in old)
    left = people if people or by_people or same else group
    result.dropped += len(group) - len(left)
    return left


def _is_same(old: Passage, new: Passage) -> bool:
    return old.narratives == new.narratives and old.extras.get("origin") == new.extras.get("origin")


def _forget_model(passage: Passage) -> Passage:
    """A passage as it stands before anybody: what a model said of it holds against nothing that comes in."""
    if not passage.by_model:
        return passage
    return replace(passage, narratives=None, extras={**passage.extras, "origin": BY_PEOPLE})


def _place(result: Merge, old: list[Passage], group: list[Incoming]) -> bool:
    # False where it takes a person to decide.
    labels = [one.passage.narratives for one in group]
    if not all(agree(a, b) for k, a in enumerate(labels) for b in labels[:k]):
        return False
    joined = reduce(join, labels)
    if not old:
        result.new.append(replace(group[0].passage, narratives=joined, extras=_name_readers(group[0].passage, group)))
        result.dropped += len(group) - 1
        return True
    match = next((passage for passage in old if agree(passage.narratives, joined)), None)
    if match is None and any(old[0].narratives in one.settles for one in group):  # decided, knowing what stands there
        match = replace(old[0], narratives=None)
    if match is None:
        return False
    known = join(match.narratives, joined)
    if known == match.narratives:
        result.dropped += len(group)
    else:
        given = group[0].passage
        origin = {"origin": given.extras["origin"]} if given.by_model else {}
        result.updated.append(replace(match, narratives=known, extras={**_name_readers(match, group), **origin}))
        result.dropped += len(group) - 1
    return True


def _name_readers(passage: Passage, group: Sequence[Incoming]) -> dict[str, Any]:
    """What stands beside a passage, with the names of all who gave it the labels that it has now."""
    lists = [one.extras.get(READERS) for one in (passage, *(one.passage for one in group))]
    names = dict.fromkeys(name for names in lists if isinstance(names, list) for name in names)
    return {**passage.extras, **({READERS: list(names)} if names else {})}
