"""The models a run has had: which one stands, which stood before, and when it was replaced."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from narratives.errors import UserError, at, did_you_mean
from narratives.files import change_files, read_json, read_text, write_text
from narratives.models import read_manifest
from narratives.progress import Say
from narratives.project import Project

TRAINED, PROMOTED, HELD, ROLLED_BACK = "trained", "promoted", "held", "rolled back"
CURRENT, PAST, WAITING = "current", "past", "waiting"
FIGURES = ("micro_f1", "macro_f1")
Figures = Mapping[str, list[float | None]]  # of the test passages of its day: value, and bounds of the 95 % interval


@dataclass(frozen=True, slots=True)
class Event:
    """A line of `models/history.jsonl`."""

    when: str  # UTC
    event: str
    run: str
    version: int | None  # of the model that the event is about; `None` for one that was held
    digest: str
    figures: Figures = field(default_factory=dict)
    replaced: int | None = None
    decision: str = ""  # of the verdict; a model that was promoted against "hold" was forced
    retraining: str = ""  # the folder of the verdict
    best: int | None = None  # the best version so far, once this had happened; `None` where nobody wrote it down


@dataclass(frozen=True, slots=True)
class Version:
    """A model on disk."""

    run: str
    version: int | None  # `None` for one that waits
    state: str
    trained: str  # UTC
    codebook: str
    digest: str
    micro_f1: float | None
    macro_f1: float | None
    problem: str = ""  # where it can't be read
    forced: bool = False  # promoted against its verdict

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def read_events(project: Project) -> list[Event]:
    """The history, oldest first; empty where nothing has been promoted yet."""
    path = project.history_file
    lines = read_text(path).splitlines() if path.is_file() else []
    events = []
    for number, line in enumerate(lines, 1):
        try:
            event = Event(**json.loads(line))
            versions = [version for version in (event.version, event.best) if version is not None]
            if not all(type(version) is int and version >= 0 for version in versions) or not isinstance(event.run, str):
                raise ValueError("a version is the name of a folder")
            events.append(event)
        except (ValueError, TypeError):
            raise UserError(at(path, number, "not a line of the history; restore the file or delete the line")) from None
    return events


def list_versions(project: Project, run: str | None = None) -> list[Version]:
    """Every model on disk, run by run: the one that stands, those before it, the latest first, and one that waits."""
    events = read_events(project)
    models = project.root / "models"
    runs = {path.parent.name for path in models.glob("[!.]*/model.json")}
    runs |= {path.name.removeprefix(".").removesuffix(".challenger") for path in models.glob(".*.challenger")}
    runs |= {path.parent.parent.name for path in models.glob("history/*/*/model.json")}
    if run is not None and run not in runs:
        raise UserError(at(project.model(run), None, f"no model of a run '{run}'{did_you_mean(run, sorted(runs))}"))
    versions = []
    for name in sorted(runs if run is None else {run}):
        if project.model(name).is_dir():
            versions.append(_describe(project, name, project.model(name), CURRENT, find_version(project, name, events), events))
        for number in sorted(_past_versions(project, name), reverse=True):
            versions.append(_describe(project, name, project.past_model(name, number), PAST, number, events))
        if project.challenger(name).is_dir():
            versions.append(_describe(project, name, project.challenger(name), WAITING, None, events))
    return versions


def find_version(project: Project, run: str, events: list[Event]) -> int:
    """The number of the model that stands: the one it was promoted under, the next free one where `train` made it."""
    digest = _read_digest(project.model(run))
    of_run = [event for event in events if event.run == run]
    versions = [event.version for event in of_run if event.digest == digest and event.version is not None]
    if versions and not project.past_model(run, versions[-1]).exists():
        return versions[-1]
    return _next_version(project, run, events)


def find_figures(events: list[Event], run: str, digest: str) -> Figures:
    """What a model reached on the test passages of its day; empty where nobody wrote it down."""
    figures = [event.figures for event in events if (event.run, event.digest) == (run, digest) and event.figures]
    return figures[-1] if figures else {}


def promote(
    project: Project,
    run: str,
    figures: Figures,
    former: Figures,
    decision: str,
    retraining: str,
    best: int | None = None,
    over: str = "",
) -> int:
    """Put the challenger in the incumbent's place, and that among the past models, in one step; its version.

    `former` are the incumbent's figures, for one whose figures the history does not know. `best` is the best version so far,
    `None` where the challenger is it. `over` is the digest of the model that it was compared with: `UserError` where another
    stands by now.
    """
    with project.lock():
        if over and _read_digest(project.model(run)) != over:
            problem = "another model was put there meanwhile; run the same command again: the new one waits"
            raise UserError(at(project.model(run), None, problem))
        events, moves = read_events(project), []
        digest, when, replaced = _read_digest(project.challenger(run)), _now(), None
        if project.model(run).exists():
            replaced = find_version(project, run, events)
            incumbent = _read_digest(project.model(run))
            if not find_figures(events, run, incumbent):
                events.append(Event(_trained(project.model(run)), TRAINED, run, replaced, incumbent, former))
            moves.append((project.model(run), project.past_model(run, replaced)))
        version = _next_version(project, run, events)
        moves.append((project.challenger(run), project.model(run)))
        events.append(Event(when, PROMOTED, run, version, digest, figures, replaced, decision, retraining, best or version))
        change_files(project.root, {project.history_file: _to_lines(events)}, moves)
        return version


def record_held(project: Project, run: str, figures: Figures, retraining: str) -> None:
    """Note that the challenger waits; once for each verdict."""
    with project.lock():
        events = read_events(project)
        event = Event(_now(), HELD, run, None, _read_digest(project.challenger(run)), figures, None, "hold", retraining)
        if not any((e.run, e.event, e.digest, e.retraining) == (run, HELD, event.digest, retraining) for e in events):
            write_text(project.history_file, _to_lines([*events, event]))


def refuse_lost(project: Project, run: str) -> None:
    """`UserError` where no model stands although the history knows one: what comes would be compared with nothing."""
    versions = [event.version for event in read_events(project) if event.run == run and event.version is not None]
    if versions:
        past = _past_versions(project, run)
        back = f"bring one back: narratives models rollback {run} --to {max(past)}, or " if past else ""
        fix = f"{back}put a new one there without comparing: narratives retrain {run} --promote"
        raise UserError(at(project.model(run), None, f"is gone, although the history knows version {versions[-1]}; {fix}"))


def roll_back(project: Project, run: str, to: int | None = None, say: Say | None = None) -> Event:
    """Put a past model back in its place, the latest before the present one unless `to` names another."""
    with project.lock(say):
        return _roll_back(project, run, to)


def _roll_back(project: Project, run: str, to: int | None) -> Event:
    events, past = read_events(project), _past_versions(project, run)
    current = find_version(project, run, events) if project.model(run).exists() else None
    if to is None:
        to = max((version for version in past if current is None or version < current), default=None)
    if to is None or to not in past:
        list_versions(project, run)  # a run that is not there at all gets its own message
        past_versions = f"there are {', '.join(map(str, sorted(past)))}: --to N" if past else "nothing was ever replaced"
        wish = f"no past version {to}" if to is not None else "no earlier version"
        raise UserError(at(project.model(run), None, f"{wish} of '{run}'; {past_versions}"))
    chosen = project.past_model(run, to)
    digest = str(read_manifest(chosen)["digest"])  # a damaged model must not come back
    moves = [(chosen, project.model(run))]
    if current is not None:
        if not any((event.run, event.version) == (run, current) for event in events):
            events.append(Event(_trained(project.model(run)), TRAINED, run, current, _read_digest(project.model(run))))
        moves.insert(0, (project.model(run), project.past_model(run, current)))
    figures = find_figures(events, run, digest)
    event = Event(_now(), ROLLED_BACK, run, to, digest, figures, current, best=to)  # whoever goes back sets the bar there
    change_files(project.root, {project.history_file: _to_lines([*events, event])}, moves)
    return event


def _describe(project: Project, run: str, folder: Path, state: str, version: int | None, events: list[Event]) -> Version:
    try:
        manifest = read_manifest(folder, check_files=False)
    except UserError as error:
        return Version(run, version, state, "", "", "", None, None, error.problems[0])
    digest, codebook = str(manifest["digest"]), manifest["codebook"]
    figures = find_figures(events, run, digest)
    if not figures and state == CURRENT:
        figures = read_figures(project, run, manifest["training"])
    micro, macro = (figures.get(name, [None])[0] for name in FIGURES)
    name = f"{codebook['name']} {codebook['version']}"
    forced = (run, version, PROMOTED, "hold") in [(event.run, event.version, event.event, event.decision) for event in events]
    return Version(run, version, state, _trained(folder), name, digest, micro, macro, forced=forced)


def read_figures(project: Project, run: str, training: Mapping[str, Any]) -> Figures:
    """Figures from a run's evaluation, where that is of the test split and of a model trained like this."""
    path = project.experiment(run) / "evaluation.json"
    evaluation = read_json(path) if path.is_file() else {}
    if evaluation.get("split") != "test" or evaluation.get("training") != training:
        return {}
    return {name: list(evaluation["overall"][name].values()) for name in FIGURES}


def _past_versions(project: Project, run: str) -> set[int]:
    folders = project.past_model(run, 0).parent.glob("[0-9]*/model.json")
    return {int(path.parent.name) for path in folders if path.parent.name.isdigit()}


def _next_version(project: Project, run: str, events: list[Event]) -> int:
    versions = {event.version for event in events if event.run == run and event.version is not None}
    return 1 + max(versions | _past_versions(project, run), default=0)


def _read_digest(folder: Path) -> str:
    try:
        return str(read_manifest(folder, check_files=False)["digest"])
    except UserError:  # damaged: it makes room all the same
        return ""


def _trained(folder: Path) -> str:
    return _show(datetime.fromtimestamp((folder / "model.json").stat().st_mtime, UTC))


def _now() -> str:
    return _show(datetime.now(UTC))


def _show(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _to_lines(events: list[Event]) -> str:
    return "".join(json.dumps(asdict(event), ensure_ascii=False) + "\n" for event in events)
