"""A field report and trends as pages: self-contained, in the look of the other reports; beside them CSV and JSON."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from narratives.data import Codebook
from narratives.evaluation import Figure
from narratives.field.changes import ALL, OPEN, Trends
from narratives.field.charts import draw_levels, draw_series
from narratives.field.counting import ANY
from narratives.field.figures import FieldRow
from narratives.field.measurement import FieldReport
from narratives.files import write_json, write_text
from narratives.report import embed_look, make_environment

ANYTHING = "Any narrative at all"
_MUCH, _NAMED = 0.005, 4  # of the feed, from which on the headline names a narrative; how many it names
_FIGURES = ("prevalence", "together", "precision", "recall", "f1")


def write_field_report(folder: Path, report: FieldReport, codebook: Codebook) -> Path:
    """Write `report.html`, `report.json` and `figures.csv`; the path of the page."""
    shown = [row for row in report.narratives.values() if row.raised or row.carrying]
    shown.sort(key=lambda row: (-(row.prevalence.value or 0.0) if row.prevalence else 0.0, -row.raised))
    parts: dict[str, list[FieldRow]] = {}
    for row in report.parts:
        if row.narrative == ANY or row.carrying:
            parts.setdefault(row.column, []).append(row)
    content = {
        "report": report,
        "rows": [report.anything, *shown],
        "silent": [id_ for id_, row in report.narratives.items() if not (row.raised or row.carrying)],
        "parts": parts,
        "top": _find_top([report.anything, *shown]),
        "answer": _headline(report),
        "further": _tell_frequent(shown, _find_titles(codebook)),
    }
    _write_page(folder / "report.html", "field_report.html", content, codebook)
    write_json(folder / "report.json", report.to_json())
    write_text(folder / "figures.csv", _to_csv(report.list_rows()))
    return folder / "report.html"


def write_trends(folder: Path, trends: Trends, codebook: Codebook) -> Path:
    """Write `trends.html`, `trends.json`, `trends.csv` and `changes.csv`; the path of the page."""
    series: dict[tuple[str, str], list[FieldRow]] = {}
    for point in trends.points:
        series.setdefault((point.row.narrative, point.series), []).append(point.row)
    relevant = {key: rows for key, rows in series.items() if any(row.carrying for row in rows) or key[0] == ANY}
    drawn = {key: rows for key, rows in relevant.items() if key[1] == ALL or any(row.prevalence for row in rows)}
    changes = sorted(trends.changes, key=lambda change: (change.verdict == OPEN, change.p_corrected))
    content = {"trends": trends, "series": drawn, "thin": len(relevant) - len(drawn), "changes": changes}
    content |= {"answer": _tell_trends(trends, _find_titles(codebook)), "further": ""}
    _write_page(folder / "trends.html", "field_trends.html", content, codebook)
    write_json(folder / "trends.json", trends.to_json())
    heads = {"period": [point.period for point in trends.points], "series": [point.series for point in trends.points]}
    write_text(folder / "trends.csv", _to_csv([point.row for point in trends.points], heads))
    write_text(folder / "changes.csv", _write_rows([change.to_json() for change in trends.changes]))
    return folder / "trends.html"


def _write_page(path: Path, template: str, content: Mapping[str, Any], codebook: Codebook) -> None:
    environment = make_environment("narratives.field")
    environment.filters |= {"level": tell_level, "per_cent": tell_share, "points": tell_points}
    environment.globals |= {"draw_levels": draw_levels, "draw_series": draw_series}
    titles = _find_titles(codebook)
    write_text(
        path, environment.get_template(template).render({**content, "titles": titles, "codebook": codebook, **embed_look()})
    )


def tell_level(figure: Figure | None) -> str:
    """`1.8 % (1.0–3.1 %)`."""
    if figure is None or figure.value is None:
        return "–"
    if figure.low is None or figure.high is None:
        return tell_share(figure.value)
    digits = 1 if figure.high >= 0.01 else 2
    return f"{100 * figure.value:.{digits}f} % ({100 * figure.low:.{digits}f}–{100 * figure.high:.{digits}f} %)"


def tell_share(value: float | None) -> str:
    """`1.8 %`."""
    return "–" if value is None else f"{100 * value:.{1 if value >= 0.01 or not value else 2}f} %"


def tell_points(value: float | None) -> str:
    """`+1.3 points`."""
    return "–" if value is None else f"+{100 * value:.1f} points"


def _headline(report: FieldReport) -> str:
    if report.why:
        return report.why + "."
    whole = report.anything
    if whole.prevalence is None:
        return f"Too few texts are read for an estimate: {whole.plan}."
    counted = f"counting what the model raises would say {tell_share(whole.naive)}"
    return f"{tell_level(whole.prevalence)} of the feed carries at least one narrative; {counted}."


def _tell_frequent(rows: Sequence[FieldRow], titles: Mapping[str, str]) -> str:
    """Which narratives are carried by more than `_MUCH` of the feed, whichever of them one looks at."""
    sure = [row for row in rows if row.together and (row.together.low or 0) >= _MUCH]
    if not sure:
        return ""
    who = "One narrative is" if len(sure) == 1 else f"{len(sure)} narratives are"
    named = "; ".join(f"{titles[row.narrative]}, {tell_level(row.together)}" for row in sure[:_NAMED])
    more = "; ..." if len(sure) > _NAMED else ""
    claim = f"{who} surely carried by {100 * _MUCH:g} % of it or more, with bounds that hold for all narratives at once"
    return f"{claim}: {named}{more}."


def _tell_trends(trends: Trends, titles: Mapping[str, str]) -> str:
    moved = [change for change in trends.changes if change.verdict != OPEN]
    if not trends.changes:
        return "There is nothing to compare yet: two periods with thirty labels each are needed."
    if not moved:
        return f"No change can be told from chance, of {len(trends.changes)} that were tried together."
    named = "; ".join(
        f"{titles[change.narrative]}{'' if change.series == ALL else f' in {change.series}'} {change.verdict} from "
        f"{change.before} to {change.after}"
        for change in moved[:5]
    )
    return f"{len(moved)} of {len(trends.changes)} changes can be told from chance: {named}."


def _find_titles(codebook: Codebook) -> dict[str, str]:
    return {narrative.id: narrative.title for narrative in codebook.narratives} | {ANY: ANYTHING}


def _find_top(rows: Sequence[FieldRow]) -> float:
    """Where the axis of prevalence ends: a round share that holds every interval."""
    highest = max([row.naive for row in rows] + [row.prevalence.high or 0.0 for row in rows if row.prevalence], default=0.0)
    return next((top for top in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if highest <= top), 1.0)


def _to_csv(rows: Sequence[FieldRow], heads: Mapping[str, Sequence[str]] | None = None) -> str:
    plain = []
    for k, row in enumerate(rows):
        values: dict[str, Any] = {name: column[k] for name, column in (heads or {}).items()}
        for each in fields(row):
            value = getattr(row, each.name)
            if each.name in _FIGURES:
                sides = (value.value, value.low, value.high) if value else (None, None, None)
                values |= dict(zip((each.name, f"{each.name}_low", f"{each.name}_high"), sides, strict=True))
            else:
                values[each.name] = value
        plain.append(values)
    return _write_rows(plain)


def _write_rows(rows: Sequence[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if rows:
        writer.writerow(rows[0])
        writer.writerows([*row.values()] for row in rows)
    return out.getvalue()
