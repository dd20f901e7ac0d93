"""A step of a codebook migration: what becomes of labels, and what of it a reader must settle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

UNLABELLED = "(unlabelled)"  # no id can look like it

Words = Mapping[str, str | None]  # narrative id -> stance, as they stand in a file


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the codebook: narratives that go in, narratives that come out."""

    kind: str
    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    until_read: str = ""  # of a split: the one that a passage counts as carrying until somebody has read it

    def describe(self) -> str:
        """`merge a, b -> c`."""
        old, new = ", ".join(self.old), ", ".join(self.new)
        return f"{self.kind} {old if old == new or not new else new if not old else f'{old} -> {new}'}"

    @property
    def renames(self) -> dict[str, str]:
        """Old id -> new id, where a label needs nothing else."""
        if self.kind == "split":
            return {} if self.until_read == UNLABELLED else {self.old[0]: self.until_read}
        return dict.fromkeys(self.old, self.new[0]) if self.kind in ("rename", "merge") else {}


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a passage must be read, and which labels may be right in place of `about`."""

    why: str
    about: tuple[str, ...] = ()
    instead: tuple[tuple[str, str | None], ...] = ()  # one of these, each a narrative with its stance
    may_be_none: bool = False  # or none of them


def carry_over(step: Step, labels: Mapping[str, str | None]) -> dict[str, str | None]:
    """Labels after a step, in their order. Stances that contradict each other become an unknown one."""
    renames = step.renames
    after: dict[str, str | None] = {}
    for id_, stance in labels.items():
        new = renames.get(id_, id_)
        if id_ in step.old and (new not in step.new or step.until_read == UNLABELLED):
            continue
        if new in after and step.kind == "merge":
            stances = {labels[old] for old in step.old if labels.get(old)}
            stance = stances.pop() if len(stances) == 1 else None
        after[new] = stance
    return after


def follow(steps: Sequence[Step], before: Words) -> tuple[dict[str, str | None], list[Step], list[Doubt]]:
    """Labels after all steps, the steps that touched them, and what a reader must settle."""
    labels: dict[str, str | None] = dict(before)
    touched = list[Step]()
    doubts = list[Doubt]()
    for step in steps:
        touched += [step] if any(id_ in labels for id_ in step.old) else []
        doubts += [doubt] if (doubt := find_doubt(step, labels)) else []
        labels = carry_over(step, labels)
    return labels, touched, doubts


def find_doubt(step: Step, labels: Words) -> Doubt | None:
    """What a reader must settle about a passage that had these labels before the step; `None` where all is clear."""
    carried = [id_ for id_ in step.old if id_ in labels]
    if not carried:
        return None
    listing = " and ".join(f"'{id_}' ({labels[id_] or 'stance unknown'})" for id_ in carried)
    if step.kind == "split":
        stance = labels[carried[0]]
        parts = ", ".join(f"'{id_}'" for id_ in step.new)
        why = f"{listing} was split into {parts}: which does the text carry, and with which stance?"
        return Doubt(why, step.new, tuple((id_, stance) for id_ in step.new))
    stances = sorted({stance for id_ in carried if (stance := labels[id_])})
    if step.kind == "merge" and len(stances) > 1:
        [new] = step.new
        return Doubt(f"{listing} were merged into '{new}': with which stance?", step.new, tuple((new, s) for s in stances))
    if step.kind == "change":
        why = f"the meaning of '{carried[0]}' has changed: does the text still carry it, and with which stance?"
        return Doubt(why, step.new, may_be_none=True)
    return None
