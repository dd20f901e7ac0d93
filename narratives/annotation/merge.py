"""Compare labels that come in with those that are there: new, the same, more than was known, or a conflict."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from narratives.annotation.conflicts import Settled, list_seen, make_conflict
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
    existing_groups: dict[str, list[Passage]] = defaultdict(list)
    for passage in existing:
        existing_groups[fold_text(passage.text)].append(passage)
    groups: dict[str, list[Incoming]] = defaultdict(list)
    for item in incoming:
        groups[fold_text(item.passage.text)].append(item)
    result = Merge()
    for key, arrivals in groups.items():
        for passages, items in _divide(existing_groups.get(key, []), arrivals):
            group = _prefer_people(result, passages, items)
            old = [_forget_model(passage) for passage in passages]
            decisions = [item for item in group if item.settles]
            if not group or _place(result, old, decisions or group):
                continue
            others = len(existing_groups.get(key, [])) - len(old)  # with the same text: what was settled about these is theirs
            if old and all(item.passage.narratives in list_seen(settled, old[0], others > 0) for item in group):
                result.dropped += len(group)
            else:
                result.conflicts.append(make_conflict(old, group))
    return result


def _divide(old: list[Passage], group: list[Incoming]) -> list[tuple[list[Passage], list[Incoming]]]:
    """Where several passages have one text: each with what came in under its id.

    What has another id goes with the first passage that agrees with it.
    """
    named: dict[str, list[Incoming]] = {passage.id: [] for passage in old}
    if len(old) < 2 or not any(item.passage.id in named for item in group):
        return [(old, group)]
    for item in group:
        alike = (passage.id for passage in old if agree(_forget_model(passage).narratives, item.passage.narratives))
        named[item.passage.id if item.passage.id in named else next(alike, old[0].id)].append(item)
    return [([passage], named[passage.id]) for passage in old if named[passage.id]]


def agree(a: Labels | None, b: Labels | None) -> bool:
    """Whether they name the same narratives, and no stance differs from a known one; an unlabelled side agrees with all."""
    if a is None or b is None:
        return True
    return a.keys() == b.keys() and all(a[id_] == b[id_] or None in (a[id_], b[id_]) for id_ in a)


def join(a: Labels | None, b: Labels | None) -> Labels | None:
    """The labels of both, where they agree: a stance that one side knows fills a gap in the other."""
    if a is None or b is None:
        return b if a is None else a
    return {id_: a[id_] or b[id_] for id_ in a}


def _prefer_people(result: Merge, old: list[Passage], group: list[Incoming]) -> list[Incoming]:
    """What of a group is left to be compared: labels of people, or a model's where no person has labelled the text."""
    people = [item for item in group if not item.passage.by_model]
    by_people = any(passage.narratives is not None and not passage.by_model for passage in old)
    is_same = any(passage.by_model and all(_is_same(passage, item.passage) for item in group) for passage in old)
    chosen = people if people or by_people or is_same else group
    result.dropped += len(group) - len(chosen)
    return chosen


def _is_same(old: Passage, new: Passage) -> bool:
    return old.narratives == new.narratives and old.extras.get("origin") == new.extras.get("origin")


def _forget_model(passage: Passage) -> Passage:
    """A passage without the labels that a model gave it: these yield to any that come in."""
    if not passage.by_model:
        return passage
    return replace(passage, narratives=None, extras={**passage.extras, "origin": BY_PEOPLE})


def _place(result: Merge, old: list[Passage], group: list[Incoming]) -> bool:
    # False where it takes a person to decide.
    labels = [item.passage.narratives for item in group]
    if not all(agree(a, b) for k, a in enumerate(labels) for b in labels[:k]):
        return False
    joined = reduce(join, labels)
    if not old:
        result.new.append(replace(group[0].passage, narratives=joined, extras=_name_readers(group[0].passage, group)))
        result.dropped += len(group) - 1
        return True
    match = next((passage for passage in old if agree(passage.narratives, joined)), None)
    if match is None and any(old[0].narratives in item.settles for item in group):  # decided, knowing what stands there
        match = replace(old[0], narratives=None)
    if match is None:
        return False
    filled = join(match.narratives, joined)
    if filled == match.narratives:
        result.dropped += len(group)
    else:
        newcomer = group[0].passage
        origin = {"origin": newcomer.extras["origin"]} if newcomer.by_model else {}
        result.updated.append(replace(match, narratives=filled, extras={**_name_readers(match, group), **origin}))
        result.dropped += len(group) - 1
    return True


def _name_readers(passage: Passage, group: Sequence[Incoming]) -> dict[str, Any]:
    """What stands beside a passage, with the names of all who gave it the labels that it has now."""
    lists = [labelled.extras.get(READERS) for labelled in (passage, *(incoming.passage for incoming in group))]
    names = dict.fromkeys(name for names in lists if isinstance(names, list) for name in names)
    return {**passage.extras, **({READERS: list(names)} if names else {})}
