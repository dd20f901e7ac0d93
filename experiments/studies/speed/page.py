"""The results as Markdown."""

from collections.abc import Iterable
from statistics import median
from typing import Any

from narratives.texts.windows import WINDOW

Results = dict[str, Any]
_OURS = {"transformer": "narratives", "tfidf": "narratives tfidf"}
_TITLES = {"passages": "Passages as they are", "mix": "A mix with a tail up to the encoder's window"}
_FORMS = ("float32", "int8")
_CUT_OFF = " The others read no more than 512 tokens of a text; narratives reads all of it."
_COMMAND = "## Cost by number of texts\n\n`narratives classify` as a whole, start-up, reading and writing included; one core."
_JOBS = "## Two processes\n\n`narratives classify --jobs 2`, start-up included; the input in 16 parts."
_HEAD = """# Speed

Written by `measure.py`; all figures come from one run of it.

```sh
pip install '.[transformer]' -r experiments/studies/speed/requirements.txt --constraint constraints.txt
narratives train tfidf && narratives train transformer
python experiments/studies/speed/measure.py             # about an hour; --quick takes minutes and writes nothing
```

Every contender answers the same texts with the same trained weights, each in a process of its own on one core and one
thread, in turn, {repeats} rounds. Texts per second are texts per second of *CPU time*, tokenising included: median
(lowest-highest); wall time stands beside it. The ratio says how many times the CPU time of narratives a contender takes,
median over the rounds. F1 is micro / macro on the test passages of the sample task. No set holds a text twice,
and what keeps anything of the texts it has read (narratives tfidf: its words) is loaded anew before each round.

- narratives: `load_model(...).classify(...)`, which is what `narratives classify` runs between reading a file and writing one:
  scores, decisions, and the span of the window that carries each. A text over {window} characters is read in windows, which
  moves some decisions. Scores by {inference}; "plain torch" is the same model where ONNX Runtime is not installed.
- transformers pipeline: `pipeline("text-classification")` over the fine-tuned encoder, the mean of its token vectors and the
  trained head, sigmoid, all scores, texts as they come.
- sentence-transformers: `encode` with its defaults (batches of 32, sorted by length), the head with numpy.
- SetFit: `predict` with the same body and a differentiable head.
- scikit-learn: the `FeatureUnion` of two `TfidfVectorizer`s that the model was trained with, one linear model of all
  narratives.
- fastText: trained on the same passages (words, characters 3-5, one-vs-all), thresholds tuned on validation; another
  model, hence another F1. `fasttext-wheel` breaks down on numpy 2, so its inner `predict` is called, text by text.

Machine: {cores} cores, {instructions}; no GPU. One thread multiplies square matrices at so many thousand million operations
a second (medians over the rounds): {peaks}. The fastest library's rate
is taken for the peak. Where torch multiplies far slower than ONNX Runtime, as Intel's MKL does on other makers' processors,
part of the ratio is that: on a machine where they are equal, the ratio to everything that runs on torch is smaller. The share
of a peak counts what the encoder needs for the tokens of the texts (linear layers and attention, from its configuration),
not padding.

Versions: {versions}.
{skipped}"""


def render(results: Results) -> str:
    """README.md."""
    parts = [_head(results)]
    for group, title in (("transformer", "Encoder"), ("tfidf", "TF-IDF")):
        parts += [f"## {title}\n", *(_speed(results, group, name) for name in _TITLES)]
    parts.append("## Cost by length of the texts\n")
    parts += [_lengths(results, group) for group in _OURS]
    parts += [_command(results), _jobs(results)]
    return "\n".join(parts)


def _head(results: Results) -> str:
    peaks = [
        f"in {form} {', '.join(f'{library} {rate:,.0f}' for library, rate in _rates(results, form).items())}" for form in _FORMS
    ]
    skipped = "".join(f"\nSkipped: {name} ({reason}).\n" for name, reason in results["skipped"].items())
    return _HEAD.format(
        repeats=results["settings"]["repeats"],
        cores=results["machine"]["cores"],
        instructions=", ".join(results["machine"]["instructions"]),
        window=WINDOW,
        inference=", ".join(f"{name} ({group})" for group, name in results["inference"].items()),
        peaks="; ".join(peaks),
        versions=", ".join(f"{name} {version}" for name, version in results["versions"].items()),
        skipped=skipped,
    )


