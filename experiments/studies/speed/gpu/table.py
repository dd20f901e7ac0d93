"""The results as Markdown."""

from collections.abc import Iterable
from statistics import median
from typing import Any

Results = dict[str, Any]

_HEAD = """# Measured on {card}

Written by `measure.py`, in one run. Encoder {encoder} ({weights} weights), windows of {window} tokens. {versions}.

The card multiplies square matrices of random numbers at these rates, in million million operations a second (medians):
{rates}. **The largest in bf16, {peak}, is the peak** of which all shares are shares, those of float32 too. Operations are
counted by formula for the tokens of the texts, padding apart: two for each weight of the encoder's layers and token, and the
attention; in training twice that again for the layers that learn. Speeds are medians over the rounds (lowest-highest).

Fused attention kernels that took a padded batch: {fused}.
"""


def render(results: Results) -> str:
    """The whole page."""
    machine, peak = results["machine"], results["peak"]
    parts = [
        _HEAD.format(
            card=machine.get("card", "a CPU: a trial of the script, no figures of any card"),
            encoder=results["encoder"]["name"],
            weights=results["encoder"]["weights"],
            window=results["encoder"]["window"],
            versions=", ".join(f"{name} {value}" for name, value in machine.items() if name != "card"),
            rates="; ".join(f"{form} {_list_rates(rates)}" for form, rates in peak["rates"].items()),
            peak=_show(peak["peak"] / 1e12),
            fused="; ".join(f"{name}: {', '.join(able) or 'none'}" for name, able in results["fused"].items()),
        )
    ]
    parts += ["## From texts to scores, tokenising included\n\nTexts a second.\n", _whole(results["whole"])]
    for name, found in results["scoring"].items():
        parts += [f"## Computing scores alone: {name}, {found['texts']:,} texts\n", _scoring(found, peak["peak"], results)]
    training = results["training"]
    parts += [f"## Training: mix, an epoch of {training['texts']:,} texts\n", _training(training, peak["peak"])]
    if results["skipped"]:
        parts += ["Left out: " + "; ".join(f"{name} ({why})" for name, why in results["skipped"].items()) + ".\n"]
    return "\n".join(parts)


def _whole(found: Results) -> str:
    names = list(next(iter(found.values())))
    rows = [[name, *(_spread(of[name]["texts"], of[name]["seconds"]) for of in found.values())] for name in names]
    return _table(["", *found], rows)


def _scoring(found: Results, peak: float, results: Results) -> str:
    rows = [
        [
            name,
            _spread(found["texts"], way["seconds"]),
            _show(way["tokens"] / median(way["seconds"])),
            f"{way['padding']:.0%}",
            f"{way['operations'] / median(way['seconds']) / peak:.1%}",
            _memory(way),
            f"{results['agreement'][name]:.0e}",
        ]
        for name, way in found["ways"].items()
    ]
    return _table(["", "texts/s", "tokens/s", "padding", "of peak", "MiB", "off float32 on the CPU"], rows)


def _training(found: Results, peak: float) -> str:
    rows = [
        [
            name,
            _spread(found["texts"], way["seconds"]),
            _show(found["tokens"] / median(way["seconds"])),
            f"{1000 * median(way['seconds']) / way['steps']:.2f}",
            f"{way['padding']:.0%}",
            f"{found['operations'] / median(way['seconds']) / peak:.1%}",
            _memory(way),
        ]
        for name, way in found["ways"].items()
    ]
    return _table(["", "texts/s", "tokens/s", "ms a step", "padding", "of peak", "MiB"], rows)


def _memory(way: Results) -> str:
    return "" if way["memory_mib"] is None else f"{way['memory_mib']:,.0f}"


def _spread(texts: int, seconds: list[float]) -> str:
    return f"{_show(texts / median(seconds))} ({_show(texts / max(seconds))}-{_show(texts / min(seconds))})"


def _list_rates(rates: dict[str, float]) -> str:
    return ", ".join(f"{_show(rate / 1e12)} ({size})" for size, rate in rates.items())


def _show(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
