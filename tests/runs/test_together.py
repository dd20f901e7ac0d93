"""Two commands at once, and one that is killed while it saves: nothing is lost, nothing doubled, a model always stands."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import retraining
from helpers.examples import invoke, problems_of, snapshot, write_lines, write_project
from helpers.killed import any_end, list_states, needs_fork
from helpers.migrations import rename, write_migration, write_task

from narratives.files import atomic
from narratives.models.folder import load_model, save_model
from narratives.project.project import Project
from narratives.runs.evaluate import read_answers, read_evaluation
from narratives.runs.history import promote, read_events


def at_once(root: Path, *commands: Sequence[str | Path]) -> None:
    """Run the commands at the same time: all of them wait before any of them reads."""
    with Project(root).lock(), Project(root).lock(run="base"):
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "narratives", "--project", str(root), *map(str, words)],
                stderr=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
            )
            for words in commands
        ]
        for process in processes:
            assert process.stderr
            assert process.stderr.readline().startswith("waiting for 'narratives")
    for process in processes:
        _, said = process.communicate()
        assert process.returncode == 0, said


def read_splits(root: Path) -> Counter[str]:
    lines = (root / "labels" / "splits.csv").read_text().splitlines()[1:]
    return Counter(line.split(",")[0] for line in lines)


def test_two_imports_at_once_lose_nothing(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    write_lines(root / "labels" / "open.jsonl", *({"id": f"o{k}", "text": f"an unread tram number {k}"} for k in range(8)))
    halves = [
        write_lines(
            tmp_path / f"{half}.jsonl",
            *({"id": f"o{k}", "text": f"an unread tram number {k}", "narratives": {"toll": "asserts"}} for k in ids),
            {"id": f"new{half}", "text": f"quite another text, {half * 7 + 1} times", "narratives": {}},
        )
        for half, ids in enumerate((range(4), range(4, 8)))
    ]
    first, second = halves
    at_once(root, ["labels", "import", first], ["labels", "import", second])
    passages = {passage.id: passage.narratives for passage in Project(root).corpus.passages}
    assert {id_ for id_, labels in passages.items() if id_.startswith("o") and labels} == {f"o{k}" for k in range(8)}
    assert {"new0", "new1"} <= passages.keys()
    assert set(read_splits(root).values()) == {1}


def test_training_and_importing_at_once_write_each_document_once(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    write_lines(root / "labels" / "more.jsonl", {"id": "m", "text": "a lantern in the market", "narratives": {}})
    path = write_lines(tmp_path / "in.jsonl", {"id": "i", "text": "a saddle by the harbour", "narratives": {}})
    at_once(root, ["train", "base"], ["labels", "import", path])
    assert set(read_splits(root).values()) == {1}
    assert {"m", "i"} <= read_splits(root).keys()


def test_migrating_and_importing_at_once_lose_nothing(tmp_path: Path) -> None:
    root = write_task(tmp_path / "project")
    path = write_lines(
        tmp_path / "in.jsonl",
        {"id": "l1", "text": "nobody has read this", "narratives": {"toll": "reports"}},
        {"id": "new", "text": "a saddle by the harbour", "narratives": {"toll": "asserts"}},
    )
    before = {passage.id: passage.narratives for passage in Project(root).corpus.passages}
    at_once(root, ["codebook", "migrate", write_migration(root, rename("school", "class"))], ["labels", "import", path])
    corpus = Project(root).corpus
    assert corpus.codebook.ids == ("toll", "class", "flood")
    assert {passage.id: passage.narratives for passage in corpus.passages} == {
        **{
            id_: labels and {"class" if name == "school" else name: stance for name, stance in labels.items()}
            for id_, labels in before.items()
        },
        "l1": {"toll": "reports"},
        "new": {"toll": "asserts"},
    }
    assert not list(root.glob(".change.*"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = retraining.write_project(tmp_path_factory.mktemp("together") / "project", 100)
    assert invoke(root, "train", "base").exit_code == 0
    return root


@pytest.fixture
def root(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "project"))


def test_two_forced_promotions_at_once_leave_a_model(root: Path) -> None:
    promotion: list[str | Path] = ["retrain", "base", "--force", "--promote"]
    at_once(root, promotion, promotion)
    project = Project(root)
    last = read_events(project)[-1]
    assert (last.version, last.digest) == (3, load_model(project.model("base")).digest)
    assert all(load_model(project.past_model("base", version)) for version in (1, 2))


def test_evaluating_and_reporting_at_once_leave_what_belongs_together(root: Path) -> None:
    assert invoke(root, "evaluate", "base").exit_code == 0
    at_once(root, ["evaluate", "base"], ["report", "base"], ["evaluate", "base", "--split", "validation"])
    project = Project(root)
    evaluation, corpus = read_evaluation(project, "base"), project.corpus
    assert (
        len(read_answers(project, evaluation, corpus.part(evaluation.split), corpus.codebook).passages) == evaluation.passages
    )


@needs_fork
@any_end
@pytest.mark.parametrize("exchanged", [True, False])
def test_a_model_that_is_saved_over_another_is_never_missing(
    root: Path, power: bool, exchanged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Project(root).model("base")
    model = load_model(place)
    if not exchanged:
        monkeypatch.setattr(atomic, "exchange", lambda *_: False)
    old = files_of(snapshot(root))
    states = list_states(root, lambda: save_model(replace(model, training={"train": 1}), place), power)
    found = [{name: data for name, data in files_of(state).items() if "/base/" in name} for state in states]
    before, after = {name: data for name, data in old.items() if "/base/" in name}, found[-1]
    assert before != after
    assert all(state in (before, after) for state in found)
    assert before in found
    assert after in found[:-1]


def files_of(state: dict[str, bytes | None]) -> dict[str, bytes]:
    return {name: data for name, data in state.items() if data is not None}


def test_a_model_that_the_history_knows_is_not_replaced_as_if_it_were_the_first(root: Path) -> None:
    assert invoke(root, "retrain", "base", "--force", "--promote").exit_code == 0
    shutil.rmtree(root / "models" / "base")
    before = snapshot(root)
    done = invoke(root, "retrain", "base")
    assert done.exit_code == 2
    assert done.stderr.startswith(
        f"{root / 'models' / 'base'}: is gone, although the history knows version 2; bring one back: "
    )
    assert snapshot(root) == before
    assert invoke(root, "retrain", "base", "--promote").exit_code == 0
    assert read_events(Project(root))[-1].version == 3


def test_a_challenger_takes_the_place_only_of_the_model_it_was_compared_with(root: Path) -> None:
    project = Project(root)
    before = snapshot(root)
    [problem] = problems_of(lambda: promote(project, "base", {}, {}, "promote", "", over="another"))
    assert snapshot(root) == before
    assert problem.startswith(f"{root / 'models' / 'base'}: another model was put there meanwhile; run the same command again")


@pytest.mark.parametrize("version", ["../../../../outside", -1, True, 1.5])
def test_a_version_in_the_history_is_a_number_and_no_path(root: Path, version: object) -> None:
    assert invoke(root, "retrain", "base", "--force", "--promote").exit_code == 0
    path = root / "models" / "history.jsonl"
    events = [json.loads(line) for line in path.read_text().splitlines()]
    events[-1]["version"] = version
    write_lines(path, *events)
    [problem] = problems_of(lambda: read_events(Project(root)))
    assert problem.startswith(f"{path}:{len(events)}: not a line of the history; ")


@pytest.mark.parametrize("name", ["history", "History", "history.jsonl", ".base.challenger", ".hidden", "base-vs-other"])
def test_a_run_named_like_a_folder_of_ours_is_refused(root: Path, name: str) -> None:
    for run in ("other", name):
        if not (root / "experiments" / run).exists():
            shutil.copytree(root / "experiments" / "base", root / "experiments" / run)
    before = snapshot(root)
    done = invoke(root, "train", name)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.endswith("; give the run another name\n")
    assert snapshot(root) == before


def test_a_manifest_names_no_file_outside_its_folder(root: Path) -> None:
    path = root / "models" / "base" / "model.json"
    manifest = json.loads(path.read_text())
    manifest.pop("digest")
    manifest["files"]["../../labels/passages.jsonl"] = "0"
    path.write_text(json.dumps({**manifest, "digest": hashlib.sha256(json.dumps(manifest).encode()).hexdigest()}))
    [problem] = problems_of(lambda: load_model(path.parent))
    assert problem.startswith(f"{path}: names a file outside of the model's folder: ../../labels/passages.jsonl; ")
