"""May a faster way of computing take the place of the exact one? Only if, on validation, it answers the same."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from narratives.calibration import Calibration
from narratives.classifiers import Classifier, Scores, Texts
from narratives.metrics import Floats, Matrix, count
from narratives.thresholds import decide

MOST_FLIPS = 0.002  # share of the label decisions
MOST_FALL = 0.005  # of a narrative's F1
_SAMPLES = 64


@dataclass(frozen=True, slots=True)
class Parity:
    """How a faster way of computing compares with the exact one on validation."""

    inference: str
    flips: int  # decisions that differ, thresholds as they were tuned
    decisions: int
    moved: int  # thresholds that then moved within their gap
    fall: float  # of F1, with the thresholds as they are now: the largest of all narratives
    refused: str  # why; empty where it may be used

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def choose_inference(
    classifier: Classifier,
    texts: Texts,
    score: Callable[[], Scores],
    exact: Scores,
    gold: Matrix,
    calibration: Calibration,
    thresholds: Floats,
) -> tuple[dict[str, Any], Floats]:
    """Leave `classifier` with the fastest way of computing that passes; what was found, and thresholds that suit both ways.

    `texts` are those it was trained on; `score()` gives its scores of the validation passages, for which `exact` and `gold`
    stand, all (passages, narratives). The thresholds returned decide on `exact` as those given do.
    """
    tried: list[Parity] = []
    taken: list[Scores] = []  # for a GPU and for a CPU
    settled = thresholds

    def accept(inference: str) -> bool:
        nonlocal settled
        fast = calibration.apply(score())
        moved, parity = compare(inference, calibration.apply(exact), fast, gold, thresholds, taken)
        tried.append(parity)
        if parity.refused:
            return False
        settled = moved
        taken.append(fast)
        return True

    note = classifier.speed_up(texts[:: -(-len(texts) // _SAMPLES)], accept)
    found = {"inference": classifier.inference, "tried": [parity.to_json() for parity in tried], "note": note}
    return found, settled


def compare(
    inference: str, exact: Scores, fast: Scores, gold: Matrix, thresholds: Floats, beside: Sequence[Scores] = ()
) -> tuple[Floats, Parity]:
    """Judge calibrated scores of shape (passages, narratives) against the exact ones.

    A threshold decides on validation in the same way anywhere between the scores next to it. Where it lies so near to one
    that the small differences of `fast` carry that over, it is moved; flips are counted before that, falls after it.
    The thresholds must suit the scores `beside` it as well: those of other ways that may be used.
    """
    wanted = decide(exact, thresholds)
    flips = int((decide(fast, thresholds) != wanted).sum())
    settled = settle(thresholds, exact, fast, *beside)
    before, *after = (
        np.nan_to_num(count(gold, raised, axis=0).f1)
        for raised in (wanted, *(decide(scores, settled) for scores in (fast, *beside)))
    )
    fall = float((before - np.minimum.reduce(after)).max(initial=0.0))
    refused = []
    if flips > MOST_FLIPS * wanted.size:
        refused.append(f"{flips} of {wanted.size} decisions flip")
    if fall > MOST_FALL:
        refused.append(f"a narrative's F1 falls by {fall:.3f}")
    moved = int((settled != thresholds).sum())
    return settled, Parity(inference, flips, wanted.size, moved, round(fall, 4), " and ".join(refused))


def settle(thresholds: Floats, exact: Scores, *fast: Scores) -> Floats:
    """Thresholds with which `fast` is decided as `exact` is, wherever there are such; on `exact` they decide as before."""
    raised = decide(exact, thresholds)
    below = np.where(raised, 0.0, np.maximum.reduce([exact, *fast])).max(0, initial=0.0)
    above = np.where(raised, np.minimum.reduce([exact, *fast]), 1.0).min(0, initial=1.0)
    room = above - below  # below 0 where the two ways rank passages differently across the threshold
    misplaced = (room > 0) & ((thresholds <= below) | (thresholds > above))
    nearest = np.clip(thresholds, below + np.maximum(room, 0) / 4, above - np.maximum(room, 0) / 4)
    return np.where(misplaced, nearest, thresholds)


def describe(found: dict[str, Any]) -> str:
    """What was found, in one line."""
    said = [
        f"{one['inference']}: {one['refused']}" if one["refused"] else f"{one['flips']} of {one['decisions']} decisions flip"
        for one in found["tried"]
    ]
    return "; ".join([f"scores are computed by {found['inference']}", *said, *([found["note"]] if found["note"] else [])])
