"""What there is to see of a project's runs: models, reports, verdicts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from os.path import isfile
from pathlib import Path

from narratives.errors import UserError
from narratives.project import Project
from narratives.runs import Version, list_versions

REPORT, TRENDS = "report.html", "trends.html"
_FIELD = "field"  # below experiments/, where measured feeds lie
_DEPTH = 4  # folders below experiments/ in which a report may lie


@dataclass(frozen=True, slots=True)
class Report:
    """A page that another command wrote: its path below experiments/, and what it is about."""

    path: str
    title: str


@dataclass(frozen=True, slots=True)
class Retraining:
    """A verdict on a retrained model."""

    run: str
    number: str
    decision: str
    reasons: list[str]
    path: str  # of its report below experiments/; empty where that is gone


def list_models(project: Project) -> tuple[list[Version], str]:
    """Every model on disk; where the history cannot be read, why."""
    try:
        return list_versions(project), ""
    except UserError as error:
        return [], error.problems[0]


def list_reports(project: Project) -> list[Report]:
    """Reports of runs and comparisons, of feeds and their trends, and all else below experiments/; no retrainings."""
    reports = []
    for path in _find_reports(project.root / "experiments"):
        if "retraining" not in path.parts:
            reports.append(Report(path.as_posix(), _make_title(path)))
    return reports


def list_retrainings(project: Project) -> list[Retraining]:
    """The verdicts of all runs, the latest of each run first."""
    verdicts = []
    for path in sorted((project.root / "experiments").glob("*/retraining/*/verdict.json"), reverse=True):
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            decision, reasons = str(value["decision"]), [str(reason) for reason in value["reasons"]]
        except (OSError, ValueError, KeyError, TypeError):  # half copied, or of somebody else
            decision, reasons = "unreadable", [str(path)]
        report = path.with_name(REPORT)
        below = report.relative_to(project.root / "experiments").as_posix() if report.is_file() else ""
        verdicts.append(Retraining(path.parents[2].name, path.parent.name, decision, reasons, below))
    return verdicts


def find_report(project: Project, name: str) -> Path | None:
    """The file of a report; `None` for whatever is none, or lies elsewhere through a link."""
    top = (project.root / "experiments").resolve()
    path = Path(name)
    if path.name not in (REPORT, TRENDS) or path.is_absolute() or ".." in path.parts or "\0" in name:
        return None
    file = (top / path).resolve()
    return file if isfile(file) and top in file.parents else None  # noqa: PTH113  # a name may be too long for a path


def _find_reports(top: Path) -> Iterator[Path]:
    for depth in range(1, _DEPTH + 1):
        for name in (REPORT, TRENDS):
            yield from (path.relative_to(top) for path in sorted(top.glob("/".join(["[!.]*"] * depth + [name]))))


def _make_title(path: Path) -> str:
    folder = path.parent.as_posix()
    if path.parts[0] == _FIELD and len(path.parts) > 2:
        about = "Trends of a feed" if path.name == TRENDS else "A feed, measured"
        return f"{about}: {path.parent.relative_to(_FIELD).as_posix()}"
    return f"{folder}, trends" if path.name == TRENDS else folder.replace("-vs-", " against ")
