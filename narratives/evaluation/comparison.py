"""Compare two runs on the same passages: paired, so that what both find hard does not blur the difference."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from narratives.data import Codebook, Floats, Matrix, Passage
from narratives.errors import UserError
from narratives.evaluation.differences import Difference, judge_narratives, judge_overall, tell_mcnemar
from narratives.evaluation.evaluation import Evaluation
from narratives.evaluation.figures import THIN
from narratives.evaluation.joined import Joined
from narratives.labels import digest_passages
from narratives.metrics import (
    ALPHA,
    MARGIN,
    Figures,
    find_owners,
    mean_defined,
    measure,
    measure_without,
    sum_by_document,
    try_swaps,
)
from narratives.texts import to_html

OVERALL = ("micro_f1", "macro_f1", "macro_f1_firm", "samples_f1", "exact_match")


@dataclass(frozen=True, slots=True)
class Flip:
    """A decision on which the runs differ, so that one of them is right."""

    passage: str
    narrative: str
    gold: bool  # whether the passage carries the narrative
    right: str  # "a" or "b"
    score_a: float | None
    score_b: float | None


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """What B changed against A; intervals are from one set of resamples that both runs meet.

    `.overall` and `.narratives` hold differences `b - a` by name: `.value`, `.low`, `.high`, `.verdict`. `.flips` are the
    decisions on which the two differ.

    >>> result = narratives.Project("trams").evaluate("tfidf")
    >>> print(narratives.compare(result, result).overall["micro_f1"])
    +0.00 (+0.00 to +0.00): equivalent
    """

    a: str
    b: str
    overall: dict[str, Difference]
    narratives: dict[str, Difference]  # in F1, by narrative id
    margin: float
    rule: str
    flips: list[Flip]

    @property
    def by_size(self) -> list[str]:
        """Narrative ids, the largest difference first, undefined ones last."""

        def rank(id_: str) -> tuple[float, str]:
            value = self.narratives[id_].value
            return 1.0 if value is None else -abs(value), id_

        return sorted(self.narratives, key=rank)

    @property
    def regressions(self) -> int:
        """Decisions that only A got right: they stand first among the flips."""
        return sum(flip.right == "a" for flip in self.flips)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    def __repr__(self) -> str:
        differs = [id_ for id_ in self.by_size if self.narratives[id_].verdict in ("better", "worse")]
        which = f"; differs on {', '.join(differs)}" if differs else "; no narrative of which a difference is sure"
        return f"<Comparison: {self.b} against {self.a}, micro F1 {self.overall['micro_f1']}{which}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the overall differences, then the narratives, the largest difference first."""
        rows = [*self.overall.items(), *((id_, self.narratives[id_]) for id_ in self.by_size)]
        return to_html(f"{self.b} against {self.a}", ["F1", "difference"], rows)


def require_same_gold(a: Evaluation, b: Evaluation, gold: Sequence[Passage], codebook: Codebook) -> None:
    """`UserError` unless both runs were scored on these passages, with their labels of today, and on this codebook."""
    today = f"{codebook.name} {codebook.version}"
    older = [run for run in (a, b) if run.codebook.get("version", codebook.version) != codebook.version]
    if older:
        again = "train it again: narratives run"
        spoken = [(run.run, f"{run.codebook.get('name')} {run.codebook['version']}") for run in older]
        raise UserError(*(f"run '{run}' speaks {version}, the project is at {today}; {again} {run}" for run, version in spoken))
    scored_on = (digest_passages(gold), codebook.digest)
    if a.split != b.split or any((run.gold_digest, run.codebook["digest"]) != scored_on for run in (a, b)):
        raise UserError(
            f"runs '{a.run}' and '{b.run}' were scored on other passages, labels or codebooks; "
            f"evaluate both again: narratives evaluate {a.run}; narratives evaluate {b.run}"
        )


