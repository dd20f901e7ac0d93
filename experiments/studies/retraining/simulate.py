"""Does the rule of `retrain` notice what it should, and let pass what it should? Models of known quality in a made-up world.

    python experiments/studies/retraining/simulate.py [creep] [drift] [reuse] [silence] [same] [audit] [--repeats 100]

`world.py` says what is made up. `before` is the rule without the best version so far, without silence, and with former
figures that never age. Prints Markdown.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from world import MARGIN, PREVALENCE, Learned, World, judge, measure

from narratives.data import Floats
from narratives.evaluation.rulings import is_grave
from narratives.evaluation.verdict import HOLD, Verdict


def holds(verdict: Verdict, before: bool) -> bool:
    """Whether a model is held; by the rule of `before`, which knew no silence."""
    if before:
        return any("fell silent:" not in reason for reason in verdict.reasons) and verdict.decision == HOLD
    return verdict.decision == HOLD


def live(world: World, step: float, weeks: int, before: bool = False, fresh: int = 0) -> tuple[Learned, Learned, int]:
    """Weeks of retraining, each challenger better than the incumbent by `step`: who stands, who stood first, weeks held."""
    incumbent = best = first = world.train(0.7)
    held = 0
    for week in range(weeks):
        if fresh:
            world.grow(fresh, week)
            same = best is incumbent
            incumbent = world.keep(incumbent)
            best = incumbent if same else world.keep(best)
        challenger = world.train(incumbent.quality + step)
        rivals = [model.answer(world.test) for model in (incumbent, challenger, best)]
        elsewhere = challenger.answer(world.validation, 1).sum(0)
        verdict = judge(world.test, *rivals[:2], elsewhere, None if before or best is incumbent else rivals[2])
        if holds(verdict, before):
            held += 1
            continue
        incumbent = challenger
        best = challenger if verdict.leads else best
    return incumbent, world.keep(first), held


def repeat(repeats: int, run: Callable[[int], tuple[float, ...]]) -> Floats:
    """What `run` gives for each seed: (repeats, values)."""
    return np.array([run(seed) for seed in range(repeats)], dtype=np.float64)


def creep(repeats: int) -> Iterator[str]:
    """Challengers that are a little worse, as good, or a little better, for 26 weeks."""
    yield "| each week | rule | true micro F1 after 26 weeks, from .700 | lowest of 20 | weeks held |\n|---|---|---|---|---|"
    for step in (-0.005, 0.0, 0.003):
        for before in (True, False):

            def run(seed: int, step: float = step, before: bool = before) -> tuple[float, ...]:
                model, _, held = live(World(seed), step, 26, before)
                return model.truth, held / 26

            values = repeat(repeats, run)
            (mean, held), lowest = values.mean(0), np.quantile(values[:, 0], 0.05)
            yield f"| {step:+.3f} | {'before' if before else 'now'} | {mean:.3f} | {lowest:.3f} | {held:.1%} |"


def drift(repeats: int) -> Iterator[str]:
    """The test of today is another than that of the incumbent's day: harder, or with spoiled labels."""
    yield "| today's test | challenger | held before | held now |\n|---|---|---|---|"
    for what, gain, spoiled in (
        ("harder by .12", 0.0, 0.0),
        ("harder by .12", 0.03, 0.0),
        ("harder by .12", 0.06, 0.0),
        ("a third of the labels shuffled", 0.0, 1 / 3),
        ("all labels shuffled", 0.0, 1.0),
    ):

        def run(seed: int, gain: float = gain, spoiled: float = spoiled) -> tuple[float, ...]:
            then, now = World(seed), World(seed + 10_000)
            former = measure(then.test, then.train(0.7).answer(then.test), "then", intervals=True)[0].overall["micro_f1"]
            quality = 0.7 if spoiled else 0.58
            incumbent, challenger = now.train(quality), now.train(quality + gain)
            answers = [model.answer(now.test) for model in (incumbent, challenger)]
            rows = np.flatnonzero(now.rng.random(len(now.test.gold)) < spoiled)
            now.test.gold[rows] = now.test.gold[now.rng.permutation(rows)]
            verdict = judge(now.test, *answers, former=former)
            fell = any("test passages of its day" in line for line in (*verdict.reasons, *verdict.notes))
            return fell and verdict.overall["micro_f1"].verdict != "better", verdict.decision == HOLD

        before, after = repeat(repeats, run).mean(0)
        yield f"| {what} | {gain:+.2f} | {before:.0%} | {after:.0%} |"


def reuse(repeats: int) -> Iterator[str]:
    """How much too good is the figure of the model that stands after 52 weeks of challengers that are as good as it."""
    yield "| test documents | micro F1 too high after 52 weeks (and standard error) |\n|---|---|"
    for fresh in (0, 3, 10):

        def run(seed: int, fresh: int = fresh) -> tuple[float, ...]:
            world = World(seed)
            model, first, _ = live(
                world, 0.0, 52, fresh=fresh
            )  # the first was chosen on nothing: it shows what the test is like
            last, start = (
                measure(world.test, each.answer(world.test), "")[0].overall["micro_f1"].value for each in (model, first)
            )
            return ((last or 0.0) - model.truth - ((start or 0.0) - first.truth),)

        values = repeat(repeats, run)[:, 0]
        what = f"143, and {fresh} fresh ones each week" if fresh else "the same 143"
        yield f"| {what} | {values.mean():+.3f} ({values.std() / len(values) ** 0.5:.3f}) |"


