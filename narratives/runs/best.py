"""The best version of a run so far: where it is, and what to do where it is gone."""

from collections.abc import Sequence
from dataclasses import dataclass

from narratives.data import Codebook
from narratives.errors import UserError
from narratives.models import load_model, read_lessons
from narratives.project import Project
from narratives.runs.challenge import Past, compare_codebooks
from narratives.runs.history import PROMOTED, Event, find_figures, find_version, read_events


@dataclass(frozen=True, slots=True)
class Best:
    """The version that sets the bar."""

    version: int
    past: Past | None = None  # its model; `None` where it is the incumbent
    notes: Sequence[str] = ()  # what has to be said: a better one is gone


def find_best(project: Project, run: str, today: Codebook) -> Best:
    """The best version so far.

    Where its folder is gone or damaged, or it knows none of today's narratives, the next best that can be read stands in:
    the one that was the best before, then those with the highest figures of their day, the incumbent last.
    """
    events = read_events(project)
    current, ranked = find_version(project, run, events), rank_best(events, run)
    lost: list[str] = []
    for version in ranked:
        if version == current:
            break
        folder = project.past_model(run, version)
        try:
            if not folder.is_dir():
                raise UserError(f"{folder} is gone")
            model = load_model(folder, project.trusted)
            compare_codebooks(model.codebook, today)
        except UserError as error:
            lost.append(f"version {version}{_recall(events, run, version)} can't be compared with: {error.problems[0]}")
            continue
        name = f"version {version}, the best {'that is left' if lost else 'so far'}"
        past = Past(name=name, model=model, lessons=read_lessons(folder) or [])
        return Best(version=version, past=past, notes=_tell_gone(lost, name))
    return Best(version=current, notes=_tell_gone(lost, "the incumbent"))


def rank_best(events: Sequence[Event], run: str) -> list[int]:
    """The versions that may set the bar for the next: the best so far, then those that were it before, then by micro F1.

    An older version of this software wrote none down: there the highest figure of its day counts.
    """
    of_run = [event for event in events if event.run == run]
    measured = [
        (figure, event.version)
        for event in of_run
        if event.version is not None and (figure := event.figures.get("micro_f1", [None])[0]) is not None
    ]
    written = [event.best for event in reversed(of_run) if event.best is not None]
    return list(dict.fromkeys([*written, *(version for _, version in sorted(measured, reverse=True))]))


def list_forced(events: Sequence[Event], run: str) -> list[int]:
    """The versions of a run that were promoted against their verdict, oldest first."""
    forced = [event for event in events if (event.run, event.event, event.decision) == (run, PROMOTED, "hold")]
    return [event.version for event in forced if event.version is not None]


def describe_forced(versions: Sequence[int]) -> str:
    """How many versions were promoted against their verdict, and which."""
    if not versions:
        return "no version was promoted against its verdict"
    numbers = ", ".join(map(str, versions))
    return f"promoted against their verdict so far: {len(versions)} (version{'s' if len(versions) > 1 else ''} {numbers})"


def _recall(events: Sequence[Event], run: str, version: int) -> str:
    """What a model that is gone reached in its day, in words."""
    digests = [event.digest for event in events if (event.run, event.version) == (run, version)]
    figure = find_figures(list(events), run, digests[-1]).get("micro_f1", [None])[0] if digests else None
    return "" if figure is None else f" (micro F1 {figure:.2f} on the test passages of its day)"


def _tell_gone(lost: Sequence[str], instead: str) -> list[str]:
    return [f"the bar is {instead}; {'; '.join(lost)}"] if lost else []
