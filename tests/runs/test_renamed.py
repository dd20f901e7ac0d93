"""A narrative that a migration renamed is still compared by `retrain`: the incumbent knows it under its old id."""

import json
import shutil
from pathlib import Path

import pytest
from helpers.examples import invoke
from helpers.migrations import write_migration
from helpers.retraining import write_project

from narratives.labels.codebook import read_codebook
from narratives.labels.renames import find_renames


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_project(tmp_path_factory.mktemp("renamed") / "project")
    assert invoke(root, "retrain", "base").exit_code == 0
    return root


@pytest.fixture
def root(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "project"))


def migrate(root: Path, version: str, *steps: tuple[str, str]) -> None:
    path = write_migration(root, *({"do": "rename", "from": old, "to": new} for old, new in steps), version=version)
    done = invoke(root, "codebook", "migrate", path)
    assert done.exit_code == 0, done.output


def test_a_renamed_narrative_is_neither_new_nor_retired(root: Path) -> None:
    migrate(root, "2", ("toll", "fee"))
    done = invoke(root, "retrain", "base", "--json")
    assert done.exit_code == 0, done.output
    verdict = json.loads(done.stdout)
    assert "renamed since the incumbent was trained: toll -> fee" in done.stderr
    assert (verdict["codebook"]["new"], verdict["codebook"]["retired"]) == ([], [])
    rulings = {ruling["id"]: ruling for ruling in verdict["narratives"]}
    assert rulings["fee"]["word"] == "same" and rulings["fee"]["incumbent"] is not None
    assert verdict["changes"]["passages"]["train"]["relabelled"] == 0
    assert verdict["changes"]["narratives"]["fee"]["train"]["gained"] == 0


def test_renames_are_followed_through_several_versions(root: Path) -> None:
    spoken = read_codebook(root / "labels" / "codebook.toml")
    migrate(root, "2", ("toll", "fee"))
    migrate(root, "3", ("fee", "price"), ("school", "toll"))
    today = read_codebook(root / "labels" / "codebook.toml")
    assert find_renames(root / "labels", spoken, today) == {"toll": "price", "school": "toll"}
    (root / "labels" / "migrations" / "2.toml").unlink()
    assert find_renames(root / "labels", spoken, today) == {}