def silence(repeats: int) -> Iterator[str]:
    """Which narratives that fell silent are noticed."""
    noticed: dict[tuple[bool, bool], list[bool]] = {}
    for seed in range(repeats):
        world = World(seed)
        incumbent, challenger = world.train(0.7), world.train(0.7)
        answers = [each.answer(world.test) for each in (incumbent, challenger)]
        elsewhere = challenger.answer(world.validation, 1).sum(0)
        for k in np.flatnonzero((answers[0] & world.test.gold).any(0)):
            quiet, beside = answers[1].copy(), elsewhere.copy()
            quiet[:, k], beside[k] = False, 0
            verdict = judge(world.test, answers[0], quiet, beside)
            ruling = verdict.narratives[k]
            fall = ruling.difference.value if ruling.difference else None
            old = ruling.p is not None and ruling.p < 0.05 and fall is not None and fall <= -MARGIN
            for before, seen in ((True, old), (False, is_grave(ruling, MARGIN))):
                noticed.setdefault((ruling.support < 10, before), []).append(seen)
    yield "| test passages that carry the silent narrative | cases | noticed before | noticed now |\n|---|---|---|---|"
    for thin in (False, True):
        before, now = (float(np.mean(noticed[thin, when])) for when in (True, False))
        yield f"| {'fewer than 10' if thin else '10 or more'} | {len(noticed[thin, True])} | {before:.0%} | {now:.0%} |"


def same(repeats: int) -> Iterator[str]:
    """How often a model that is as good as the incumbent and the best before it is held, and why; ten times the repeats."""
    yield "| what is a model's own | held: a narrative silent | a narrative worse | an average | any |\n|---|---|---|---|---|"
    for what, kept in (("stays for four fifths", True), ("is all new", False)):
        rows = []
        for seed in range(10 * repeats):
            world = World(seed)
            models = []
            for _ in range(3):
                models.append(world.train(0.7))
                world.own = world.own if kept else tuple(world.rng.normal(size=own.shape) for own in world.own)
            best, incumbent, challenger = (each.answer(world.test) for each in models)
            verdict = judge(world.test, incumbent, challenger, models[2].answer(world.validation, 1).sum(0), best)
            reasons = verdict.reasons if verdict.decision == HOLD else []
            averages = [reason for reason in reasons if "F1 of" in reason or reason.startswith(("micro", "against"))]
            narratives = [reason for reason in reasons if reason not in averages]
            found = [any("silent:" in r for r in narratives), any("silent:" not in r for r in narratives), bool(averages)]
            rows.append([*found, bool(reasons)])
        yield f"| {what} | {' | '.join(f'{share:.1%}' for share in np.mean(rows, axis=0))} |"


def audit(repeats: int) -> Iterator[str]:
    """Two models of quality .75, and test labels of which 12 % are lost and as many are wrong: who gains by an audit."""
    yield "| what is hard | test labels | micro F1 of A | of B, which is as good |\n|---|---|---|---|"
    rows: dict[tuple[str, str], list[list[float]]] = {}
    for seed in range(repeats):
        for hard in ("the same for both", "for each its own"):
            world = World(seed)
            truth = world.test.gold
            other = (
                world.test if hard == "the same for both" else replace(world.test, hardness=world.rng.normal(size=truth.shape))
            )
            answers = [world.train(0.75).answer(split) for split in (world.test, other)]
            lost, added = (world.rng.random(truth.shape) < share for share in (0.12, 0.12 * PREVALENCE))
            spoiled = np.where(truth, ~lost, added)
            disputed = answers[0] != spoiled
            lot = world.rng.permutation(truth.size).reshape(truth.shape) < disputed.sum()
            labels = {"as they are": spoiled, "corrected where A disputes them": np.where(disputed, truth, spoiled)}
            labels |= {"corrected where as many are drawn by lot": np.where(lot, truth, spoiled), "without an error": truth}
            for name, gold in labels.items():
                split = replace(world.test, gold=gold)
                figures = [measure(split, predicted, "")[0].overall["micro_f1"].value or 0.0 for predicted in answers]
                rows.setdefault((hard, name), []).append(figures)
    for (hard, name), values in rows.items():
        a, b = np.mean(values, axis=0)
        yield f"| {hard} | {name} | {a:.3f} | {b:.3f} |"


STUDIES = {"creep": creep, "drift": drift, "reuse": reuse, "silence": silence, "same": same, "audit": audit}


def main() -> None:
    """Print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="*", choices=[*STUDIES, []], default=[])
    parser.add_argument("--repeats", type=int, default=100)
    options = parser.parse_args()
    for name in options.studies or STUDIES:
        print(f"\n{name}, {options.repeats} repeats\n", flush=True)
        for line in STUDIES[name](options.repeats):
            print(line, flush=True)


if __name__ == "__main__":
    main()
