"""Evaluations as a page for people: one summary, worded once, rendered as HTML and as Markdown."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from narratives.evaluation import Comparison, Evaluation, Verdict
from narratives.files import write_text
from narratives.metrics import BETTER, EQUIVALENT, WORSE
from narratives.report import charts, heatmap, objectives, summary, weakest
from narratives.report import strips as plots
from narratives.report.wording import (
    cell,
    figure,
    fine,
    number,
    percent,
    share,
    signed,
    spread,
    tell_alarms,
    tell_noticeable,
)

if TYPE_CHECKING:
    from jinja2 import Environment

SECTIONS = {  # template -> heading, in the order of the page; a section without content is left out
    "verdict": "Verdict",
    "overall": "Overall",
    "comparison": "",  # brings its own headings
    "narratives": "Narrative by narrative",
    "levels": "By family and level",
    "confusions": "What is taken for what",
    "curves": "Precision against recall",
    "elsewhere": "What this means elsewhere",
    "objectives": "What the thresholds are for",
    "calibration": "Scores as probabilities",
    "slices": "Where it does well and where not",
    "stances": "Stances",
    "behaviour": "Behavioural checks",
    "robustness": "What is owed to the split",
    "shared_tasks": "Shared-task figures",
    "errors": "The worst errors",
    "rules": "Rules",
}


def write_report(
    folder: Path,
    evaluations: Sequence[Evaluation],
    comparison: Comparison | None = None,
    verdict: Verdict | None = None,
    texts: Mapping[str, str] | None = None,
) -> Path:
    """Write `report.md` and `report.html` for one run, or for two with their comparison; the path of the page.

    Of a retraining there is a verdict too, and `texts` of the passages on which the two decide otherwise, by id.
    """
    environment = make_environment()
    content = summarise(evaluations, comparison, verdict, texts or {}) | embed_look()
    for name in ("report.md", "report.html"):
        write_text(folder / name, environment.get_template(name).render(content))
    return folder / "report.html"


def summarise(
    evaluations: Sequence[Evaluation],
    comparison: Comparison | None,
    verdict: Verdict | None = None,
    texts: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Everything that the templates show."""
    first = evaluations[0]
    parts: dict[str, Any] = {
        "verdict": verdict,
        "overall": summary.gather_overall(evaluations),
        "comparison": comparison,
        "narratives": [summary.sort_rows(evaluation.narratives) for evaluation in evaluations],
        "levels": summary.gather_levels(evaluations),
        "confusions": any(evaluation.confusions for evaluation in evaluations),
        "curves": summary.gather_curves(evaluations),
        "calibration": any(evaluation.calibration for evaluation in evaluations),
        "elsewhere": summary.gather_elsewhere(evaluations),
        "objectives": objectives.gather_objectives(evaluations),
        "slices": summary.gather_slices(evaluations),
        "stances": summary.gather_stances(evaluations),
        "behaviour": summary.gather_checks(evaluations),
        "robustness": summary.gather_robustness(evaluations),
        "shared_tasks": summary.gather_shared_tasks(evaluations),
        "errors": summary.gather_errors(evaluations),
        "rules": first.rules,
    }
    return parts | {
        "title": " and ".join(evaluation.run for evaluation in evaluations),
        "sections": {name: heading for name, heading in SECTIONS.items() if parts[name]},
        "evaluations": evaluations,
        "probabilities": summary.gather_probabilities(evaluations),
        "alarms": [tell_alarms(evaluation) for evaluation in evaluations if evaluation.elsewhere],
        "texts": texts or {},
        "aims": objectives.AIMS,
        "budget": objectives.has_budget(evaluations),
        "first": first,
        "headlines": [headline(evaluation) for evaluation in evaluations],
        "details": [_tell_more(evaluation) for evaluation in evaluations],
        "outcome": outcome(comparison) if comparison else "",
        "precisions": [weakest.find_precision(evaluation.narratives) for evaluation in evaluations],
        "notes": list(dict.fromkeys(note for evaluation in evaluations for note in evaluation.notes)),
        "gaps": [_tell_gap(evaluation) for evaluation in evaluations if len(evaluation.robustness) > 1],
        "titles": {row.id: row.title for evaluation in evaluations for row in evaluation.narratives},
        "pairs": summary.PAIRS,
        "longest": summary.LONGEST,
        "thin": sum(row.thin for row in first.narratives),
        "zero_shot": sum(row.zero_shot for row in first.narratives),
    }


