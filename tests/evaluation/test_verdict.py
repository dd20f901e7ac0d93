"""Promote or hold: what speaks against a challenger, and what does not."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.examples import make_codebook
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.data import Matrix, Passage
from narratives.evaluation.comparison import compare
from narratives.evaluation.evaluation import About, Evaluation, NarrativeScore
from narratives.evaluation.figures import Figure
from narratives.evaluation.joined import Joined
from narratives.evaluation.rulings import Rival
from narratives.evaluation.scoring import score
from narratives.evaluation.verdict import Verdict, reach_verdict

SIZE, EVERY = 600, 12
SUPPORTS = {"often": 150, "sometimes": 50, "seldom": 25, "thin": 6}
CODEBOOK = make_codebook(*SUPPORTS)
NOTHING = np.zeros((SIZE, len(SUPPORTS)), dtype=np.bool_)


def gold() -> Matrix:
    labels = NOTHING.copy()
    for k, support in enumerate(SUPPORTS.values()):
        labels[np.random.default_rng(k).permutation(SIZE)[:support], k] = True
    return labels


GOLD = gold()


def blur(hits: float = 0.7, alarms: float = 0.3, seed: int = 0) -> Matrix:
    """Predictions that find a share of what is carried, and raise false alarms to a share of each narrative's support."""
    rng = np.random.default_rng(seed)
    return np.where(GOLD, rng.random(GOLD.shape) < hits, rng.random(GOLD.shape) < alarms * GOLD.mean(0))


def judge(
    a: Matrix,
    b: Matrix,
    gold: Matrix = GOLD,
    former: Figure | None = None,
    margin: float = 0.05,
    best: Matrix | None = None,
    elsewhere: dict[str, int] | None = None,
) -> Verdict:
    """The verdict on `b` against the incumbent `a` and, where it is given, against the best version so far."""
    passages = [Passage(f"p{k:03}", "text", {}, f"d{k // 2:03}") for k in range(SIZE)]
    stances = np.full(gold.shape, -1, dtype=np.int8)

    def measure(predicted: Matrix, name: str) -> tuple[Evaluation, Joined]:
        answers = Joined(passages, gold, predicted, None, stances, stances)
        about = About(run=name, description="", classifier="c", split="test")
        return score(answers, CODEBOOK, about), answers

    after, answers = measure(b, "challenger")

    def face(predicted: Matrix, name: str) -> Rival:
        before, other = measure(predicted, name)
        return Rival(name, before, after, compare(before, other, after, answers, CODEBOOK, 400, 0))

    rival = face(a, "incumbent")
    past = None if best is None else face(best, "version 3, the best so far")
    return reach_verdict(rival.comparison, rival.evaluation, after, (), former, margin, past, elsewhere)


def words(verdict: Verdict) -> dict[str, str]:
    return {ruling.id: ruling.word for ruling in verdict.narratives}


def test_a_model_that_decides_the_same_is_promoted() -> None:
    verdict = judge(blur(), blur())
    assert (verdict.decision, verdict.notes[:-1]) == ("promote", [])
    assert words(verdict) == {"often": "same", "sometimes": "same", "seldom": "same", "thin": "too thin to tell"}
    assert (
        verdict.reasons[-1] == "none of 3 narratives with 10 test passages or more is significantly worse, and none fell silent"
    )
    assert (verdict.leads, verdict.best) == (False, None)


def test_a_better_model_is_promoted_and_the_gain_is_named() -> None:
    verdict = judge(blur(0.5), blur(0.95, 0.05, seed=1))
    assert verdict.decision == "promote"
    assert words(verdict)["often"] == "better"
    assert any(note.startswith("better on often: F1 ") for note in verdict.notes)
    assert verdict.leads


def test_a_model_that_guesses_is_held() -> None:
    verdict = judge(blur(), blur(0.1, 0.9, seed=1))
    assert verdict.decision == "hold"
    assert any(reason.startswith("micro F1 -") and "significantly worse" in reason for reason in verdict.reasons)


@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_narrative_that_fell_silent_is_named_though_it_is_right_as_often_as_before(column: int) -> None:
    b = blur(0.9, 0.1, seed=1)  # better elsewhere, so that no average shows it
    b[:, column] = False
    a = blur(0.6, 0.6)
    verdict = judge(a, b)
    name = list(SUPPORTS)[column]
    assert verdict.decision == "hold"
    assert [reason.split(":")[0] for reason in verdict.reasons if "silent" in reason] == [f"{name} fell silent"]
    assert words(verdict)[name] == "fell silent"


def test_a_thin_narrative_that_is_worse_decides_nothing_and_is_named() -> None:
    a, b = blur(), blur()
    a[:, 3] = GOLD[:, 3]
    b[:, 3] = False
    b[np.flatnonzero(GOLD[:, 3])[0], 3] = True
    verdict = judge(a, b)
    assert verdict.decision == "promote"
    assert verdict.notes[-1].startswith("too thin to tell, fewer than 10 test passages: thin (F1 1.00 -> 0.29")


def test_a_thin_narrative_that_fell_silent_holds() -> None:
    b = blur()
    b[:, 3] = False
    verdict = judge(blur(), b)
    assert (verdict.decision, words(verdict)["thin"]) == ("hold", "fell silent")
    assert verdict.reasons[0].startswith("thin fell silent: the incumbent found ")
    assert judge(blur(), b, elsewhere={"thin": 1}).decision == "promote"  # it still speaks beside the test
    assert judge(b, b).decision == "promote"  # it never spoke


