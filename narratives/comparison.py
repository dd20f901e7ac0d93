"""Compare two runs on the same passages: paired, so that what both find hard does not blur the difference."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from narratives.codebook import Codebook
from narratives.data import Passage
from narratives.errors import UserError
from narratives.evaluation import Answers, Evaluation, Figure, make_figure
from narratives.passages import digest_passages
from narratives.resampling import interval, measure, resample

VERDICTS = {1: "better", -1: "worse", 0: "no clear difference"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Differences `b - a`, with 95 % intervals from one set of resamples that both runs meet."""

    a: str
    b: str
    overall: dict[str, Figure]
    narratives: dict[str, Figure]  # F1 by narrative id
    rule: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def require_same_gold(a: Evaluation, b: Evaluation, gold: Sequence[Passage], codebook: Codebook) -> None:
    """`UserError` unless both runs were scored on these passages, with their labels of today, and on this codebook."""
    scored_on = (digest_passages(gold), codebook.digest)
    if a.split != b.split or any((run.gold_digest, run.codebook["digest"]) != scored_on for run in (a, b)):
        raise UserError(
            f"runs '{a.run}' and '{b.run}' were scored on other passages, labels or codebooks; "
            f"evaluate both again: narratives evaluate {a.run}; narratives evaluate {b.run}"
        )


def compare(
    a: Evaluation, answers_a: Answers, b: Evaluation, answers_b: Answers, codebook: Codebook, resamples: int, seed: int
) -> Comparison:
    """Paired bootstrap over documents, for runs that `require_same_gold` lets pass."""
    gold, documents = answers_a.gold, answers_a.documents
    here = measure(gold, answers_b.predicted).minus(measure(gold, answers_a.predicted))
    drawn_a, drawn_b = resample(gold, [answers_a.predicted, answers_b.predicted], documents, resamples, seed)
    drawn = drawn_b.minus(drawn_a)
    low, high = interval(drawn.f1)
    return Comparison(
        a.run,
        b.run,
        {
            name: make_figure(getattr(here, name), *interval(getattr(drawn, name)))
            for name in ("micro_f1", "macro_f1", "samples_f1")
        },
        {id_: make_figure(here.f1[k], low[k], high[k]) for k, id_ in enumerate(codebook.ids)},
        f"paired bootstrap over documents, {resamples} resamples, seed {seed}; "
        "per-narrative intervals are not corrected for their number",
    )


def verdict(difference: Figure) -> str:
    """In words: better or worse only where the interval leaves out zero."""
    if difference.low is None or difference.high is None:
        return VERDICTS[0]
    return VERDICTS[(difference.low > 0) - (difference.high < 0)]
