"""Which files are read: each once, none that is not meant, and what stands in the way is told in one line."""

import gzip
import os
from pathlib import Path

import pytest
from helpers.examples import problems_of

from narratives.batch.sources import Source, find_sources, has_changed, identify, open_source


def touch(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"a\n")
    return paths


def names_of(folder: Path, *inputs: str | Path, output: str = "out") -> list[str]:
    """Paths below `folder` of what is found."""
    sources, _ = find_sources([str(name) for name in inputs], str(folder / output))
    return [os.path.relpath(source.path, folder) for source in sources]


# What is found


def test_files_stand_in_the_order_they_are_named_in_and_folders_are_sorted(tmp_path: Path) -> None:
    touch(tmp_path, "b.csv", "in/z.txt", "in/deep/er/a.jsonl.gz", "in/B.PARQUET", "in/c.tsv.zst", "a.ndjson")
    inside = ["in/B.PARQUET", "in/c.tsv.zst", "in/deep/er/a.jsonl.gz", "in/z.txt"]
    assert names_of(tmp_path, tmp_path / "b.csv", tmp_path / "in", tmp_path / "a.ndjson") == ["b.csv", *inside, "a.ndjson"]


@pytest.mark.parametrize(
    ("name", "form", "compression"),
    [
        ("a.jsonl", "jsonl", ""),
        ("a.ndjson.gz", "jsonl", "gzip"),
        ("A.CSV.GZ", "csv", "gzip"),
        ("a.tsv.zst", "csv", "zstd"),
        ("a.v2.txt", "txt", ""),
        ("a.parquet", "parquet", ""),
    ],
)
def test_the_endings_tell_format_and_compression(tmp_path: Path, name: str, form: str, compression: str) -> None:
    [path] = touch(tmp_path, name)
    assert find_sources([str(path)], "out")[0] == [Source(str(path), form, compression)]


def test_a_file_named_twice_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = touch(tmp_path / "in", "a.jsonl", "b.jsonl")
    (tmp_path / "in" / "link.jsonl").symlink_to(a)
    (tmp_path / "again").symlink_to(tmp_path / "in")
    monkeypatch.chdir(tmp_path)
    inputs: list[str | Path] = [
        b,
        "in",
        "./in/a.jsonl",
        tmp_path / "in" / ".." / "in" / "b.jsonl",
        "in/*.jsonl",
        tmp_path / "again",
    ]
    assert names_of(tmp_path, *inputs) == ["in/b.jsonl", "in/a.jsonl"]


def test_links_are_followed_and_never_in_circles(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere/a.txt", "in/b.txt")
    (tmp_path / "in" / "far").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "up").symlink_to(tmp_path)
    (tmp_path / "elsewhere" / "self").symlink_to(tmp_path / "elsewhere")
    assert names_of(tmp_path, tmp_path / "in") == ["in/b.txt", "in/far/a.txt"]


def test_hidden_files_and_the_output_are_left_alone(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.jsonl", "in/.b.jsonl", "in/.git/c.jsonl", "in/out/part-00000.jsonl", "in/out/log/part-00000.jsonl")
    assert names_of(tmp_path, tmp_path / "in", output="in/out") == ["in/a.jsonl"]
    assert names_of(tmp_path, tmp_path / "in/**/*.jsonl", output="in/out") == ["in/a.jsonl"]
    [problem] = problems_of(lambda: names_of(tmp_path, tmp_path / "in/out/*.jsonl", output="in/out"))
    assert problem.endswith(": no file matches this pattern; check it")
    hidden = tmp_path / "in" / ".git"
    assert names_of(tmp_path, hidden) == ["in/.git/c.jsonl"]  # named, and so meant


def test_files_of_other_kinds_in_a_folder_are_counted(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.jsonl", "in/README.md", "in/x.gz", "in/data")
    _, left = find_sources([str(tmp_path / "in")], "out")
    assert [Path(path).name for path in left] == ["README.md", "data", "x.gz"]


def test_a_pattern_matches_files_and_folders_and_a_real_name_is_no_pattern(tmp_path: Path) -> None:
    touch(tmp_path, "a1.txt", "a2.txt", "b[1].txt", "a3.d/c.txt", "what?.txt")
    assert names_of(tmp_path, tmp_path / "a*") == ["a1.txt", "a2.txt", "a3.d/c.txt"]
    assert names_of(tmp_path, tmp_path / "b[1].txt", tmp_path / "what?.txt") == ["b[1].txt", "what?.txt"]
    assert names_of(tmp_path, tmp_path / "**" / "c.txt") == ["a3.d/c.txt"]


def test_a_name_that_is_not_utf_8_can_be_read_and_shown(tmp_path: Path) -> None:
    names = [os.fsdecode(name) for name in (b"caf\xe8.txt", b"caf\xe9.txt")]
    try:
        touch(tmp_path, *names)
    except OSError:
        pytest.skip("this file system knows UTF-8 names only")
    sources, _ = find_sources([str(tmp_path)], "out")
    shown = [source.shown.encode() for source in sources]
    assert [Path(text.decode()).name for text in shown] == ["caf\\xe8.txt", "caf\\xe9.txt"]
    for source in sources:
        with open_source(source) as stream:
            assert stream.read() == b"a\n"
        assert not has_changed(source, identify(source))


# What is refused


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nowhere.jsonl", "no such file; check the path"),
        ("nowhere.jsonl.gz", "no such file; check the path"),
        ("nowhere", "no such file; check the path"),
        ("x*.jsonl", "no file matches this pattern; check it"),
        ("a.docx", "unknown format; give it one of the endings .jsonl, .ndjson, .csv, .tsv, .parquet, .txt"),
        ("a.gz", "unknown format"),
        ("a.xlsx", "this is a spreadsheet; save it as CSV in UTF-8 and name that file"),
        ("a.parquet.gz", "Parquet is compressed inside; unpack this file first"),
        ("empty", "no file to read in this folder; known endings: .jsonl"),
        ("others", "no file to read in this folder; known endings: .jsonl"),
        ("y" * 300, "cannot be read: File name too long"),
    ],
    ids=lambda value: value[:20],
)
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path, name: str, told: str) -> None:
    touch(tmp_path, "a.docx", "a.gz", "a.xlsx", "a.parquet.gz", "others/README.md", "good.txt")
    (tmp_path / "empty").mkdir()
    [problem] = problems_of(lambda: find_sources([str(tmp_path / "good.txt"), str(tmp_path / name)], "out"))
    assert problem.startswith(f"{tmp_path / name}: {told}")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_may_not_be_read_is_not_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.txt", "in/closed/b.txt")
    (tmp_path / "in" / "closed").chmod(0)
    [problem] = problems_of(lambda: find_sources([str(tmp_path / "in")], "out"))
    assert "Permission denied" in problem
    (tmp_path / "in" / "closed").chmod(0o755)


# What a file is known by


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_has_changed_where_its_bytes_have(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / ("a.txt.gz" if packed else "a.txt")
    data = [gzip.compress(text, mtime=0) if packed else text for text in (b"one\n", b"two\n", b"three\n")]
    path.write_bytes(data[0])
    [source], _ = find_sources([str(path)], "out")
    known = identify(source)
    assert not has_changed(source, known)
    os.utime(path, (1, 1))
    assert not has_changed(source, known)
    for other in data[1:]:
        path.write_bytes(other)
        os.utime(path, (2, 2))
        assert has_changed(source, known)
    path.unlink()
    assert problems_of(lambda: has_changed(source, known)) == [f"{path}: no such file; check the path"]
    assert problems_of(lambda: identify(source)) == [f"{path}: no such file; check the path"]
