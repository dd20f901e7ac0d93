"""What should calibration and thresholds of a fine-tuned encoder rest on, beside validation? Compares what is affordable.

    python experiments/studies/thresholds/encoders.py DIR

DIR holds the cases that `encoder_scores.py` made. Beside validation alone, thresholds rest on validation and on

- one fold of three, scored by an encoder that was taught on the other two (two thirds more training time);
- the same with half of the epochs (a third more), brought to the scale of the encoder's own scores;
- five folds, scored by logistic regression on vectors of the untouched encoder (seconds), likewise;
- five folds, scored by TF-IDF (seconds), likewise.

A scale is brought over in log-odds by mean and deviation of what both models say of the validation passages. Of a blend the
part of TF-IDF is always exact. Prints Markdown: micro / macro F1 over the tried passages of all cases of a project, ECE among
raised decisions, and differences to validation alone with a 95 % interval (paired bootstrap over groups of documents).
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from encoder_scores import TRAINS, TRIED, TUNES
from numpy.typing import NDArray
from out_of_fold import bound_gains

from narratives.classifiers.blend import _WEIGHTS
from narratives.classifiers.odds import to_log_odds, to_share
from narratives.data import Matrix, Scores
from narratives.metrics.counts import Counts, macro_f1, micro_f1
from narratives.metrics.reliability import bin_scores, expected_calibration_error
from narratives.models.calibration import fit_calibration
from narratives.models.thresholds import decide, tune_thresholds

RESAMPLES = 2000
RESTS = {
    "validation": None,
    "and one fold of three": ("fold", False),
    "and one fold of three, to scale": ("fold", True),
    "and one fold, half the epochs, to scale": ("short", True),
    "and five folds of frozen vectors, to scale": ("frozen", True),
    "and five folds of TF-IDF, to scale": ("words", True),
}


@dataclass(frozen=True, slots=True)
class Case:
    """Labels, parts and scores by name; of what trains by substitutes."""

    gold: Matrix
    groups: NDArray[np.int64]
    part: NDArray[np.int64]
    scores: dict[str, Scores]

    def rescale(self, name: str) -> Scores:
        """Scores of a substitute as if the encoder itself had given them."""
        tunes = self.part == TUNES
        other, own = (to_log_odds(self.scores[each]) for each in (name, "main"))
        slope = own[tunes].std() / other[tunes].std()
        return to_share((other - other[tunes].mean()) * slope + own[tunes].mean()).astype(np.float32)

    def mix(self, sense: Scores) -> Scores:
        """As a blend has it, with the weight that ranks validation best."""
        from sklearn.metrics import average_precision_score

        words, own = (to_log_odds(self.scores[each]) for each in ("words", "main"))
        tunes = self.part == TUNES
        labels = self.gold[tunes].ravel()

        def rank(weight: float) -> float:
            return float(average_precision_score(labels, (weight * words + (1 - weight) * own)[tunes].ravel()))

        weight = max(_WEIGHTS, key=rank)
        return to_share(weight * words + (1 - weight) * to_log_odds(sense)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule gave on tried passages: rows of all cases."""

    gold: Matrix
    raised: Matrix
    scores: Scores
    groups: NDArray[np.int64]

    def count(self, groups: int) -> Counts:
        """Counts by group of documents."""
        cells = []
        for hit in (self.gold & self.raised, ~self.gold & self.raised, self.gold & ~self.raised):
            total = np.zeros((groups, hit.shape[1]))
            np.add.at(total, self.groups, hit)
            cells.append(total)
        return Counts(*cells)


def try_rule(case: Case, own: Scores, substitute: Scores | None) -> Outcome:
    """Calibrate and cut on validation, and on what trains as a substitute scores it; apply to the encoder's own scores."""
    tunes, tried, trains = (case.part == part for part in (TUNES, TRIED, TRAINS))
    scores, gold = own[tunes], case.gold[tunes]
    if substitute is not None:
        held = trains & ~np.isnan(substitute).all(1)
        scores, gold = np.concatenate([substitute[held], scores]), np.concatenate([case.gold[held], gold])
    taught = case.gold[trains].any(0)
    calibration = fit_calibration(scores, gold, taught)
    cuts = tune_thresholds(np.where(taught, calibration.apply(scores), np.float32(np.nan)))
    calibrated = calibration.apply(own[tried])
    return Outcome(
        gold=case.gold[tried],
        raised=taught & decide(calibrated, cuts),
        scores=calibrated,
        groups=case.groups[tried],
    )


