"""Languages in `classify`: every answer names one, and what the model cannot read or nobody can tell is flagged and counted."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.batch_runs import read_rows, run, write_input
from helpers.examples import invoke, problems_of
from helpers.sentences import SENTENCES

from narratives.batch.items import Columns
from narratives.batch.job import report_status
from narratives.batch.plan import Options
from narratives.batch.stream import classify_stream
from narratives.models.folder import load_model, save_model
from narratives.texts import languages
from narratives.texts.languages import FOREIGN, UNSURE

pytest.importorskip("py3langid")

EXPECTED = [("en", ""), ("ru", FOREIGN), ("und", UNSURE), ("en-GB", ""), ("prs", FOREIGN), ("tr", FOREIGN), ("und", "")]
ROWS: list[dict[str, Any]] = [
    {"text": SENTENCES["en"]},
    {"text": SENTENCES["ru"]},
    {"text": "exam 12"},
    {"text": SENTENCES["de"], "language": "en-GB"},  # what a record says of itself is believed
    {"text": SENTENCES["fa"], "language": "prs"},
    {"text": SENTENCES["tr"], "language": "und"},
    {"text": " "},
]


@pytest.fixture(scope="module")
def folder(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was taught in English."""
    model = load_model(finished / "models" / "tfidf")
    folder = tmp_path_factory.mktemp("models") / "english"
    save_model(replace(model, training={**model.training, "languages": {"en": 36}}), folder)
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_input(tmp_path / "new.jsonl", [{"id": f"n{k}", **row} for k, row in enumerate(ROWS)])


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is installed that finds languages."""
    monkeypatch.setattr(languages, "PACKAGE", "no-such-package")
    yield


def notes_of(output: Path) -> list[tuple[str, str]]:
    return [(row["language"], row.get("language_note") or "") for row in read_rows(output)]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_every_answer_names_its_language_and_flags_what_cannot_be_trusted(
    folder: Path, tmp_path: Path, path: Path, form: str
) -> None:
    summary = run(folder, tmp_path / "out", path, form=form)
    assert notes_of(tmp_path / "out") == EXPECTED
    assert summary.languages == {"und": 2, "en": 2, "ru": 1, "fa": 1, "tr": 1}
    assert (summary.foreign, summary.unsure) == ({"ru": 1, "fa": 1, "tr": 1}, 1)
    assert report_status(str(tmp_path / "out")) == summary


def test_a_model_that_does_not_say_what_it_was_taught_flags_no_language(finished: Path, tmp_path: Path, path: Path) -> None:
    summary = run(finished / "models" / "tfidf", tmp_path / "out", path)
    assert notes_of(tmp_path / "out") == [(code, note if note == UNSURE else "") for code, note in EXPECTED]
    assert summary.foreign == {}


def test_the_bytes_do_not_depend_on_parts_processes_or_stops(folder: Path, tmp_path: Path, path: Path) -> None:
    written = {}
    for name, size, jobs in (("whole", 1 << 20, 1), ("small", 100, 1), ("two", 100, 2)):
        run(folder, tmp_path / name, path, part_size=size, jobs=jobs)
        written[name] = b"".join(part.read_bytes() for part in sorted((tmp_path / name).glob("part-*")))
    (tmp_path / "two" / "part-00001.jsonl").unlink()
    run(folder, tmp_path / "two", path, part_size=100)
    written["stopped"] = b"".join(part.read_bytes() for part in sorted((tmp_path / "two").glob("part-*")))
    assert len(set(written.values())) == 1
    assert (tmp_path / "two" / "_run/summary.json").read_bytes() == (tmp_path / "small" / "_run/summary.json").read_bytes()


def test_a_pipe_is_answered_like_a_file(folder: Path, tmp_path: Path, path: Path) -> None:
    run(folder, tmp_path / "out", path)
    out = io.StringIO()
    classify_stream(io.BytesIO(path.read_bytes()), out, folder, Options(), print)
    answers = [{**json.loads(line), "file": str(path)} for line in out.getvalue().splitlines()]
    assert answers == [json.loads(line) for line in (tmp_path / "out" / "part-00000.jsonl").read_text().splitlines()]


def test_the_windows_of_a_text_share_its_language_and_it_counts_once(folder: Path, tmp_path: Path) -> None:
    path = write_input(tmp_path / "new.txt", [{"text": " ".join([SENTENCES["tr"]] * 30)}, {"text": SENTENCES["en"]}])
    summary = run(folder, tmp_path / "out", path, unit="passage")
    notes = notes_of(tmp_path / "out")
    assert len(notes) == summary.rows > 3
    assert set(notes[:-1]) == {("tr", FOREIGN)}
    assert (summary.languages, summary.foreign) == ({"tr": 1, "en": 1}, {"tr": 1})


@pytest.mark.usefixtures("without")
def test_without_the_package_only_what_records_say_is_known(folder: Path, tmp_path: Path, path: Path) -> None:
    summary = run(folder, tmp_path / "out", path)
    said = [("und", UNSURE), ("und", UNSURE), ("und", UNSURE), ("en-GB", ""), ("prs", FOREIGN), ("und", UNSURE), ("und", "")]
    assert notes_of(tmp_path / "out") == said
    assert (summary.unsure, summary.finder) == (4, "")


def test_no_answer_depends_on_the_language_that_was_found(
    folder: Path, tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(folder, tmp_path / "with", path)
    monkeypatch.setattr(languages, "PACKAGE", "no-such-package")
    run(folder, tmp_path / "without", path)
    keys = ("id", "narratives", "scores", "spans")
    a, b = ([{key: row[key] for key in keys} for row in read_rows(tmp_path / name)] for name in ("with", "without"))
    assert a == b


def test_a_run_begun_with_the_package_is_not_gone_on_with_without_it(
    folder: Path, tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(folder, tmp_path / "out", path)
    version = languages.find_version()
    monkeypatch.setattr(languages, "PACKAGE", "no-such-package")
    [told] = problems_of(lambda: run(folder, tmp_path / "out", path))
    assert f"this run was begun with another way to find languages ({version}, not none); name another --output" in told


def test_the_summary_says_it_in_a_line(folder: Path, tmp_path: Path, path: Path) -> None:
    words = ("classify", path, "--model", folder, "--output", tmp_path / "out", "--jobs", "1")
    told = "texts in languages that this model cannot read: 3 (fa 1, ru 1, tr 1); their answers mean little"
    lines = invoke(tmp_path, *words).stdout.splitlines()
    assert told in lines
    assert "texts whose language is unsure: 1; they are noted as such" in lines
    assert told in invoke(tmp_path, "classify", "--status", tmp_path / "out").stdout.splitlines()
    facts = json.loads(invoke(tmp_path, "classify", "--status", tmp_path / "out", "--json").stdout)
    assert (facts["foreign"], facts["unsure"]) == ({"ru": 1, "fa": 1, "tr": 1}, 1)


@pytest.mark.usefixtures("without")
def test_the_summary_says_how_to_have_languages_found(folder: Path, tmp_path: Path, path: Path) -> None:
    words = ("classify", path, "--model", folder, "--output", tmp_path / "out", "--jobs", "1")
    lines = invoke(tmp_path, *words).stdout.splitlines()
    fix = "to have languages found, install narratives with its extra: pip install '.[multilingual]'"
    assert f"texts that do not name their language: 4; {fix}" in lines


@pytest.mark.parametrize("name", ["language", "language_note"])
def test_a_kept_column_cannot_hide_the_language(folder: Path, tmp_path: Path, path: Path, name: str) -> None:
    [told] = problems_of(lambda: run(folder, tmp_path / "out", path, columns=Columns(keep=(name,))))
    assert told.startswith(f"--keep {name}: the output has a column of this name")


def test_the_model_card_says_what_it_was_taught(folder: Path, finished: Path) -> None:
    assert "Taught in en (36 passages)." in (folder / "README.md").read_text(encoding="utf-8")
    assert "what it can read is not known" in (finished / "models" / "tfidf" / "README.md").read_text(encoding="utf-8")


def test_training_counts_the_languages_of_its_passages(finished: Path) -> None:
    training = load_model(finished / "models" / "tfidf").training
    assert training["languages"] == {"und": training["train"]}
