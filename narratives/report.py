"""Evaluations as a page for people: one summary, rendered as HTML and as Markdown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from narratives.comparison import Comparison, verdict
from narratives.evaluation import THIN, Evaluation, Figure, NarrativeScore
from narratives.files import write_text
from narratives.plots import draw_difference, draw_score

METRICS = {
    "micro_f1": "micro F1",
    "macro_f1": "macro F1",
    "macro_f1_firm": f"macro F1, firm (support of {THIN} or more)",
    "samples_f1": "samples F1",
}


def write_report(folder: Path, evaluations: Sequence[Evaluation], comparison: Comparison | None = None) -> Path:
    """Write `report.md` and `report.html` for one run, or for two with their comparison; the path of the page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("narratives"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figure": figure, "number": number, "signed": signed, "cell": cell}
    environment.globals |= {"verdict": verdict, "draw_score": draw_score, "draw_difference": draw_difference}
    summary = summarise(evaluations, comparison)
    for name in ("report.md", "report.html"):
        write_text(folder / name, environment.get_template(name).render(summary))
    return folder / "report.html"


def summarise(evaluations: Sequence[Evaluation], comparison: Comparison | None) -> dict[str, Any]:
    """Everything that the templates show, in the order in which they show it."""
    first = evaluations[0]
    return {
        "title": " and ".join(evaluation.run for evaluation in evaluations),
        "evaluations": evaluations,
        "first": first,
        "rows": {evaluation.run: sort_rows(evaluation.narratives) for evaluation in evaluations},
        "comparison": comparison,
        "changes": _changes(first, comparison) if comparison else [],
        "metrics": METRICS,
        "headlines": [headline(evaluation) for evaluation in evaluations],
        "outcome": outcome(comparison) if comparison else "",
        "notes": list(dict.fromkeys(note for evaluation in evaluations for note in evaluation.notes)),
        "thin": sum(row.thin for row in first.narratives),
    }


def sort_rows(rows: Sequence[NarrativeScore]) -> list[NarrativeScore]:
    """What to worry about first: the lowest F1, narratives with enough support to tell before the thin ones."""
    return sorted(rows, key=lambda row: (row.thin, -1.0 if row.f1.value is None else row.f1.value, row.id))


def headline(evaluation: Evaluation) -> str:
    """The answer in one sentence."""
    micro, macro = evaluation.overall["micro_f1"], evaluation.overall["macro_f1"]
    return f"{evaluation.run} reaches a micro F1 of {figure(micro)} and a macro F1 of {figure(macro)}."


def outcome(comparison: Comparison) -> str:
    """Which run is ahead, and whether that can be told from chance."""
    macro, micro = comparison.overall["macro_f1"], comparison.overall["micro_f1"]
    if (words := verdict(macro)) == verdict(micro) and words != verdict(Figure(0.0, 0.0, 0.0)):
        return f"{comparison.b} is {words} than {comparison.a}, in micro and in macro F1."
    told = f"{comparison.b} against {comparison.a}: micro F1 {signed(micro)} ({verdict(micro)})"
    return f"{told}, macro F1 {signed(macro)} ({verdict(macro)})."


def _changes(first: Evaluation, comparison: Comparison) -> list[tuple[NarrativeScore, Figure]]:
    rows = [(row, comparison.narratives[row.id]) for row in first.narratives]
    return sorted(rows, key=lambda pair: (1.0 if pair[1].value is None else -abs(pair[1].value), pair[0].id))


def number(value: float | None, digits: int = 2) -> str:
    """A number, or a dash where it is undefined."""
    return "–" if value is None else f"{value:.{digits}f}"


def figure(value: Figure) -> str:
    """`0.61 (0.50–0.70)`."""
    return number(value.value) if value.low is None else f"{number(value.value)} ({number(value.low)}–{number(value.high)})"


def signed(value: Figure) -> str:
    """`+0.08 (-0.01 to +0.15)`."""
    if value.value is None or value.low is None or value.high is None:
        return "–"
    return f"{value.value:+.2f} ({value.low:+.2f} to {value.high:+.2f})"


def cell(text: object) -> str:
    """Text that cannot break a Markdown table or smuggle markup into one."""
    plain = " ".join(str(text).split())
    return plain.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`")
