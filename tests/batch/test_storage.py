"""A folder for answers, on a disk or behind a URL: files are there whole or not at all."""

import uuid
from pathlib import Path

import pytest
from helpers.examples import problems_of

from narratives.batch.storage import OutputFolder, filesystem, is_url
from narratives.errors import UserError


@pytest.fixture(params=["disk", "url"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> OutputFolder:
    if request.param == "disk":
        return OutputFolder(str(tmp_path / "new" / "out"))
    pytest.importorskip("fsspec")
    return OutputFolder(f"memory://{uuid.uuid4()}/out/")


def test_a_folder_that_is_not_there_yet_holds_nothing(folder: OutputFolder) -> None:
    assert folder.list_names() == set()
    assert folder.read("plan.json") is None
    folder.remove("plan.json")


def fill(path: Path) -> None:
    path.write_bytes(b"a\r\n")


def test_what_is_written_is_listed_read_and_removed(folder: OutputFolder) -> None:
    folder.write_text("plan.json", "é\n")
    folder.write_text("log/part-00000.jsonl", "{}\n")
    folder.write("part-00000.csv", fill)
    assert folder.list_names() == {"plan.json", "log/part-00000.jsonl", "part-00000.csv"}
    assert folder.read("plan.json") == "é\n"
    folder.write_text("plan.json", "another\n")
    assert folder.read("plan.json") == "another\n"
    folder.remove("plan.json")
    assert folder.read("plan.json") is None
    assert folder.list_names() == {"log/part-00000.jsonl", "part-00000.csv"}


def test_a_file_whose_writing_fails_is_not_there(folder: OutputFolder) -> None:
    folder.write_text("kept.txt", "before\n")

    def fail(path: Path) -> None:
        path.write_text("half", encoding="utf-8")
        raise RuntimeError

    for name in ("kept.txt", "log/new.txt"):
        with pytest.raises(RuntimeError):
            folder.write(name, fail)
    assert folder.list_names() == {"kept.txt"}
    assert folder.read("kept.txt") == "before\n"


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("", encoding="utf-8")
    folder = OutputFolder(str(tmp_path / "out"))
    for action in (lambda: folder.read("plan.json"), lambda: folder.write_text("plan.json", "")):
        [problem] = problems_of(action)
        assert problem.startswith(f"{tmp_path / 'out' / 'plan.json'}: cannot be ")


@pytest.mark.parametrize(("path", "expected"), [("s3://b/out", True), ("memory://x", True), ("out", False), ("/a/b:c", False)])
def test_a_url_is_told_by_its_scheme(path: str, expected: bool) -> None:
    assert is_url(path) is expected


def test_a_store_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UserError, match="nowhere://x: cannot be reached"):
        filesystem("nowhere://x")
