"""Whether thresholds should move in the field, and a version of the model with field thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from narratives.data import Floats
from narratives.errors import UserError, at
from narratives.field.estimates import Claim, Measured
from narratives.field.sample import read_sample
from narratives.files import read_text
from narratives.models import LESSONS_FILE, load_model, save_model
from narratives.progress import Say
from narratives.project import Project
from narratives.runs import promote

Bools = NDArray[np.bool_]
LEAST = 10  # labelled texts that carry a narrative, below which its threshold is left alone
_RESAMPLES = 2000
_FOLDS = 2


@dataclass(frozen=True, slots=True)
class Move:
    """A threshold that field labels would put elsewhere, and what F1 in the feed would gain."""

    narrative: str
    before: float
    after: float
    gain: float  # of F1, on labels that did not choose the threshold
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Whether the gain can be told from chance, all narratives together."""
        return self.low > 0


def find_moves(measured: Measured, narratives: Sequence[str]) -> list[Move]:
    """For each narrative with enough labels the threshold with the highest F1 among them, weighted as they were drawn.

    The gain is told by labels that did not choose it (two halves, each chooses for the other), with a bootstrap interval whose
    level holds for all narratives together. None where the model's thresholds are not known or answers hold no scores.
    """
    if measured.sample.design.whole:  # texts of one document are too alike for this bootstrap
        return []
    rows = [text for text in measured.rows if text.scores]
    able = [n for n in narratives if n in measured.sample.thresholds and sum(n in measured.labels[t.id] for t in rows) >= LEAST]
    moves = []
    for narrative in able:
        claim = Claim(narrative)
        weighed = [(text, weight) for text in rows if (weight := measured.weigh(text, narrative))]
        scores = np.array([text.scores[narrative] for text, _ in weighed])
        gold = np.array([measured.carries(text, claim) for text, _ in weighed])
        weights = np.array([weight for _, weight in weighed])
        if gold.sum() >= LEAST:
            move = _weigh_move(scores, gold, weights, measured.sample.thresholds[narrative], len(able))
            moves.append(replace(move, narrative=narrative))
    return moves


def apply_moves(project: Project, name: str, moves: Sequence[Move], say: Say | None = None) -> int:
    """Put a version of the model in its place whose thresholds are those of the sure `moves`; its number in the history.

    `UserError` where another model than the one that was measured stands there, or a retrained one waits.
    """
    sample = read_sample(project, name)
    run, folder = sample.run, project.model(sample.run)
    with project.lock(say, run):
        model = load_model(folder, project.trusted)
        if sample.model.get("digest", model.digest) != model.digest or not sample.model:
            fix = "measure the model that stands: classify with it, and draw anew"
            raise UserError(at(folder, None, f"is another model than sample '{sample.name}' measures; {fix}"))
        if project.challenger(run).exists():
            fix = f"promote it (narratives retrain {run} --promote) or remove it first"
            raise UserError(at(project.challenger(run), None, f"a retrained model waits there; {fix}"))
        thresholds = model.thresholds.copy()
        for move in moves:
            if move.is_sure:
                thresholds[model.codebook.ids.index(move.narrative)] = move.after
        moved = [move.narrative for move in moves if move.is_sure]
        when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        about = {"sample": sample.name, "digest": sample.digest, "narratives": moved, "from": model.digest, "when": when}
        changed = replace(model, thresholds=thresholds, training={**model.training, "field_thresholds": about})
        lessons = folder / LESSONS_FILE
        texts = {LESSONS_FILE: read_text(lessons)} if lessons.is_file() else {}
        save_model(changed, project.challenger(run), texts)
        return promote(project, run, {}, {}, "field thresholds", f"labels/field/{sample.name}", over=model.digest)


def _weigh_move(scores: Floats, gold: Bools, weights: Floats, before: float, among: int) -> Move:
    fold = np.arange(len(scores)) % _FOLDS  # the order is by lot
    cuts = np.empty(len(scores))
    for k in range(_FOLDS):
        own = fold != k
        cuts[fold == k] = _choose(scores[own], gold[own], weights[own], before)
    after, present = scores >= cuts, scores >= before
    rng = np.random.default_rng(0)
    counts = rng.multinomial(len(scores), np.full(len(scores), 1 / len(scores)), size=_RESAMPLES) * weights
    gains = _f1(after, gold, counts) - _f1(present, gold, counts)
    tail = 0.025 / among
    low, high = np.quantile(gains, [tail, 1 - tail])
    gain = float((_f1(after, gold, weights[None]) - _f1(present, gold, weights[None]))[0])
    return Move("", before, _choose(scores, gold, weights, before), gain, float(low), float(high))


def _choose(scores: Floats, gold: Bools, weights: Floats, before: float) -> float:
    """The cut with the highest weighted F1, half-way between two scores; the present one where none is better."""
    order = np.argsort(-scores, kind="stable")
    falling, hits, size = scores[order], np.cumsum((weights * gold)[order]), np.cumsum(weights[order])
    last = np.append(falling[:-1] > falling[1:], True)
    f1 = np.where(last, 2 * hits / (size + max(hits[-1], 1e-12)), -1)
    best = int(np.argmax(f1))
    present = 2 * (weights * gold)[scores >= before].sum() / (weights[scores >= before].sum() + max(hits[-1], 1e-12))
    if f1[best] <= present:
        return before
    below = falling[best + 1] if best + 1 < len(falling) else 0.0
    return float(min((falling[best] + below) / 2, 1.0))


def _f1(raised: Bools, gold: Bools, counts: Floats) -> Floats:
    right, total = counts @ (raised & gold), counts @ raised.astype(float) + counts @ gold.astype(float)
    return np.asarray(np.divide(2 * right, total, out=np.zeros_like(total, dtype=float), where=total > 0))