def compare(
    a: Evaluation,
    answers_a: Joined,
    b: Evaluation,
    answers_b: Joined,
    codebook: Codebook,
    resamples: int,
    seed: int,
    margin: float = MARGIN,
) -> Comparison:
    """The comparison of runs that `require_same_gold` lets pass. `resamples` is how often documents are swapped.

    Of a narrative one test of F1 decides, corrected for the number of narratives (`swaps`); of the figures over all of them
    their interval does. McNemar's test is reported beside: it asks whether the runs are right equally often, and one that
    falls silent on a narrative may be.
    """
    owners, gold = find_owners(answers_a.documents), answers_a.gold
    runs = [(answers.predicted, sum_by_document(gold, answers.predicted, owners)) for answers in (answers_a, answers_b)]
    (predicted_a, sums_a), (predicted_b, sums_b) = runs
    firm = gold.sum(0) >= THIN
    value = _subtract(measure(gold, predicted_a), measure(gold, predicted_b), firm)
    without = _subtract(measure_without(sums_a), measure_without(sums_b), firm)
    right_a, right_b = (predicted == gold for predicted in (predicted_a, predicted_b))
    [exact] = _count_alone(right_a.all(1, keepdims=True), right_b.all(1, keepdims=True))
    test = try_swaps(sums_a.counts, sums_b.counts, resamples, seed)
    tested = firm & (predicted_a != predicted_b).any(0)
    narratives = judge_narratives(value["f1"], without["f1"], sums_a, sums_b, test, firm, tested, margin)
    alone = _count_alone(right_a, right_b)
    return Comparison(
        a=a.run,
        b=b.run,
        overall={
            name: judge_overall(value[name], without[name], margin, exact if name == "exact_match" else None)
            for name in OVERALL
        },
        narratives={
            id_: tell_mcnemar(difference, counts)
            for id_, difference, counts in zip(codebook.ids, narratives, alone, strict=True)
        },
        margin=margin,
        rule=_state_rule(resamples, seed, int(firm.sum()), int(tested.sum()), margin),
        flips=find_flips(answers_a, answers_b, codebook),
    )


def find_flips(a: Joined, b: Joined, codebook: Codebook) -> list[Flip]:
    """Every decision that differs: first those that A alone gets right; among these, the largest change of score first."""
    flips = [
        Flip(
            a.passages[row].id,
            codebook.ids[k],
            bool(a.gold[row, k]),
            "a" if a.predicted[row, k] == a.gold[row, k] else "b",
            *(None if run.scores is None else round(float(run.scores[row, k]), 4) for run in (a, b)),
        )
        for row, k in np.argwhere(a.predicted != b.predicted)
    ]
    return sorted(flips, key=lambda flip: (flip.right, -_change(flip), flip.narrative, flip.passage))


def _subtract(a: Figures, b: Figures, firm: Matrix) -> dict[str, Floats]:
    difference = b.minus(a)
    differences: dict[str, Floats] = {name: getattr(difference, name) for name in ("f1", *OVERALL) if name != "macro_f1_firm"}
    return differences | {"macro_f1_firm": mean_defined(b.f1[..., firm]) - mean_defined(a.f1[..., firm])}


def _count_alone(right_a: Matrix, right_b: Matrix) -> list[tuple[int, int]]:
    """For each column the number of passages that A alone gets right, and that B alone does."""
    alone = (right_a & ~right_b).sum(0), (right_b & ~right_a).sum(0)
    return [(int(only_a), int(only_b)) for only_a, only_b in zip(*alone, strict=True)]


def _change(flip: Flip) -> float:
    return 0.0 if flip.score_a is None or flip.score_b is None else abs(flip.score_b - flip.score_a)


def _state_rule(swaps: int, seed: int, firm: int, tested: int, margin: float) -> str:
    return (
        f"narratives: a test of F1 that swaps the answers of the two runs, document by document, {swaps} times, seed {seed}. "
        "The difference in standard errors over documents is set against what swapping gives for all narratives together "
        "(step-down maximum: Westfall and Young, 1993), which corrects for their number; where one of the runs raises a "
        "narrative nowhere, p is at most 2 in 2^n for n documents in which the other does, times the number of narratives: "
        f"{firm} have {THIN} positives or more, on {tested} of these the runs differ; the others are too thin to tell. "
        f"Better or worse: p is below {ALPHA:g}. Figures over all narratives: better or worse where the 95 % interval leaves "
        "out zero. Intervals: Student's t on the jackknife's standard error over documents. "
        f"Equivalent: not so, and the 90 % interval lies inside ±{margin:g} (two one-sided tests at 5 %). "
        "McNemar's test, exact, is reported and decides nothing: it asks who is right more often, and treats passages as "
        "independent. Noticeable: of a narrative the smallest fall in F1, through hits lost, that this test would call worse; "
        "of figures over all narratives the fall that it would notice four times in five"
    )