@pytest.mark.parametrize("loss", [0.0, 0.04])
def test_small_losses_that_add_up_are_held_against_the_best_version_so_far(loss: float) -> None:
    rng = np.random.default_rng(0)
    a, best = GOLD & (rng.random(GOLD.shape) < 0.9 - loss), GOLD.copy()
    best &= rng.random(GOLD.shape) < 0.9
    b = a.copy()
    b[np.flatnonzero(a[:, 0])[:2], 0] = False  # all but the incumbent
    verdict = judge(a, b, best=best)
    assert judge(a, b).decision == "promote"
    assert verdict.best is not None
    assert (verdict.decision, verdict.leads) == ("hold" if loss else "promote", False)
    assert any(
        "significantly worse" in reason and "version 3, the best so far" in reason for reason in verdict.reasons
    ) == bool(loss)


def test_a_narrative_is_held_against_the_best_version_so_far_too() -> None:
    a = blur()
    a[:, 2] = False
    b = blur()
    b[np.flatnonzero(GOLD[:, 2])[2:], 2] = False
    verdict = judge(a, b, best=blur())
    assert verdict.decision == "hold"
    assert any(
        reason.startswith("significantly worse than version 3, the best so far on seldom: F1 ") for reason in verdict.reasons
    )


def test_a_loss_within_the_margin_is_told_and_does_not_hold() -> None:
    b = GOLD.copy()
    b[np.flatnonzero(GOLD[:, 0])[:8], 0] = False
    verdict = judge(GOLD, b)
    assert (verdict.decision, words(verdict)["often"]) == ("promote", "worse")
    assert any(note.startswith("significantly worse on often, but by less than 0.05") for note in verdict.notes)
    assert judge(GOLD, b, margin=0.02).decision == "hold"


def test_a_test_too_small_to_rule_out_a_loss_holds_and_says_so() -> None:
    few = GOLD.copy()
    few[60:] = few[:, 3] = False
    a, b = (blur(seed=seed) & few for seed in (0, 1))
    verdict = judge(a, b, few)
    assert verdict.decision == "hold"
    assert verdict.reasons[0].endswith("a loss of 0.05 can't be ruled out on so few test passages")


def test_labels_on_which_both_models_fall_far_below_what_was_reached_are_doubted() -> None:
    a, b, former = blur(), blur(seed=0), Figure(0.7, 0.66, 0.74)
    assert judge(a, b, former=former).decision == "promote"
    shuffled = GOLD[np.random.default_rng(5).permutation(SIZE)]
    assert judge(a, a, shuffled).decision == "promote"  # nobody knows better
    verdict = judge(a, a, shuffled, former)
    assert verdict.decision == "hold"
    assert verdict.reasons[0].startswith("the incumbent reached a micro F1 of 0.70 on the test passages of its day; on today's")
    assert verdict.reasons[0].endswith("read the new test labels before anything is promoted")


def test_harder_passages_hold_no_model_that_keeps_up_with_the_incumbent() -> None:
    verdict = judge(blur(0.58, 0.42), blur(0.58, 0.42), former=Figure(0.75, 0.72, 0.78))
    assert verdict.decision == "promote"
    assert verdict.notes[-1].endswith("other texts than before, or wrong labels among the new test passages; read some")


def test_a_challenger_that_makes_good_what_harder_passages_cost_is_promoted() -> None:
    assert judge(blur(0.3), blur(0.6, 0.2, seed=1), former=Figure(0.9, 0.85, 0.95)).decision == "promote"


def test_a_challenger_that_falls_alone_does_not_put_the_labels_in_doubt() -> None:
    verdict = judge(GOLD, blur(0.3), former=Figure(1.0, 0.95, 1.0))
    assert not any("test labels" in reason for reason in verdict.reasons)


def test_a_narrative_that_only_the_challenger_knows_is_told() -> None:
    same = Figure(0.5, 0.4, 0.6)
    new = [NarrativeScore("fresh", "Fresh", "f", 12, 14, 0.5, same, same, same)]
    passages = [Passage(f"p{k:03}", "text", {}, f"d{k}") for k in range(SIZE)]
    stances = np.full(GOLD.shape, -1, dtype=np.int8)
    answers = Joined(passages, GOLD, GOLD, None, stances, stances)
    evaluation = score(answers, CODEBOOK, About(run="r", description="", classifier="c", split="test"))
    comparison = compare(evaluation, answers, replace(evaluation, run="s"), answers, CODEBOOK, 50, 0)
    verdict = reach_verdict(comparison, evaluation, evaluation, new)
    assert words(verdict)["fresh"] == "new"
    assert verdict.notes[0] == "new: fresh, F1 0.50, 12 test passages"


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1000), st.floats(0.2, 0.9), st.floats(0.2, 0.9))
def test_both_ways_round_never_are_both_better(seed: int, one: float, other: float) -> None:
    a, b = blur(one, seed=seed), blur(other, seed=seed + 1)
    there, back = (words(judge(*pair)) for pair in ((a, b), (b, a)))
    mirrored = {"better": "worse", "worse": "better"}
    for id_ in there:
        if "fell silent" not in (there[id_], back[id_]):  # only a challenger falls silent
            assert back[id_] == mirrored.get(there[id_], there[id_])
