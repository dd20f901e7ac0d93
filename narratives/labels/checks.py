"""Behavioural checks: small texts that differ in one thing only, to see what a model goes by.

In the spirit of CheckList (Ribeiro et al., ACL 2020). They measure; they gate nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from narratives.data import Codebook, Prediction, Stance
from narratives.errors import UserError, at, did_you_mean
from narratives.files import BadRecord, Record, read_records

FAMILIES = {  # family -> whether the narrative is carried
    "asserted": True,
    "attributed": True,
    "debunked": True,
    "negated": True,
    "topic": False,
    "swapped": False,
}


@dataclass(frozen=True, slots=True)
class Check:
    """One text about one narrative."""

    id: str
    narrative: str
    family: str
    text: str


@dataclass(frozen=True, slots=True)
class FamilyResult:
    """How a model fared on one family of checks."""

    family: str
    expected: str
    checks: int
    failures: int
    failed: list[str]  # ids
    counts: dict[str, list[int]] = field(default_factory=dict)  # narrative -> how many of its checks fail, of how many

    @property
    def groups(self) -> list[list[int]]:
        """The counts of each narrative; of results of before, which know none, each check by itself."""
        return list(self.counts.values()) or [[int(k < self.failures), 1] for k in range(self.checks)]


def read_checks(path: Path, codebook: Codebook) -> list[Check]:
    """Read `checks.jsonl`; `UserError` lists every bad line. No file, no checks."""
    if not path.exists():
        return []
    checks, problems = [], []
    for record in read_records(path):
        problem = record.reason if isinstance(record, BadRecord) else _find_problem(record, codebook)
        if problem:
            problems.append(at(path, record.line, problem))
        elif isinstance(record, Record):
            checks.append(Check(**record.values))
    if problems:
        raise UserError(*problems)
    return checks


def score_checks(checks: Sequence[Check], predictions: Sequence[Prediction]) -> list[FamilyResult]:
    """The failures of each family, predictions in the order of the checks.

    A check fails if its narrative is not raised although carried, or raised although not.
    """
    results = []
    for family, carried in FAMILIES.items():
        pairs = [(c, p) for c, p in zip(checks, predictions, strict=True) if c.family == family]
        outcomes = [(check, (check.narrative in prediction.narratives) != carried) for check, prediction in pairs]
        results += _sum_up(family, "raised" if carried else "not raised", outcomes)
    return results


def pair_stances(checks: Sequence[Check]) -> list[tuple[Check, Check]]:
    """Minimal pairs in which the same claim is asserted and debunked: the first of each with the first, and so on."""
    sides: dict[str, dict[str, list[Check]]] = {}
    for check in checks:
        sides.setdefault(check.narrative, {}).setdefault(check.family, []).append(check)
    return [pair for side in sides.values() for pair in zip(side.get("asserted", []), side.get("debunked", []), strict=False)]


def score_stance_pairs(pairs: Sequence[tuple[Check, Check]], stances: Sequence[tuple[Stance, Stance]]) -> list[FamilyResult]:
    """How many minimal pairs are not told apart; their claim is given, whether or not the model would raise it."""
    right = (Stance.ASSERTS, Stance.REBUTS)
    return _sum_up("stances", "told apart", [(check, pair != right) for (_, check), pair in zip(pairs, stances, strict=True)])


def _sum_up(family: str, expected: str, outcomes: Sequence[tuple[Check, bool]]) -> list[FamilyResult]:
    """What checks of a family, each with whether it failed, come to; nothing without checks."""
    failed = [check.id for check, failing in outcomes if failing]
    counts: dict[str, list[int]] = {}
    for check, failing in outcomes:
        mine = counts.setdefault(check.narrative, [0, 0])
        mine[0] += failing
        mine[1] += 1
    return [FamilyResult(family, expected, len(outcomes), len(failed), failed, counts)] if outcomes else []


def _find_problem(record: Record, codebook: Codebook) -> str:
    values = record.values
    if set(values) != {"id", "narrative", "family", "text"} or not all(isinstance(v, str) and v for v in values.values()):
        return "a check has the texts 'id', 'narrative', 'family' and 'text', and nothing else"
    if values["narrative"] not in codebook.ids:
        return f"unknown narrative '{values['narrative']}'{did_you_mean(values['narrative'], codebook.ids)}"
    if values["family"] not in FAMILIES:
        return f"unknown family '{values['family']}'{did_you_mean(values['family'], FAMILIES)}"
    return ""
