"""Compare two runs on the same passages: paired, so that what both find hard does not blur the difference."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from narratives.data import Codebook, Floats, Matrix, Passage
from narratives.errors import UserError
from narratives.evaluation.evaluation import THIN, Evaluation, Figure, make_figure
from narratives.evaluation.joined import Joined
from narratives.labels import digest_passages
from narratives.metrics import (
    ALPHA,
    MARGIN,
    TOO_THIN,
    Figures,
    find_side,
    find_winner,
    holm,
    interval,
    is_within,
    judge,
    mcnemar,
    mean_defined,
    measure,
    resample,
)
from narratives.texts import to_html

OVERALL = ("micro_f1", "macro_f1", "macro_f1_firm", "samples_f1", "exact_match")


@dataclass(frozen=True, slots=True)
class Difference(Figure):
    """A difference `b - a` with its 95 % interval, what may be said of it, and on what grounds."""

    verdict: str
    low_90: float | None  # bounds of the 90 % interval, by which equivalence is judged
    high_90: float | None
    within_margin: bool
    only_a: int | None = None  # passages that A alone gets right; `None` for an average, which is not right or wrong
    only_b: int | None = None
    p: float | None = None  # exact McNemar
    p_holm: float | None = None  # corrected for the number of narratives; `None` for a thin one, which is not tested

    def __str__(self) -> str:
        if self.value is None or self.low is None or self.high is None:
            return "undefined"
        return f"{self.value:+.2f} ({self.low:+.2f} to {self.high:+.2f}): {self.verdict}"


@dataclass(frozen=True, slots=True)
class Flip:
    """A decision on which the runs differ, so that one of them is right."""

    passage: str
    narrative: str
    gold: bool  # whether the passage carries the narrative
    right: str  # "a" or "b"
    score_a: float | None
    score_b: float | None


@dataclass(frozen=True, slots=True)
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
        raise UserError(*(f"run '{run}' speaks {said}, the project is at {today}; {again} {run}" for run, said in spoken))
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
    """Paired bootstrap and exact McNemar, for runs that `require_same_gold` lets pass."""
    gold, predictions = answers_a.gold, [answers_a.predicted, answers_b.predicted]
    firm = gold.sum(0) >= THIN
    here = _subtract(measure(gold, predictions[0]), measure(gold, predictions[1]), firm)
    drawn_a, drawn_b = resample(gold, predictions, answers_a.documents, resamples, seed)
    drawn = _subtract(drawn_a, drawn_b, firm)
    right_a, right_b = (predicted == gold for predicted in predictions)
    [whole] = _count_alone(right_a.all(1, keepdims=True), right_b.all(1, keepdims=True))
    alone = _count_alone(right_a, right_b)
    tested = [k for k, enough in enumerate(firm) if enough]
    p_holm = dict(zip(tested, holm([mcnemar(*alone[k]) for k in tested]), strict=True))
    return Comparison(
        a.run,
        b.run,
        {name: _judge(here[name], drawn[name], margin, whole if name == "exact_match" else None) for name in OVERALL},
        {
            id_: _judge(here["f1"][k], drawn["f1"][:, k], margin, alone[k], p_holm.get(k), thin=k not in p_holm)
            for k, id_ in enumerate(codebook.ids)
        },
        margin,
        _state_rule(resamples, seed, len(tested), margin),
        find_flips(answers_a, answers_b, codebook),
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


def _judge(
    value: Floats,
    drawn: Floats,
    margin: float,
    alone: tuple[int, int] | None = None,
    p_holm: float | None = None,
    thin: bool = False,
) -> Difference:
    figure, narrow = make_figure(value, *interval(drawn)), make_figure(value, *interval(drawn, level=0.9))
    within = is_within(narrow.low, narrow.high, margin)
    sides = [find_side(figure.low, figure.high)]
    p = None
    if alone is not None:
        p = mcnemar(*alone)
        sides.append(find_winner(*alone, p if p_holm is None else p_holm))
    return Difference(
        figure.value,
        figure.low,
        figure.high,
        TOO_THIN if thin or figure.value is None else judge(sides, within),
        narrow.low,
        narrow.high,
        within,
        *(alone or (None, None)),
        *(None if number is None else float(f"{number:.4g}") for number in (p, p_holm)),
    )


def _count_alone(right_a: Matrix, right_b: Matrix) -> list[tuple[int, int]]:
    """For each column the number of passages that A alone gets right, and that B alone does."""
    alone = (right_a & ~right_b).sum(0), (right_b & ~right_a).sum(0)
    return [(int(only_a), int(only_b)) for only_a, only_b in zip(*alone, strict=True)]


def _change(flip: Flip) -> float:
    return 0.0 if flip.score_a is None or flip.score_b is None else abs(flip.score_b - flip.score_a)


def _state_rule(resamples: int, seed: int, tested: int, margin: float) -> str:
    return (
        f"paired bootstrap over documents, {resamples} resamples, seed {seed}; "
        "p is McNemar's, exact, on the passages that one run alone gets right: for a narrative its own decision, for exact "
        "match the whole label set. McNemar's test treats passages as independent; the bootstrap does not. "
        f"Over the {tested} narratives with {THIN} positives or more, p is corrected by Holm's method; the others are too "
        f"thin to tell. Better or worse: the 95 % interval leaves out zero and p, where there is one, is below {ALPHA:g} and "
        f"points the same way. Equivalent: not so, and the 90 % interval lies inside ±{margin:g} (two one-sided tests at 5 %)"
    )