def headline(evaluation: Evaluation) -> str:
    """The answer in one sentence."""
    micro, macro = evaluation.overall["micro_f1"], evaluation.overall["macro_f1"]
    split_note = "" if evaluation.split == "test" else f" on {evaluation.split}"
    return f"{evaluation.run} reaches a micro F1 of {figure(micro)} and a macro F1 of {figure(macro)}{split_note}."


def outcome(comparison: Comparison) -> str:
    """Which run is ahead, and whether that can be told from chance."""
    macro, micro = comparison.overall["macro_f1"], comparison.overall["micro_f1"]
    a, b = comparison.a, comparison.b
    if macro.verdict == micro.verdict and micro.verdict in (BETTER, WORSE):
        return f"{b} is {micro.verdict} than {a}, in micro and in macro F1."
    if macro.verdict == micro.verdict == EQUIVALENT:
        return f"{b} and {a} are equivalent, in micro and in macro F1: they differ by less than {comparison.margin:g}."
    if macro.verdict == micro.verdict:
        return f"There is {micro.verdict} between {b} and {a}: micro F1 {signed(micro)}, macro F1 {signed(macro)}."
    return f"{b} against {a}: micro F1 {signed(micro)}, {micro.verdict}; macro F1 {signed(macro)}, {macro.verdict}."


def _tell_more(evaluation: Evaluation) -> str:
    """What the headline means in passages, and which narratives to trust least."""
    counts = weakest.count_hits(evaluation.narratives)
    sentence = (
        f"Of {counts['carried']} narratives that the passages carry it finds {counts['found']}; "
        f"of {counts['raised']} that it raises {counts['wrong']} are wrong."
    )
    least = [f"{row.title} ({number(f1)})" for row, f1 in weakest.find_weakest(evaluation.narratives)]
    return f"{sentence} Trust it least on (F1 drawn towards the mean of all): {'; '.join(least)}." if least else sentence


def _tell_gap(evaluation: Evaluation) -> str:
    """How far macro F1 of the other ways of holding out is from that of the first."""
    first, *rows = evaluation.robustness
    gaps = [f"{row['macro_f1'][0] - first['macro_f1'][0]:+.2f} with {row['held out']}" for row in rows]
    return f"Macro F1 of {evaluation.run} against {first['held out']}: {', '.join(gaps)}."


def make_environment(*packages: str) -> "Environment":
    """The templates, and what they may call. Pages are escaped, and a name that is not there is an error.

    `packages` hold templates of their own, which come before those of this room.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in (*packages, "narratives.report")]),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        function.__name__: function for function in (figure, spread, number, signed, percent, cell, share, fine)
    }
    environment.globals |= {
        "draw_axis": plots.draw_axis,
        "draw_count": plots.draw_count,
        "draw_curves": charts.draw_curves,
        "draw_difference": plots.draw_difference,
        "draw_dots": plots.draw_dots,
        "draw_heatmap": heatmap.draw_heatmap,
        "draw_reliability": charts.draw_reliability,
        "draw_score": plots.draw_score,
        "tell_noticeable": tell_noticeable,
        "choose_narratives": heatmap.choose_narratives,
    }
    return environment


def embed_look() -> dict[str, str]:
    """What every page holds: the style and the script with their digests, by the names that templates use."""
    return _embed("style.css") | _embed("script.js")


def _embed(file: str) -> dict[str, str]:
    """The style or the script of the page, and its digest: the browser is told to apply and run nothing else."""
    text, digest = read_asset(file)
    name = file.split(".")[0]
    return {name: text, f"{name}_digest": digest}


def read_asset(file: str) -> tuple[str, str]:
    """`style.css` or `script.js` of the report, and the digest by which a content security policy names it."""
    text = files("narratives.report").joinpath("templates", file).read_text(encoding="utf-8")
    return text, b64encode(sha256(text.encode()).digest()).decode()
