"""Do the intervals cover? Made-up test sets whose true figures are known.

    python experiments/studies/intervals/coverage.py [shares|ranking|calibration|elsewhere|stances|checks] [--repetitions 1000]

A test set has documents of 3.5 passages on average and 28 narratives, each passage drawn by itself or, where documents are
alike, with probability .6 taking its draw from its document. Every interval is of 95 %: it should hold the truth in .93 to .97.

- shares: precision, recall, F1, macro and micro F1 by the rules of the report, and by the percentile bootstrap of before.
- ranking: average precision. calibration: ECE, Brier skill. elsewhere: false alarms, precision at lower prevalence.
- stances: of narratives found. checks: minimal pairs that fail.

Prints Markdown; three minutes of one core with the default.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from designs import DESIGNS, NARRATIVES, Coverage, Design, answer, draw_documents, draw_even
from scipy.special import expit
from stances import study_checks, study_stances

from narratives.data import Floats, Matrix
from narratives.metrics.alarms import find_rates, project_precision
from narratives.metrics.counts import Counts, macro_f1, micro_f1
from narratives.metrics.curves import average_precision, bound_average_precision
from narratives.metrics.documents import Owners, sum_by_document
from narratives.metrics.intervals import bound
from narratives.metrics.reliability import (
    bin_scores,
    bound_calibration_error,
    expected_calibration_error,
    find_brier_skill,
)


def study_shares(repetitions: int) -> None:
    """Precision, recall and F1."""
    for design in DESIGNS:
        carried, recall, alarms = design.draw_rates()
        hits, wrong = carried * recall, (1 - carried) * alarms
        f1 = 2 * hits / (carried + hits + wrong)
        micro = 2 * hits.sum() / (carried + hits + wrong).sum()
        good, rng, coverage = f1 >= 0.9, np.random.default_rng(1), Coverage()
        for k in range(repetitions):
            owners = draw_documents(design.documents, rng)
            gold = draw_even(owners, design.alike, rng) < carried
            sums = sum_by_document(gold, answer(gold, draw_even(owners, design.alike, rng), recall, alarms), owners)
            low, high = bound(sums)
            coverage.add("precision", low.precision, high.precision, hits / (hits + wrong))
            coverage.add("recall", low.recall, high.recall, recall)
            coverage.add("F1", low.f1, high.f1, f1)
            if good.any():
                coverage.add("F1 of .9 and more", low.f1[good], high.f1[good], f1[good])
            coverage.add("macro F1", low.macro_f1, high.macro_f1, f1.mean())
            coverage.add("micro F1", low.micro_f1, high.micro_f1, micro)
            if k % 5 == 0:
                add_percentile(coverage, sums.counts, rng, (f1, float(f1.mean()), float(micro)))
        coverage.show(design.name)


def add_percentile(coverage: Coverage, counts: Counts, rng: np.random.Generator, truths: tuple[Floats, float, float]) -> None:
    """The percentile bootstrap over documents, of 600 resamples."""
    documents = len(counts.tp)
    weights = rng.multinomial(documents, np.full(documents, 1 / documents), size=600).astype(np.float64)
    drawn = Counts(weights @ counts.tp, weights @ counts.fp, weights @ counts.fn)
    f1, macro, micro = truths
    defined = ~np.isnan(counts.sum(0).f1)
    quantiles = np.nanquantile(drawn.f1[:, defined], [0.025, 0.975], axis=0)
    coverage.add("F1, percentile", quantiles[0], quantiles[1], f1[defined])
    if (f1 >= 0.9).any():
        good = f1[defined] >= 0.9
        coverage.add("F1 of .9 and more, percentile", quantiles[0][good], quantiles[1][good], f1[defined][good])
    coverage.add("macro F1, percentile", *np.quantile(macro_f1(drawn), [0.025, 0.975]), macro)
    coverage.add("micro F1, percentile", *np.quantile(micro_f1(drawn), [0.025, 0.975]), micro)


@dataclass(frozen=True, slots=True)
class Scorer:
    """A model that gives scores: normal log-odds, `apart` deviations between passages that carry a narrative and others."""

    apart: float
    sharpen: float = 1.0  # what log-odds are multiplied by: 1 is calibrated

    def draw(self, design: Design, documents: int, rng: np.random.Generator) -> tuple[Owners, Matrix, Floats]:
        """Documents, gold and scores."""
        owners = draw_documents(documents, rng)
        share = design.positives[0] / (3.5 * design.documents)
        gold = draw_even(owners, design.alike, rng) < share
        noise = rng.standard_normal(gold.shape)
        if design.alike:
            shared = rng.standard_normal((owners.size, NARRATIVES))[owners.unit]
            noise = np.where(rng.random(gold.shape) < design.alike, shared, noise)
        odds = np.log(share / (1 - share)) + self.apart * (noise + self.apart * gold) - self.apart**2 / 2
        return owners, gold, expit(odds * self.sharpen)


def study_ranking(repetitions: int) -> None:
    """Average precision."""
    for design in DESIGNS:
        scorer, rng, coverage = Scorer(4.0 if "good" in design.name else 2.2), np.random.default_rng(1), Coverage()
        _, gold, scores = scorer.draw(design, 5000, np.random.default_rng(7))
        truth = average_precision(scores.ravel().astype(np.float32), gold.ravel()) or 0.0
        for _ in range(max(1, repetitions // 5)):
            owners, gold, scores = scorer.draw(design, design.documents, rng)
            for k in np.flatnonzero(gold.any(0)):
                coverage.add("average precision", *bound_average_precision(scores[:, k], gold[:, k], owners), truth)
        coverage.show(f"{design.name}: {truth:.2f}")


def study_calibration(repetitions: int) -> None:
    """ECE of all decisions and of those raised, and Brier skill."""
    for design in (DESIGNS[0], DESIGNS[2], DESIGNS[3]):
        for name, sharpen in (("calibrated", 1.0), ("too sure", 1.5), ("too unsure", 0.6)):
            scorer, rng, coverage = Scorer(2.2, sharpen), np.random.default_rng(1), Coverage()
            owners, gold, scores = scorer.draw(design, 20_000, np.random.default_rng(7))
            odds = np.log(scores / (1 - scores)) / sharpen
            truths = [measure_ece(scores, expit(odds), chosen) for chosen in (None, scores >= 0.35)]
            skill = find_brier_skill(scores, gold, owners)[0]
            for _ in range(max(1, repetitions // 3)):
                owners, gold, scores = scorer.draw(design, design.documents, rng)
                for label, chosen, truth in zip(("ECE", "ECE, raised"), (None, scores >= 0.35), truths, strict=True):
                    low, high = bound_calibration_error(scores, gold, owners, chosen)
                    coverage.add(f"{label} (true {truth:.4f})", low, high, truth)
                coverage.add("Brier skill", *find_brier_skill(scores, gold, owners)[1:], skill)
            coverage.show(f"{design.name}, {name}")


def measure_ece(scores: Floats, chances: Any, chosen: Matrix | None) -> float:
    """ECE where the chances (passages, narratives) of being carried stand in the labels' place: nothing of it is luck."""
    error = expected_calibration_error(bin_scores(scores, chances, chosen=chosen))
    return error if error > 1e-6 else 0.0


