"""Inputs and outputs that fsspec reaches, tried in its store in memory: the same files as on a disk."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.batch_runs import collect
from helpers.examples import WORDS, invoke, problems_of, write_lines

from narratives.batch import lease
from narratives.batch.job import Workers, classify_files
from narratives.batch.plan import PLAN, Options
from narratives.batch.resume import Existing
from narratives.batch.sources import find_sources
from narratives.batch.storage import OutputFolder

OPTIONS = Options("jsonl", part_size=300)
LINES = [json.dumps({"id": f"n{k}", "text": f"{word} toll {word[::-1]}"}) for k, word in enumerate(WORDS)]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty store in memory with a packed and a plain input in `bucket/in`."""
    monkeypatch.setattr(lease, "_SETTLED", 0)
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed (the extra: cluster)")
    files = fsspec.filesystem("memory")
    files.store.clear()
    files.pipe("/bucket/in/a.jsonl", "".join(line + "\n" for line in LINES[:9]).encode())
    files.pipe("/bucket/in/b.jsonl.gz", gzip.compress("".join(line + "\n" for line in [*LINES[9:], "{broken"]).encode()))
    files.pipe("/bucket/in/.hidden/c.jsonl", b"nothing")
    yield files
    files.store.clear()


@pytest.fixture
def model(small_done: Path) -> Path:
    return small_done / "models" / "base"


def read(store: Any, folder: str) -> dict[str, bytes]:
    """Every file below a folder of the store, and under `_run/` those that lie beside it."""
    places = {f"{folder}/": "", f"{folder}.run/": "_run/"}
    return {path.replace(top, name, 1): store.cat_file(path) for top, name in places.items() for path in store.find(top)}


def run_on_disk(store: Any, model: Path, folder: Path) -> dict[str, bytes]:
    """The same inputs, answered in a folder: its files as `read` gives them."""
    for name, data in read(store, "/bucket/in").items():
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    classify_files([str(folder / "in")], model, str(folder / "out"), OPTIONS, Workers(1))
    return {name: data for name, data in collect(folder / "out").items() if data is not None}


def same(stored: dict[str, bytes], on_disk: dict[str, bytes], folder: Path) -> bool:
    """Whether both hold the same but for where the inputs lie, and the digests of it; of a plan only the parts count."""
    place, digests = str(folder / "in").encode(), re.compile(rb', "answers": {[^}]*}')
    moved = {name: data.replace(place, b"memory:///bucket/in") for name, data in on_disk.items()}
    plain = [{name: digests.sub(b"", data) for name, data in files.items() if name != PLAN} for files in (stored, moved)]
    return plain[0] == plain[1] and PLAN in stored


def test_a_store_gets_what_a_disk_gets(store: Any, model: Path, tmp_path: Path) -> None:
    summary = classify_files(["memory://bucket/in"], model, "memory://bucket/out", OPTIONS, Workers(1))
    assert (summary.texts, summary.rejects, summary.done) == (14, 1, summary.parts)
    assert same(read(store, "/bucket/out"), run_on_disk(store, model, tmp_path), tmp_path)


def test_a_run_in_a_store_goes_on_where_it_stopped(store: Any, model: Path) -> None:
    arguments = (["memory://bucket/in"], model, "memory://bucket/out", OPTIONS, Workers(1))
    classify_files(*arguments)
    whole = read(store, "/bucket/out")
    for name in (
        "part-00001.jsonl",
        "_run/log/part-00002.jsonl",
        "part-00002.jsonl",
        "_run/summary.json",
        "_run/rejects.jsonl",
    ):
        store.rm_file(f"/bucket/out/{name}".replace("out/_run", "out.run"))
    said: list[str] = []
    classify_files(*arguments, say=said.append)
    assert "parts were done already" in said[0]
    assert read(store, "/bucket/out") == whole


def test_another_input_under_the_same_url_is_refused(store: Any, model: Path) -> None:
    arguments = (["memory://bucket/in/a.jsonl"], model, "memory://bucket/out", OPTIONS, Workers(1))
    classify_files(*arguments)
    store.pipe("/bucket/in/a.jsonl", b'{"text": "toll"}\n')
    [said] = problems_of(lambda: classify_files(*arguments))
    assert said.startswith("memory://bucket/out.run/plan.json: ") and "memory://bucket/in/a.jsonl" in said


def test_a_run_in_a_store_can_be_begun_anew(store: Any, model: Path) -> None:
    store.pipe("/bucket/out/own.txt", b"the user's")
    classify_files(["memory://bucket/in"], model, "memory://bucket/out", OPTIONS, Workers(1))
    classify_files(
        ["memory://bucket/in/a.jsonl"], model, "memory://bucket/out", Options("csv"), Workers(1), existing=Existing.REPLACE
    )
    assert {*read(store, "/bucket/out")} == {
        "own.txt",
        "_run/plan.json",
        "part-00000.csv",
        "_run/log/part-00000.jsonl",
        "_run/summary.json",
    }


def test_what_a_url_stands_for(store: Any) -> None:
    every = ["memory:///bucket/in/a.jsonl", "memory:///bucket/in/b.jsonl.gz"]
    assert [source.path for source in find_sources(["memory://bucket/in"], "out")[0]] == every
    assert [source.path for source in find_sources(["memory://bucket/*/*.jsonl*"], "memory://bucket/out")[0]] == every
    assert [source.path for source in find_sources(["memory://bucket"], "memory://bucket/in/x")[0]] == every
    said = problems_of(lambda: find_sources(["memory://bucket/in/*"], "memory://bucket/in"))
    assert said == ["memory://bucket/in/*: no file matches this pattern; check it"]


def test_a_file_url_is_a_plain_path(store: Any, model: Path, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "new.jsonl", *LINES)
    classify_files([f"file://{path}"], model, f"file://{tmp_path / 'a'}", OPTIONS, Workers(1))
    classify_files([str(path)], model, str(tmp_path / "b"), OPTIONS, Workers(1))
    assert collect(tmp_path / "a") == collect(tmp_path / "b") != {}
    assert invoke(tmp_path, "classify", "--status", f"file://{tmp_path / 'a'}").exit_code == 0


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("memory://bucket/none.jsonl", "no such file; check the path"),
        ("memory://bucket/none.jsonl.gz", "no such file; check the path"),
        ("memory://bucket/none.xyz", "unknown format; known endings: "),
        ("nonsense://bucket/a.jsonl", "cannot be reached: Protocol not known: nonsense; install "),
    ],
)
def test_a_url_that_leads_nowhere(store: Any, model: Path, url: str, said: str) -> None:
    [line] = problems_of(lambda: classify_files([url], model, "memory://bucket/out", OPTIONS, Workers(1)))
    assert line.startswith(f"{url}: {said}")
    assert OutputFolder("memory://bucket/out").list_names() == set()
