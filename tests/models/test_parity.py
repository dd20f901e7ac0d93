"""The gate: a faster way of computing passes only if it answers as the exact one does."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from narratives.data import Floats, Matrix, Scores, Texts
from narratives.models.calibration import Calibration, Curve
from narratives.models.parity import Gate, Inference, choose_inference, compare, settle
from narratives.models.thresholds import decide

SCORES = arrays(np.float32, (8, 3), elements=st.floats(0, 1, width=32))
THRESHOLDS = arrays(np.float64, 3, elements=st.floats(0.01, 1))


def example(positives: int = 300, passages: int = 1000) -> tuple[Scores, Matrix, Floats]:
    """Scores of one narrative that are all right: carried 0.8, others 0.2, threshold 0.5."""
    gold = np.arange(passages)[:, None] < positives
    return np.where(gold, 0.8, 0.2).astype(np.float32), gold, np.array([0.5])


def turn(scores: Scores, rows: range) -> Scores:
    turned = scores.copy()
    turned[rows] = 1 - turned[rows]
    return turned


def test_the_same_scores_pass() -> None:
    scores, gold, thresholds = example()
    settled, parity = compare("quick", scores, scores, gold, thresholds)
    assert (parity.flips, parity.decisions, parity.moved, parity.fall, parity.refused) == (0, 1000, 0, 0.0, "")
    assert np.array_equal(settled, thresholds)


@pytest.mark.parametrize(("flips", "refused"), [(2, ""), (3, "3 of 1000 decisions flip")])
def test_at_most_two_decisions_in_a_thousand_may_flip(flips: int, refused: str) -> None:
    scores, gold, thresholds = example(positives=400)
    _, parity = compare("quick", scores, turn(scores, range(flips)), gold, thresholds)
    assert (parity.flips, parity.refused) == (flips, refused)


def test_no_narrative_may_lose_more_than_half_a_point_of_f1() -> None:
    scores, gold, thresholds = example(positives=200, passages=5000)
    _, parity = compare("quick", scores, turn(scores, range(3)), gold, thresholds)
    assert parity.fall == pytest.approx(1 - 394 / 397, abs=1e-4)
    assert parity.refused == "a narrative's F1 falls by 0.008 and micro F1 falls by 0.008"


@pytest.mark.parametrize(("flips", "refused"), [(2, ""), (3, "a narrative's F1 falls by 0.081")])
def test_a_fall_that_two_decisions_cause_is_told_and_no_reason_to_refuse(flips: int, refused: str) -> None:
    """Beside a narrative with 20 positives, and whose F1 one decision moves by .026, stands one that hides it in micro F1."""
    thin, many = example(positives=20, passages=5000), example(positives=1000, passages=5000)
    scores, gold = np.hstack([thin[0], many[0]]), np.hstack([thin[1], many[1]])
    turned = np.hstack([turn(thin[0], range(flips)), many[0]])
    _, parity = compare("quick", scores, turned, gold, np.array([0.5, 0.5]))
    assert parity.fall == pytest.approx(flips / (40 - flips), abs=1e-4)
    assert parity.refused == refused


def test_a_smaller_fall_passes() -> None:
    scores, gold, thresholds = example(positives=300)
    _, parity = compare("quick", scores, turn(scores, range(2)), gold, thresholds)
    assert parity.fall == pytest.approx(1 - 596 / 598, abs=1e-4)
    assert parity.refused == ""


def test_a_better_f1_is_no_reason_to_refuse() -> None:
    scores, gold, thresholds = example(positives=20)
    _, parity = compare("quick", turn(scores, range(2)), scores, gold, thresholds)
    assert (parity.flips, parity.refused) == (2, "")
    assert parity.fall == 0


def test_a_threshold_next_to_a_score_moves_into_the_gap() -> None:
    scores, gold, _ = example()
    thresholds = np.array([0.2 + 1e-6])
    settled, parity = compare("quick", scores, scores + np.float32(1e-3), gold, thresholds)
    assert parity.moved == 1
    assert 0.2 + 1e-3 < settled[0] < 0.8


@given(exact=SCORES, fast=SCORES, thresholds=THRESHOLDS)
def test_settled_thresholds_decide_on_exact_scores_as_before(exact: Scores, fast: Scores, thresholds: Floats) -> None:
    assert np.array_equal(decide(exact, settle(thresholds, exact, fast)), decide(exact, thresholds))


@given(exact=SCORES, fast=SCORES, thresholds=THRESHOLDS)
def test_settling_never_adds_flips(exact: Scores, fast: Scores, thresholds: Floats) -> None:
    wanted = decide(exact, thresholds)
    before = (decide(fast, thresholds) != wanted).sum(0)
    assert np.all((decide(fast, settle(thresholds, exact, fast)) != wanted).sum(0) <= before)


def test_what_was_never_learnt_stays_out_of_reach() -> None:
    scores, gold, _ = example(positives=0)
    settled, _ = compare("quick", scores, scores + np.float32(0.01), gold, np.array([1.0]))
    assert settled.tolist() == [1.0]


class Pretender:
    """A classifier with two faster ways, the first of which is wrong."""

    inference = "slow"
    seen: Texts = ()

    def speed_up(self, samples: Texts, accept: Callable[[str], bool]) -> str:
        self.seen = samples
        for way in ("wrong", "right"):
            self.inference = way
            if accept(way):
                return ""
        self.inference = "slow"
        return "nothing else to try"


@pytest.mark.parametrize(("turned", "kept"), [("wrong", "right"), ("wrong right", "slow")])
def test_the_first_way_that_passes_is_kept(turned: str, kept: str) -> None:
    scores, gold, thresholds = example()
    classifier = Pretender()
    gate = Gate(
        score=lambda: turn(scores, range(50)) if classifier.inference in turned else scores,
        exact=scores,
        gold=gold,
        calibration=Calibration((Curve("identity"),)),
        thresholds=thresholds,
    )
    chosen = choose_inference(
        classifier,  # type: ignore[arg-type]  # only these two of its members are used
        [str(k) for k in range(1000)],
        gate,
    )
    assert chosen.inference == classifier.inference == kept
    assert Inference.from_json(json.loads(json.dumps(chosen.to_json()))) == chosen
    assert np.array_equal(gate.settled, thresholds)
    assert [parity.refused == "" for parity in chosen.tried] == [False, kept == "right"]
    assert 32 <= len(classifier.seen) <= 64
    assert chosen.describe().startswith(f"scores are computed by {kept}; wrong: 50 of 1000 decisions flip and a narrative's F1")


@given(exact=SCORES, first=SCORES, second=SCORES, thresholds=THRESHOLDS)
def test_thresholds_suit_every_way_where_such_there_are(
    exact: Scores, first: Scores, second: Scores, thresholds: Floats
) -> None:
    wanted = decide(exact, thresholds)
    settled = settle(thresholds, exact, first, second)
    assert np.array_equal(decide(exact, settled), wanted)
    low, high = (pick.reduce([exact, first, second]) for pick in (np.minimum, np.maximum))
    for column in range(3):
        below = max(high[~wanted[:, column], column], default=0.0)
        above = min(low[wanted[:, column], column], default=1.0)
        if above > below and above - below > 1e-6:
            for scores in (first, second):
                assert np.array_equal(decide(scores, settled)[:, column], wanted[:, column])