def _speed(results: Results, group: str, name: str) -> str:
    """One table: the contenders of a group on a set of texts."""
    found = results[group]
    texts = found["sets"][name]
    encoder = "operations" in found
    ours = [run["cpu"] for run in found["contenders"].get(_OURS[group], {"speed": {name: []}})["speed"][name]]

    def row(contender: str) -> list[str]:
        values = found["contenders"][contender]
        cpu, wall = ([run[key] for run in values["speed"][name]] for key in ("cpu", "wall"))
        rates = [texts["texts"] / seconds for seconds in cpu]
        ratios = [theirs / mine for theirs, mine in zip(cpu, ours, strict=False)]
        shares = []
        if encoder:
            rate = found["operations"][name]["windows" if contender.startswith("narratives") else "whole"] / median(cpu) / 1e9
            shares = [rate / max(_rates(results, form).values()) for form in _FORMS]
        return [
            contender,
            f"{median(rates):,.0f} ({min(rates):,.0f}-{max(rates):,.0f})",
            f"{texts['texts'] / median(wall):,.0f}",
            f"{median(ratios):.1f}" if ratios else "",
            *(f"{share:.0%}" for share in shares),
            f"{values['memory_mb']:,.0f}",
            f"{values['micro_f1']:.3f} / {values['macro_f1']:.3f}",
        ]

    counted = f"{texts['texts']:,} texts, {texts['tokens']:,} tokens, median {texts['median']}, longest {texts['longest']}"
    head = [
        "",
        "texts/s, CPU",
        "texts/s, wall",
        "ratio",
        *(f"of {form} peak" for form in _FORMS if encoder),
        "peak MB",
        "F1",
    ]
    return f"{_TITLES[name]}: {counted}.\n\n{_table(head, map(row, found['contenders']))}"


def _lengths(results: Results, group: str) -> str:
    """CPU time for a text by its length."""
    contenders = results[group]["contenders"]
    lengths = list(next(iter(contenders.values()))["lengths"])

    def row(n: str) -> list[str]:
        costs = [values["lengths"].get(n) for values in contenders.values()]
        return [f"{int(n):,}", *("" if cost is None else f"{cost * 1000:.3g}" for cost in costs)]

    note = "" if group == "tfidf" else _CUT_OFF
    return f"Milliseconds of CPU time for a text.{note}\n\n{_table(['tokens', *contenders], map(row, lengths))}"


def _command(results: Results) -> str:
    """The whole command by number of texts."""

    def row(found: Results) -> list[str]:
        cells = [f"{found['texts']:,}"]
        for group in _OURS:
            cells += [
                f"{_median(found[group], key):,.{digits}f}" for key, digits in (("cpu", 1), ("wall", 1), ("memory_mb", 0))
            ]
        return cells

    head = ["texts", *(f"{group}: {what}" for group in _OURS for what in ("CPU s", "wall s", "memory, MB"))]
    return f"{_COMMAND}\n\n{_table(head, map(row, results['command']))}"


def _jobs(results: Results) -> str:
    """One process against two."""

    def row(found: Results) -> list[str]:
        one, two = found["processes"]["1"], found["processes"]["2"]
        faster = median(a["wall"] / b["wall"] for a, b in zip(one, two, strict=True))
        more = median(b["cpu"] / a["cpu"] for a, b in zip(one, two, strict=True))
        walls = [f"{_median(costs, 'wall'):.1f}" for costs in (one, two)]
        return [found["group"], f"{found['texts']:,}", *walls, f"{faster:.2f}", f"{more:.2f}"]

    head = ["", "texts", "1 process, wall s", "2 processes, wall s", "times as fast", "times the CPU time"]
    return f"{_JOBS}\n\n{_table(head, map(row, results['jobs']))}"


def _rates(results: Results, form: str) -> dict[str, float]:
    """How fast each library multiplies matrices of a number format, in thousand million operations a second."""
    return {library: median(found[form][library] for found in results["peak"]) for library in results["peak"][0][form]}


def _median(costs: list[Results], key: str) -> float:
    return median(cost[key] for cost in costs)


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
