"""What must be so before the server listens."""

import socket
from pathlib import Path

import pytest
from helpers.examples import invoke, problems_of

from narratives.project.project import Project
from narratives.serve import start
from narratives.serve.settings import Settings


def test_a_port_that_is_taken_is_told(root: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = Settings(project=Project(root), port=port)
        assert problems_of(lambda: start.serve(settings, print)) == [
            f"--port {port}: another program listens there already; take another one: --port N"
        ]
        done = invoke(root, "serve", "--port", str(port))
        assert (done.exit_code, len(done.output.strip().splitlines())) == (2, 1)


def test_what_is_not_installed_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "find_spec", lambda name: None if name == "duckdb" else name)
    [problem] = problems_of(lambda: start.check_settings(Settings(project=Project(root))))
    assert "duckdb" in problem
    assert "[serve]" in problem


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--model", "bse"], "did you mean 'base'"),
        (["--host", "0.0.0.0"], "--token"),
        (["--token", "short"], "16 printable"),
        (["--answers", "labels"], "no *.parquet"),
        (["--date-format", "%Q"], "--date-format '%Q': not understood"),
        (["--host", "192.0.2.1", "--token", "0123456789abcdef", "--port", "0"], "name an address of this machine"),
    ],
)
def test_a_wrong_option_ends_with_one_line(root: Path, options: list[str], told: str) -> None:
    done = invoke(root, "serve", *options)
    assert done.exit_code == 2
    assert told in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_two_models_of_one_name_are_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (root / "models" / "base").rename(tmp_path / "other" / "base")
    done = invoke(root, "serve", "--model", str(tmp_path / "other" / "base"), "--model", str(tmp_path / "other" / "base"))
    assert done.exit_code == 2
    assert "of this name already" in done.output


def test_every_model_of_the_project_is_served_unless_some_are_named(root: Path) -> None:
    project = Project(root)
    assert start.list_models(Settings(project=project)) == [root / "models" / "base"]
    assert start.list_models(Settings(project=project, models=())) == []
