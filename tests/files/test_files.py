"""Files are read with errors a person can act on, and appear complete or not at all."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.examples import problems_of, snapshot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narratives.files import atomic
from narratives.files.atomic import read_json, read_text, replacing, sha256, write_json, write_text

FULL = Path("/dev/full")
Save = Callable[..., None]


def save_folder(path: Path, content: str, error: BaseException | None = None) -> None:
    """Write a folder of two files; `error` is raised between them."""
    with replacing(path) as aside:
        aside.mkdir()
        (aside / "one").write_text(content)
        if error:
            raise error
        (aside / "two").write_text(content)


def save_file(path: Path, content: str, error: BaseException | None = None) -> None:
    """Write a file; `error` is raised when half of it is there."""
    with replacing(path) as aside:
        aside.write_text(content[: len(content) // 2])
        if error:
            raise error
        aside.write_text(content)


SAVERS = pytest.mark.parametrize("save", [save_file, save_folder])


def test_a_new_file_appears_with_the_folders_above_it(tmp_path: Path) -> None:
    save_file(tmp_path / "a" / "b.txt", "new")
    assert snapshot(tmp_path) == {"a": None, "a/b.txt": b"new"}


def test_a_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("old")
    save_file(tmp_path / "b.txt", "new")
    assert snapshot(tmp_path) == {"b.txt": b"new"}


def test_a_folder_takes_the_place_of_the_old_one_and_mixes_nothing(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "of-the-old-one").write_text("old")
    save_folder(tmp_path / "model", "new")
    assert snapshot(tmp_path) == {"model": None, "model/one": b"new", "model/two": b"new"}


@SAVERS
@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt()], ids=["error", "interrupt"])
@pytest.mark.parametrize("old", [True, False])
def test_when_the_block_raises_all_stays_as_it_was(tmp_path: Path, save: Save, error: BaseException, old: bool) -> None:
    if old:
        save(tmp_path / "x", "old")
    before = snapshot(tmp_path)
    with pytest.raises(type(error)):
        save(tmp_path / "x", "new", error)
    assert snapshot(tmp_path) == before


@SAVERS
def test_a_full_disk_is_told_and_all_stays_as_it_was(tmp_path: Path, save: Save) -> None:
    save(tmp_path / "x", "old")
    before = snapshot(tmp_path)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    problem = f"{tmp_path / 'x'}: cannot be written: No space left on device; nothing was changed"
    assert problems_of(lambda: save(tmp_path / "x", "new", full)) == [problem]
    assert snapshot(tmp_path) == before


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full on this system")
def test_a_disk_that_is_really_full_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")

    def save() -> None:
        with replacing(path) as aside:
            aside.symlink_to(FULL)
            aside.write_text("new" * 100_000)

    assert problems_of(save) == [f"{path}: cannot be written: No space left on device; nothing was changed"]
    assert snapshot(tmp_path) == {"x": b"old"}


@SAVERS
def test_a_place_below_a_file_is_told(tmp_path: Path, save: Save) -> None:
    (tmp_path / "file").write_text("old")
    [problem] = problems_of(lambda: save(tmp_path / "file" / "x", "new"))
    assert problem.startswith(f"{tmp_path / 'file' / 'x'}: cannot be written: ")
    assert snapshot(tmp_path) == {"file": b"old"}


def test_a_file_does_not_replace_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    problem = f"{tmp_path / 'x'}: cannot be written: Is a directory; nothing was changed"
    assert problems_of(lambda: save_file(tmp_path / "x", "new")) == [problem]
    assert snapshot(tmp_path) == {"x": None}


@SAVERS
def test_a_pipe_or_a_device_is_never_replaced(tmp_path: Path, save: Save) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert problems_of(lambda: save(tmp_path / "pipe", "new")) == [f"{tmp_path / 'pipe'}: is a device or a pipe; name a file"]
    assert (tmp_path / "pipe").is_fifo()


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300)
    assert problems_of(lambda: save_file(path, "new")) == [
        f"{path}: cannot be written: File name too long; nothing was changed"
    ]


def test_the_old_folder_comes_back_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_folder(tmp_path / "x", "old")
    before = snapshot(tmp_path)
    rename = Path.rename

    def fail_for_the_new(self: Path, target: Path) -> Path:
        if self.name.endswith(".partial"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new)
    monkeypatch.setattr(atomic, "exchange", lambda *_: False)  # as on a disk that cannot
    problem = f"{tmp_path / 'x'}: cannot be written: Input/output error; nothing was changed"
    assert problems_of(lambda: save_folder(tmp_path / "x", "new")) == [problem]
    assert snapshot(tmp_path) == before


# Reading


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.just("\n") | st.characters(codec="utf-8", exclude_characters="\r\0\ufeff")))
def test_text_that_was_written_is_read_back(tmp_path: Path, text: str) -> None:
    write_text(tmp_path / "x", text)
    assert read_text(tmp_path / "x") == text
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read_text(tmp_path / "x") == text


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("é\n".encode("utf-16"), ":1: this is UTF-16 text or no text at all; save it as UTF-8"),
        (b"\x1f\x8b\x08\x00\x00", ":1: this is UTF-16 text or no text at all; save it as UTF-8"),
        (b"one\r\ntwo\r\ncaf\xe9\r\n", ":3: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (b"cut short \xc3", ":1: byte 0xc3 is not UTF-8; save the file as UTF-8"),
    ],
    ids=["UTF-16", "binary", "latin-1", "half a character"],
)
def test_what_is_not_utf_8_is_told_with_its_line(tmp_path: Path, data: bytes, problem: str) -> None:
    (tmp_path / "x").write_bytes(data)
    assert problems_of(lambda: read_text(tmp_path / "x")) == [f"{tmp_path / 'x'}{problem}"]


@pytest.mark.parametrize("read", [read_text, read_json])
def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path, read: Callable[[Path], object]) -> None:
    assert problems_of(lambda: read(tmp_path / "x")) == [f"{tmp_path / 'x'}: no such file; check the path"]
    assert problems_of(lambda: read(tmp_path)) == [f"{tmp_path}: this is a folder; name a file in it"]


def test_json_that_was_written_is_read_back(tmp_path: Path) -> None:
    value = {"b": [1, 2.5, None], "a": "é\u2028"}
    write_json(tmp_path / "x.json", value)
    assert read_json(tmp_path / "x.json") == value
    assert "é" in (tmp_path / "x.json").read_text(encoding="utf-8")


def test_nan_is_not_written_since_it_is_not_json(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("old")
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "x.json", {"f1": float("nan")})
    assert snapshot(tmp_path) == {"x.json": b"old"}


def test_broken_json_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{\n "a": 1\n "b": 2\n}')
    assert problems_of(lambda: read_json(tmp_path / "x.json")) == [
        f"{tmp_path / 'x.json'}:3: broken JSON: Expecting ',' delimiter"
    ]


def test_the_digest_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc" * 100_000)
    assert sha256(tmp_path / "x") == hashlib.sha256(b"abc" * 100_000).hexdigest()
