"""What thresholds are for: each narrative, all answers together, or a budget of alarms, and what each gives."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.data import Matrix, Objective, Scores
from narratives.metrics.counts import count, macro_f1, micro_f1
from narratives.metrics.shares import highest_share
from narratives.models.purposes import USUAL_ALARMS, Choice, Tuning, Wishes, weigh_choices
from narratives.models.thresholds import decide, spend_alarms, tune_thresholds, tune_together

TAUGHT = np.ones(4, dtype=np.bool_)


def draw(seed: int, n: int = 400) -> tuple[Scores, Matrix]:
    """Scores that are probabilities, of two frequent and two rare narratives, and labels drawn with them."""
    rng = np.random.default_rng(seed)
    scores = (rng.beta(0.4, 0.6, (n, 4)) * [1.0, 0.9, 0.3, 0.2]).astype(np.float32)
    return scores, rng.random(scores.shape) < scores


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_one_threshold_for_all_promises_the_highest_micro_f1_of_all_common_ones(seed: int) -> None:
    scores, _ = draw(seed, 60)
    together = tune_together(scores)
    assert len(set(together.tolist())) == 1

    def promise(cut: float) -> float:
        raised = scores >= cut
        return float(2 * (scores * raised).sum() / (raised.sum() + scores.sum()))

    assert promise(together[0]) == pytest.approx(max(promise(cut) for cut in np.unique(scores)), abs=1e-5)


def test_all_answers_together_gain_micro_f1_and_each_narrative_gains_macro_f1() -> None:
    scores, gold = draw(1, 20_000)
    own, together = (count(gold, decide(scores, tune(scores)), axis=0) for tune in (tune_thresholds, tune_together))
    assert micro_f1(together) > micro_f1(own) + 0.005
    assert macro_f1(own) > macro_f1(together) + 0.05


@settings(deadline=None, max_examples=40)
@given(st.integers(100, 400), st.floats(0.05, 0.5), st.integers(0, 2**32 - 1))
def test_the_budget_is_spent_and_not_overspent(n: int, most: float, seed: int) -> None:
    scores = draw(seed, n)[0]
    spent = spend_alarms(np.full(4, 0.4), scores, most)
    alarms = int(decide(scores, spent).any(1).sum())
    assert highest_share(alarms, n) <= most
    assert alarms == n or highest_share(alarms + 1, n) > most or len(set(scores.max(1))) < n


def test_without_background_there_is_no_budget_to_choose() -> None:
    scores, gold = draw(2)
    assert list(weigh_choices(scores, gold, TAUGHT, None, Wishes())) == [Objective.NARRATIVE, Objective.MICRO]


def test_a_budget_that_nobody_named_binds_only_its_own_purpose() -> None:
    scores, gold = draw(3)
    quiet = draw(4)[0] * 0.6
    free, bound = (weigh_choices(scores, gold, TAUGHT, quiet, Wishes(max_alarms=most)) for most in (None, USUAL_ALARMS))
    assert free[Objective.NARRATIVE].thresholds == tuple(tune_thresholds(scores).tolist())
    assert (free[Objective.NARRATIVE].alarms or 0) > USUAL_ALARMS
    assert all((choice.alarms or 0) <= USUAL_ALARMS for choice in bound.values())
    assert free[Objective.ALARMS] == bound[Objective.ALARMS]


def test_what_was_never_learned_is_never_raised_for_any_purpose() -> None:
    scores, gold = draw(5)
    choices = weigh_choices(scores, gold, np.array([True, True, True, False]), draw(6)[0], Wishes())
    assert [choice.thresholds[3] for choice in choices.values()] == [1.0] * 3
    learned = weigh_choices(scores[:, :3], gold[:, :3], TAUGHT[:3], draw(6)[0][:, :3], Wishes())
    assert [choice.thresholds[:3] for choice in choices.values()] == [choice.thresholds for choice in learned.values()]


def test_figures_are_those_of_the_thresholds_and_leave_out_what_has_no_score() -> None:
    scores, gold = draw(7)
    holed = scores.copy()
    holed[:200, 1] = np.nan
    [choice, _] = weigh_choices(holed, gold, TAUGHT, None, Wishes()).values()
    parts = [slice(200, None) if k == 1 else slice(None) for k in range(4)]
    counts = [
        count(gold[part, k : k + 1], scores[part, k : k + 1] >= choice.thresholds[k], axis=0) for k, part in enumerate(parts)
    ]
    hits, wrong, missed = (sum(float(getattr(each, name).sum()) for each in counts) for name in ("tp", "fp", "fn"))
    assert choice.micro_f1 == pytest.approx(2 * hits / (2 * hits + wrong + missed), abs=1e-4)
    assert choice.macro_f1 == pytest.approx(np.mean([each.f1[0] for each in counts]), abs=1e-4)
    np.testing.assert_array_equal(choice.thresholds[1], tune_thresholds(scores[200:, [1]])[0])


@pytest.mark.parametrize(("alarms", "rarer"), [(None, 1.0), (0.0125, 2.5)])
def test_a_trip_through_json_changes_nothing(alarms: float | None, rarer: float) -> None:
    ids = ("a", "b")
    wishes = Wishes(objective=Objective.MICRO, max_alarms=0.02, folds=3, folds_held=2 if alarms else None, rarer=rarer)
    choices: dict[str, Choice] = {name: Choice((0.1, 1 / 3), 0.5, None, alarms) for name in Objective}
    tuning = Tuning(wishes=wishes, folds=3, train=70, validation=20, choices=choices)
    again = Tuning.from_json(json.loads(json.dumps(tuning.to_json(ids))))
    assert again == tuning and isinstance(again.wishes.objective, Objective)


def test_it_says_what_thresholds_rest_on_and_serve() -> None:
    apart = Tuning(wishes=Wishes(), folds=0, train=0, validation=20)
    assert apart.describe() == "Scores were calibrated and thresholds set on 20 validation texts."
    joined = Tuning(wishes=Wishes(max_alarms=0.02), folds=5, train=70, validation=20)
    assert "70 training texts" in joined.describe() and "(5 folds)" in joined.describe()
    part = Tuning(wishes=Wishes(folds=3, folds_held=1), folds=3, train=23, validation=20)
    assert "23 training texts" in part.describe() and "(1 of 3 folds)" in part.describe()
    assert joined.describe_objective().endswith("under a budget of alarms in 2 % of background texts.")
    elsewhere = Tuning(wishes=Wishes(rarer=2.0), folds=0, train=0, validation=20)
    assert elsewhere.describe_objective().endswith("where narratives are 2 times rarer than in the labelled passages.")