def study_elsewhere(repetitions: int) -> None:
    """False alarms on passages that carry nothing, alone or in bursts, and what precision becomes where these are many."""
    hits, wrong = 0.8, 0.24  # per passage that carries something
    for documents, quiet in ((150, 0.3), (50, 0.3), (150, 0.05)):
        for alarms in (0.01, 0.05, 0.2):
            for bursts in (False, True):
                rng, coverage = np.random.default_rng(1), Coverage()
                for _ in range(repetitions):
                    owners = draw_documents(documents, rng)
                    loud = rng.random(len(owners.unit)) >= quiet
                    gold = np.zeros((len(loud), 8), dtype=np.bool_)
                    gold[loud, 0] = True
                    rate = np.where(loud, wrong, alarms) / 7
                    if bursts:
                        rate = rate * rng.gamma(1.0, 1.0, documents)[owners.unit]
                    predicted = rng.random(gold.shape) < rate[:, None]
                    predicted[:, 0] = loud & (rng.random(len(loud)) < hits)
                    rates = find_rates(gold, predicted, owners)
                    if rates is None:
                        continue
                    coverage.add("alarms", *rates.alarms[1:], alarms)
                    for prevalence in (0.1, 0.01):
                        odds = (wrong + alarms * (1 - prevalence) / prevalence) / hits
                        coverage.add(
                            f"precision at {prevalence:.0%}", *project_precision(rates, prevalence)[1:], 1 / (1 + odds)
                        )
                how = "in bursts" if bursts else "alone"
                coverage.show(f"{documents} documents, {quiet:.0%} carry nothing, {alarms:g} alarms a text, {how}")


STUDIES: dict[str, Callable[[int], None]] = {
    "shares": study_shares,
    "ranking": study_ranking,
    "calibration": study_calibration,
    "elsewhere": study_elsewhere,
    "stances": study_stances,
    "checks": study_checks,
}


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="*", help="Which; all of them where none is named.")
    parser.add_argument("--repetitions", type=int, default=1000)
    options = parser.parse_args()
    for name in options.studies or STUDIES:
        print(f"\n{name}\n\n| design | interval of | covers | width |\n|---|---|---|---|", flush=True)
        STUDIES[name](options.repetitions)


if __name__ == "__main__":
    main()
