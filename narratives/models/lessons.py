"""What a model keeps of the passages it learned from: enough to tell later what has changed since."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from narratives.data import Passage
from narratives.files import read_text

LESSONS_FILE = "learned.jsonl"  # in the model's folder; about 100 bytes a passage
SPLITS = ("train", "validation")  # what a model learns from; test it never sees
_DIGITS = 16  # of a text's SHA-256: of a million texts no two agree by chance (odds below 1 in 30 million)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A passage that a model was trained or tuned on; `text` is a digest."""

    id: str
    split: str
    text: str
    narratives: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Shift:
    """How the passages of a split that carry a narrative changed: `after` is `before` + added - removed + gained - lost."""

    before: int
    after: int
    added: int  # by passages that were not there
    removed: int  # by passages that are gone
    gained: int  # by new labels of passages that stayed
    lost: int


@dataclass(frozen=True, slots=True)
class Turnover:
    """How the passages of a split changed, whatever they carry."""

    before: int
    after: int
    added: int
    removed: int
    relabelled: int  # a stance counts too
    reworded: int  # other text under the same id


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed between two sets of lessons, by split; for each narrative too."""

    passages: dict[str, Turnover]
    narratives: dict[str, dict[str, Shift]]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def digest_text(text: str) -> str:
    """A short digest by which a text is known again."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def remember(parts: Mapping[str, Sequence[Passage]]) -> list[Lesson]:
    """Lessons of passages by split, in the order of their ids."""
    lessons = [
        Lesson(p.id, split, digest_text(p.text), dict(sorted((p.narratives or {}).items())))
        for split, passages in parts.items()
        for p in passages
    ]
    return sorted(lessons, key=lambda lesson: (lesson.split, lesson.id))


def to_lines(lessons: Iterable[Lesson]) -> str:
    """The text of a model's `learned.jsonl`."""
    return "".join(json.dumps(asdict(lesson), ensure_ascii=False) + "\n" for lesson in lessons)


def read_lessons(folder: Path, file: str = LESSONS_FILE) -> list[Lesson] | None:
    """The lessons of a model's folder; `None` for a model of an older version, which kept none."""
    path = folder / file
    if not path.is_file():
        return None
    return [Lesson(**json.loads(line)) for line in read_text(path).split("\n") if line]


def find_changes(before: Sequence[Lesson], after: Sequence[Lesson], ids: Sequence[str]) -> Changes:
    """What changed for each narrative of `ids`. A passage is known by its id; one that changed its split left and came."""
    passages: dict[str, Turnover] = {}
    narratives: dict[str, dict[str, Shift]] = {id_: {} for id_ in ids}
    for split in SPLITS:
        old, new = ({lesson.id: lesson for lesson in lessons if lesson.split == split} for lessons in (before, after))
        stayed = [(lesson, new[lesson.id]) for lesson in old.values() if lesson.id in new]
        came, went = (
            [taught for taught in these.values() if taught.id not in those] for these, those in ((new, old), (old, new))
        )
        passages[split] = Turnover(
            len(old),
            len(new),
            len(came),
            len(went),
            sum(a.narratives != b.narratives for a, b in stayed),
            sum(a.text != b.text for a, b in stayed),
        )
        gained = _count(b.narratives.keys() - a.narratives.keys() for a, b in stayed)
        lost = _count(a.narratives.keys() - b.narratives.keys() for a, b in stayed)
        carried = [_count(lesson.narratives for lesson in lessons) for lessons in (old.values(), new.values(), came, went)]
        for id_ in ids:
            narratives[id_][split] = Shift(*(counter[id_] for counter in (*carried, gained, lost)))
    return Changes(passages, narratives)


def describe_changes(changes: Changes) -> list[str]:
    """What changed, in lines of text; a narrative whose passages are the same has none."""
    lines = []
    for split, all_ in changes.passages.items():
        counts = {"new": all_.added, "gone": all_.removed, "relabelled": all_.relabelled, "reworded": all_.reworded}
        lines.append(f"{split}: {all_.before} -> {all_.after} passages{_list(counts)}")
    for id_, shifts in changes.narratives.items():
        parts = []
        for split, shift in shifts.items():
            counts = {
                "new": shift.added,
                "gone": shift.removed,
                "newly labelled with it": shift.gained,
                "no longer": shift.lost,
            }
            if any(counts.values()):
                parts.append(f"{split} {shift.before} -> {shift.after}{_list(counts)}")
        if parts:
            lines.append(f"{id_}: {'; '.join(parts)}")
    return lines


def _count(labels: Iterable[Iterable[str]]) -> Counter[str]:
    return Counter(id_ for carried in labels for id_ in carried)


def _list(counts: Mapping[str, int]) -> str:
    counted = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f" ({counted})" if counted else ""
