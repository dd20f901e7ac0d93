"""Which models a run has had: promoting and rolling back happen wholly or not at all, whatever the moment of a kill."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import invoke, problems_of, snapshot, write_lines
from helpers.killed import any_end, list_states, needs_fork
from helpers.retraining import hide, read_labels, relabel, write_project

from narratives.models.folder import load_model
from narratives.project.project import Project
from narratives.runs.best import list_forced, rank_best
from narratives.runs.history import Figures, list_versions, promote, read_events, roll_back

FIGURES: Figures = {"micro_f1": [0.5, 0.4, 0.6], "macro_f1": [0.4, 0.3, 0.5]}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an incumbent, and with a challenger that was trained on more labels."""
    root = write_project(tmp_path_factory.mktemp("history") / "project", 100)
    whole = read_labels(root)
    relabel(root, hide(3), "train")
    assert invoke(root, "train", "base").exit_code == 0
    write_lines(root / "labels" / "passages.jsonl", *whole)
    assert invoke(root, "retrain", "base", "--dry-run").exit_code in (0, 1)
    return root


@pytest.fixture
def root(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "project"))


def digests(root: Path) -> dict[str, str]:
    """Every model on disk by its place, checked file by file."""
    folders = [path.parent for path in (root / "models").rglob("model.json")]
    return {folder.relative_to(root / "models").as_posix(): load_model(folder).digest for folder in folders}


def do_promote(project: Project) -> Any:
    return promote(project, "base", FIGURES, {}, "promote", "experiments/base/retraining/0001")


def do_roll_back(project: Project) -> Any:
    return roll_back(project, "base")


def test_promoting_moves_the_incumbent_aside_and_writes_both_down(root: Path) -> None:
    before = digests(root)
    assert do_promote(Project(root)) == 2
    assert digests(root) == {"base": before[".base.challenger"], "history/base/0001": before["base"]}
    events = read_events(Project(root))
    assert [(event.event, event.version, event.replaced) for event in events] == [("trained", 1, None), ("promoted", 2, 1)]
    assert [event.digest for event in events] == [before["base"], before[".base.challenger"]]


def test_rolling_back_and_forth_moves_no_byte(root: Path) -> None:
    project = Project(root)
    do_promote(project)
    after = digests(root)
    assert (roll_back(project, "base").version, digests(root)) == (
        1,
        {"base": after["history/base/0001"], "history/base/0002": after["base"]},
    )
    assert roll_back(project, "base", 2).version == 2
    assert digests(root) == after
    assert [event.event for event in read_events(project)] == ["trained", "promoted", "rolled back", "rolled back"]


def test_the_best_version_stays_until_a_better_one_comes_and_going_back_sets_it(root: Path) -> None:
    project = Project(root)
    promote(project, "base", FIGURES, {}, "hold", "", best=1)
    events = read_events(project)
    assert (rank_best(events, "base"), list_forced(events, "base")) == ([1, 2], [2])
    roll_back(project, "base")
    assert [event.best for event in read_events(project)] == [None, 1, 1]
    roll_back(project, "base", 2)
    assert rank_best(read_events(project), "base") == [2, 1]


def test_a_history_of_an_older_version_is_read_and_its_highest_figure_is_the_bar(root: Path) -> None:
    lines = [
        {"when": "", "event": "promoted", "run": run, "version": version, "digest": "", "figures": {"micro_f1": [f, f, f]}}
        for run, version, f in (("base", 1, 0.6), ("base", 2, 0.7), ("base", 3, 0.5), ("other", 4, 0.9))
    ]
    write_lines(root / "models" / "history.jsonl", *lines)
    assert rank_best(read_events(Project(root)), "base") == [2, 1, 3]


def test_the_list_names_every_model_and_its_state(root: Path) -> None:
    project = Project(root)
    assert [(v.version, v.state) for v in list_versions(project)] == [(1, "current"), (None, "waiting")]
    do_promote(project)
    current, past = list_versions(project, "base")
    assert (current.version, current.state, current.codebook, current.micro_f1, current.macro_f1) == (
        2,
        "current",
        "toy 1",
        0.5,
        0.4,
    )
    assert (past.version, past.state, past.micro_f1) == (1, "past", None)
    told = invoke(root, "models", "list")
    assert (told.exit_code, [line.split()[:3] for line in told.stdout.splitlines()]) == (
        0,
        [["run", "version", "state"], ["base", "2", "current"], ["base", "1", "past"]],
    )
    assert [one["digest"] for one in json.loads(invoke(root, "models", "list", "--json").stdout)] == [
        current.digest,
        past.digest,
    ]


def test_a_model_that_train_made_gets_the_next_number(root: Path) -> None:
    project = Project(root)
    do_promote(project)
    relabel(root, hide(2), "train")
    assert invoke(root, "train", "base").exit_code == 0
    assert [(v.version, v.state) for v in list_versions(project)] == [(3, "current"), (1, "past")]


def test_a_damaged_model_is_listed_and_never_comes_back(root: Path) -> None:
    project = Project(root)
    do_promote(project)
    folder = project.past_model("base", 1)
    (folder / "learned.jsonl").write_text("", encoding="utf-8")
    before = snapshot(root)
    assert "learned.jsonl: altered" in problems_of(lambda: roll_back(project, "base"))[0]
    assert snapshot(root) == before
    (folder / "model.json").write_text("{}", encoding="utf-8")
    assert [bool(version.problem) for version in list_versions(project)] == [False, True]


def test_a_damaged_model_makes_room_for_a_past_one(root: Path) -> None:
    project = Project(root)
    do_promote(project)
    (project.model("base") / "model.json").write_text("{}", encoding="utf-8")
    assert roll_back(project, "base").version == 1
    assert load_model(project.model("base")).run == "base"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["base"], "no earlier version of 'base'; nothing was ever replaced"),
        (["base", "--to", "7"], "no past version 7 of 'base'; nothing was ever replaced"),
        (["bse"], "no model of a run 'bse'; did you mean 'base'?"),
    ],
)
def test_what_is_not_there_cannot_come_back(root: Path, words: list[str], problem: str) -> None:
    done = invoke(root, "models", "rollback", *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert problem in done.stderr


@pytest.mark.parametrize(
    "line", ["broken", '{"when": "", "event": "promoted", "run": "base", "version": 3, "digest": "", "best": "../1"}']
)
def test_a_broken_line_of_the_history_is_named(root: Path, line: str) -> None:
    do_promote(Project(root))
    with (root / "models" / "history.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(f"{line}\n")
    [problem] = problems_of(lambda: list_versions(Project(root)))
    assert problem.startswith(f"{root / 'models' / 'history.jsonl'}:3: ")


@needs_fork
@any_end
@pytest.mark.parametrize("change", [do_promote, do_roll_back])
def test_a_kill_at_any_step_leaves_the_old_model_or_the_new(
    root: Path, change: Callable[[Project], Any], power: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("narratives.runs.history._now", lambda: "2026-01-01T00:00:00Z")
    if change is do_roll_back:
        do_promote(Project(root))
    old = snapshot(root)
    states = list_states(root, lambda: change(Project(root)), power)
    new = states[-1]

    def files(state: dict[str, bytes | None]) -> dict[str, bytes]:
        return {name: data for name, data in state.items() if data is not None}

    assert all(files(state) in (files(old), files(new)) for state in states)
    assert files(old) in map(files, states)
    assert files(new) in map(files, states[:-1])
