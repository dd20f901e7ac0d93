"""Does the test of F1 notice, and how often does it cry wolf? Families of 28 narratives, two runs with the same true F1.

    python experiments/studies/intervals/verdicts.py [--repetitions 400] [--sizes]

By design and by how alike the two runs are: families in which a narrative is called better or worse though nothing differs,
how often the interval of a difference covers, and how often a narrative that falls silent in B is noticed: where B is A
otherwise, and where all narratives differ as they do by chance; then the same by swapping alone, without the sign test of
silence. Beside it the test of before (exact McNemar with Holm's
correction, which had to agree with a bootstrap's interval) and Student's t on the jackknife over the documents that differ,
with Holm's correction.

With `--sizes`, how large a test must be for a silenced narrative to be noticed: by documents, with the same share of passages
carrying a narrative, and by the number of documents in which run A had found it.

The test of before is tried on one family in ten, since it takes most of the time.

Prints Markdown; two minutes of one core with the default.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from designs import ALIKE, Design, answer, draw_documents, draw_even
from numpy.typing import NDArray
from scipy.special import stdtr

from narratives.data import Matrix
from narratives.metrics.counts import Counts
from narratives.metrics.documents import sum_by_document
from narratives.metrics.figures import leave_out
from narratives.metrics.jackknife import find_error, find_reach
from narratives.metrics.significance import holm, mcnemar
from narratives.metrics.silence import find_silence
from narratives.metrics.swaps import try_swaps

FIRM, SWAPS = 10, 400
HEAD = (
    "| design | runs | false verdict in a family | the same, jackknife-t and Holm | interval of a difference covers | "
    "silenced alone: noticed | among others: noticed | by swapping alone | jackknife-t and Holm | McNemar and Holm |"
)
COMPARED = [
    Design("150 documents, 10 to 20 positives", 150, (10, 20), (0.4, 0.9)),
    Design("150, 15 positives, a good model", 150, (15, 15), (0.9, 0.99)),
    Design("150, 15 positives, a weak model", 150, (15, 15), (0.2, 0.5)),
    Design("150, 15 positives, passages of a document alike", 150, (15, 15), (0.4, 0.9), ALIKE),
    Design("140 documents, 10 to 60 positives", 140, (10, 60), (0.5, 0.95)),
    Design("50 documents, 10 positives", 50, (10, 10), (0.4, 0.9)),
]


@dataclass(frozen=True, slots=True)
class Pair:
    """Counts of two runs by document, and which narratives have enough positives."""

    a: Counts
    b: Counts
    firm: NDArray[np.bool_]
    right: tuple[Matrix, Matrix]

    def silence(self, narrative: int, alone: bool) -> "Pair":
        """B raises a narrative no more; `alone`: B is A otherwise."""
        other = self.a if alone else self.b
        hits, false, missed = (cells.copy() for cells in (other.tp, other.fp, other.fn))
        missed[:, narrative] += hits[:, narrative]
        hits[:, narrative] = false[:, narrative] = 0
        return Pair(self.a, Counts(hits, false, missed), self.firm, self.right)


def draw_pairs(design: Design, shared: float, repetitions: int, profile: bool = False) -> Iterator[Pair]:
    """Two runs with the same true F1; a share of their draws is the same. `profile`: B trades recall for precision."""
    carried, recall, alarms = design.draw_rates()
    rates_b = (recall, alarms)
    if profile:  # the same F1 with recall and precision exchanged
        precision = carried * recall / (carried * recall + (1 - carried) * alarms)
        rates_b = (precision, carried * precision * (1 / recall - 1) / (1 - carried))
    rng = np.random.default_rng(3)
    for _ in range(repetitions):
        owners = draw_documents(design.documents, rng)
        gold, first, second = (draw_even(owners, design.alike, rng) for _ in range(3))
        gold = gold < carried
        second = np.where(rng.random(first.shape) < shared, first, second)
        predicted = answer(gold, first, recall, alarms), answer(gold, second, *rates_b)
        a, b = (sum_by_document(gold, each, owners).counts for each in predicted)
        yield Pair(a, b, gold.sum(0) >= FIRM, (predicted[0] == gold, predicted[1] == gold))


def study_compare(repetitions: int) -> None:
    """False verdicts, coverage of differences and the silenced narrative."""
    for design in COMPARED:
        for name, shared, profile in (("own errors", 0.0, False), ("shared errors", 0.7, False), ("other profile", 0.0, True)):
            pick, seen = np.random.default_rng(5), defaultdict[str, list[float]](list)
            for pair in draw_pairs(design, shared, repetitions, profile):
                if not pair.firm.any():
                    continue
                silenced = int(pick.choice(np.flatnonzero(pair.firm)))
                for key, value in judge_family(pair, silenced).items():
                    seen[key].append(value)
                if len(seen["false"]) % 10 == 1:
                    seen["McNemar"].append(float(decide_mcnemar(pair.silence(silenced, alone=False), silenced)))
            figures = " | ".join(f"{np.mean(values):.3f}" for values in seen.values())
            print(f"| {design.name} | {name} | {figures} |", flush=True)


def study_sizes(repetitions: int) -> None:
    """How often a silenced narrative is noticed, all others differing as they do by chance."""
    by_hits: dict[int, list[float]] = defaultdict(list)
    print("| documents | positives of each narrative | families | noticed |\n|---|---|---|---|")
    for documents in (50, 60, 75, 100):
        positives = documents / 5
        design = Design("", documents, (positives, positives), (0.4, 0.9))
        pick, seen = np.random.default_rng(5), list[float]()
        for pair in draw_pairs(design, 0.0, repetitions):
            if not pair.firm.any():
                continue
            silenced = int(pick.choice(np.flatnonzero(pair.firm)))
            seen.append(float(decide(pair.silence(silenced, alone=False))[silenced]))
            by_hits[int((pair.a.tp[:, silenced] > 0).sum())].append(seen[-1])
        print(f"| {documents} | {positives:.0f} | {len(seen)} | {np.mean(seen):.2f} |", flush=True)
    print("\n| documents in which A had found it | cases | noticed |\n|---|---|---|")
    for hits, seen in sorted(by_hits.items()):
        print(f"| {hits} | {len(seen)} | {np.mean(seen):.2f} |", flush=True)


def judge_family(pair: Pair, silenced: int) -> dict[str, float]:
    """What the test, and the rule of before, say of one family."""
    swapped = decide(pair)
    difference = pair.b.sum(0).f1 - pair.a.sum(0).f1
    error = find_error(difference, leave_out(pair.b).f1 - leave_out(pair.a).f1)
    reach = find_reach(error, ((pair.a.union + pair.b.union) > 0).sum(0) - 1.0)
    apart = pair.firm & (error > 0)
    before, after = pair.silence(silenced, alone=True), pair.silence(silenced, alone=False)
    return {
        "false": float(swapped.any()),
        "false, jackknife-t": float(decide_jackknife(pair).any()),
        "covered": float((np.abs(difference) <= reach)[apart].mean()) if apart.any() else 1.0,
        "noticed alone": float(decide(before)[silenced]),
        "noticed": float(decide(after)[silenced]),
        "noticed, swapping": float(decide_swapping(after)[silenced]),
        "noticed, jackknife-t": float(decide_jackknife(after)[silenced]),
    }


def decide(pair: Pair) -> NDArray[np.bool_]:
    """Narratives called better or worse: by swapping, or because one of the two raises them nowhere."""
    return decide_swapping(pair) | (pair.firm & (find_silence(pair.a, pair.b).correct(pair.firm) < 0.05))


def decide_swapping(pair: Pair) -> NDArray[np.bool_]:
    """Narratives called better or worse by swapping."""
    tested = pair.firm & ((pair.a.tp != pair.b.tp) | (pair.a.fp != pair.b.fp)).any(0)
    corrected = try_swaps(pair.a, pair.b, SWAPS, 0).correct(tested)
    return np.asarray(corrected < 0.05)


def decide_jackknife(pair: Pair) -> NDArray[np.bool_]:
    """The same by Student's t over the documents that differ, with Holm's correction."""
    difference = pair.b.sum(0).f1 - pair.a.sum(0).f1
    error = find_error(difference, leave_out(pair.b).f1 - leave_out(pair.a).f1)
    differing = ((pair.a.tp != pair.b.tp) | (pair.a.fp != pair.b.fp)).sum(0)
    tested = np.flatnonzero(pair.firm & (differing > 0) & (error > 0))
    called = np.zeros(len(difference), dtype=np.bool_)
    p = 2 * stdtr(np.maximum(differing[tested] - 1.0, 1.0), -np.abs(difference / np.where(error > 0, error, 1))[tested])
    called[tested] = np.array(holm(list(p))) < 0.05
    return called


def decide_mcnemar(pair: Pair, silenced: int) -> bool:
    """Whether McNemar's test with Holm's correction says that A is right more often on the silenced narrative."""
    right_a, right_b = pair.right
    firm = np.flatnonzero(pair.firm)
    p = [mcnemar(int((right_a & ~right_b)[:, k].sum()), int((right_b & ~right_a)[:, k].sum())) for k in firm if k != silenced]
    a, b = pair.a, pair.b
    lost = float((a.tp - b.tp)[:, silenced].clip(0).sum()), float((a.fp - b.fp)[:, silenced].clip(0).sum())
    own = mcnemar(int(lost[0]), int(lost[1]))
    return lost[0] > lost[1] and holm([own, *p])[0] < 0.05


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=400)
    parser.add_argument("--sizes", action="store_true")
    options = parser.parse_args()
    if options.sizes:
        study_sizes(options.repetitions)
        return
    print(f"{HEAD}\n" + "|---" * 10 + "|", flush=True)
    study_compare(options.repetitions)


if __name__ == "__main__":
    main()
