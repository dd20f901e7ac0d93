"""Languages in `classify`: every answer names one, and what the model cannot read or nobody can tell is flagged and counted."""

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.batch_runs import TEXTS, read_rows, run, write_input
from helpers.examples import invoke, problems_of
from helpers.sentences import SENTENCES

from narratives.batch.items import Columns
from narratives.batch.job import Workers, classify_files, report_status
from narratives.batch.plan import Options
from narratives.batch.resume import Existing
from narratives.batch.stream import classify_stream
from narratives.models.folder import load_model, save_model
from narratives.texts import languages
from narratives.texts.languages import FAILED, FOREIGN, UNSURE, UNTESTED, find_language

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
    assert (tmp_path / "two.run/summary.json").read_bytes() == (tmp_path / "small.run/summary.json").read_bytes()


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
    fix = "to have languages found, install narratives with its extra: pip install '.[languages]'"
    assert f"texts that do not name their language: 4; {fix}" in lines


TESTS = {"en": 0.8, "ru": 0.39, "fa": 0.4}


@pytest.fixture
def tested(finished: Path, tmp_path: Path) -> Path:
    """A model that may read any language, tested in three; it failed in Russian."""
    folder = tmp_path / "tested"
    shutil.copytree(finished / "models" / "tfidf", folder)
    model = load_model(folder)
    row = {"passages": 50, "labels": 40, "low": 0.1, "high": 0.9}
    languages = {code: {**row, "micro_f1": f1} for code, f1 in TESTS.items()}
    facts = {"digest": model.digest, "passages": 50, "raised": 40, "narratives": {}, "languages": languages}
    (folder / "tested.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture
def tolls(tmp_path: Path) -> Path:
    """Texts that carry a narrative, in a language of each kind."""
    rows = [{"id": code, "text": TEXTS[0], "language": code} for code in ("en", "ru", "prs", "uz", "und")]
    return write_input(tmp_path / "tolls.jsonl", rows)


@pytest.mark.parametrize("explain", [False, True])
@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_nothing_is_raised_in_a_language_in_which_the_model_failed_and_one_without_a_test_says_so(
    tested: Path, tmp_path: Path, tolls: Path, form: str, explain: bool
) -> None:
    summary = run(tested, tmp_path / "out", tolls, form=form, explain=explain)
    assert (summary.untested, summary.failed, summary.none) == ({"uz": 1}, {"ru": 1}, 1)
    rows = {row["id"]: row for row in read_rows(tmp_path / "out")}
    assert {code: row.get("language_note") or "" for code, row in rows.items()} == {
        "en": "",
        "ru": FAILED,
        "prs": "",
        "uz": UNTESTED,
        "und": "" if find_language(TEXTS[0])[0] == "en" else UNSURE,
    }
    assert [code for code, row in rows.items() if not row["narratives"]] == ["ru"]
    assert rows["ru"]["scores"] == rows["en"]["scores"]


def test_who_asks_for_all_languages_gets_them(tested: Path, tmp_path: Path, tolls: Path) -> None:
    summary = run(tested, tmp_path / "out", tolls, all_languages=True)
    assert (summary.failed, summary.none) == ({"ru": 1}, 0)
    [problem] = problems_of(lambda: run(tested, tmp_path / "out", tolls))
    assert "this run was begun with another --all-languages (with, not without)" in problem


def test_a_run_whose_config_asks_for_all_languages_gets_them(tested: Path, tmp_path: Path, tolls: Path) -> None:
    facts = json.loads((tested / "tested.json").read_text())
    (tested / "tested.json").write_text(json.dumps({**facts, "all_languages": True}))
    summary = run(tested, tmp_path / "out", tolls)
    assert (summary.failed, summary.none) == ({"ru": 1}, 0)
    out = io.StringIO()
    classify_stream(io.BytesIO(tolls.read_bytes()), out, tested, Options(), print)
    rows = {row["id"]: row for row in map(json.loads, out.getvalue().splitlines())}
    assert rows["ru"]["narratives"] and rows["ru"]["language_note"] == FAILED


def test_a_run_goes_on_by_the_test_that_it_was_begun_with_and_what_is_added_goes_by_the_new_one(
    tested: Path, tmp_path: Path, tolls: Path
) -> None:
    run(tested, tmp_path / "out", tolls)
    before = (tmp_path / "out" / "part-00000.jsonl").read_bytes()
    facts = json.loads((tested / "tested.json").read_text())
    facts["languages"]["ru"]["micro_f1"] = 0.7
    (tested / "tested.json").write_text(json.dumps(facts))
    (tmp_path / "out" / "part-00000.jsonl").unlink()
    run(tested, tmp_path / "out", tolls)
    assert (tmp_path / "out" / "part-00000.jsonl").read_bytes() == before
    more = write_input(tmp_path / "more.jsonl", [{"id": "m", "text": TEXTS[0], "language": "ru"}])
    classify_files([str(more)], tested, str(tmp_path / "out"), Options(form="jsonl"), Workers(jobs=1), existing=Existing.ADD)
    [row] = [row for row in read_rows(tmp_path / "out") if row["id"] == "m"]
    assert row["narratives"] and "language_note" not in row


def test_a_pipe_goes_by_the_test_of_languages_too(tested: Path, tolls: Path) -> None:
    out = io.StringIO()
    classify_stream(io.BytesIO(tolls.read_bytes()), out, tested, Options(), print)
    rows = {row["id"]: row for row in map(json.loads, out.getvalue().splitlines())}
    assert (rows["ru"]["narratives"], rows["ru"]["language_note"], rows["uz"]["language_note"]) == ({}, FAILED, UNTESTED)


@pytest.mark.parametrize("languages", [None, {}, {"und": 0.2}])
def test_where_nobody_knows_in_which_languages_a_model_was_tested_none_is_noted(
    tested: Path, tmp_path: Path, tolls: Path, languages: Any
) -> None:
    facts = json.loads((tested / "tested.json").read_text())
    row = {"passages": 50, "labels": 40, "low": 0.1, "high": 0.9}
    facts["languages"] = languages and {code: {**row, "micro_f1": f1} for code, f1 in languages.items()}
    (tested / "tested.json").write_text(json.dumps(facts))
    summary = run(tested, tmp_path / "out", tolls)
    assert (summary.untested, summary.failed, summary.none) == ({}, {}, 0)


def test_the_summary_says_in_which_languages_there_was_no_good_test(tested: Path, tmp_path: Path, tolls: Path) -> None:
    lines = invoke(
        tmp_path, "classify", tolls, "--model", tested, "--output", tmp_path / "out", "--jobs", "1"
    ).stdout.splitlines()
    untested = "texts in languages in which this model has no test: 1 (uz 1); nobody knows how far to trust their answers"
    failed = "texts in languages in which it failed its test: 1 (ru 1); without --all-languages nothing is raised in them"
    assert {untested, failed} <= {*lines}


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