def join(outcomes: list[Outcome]) -> Outcome:
    """All cases as one."""
    pieces = ("gold", "raised", "scores", "groups")
    return Outcome(**{name: np.concatenate([getattr(each, name) for each in outcomes]) for name in pieces})


def measure_ece(outcome: Outcome) -> float:
    """ECE among what was raised."""
    return expected_calibration_error(bin_scores(outcome.scores, outcome.gold, chosen=outcome.raised))


def bound_ece(outcome: Outcome, base: Outcome, groups: int) -> str:
    """The difference in ECE with its interval."""
    rng = np.random.default_rng(0)
    rows_of = [np.flatnonzero(outcome.groups == group) for group in range(groups)]
    gains = []
    for _ in range(300):
        rows = np.concatenate([rows_of[group] for group in rng.integers(0, groups, groups)])
        ours, theirs = (
            Outcome(each.gold[rows], each.raised[rows], each.scores[rows], each.groups[rows]) for each in (outcome, base)
        )
        gains.append(measure_ece(ours) - measure_ece(theirs))
    low, high = np.quantile(gains, [0.025, 0.975])
    return f"{measure_ece(outcome) - measure_ece(base):+.3f} ({low:+.3f} to {high:+.3f})"


def report(name: str, cases: list[Case]) -> None:
    """The rows of a project."""
    models: dict[str, Callable[[Case, Scores], Scores]] = {
        "transformer": lambda case, scores: scores,
        "blend": lambda case, scores: case.mix(scores),
    }
    for model, view in models.items():
        base: tuple[Outcome, Counts] | None = None
        for rest, how in RESTS.items():
            outcomes = []
            for case in cases:
                substitute = None
                if how:
                    substitute = view(case, case.rescale(how[0]) if how[1] else case.scores[how[0]])
                outcomes.append(try_rule(case, view(case, case.scores["main"]), substitute))
            outcome = join(outcomes)
            names, unit = np.unique(outcome.groups, return_inverse=True)
            outcome = Outcome(outcome.gold, outcome.raised, outcome.scores, unit)
            counts = outcome.count(len(names))
            base = base or (outcome, counts)
            print(f"| {name} | {model} | {rest} | {describe(outcome, counts, *base)} |", flush=True)


def describe(outcome: Outcome, counts: Counts, base: Outcome, base_counts: Counts) -> str:
    """Figures and differences of one row."""
    total, before, groups = counts.sum(0), base_counts.sum(0), len(counts.tp)
    figures = f"{micro_f1(total):.3f} / {macro_f1(total):.3f} | {measure_ece(outcome):.3f}"
    if outcome is base:
        return f"{figures} | | |"
    weights = np.random.default_rng(0).multinomial(groups, np.full(groups, 1 / groups), size=RESAMPLES).astype(np.float64)
    gains = (micro_f1(total) - micro_f1(before), macro_f1(total) - macro_f1(before))
    bounds = bound_gains(counts, base_counts, weights)
    differences = [f"{gain:+.3f} ({low:+.3f} to {high:+.3f})" for gain, (low, high) in zip(gains, bounds, strict=True)]
    return f"{figures} | {' | '.join(differences)} | {bound_ece(outcome, base, groups)}"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    cases: dict[str, list[Case]] = {}
    for path in sorted(options.folder.glob("*.npz")):
        with np.load(path) as file:
            arrays: dict[str, Any] = dict(file)
        gold, groups, part = (arrays.pop(name) for name in ("gold", "groups", "part"))
        project, _, case = path.stem.rpartition("-")
        cases.setdefault(f"{project}, {'test' if case == 'test' else 'folds'}", []).append(Case(gold, groups, part, arrays))
    print("| project | model | thresholds rest on | micro / macro F1 | ECE, raised | micro | macro | ECE |")
    print("|---" * 8 + "|", flush=True)
    for name, each in cases.items():
        report(name, each)


if __name__ == "__main__":
    main()
