"""`narratives init`: a project that is clean from the start, and nothing that exists is touched."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.examples import problems_of, snapshot, write_lines

from narratives.annotation.check import check_labels
from narratives.cli import cli
from narratives.project.project import Project
from narratives.project.start import init_project

STARTER = {
    "experiments/tfidf/config.toml",
    "experiments/transformer/config.toml",
    "labels/codebook.toml",
    "labels/passages.jsonl",
}


def files_in(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_init_writes_a_project_and_says_what(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "project"
    result = CliRunner().invoke(cli, ["init", str(root)])
    assert result.exit_code == 0
    assert files_in(root) == STARTER
    assert result.stdout.splitlines() == [
        *(f"wrote {root / name}" for name in sorted(STARTER)),
        f"next: cd {root} && narratives labels check && narratives run tfidf",
    ]


def test_init_returns_what_it_wrote(tmp_path: Path) -> None:
    assert {path.relative_to(tmp_path).as_posix() for path in init_project(tmp_path)} == STARTER


def test_labels_check_finds_a_new_project_clean(tmp_path: Path) -> None:
    init_project(tmp_path)
    result = CliRunner().invoke(cli, ["--project", str(tmp_path), "labels", "check"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("\nclean\n")


def test_the_example_labels_show_every_narrative_in_every_stance(tmp_path: Path) -> None:
    init_project(tmp_path)
    report = check_labels(Project(tmp_path))
    assert all(row.stances[stance] > 0 for row in report.support for stance in ("asserts", "reports", "rebuts"))
    assert report.none > 0
    assert report.several > 0


@pytest.mark.parametrize("run", ["tfidf", "transformer"])
def test_the_configs_are_in_order(tmp_path: Path, run: str) -> None:
    init_project(tmp_path)
    assert Project(tmp_path).read_config(run).classifier == run


def test_a_second_init_changes_nothing(tmp_path: Path) -> None:
    init_project(tmp_path)
    before = snapshot(tmp_path)
    result = CliRunner().invoke(cli, ["init", str(tmp_path)])
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{tmp_path} has everything already; nothing was changed\n")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", sorted(STARTER))
def test_a_file_that_exists_is_not_touched(tmp_path: Path, name: str) -> None:
    path = write_lines(tmp_path / name, "mine")
    written = init_project(tmp_path)
    assert path.read_text() == "mine\n"
    assert path not in written


def test_a_missing_config_is_written_again(tmp_path: Path) -> None:
    init_project(tmp_path)
    path = tmp_path / "experiments" / "tfidf" / "config.toml"
    content = path.read_bytes()
    path.unlink()
    assert init_project(tmp_path) == [path]
    assert path.read_bytes() == content


def test_example_labels_do_not_mix_with_labels_that_are_there(tmp_path: Path) -> None:
    write_lines(tmp_path / "labels" / "mine.jsonl", {"id": "1", "text": "a"})
    init_project(tmp_path)
    assert files_in(tmp_path) == {"labels/mine.jsonl"} | {name for name in STARTER if name.startswith("experiments")}


def test_a_file_in_the_place_of_the_project_is_told(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x", "mine")
    assert problems_of(lambda: init_project(path)) == [f"{path}: this is a file; name a folder"]
    assert snapshot(tmp_path) == {"x": b"mine\n"}


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    write_lines(tmp_path / "experiments", "mine")
    [problem] = problems_of(lambda: init_project(tmp_path))
    assert problem.startswith(f"{tmp_path / 'experiments' / 'tfidf' / 'config.toml'}: cannot be written: ")
    assert snapshot(tmp_path) == {"experiments": b"mine\n"}
