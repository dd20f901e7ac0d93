"""The pages in a real browser: pasted, filtered, labelled by keyboard, promoted; accessible, and nothing comes from outside."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from helpers.browser import browse, find_browser
from helpers.examples import WORDS, invoke, write_lines

TEXTS = 60
LOOKS = ("light", "dark", "narrow")
PAGES = ("try", "answers", "api", "models", "promote", "problem", "label", "text")


@contextmanager
def running(root: Path, *options: str) -> Iterator[str]:
    """A server in a process of its own; its address."""
    command = [sys.executable, "-m", "narratives", "--project", str(root), "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        line = process.stderr.readline()
        match = re.search(r"http://\S+?(?=/ )", line)
        assert match, line + process.stderr.read()
        try:
            yield match[0]
        finally:  # else a test that fails would wait for the server for ever
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


@pytest.fixture(scope="module")
def project(small_done: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with texts to label, answers to browse and a model that waits."""
    root = Path(shutil.copytree(small_done, tmp_path_factory.mktemp("pages") / "project"))
    feed = [
        {"id": f"f{k}", "text": f"{WORDS[k % 14]} {k} toll", "source": "wire", "date": f"2025-{k % 12 + 1:02}"}
        for k in range(80)
    ]
    write_lines(root / "feed.jsonl", *feed)
    options = ["--model", "base", "--output", str(root / "answers"), "--text", "--keep", "source,date"]
    assert invoke(root, "classify", root / "feed.jsonl", *options).exit_code == 0
    config = root / "experiments" / "base" / "config.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("min_df = 1", "min_df = 2"), encoding="utf-8")
    assert invoke(root, "retrain", "base", "--dry-run").exit_code in (0, 1)
    unread = [{"id": f"u{k}", "text": f"{WORDS[k % 14]} unread number {k}", "document": f"ud{k}"} for k in range(TEXTS)]
    write_lines(root / "labels" / "waiting.jsonl", *unread)
    return root


@pytest.fixture(scope="module")
def seen(project: Path) -> Any:
    """What pages.mjs saw."""
    find_browser()
    with running(project, "--answers", str(project / "answers"), "--cache", str(project / "cache")) as address:
        return browse(Path(__file__).with_name("pages.mjs"), address, seconds=900)


def test_nothing_is_asked_for_from_outside(seen: Any) -> None:
    assert seen["outside"] == []


def test_the_browser_has_nothing_to_complain_about(seen: Any) -> None:
    # It tells of the page that is not there, which is asked for to see how that looks.
    assert [told for told in seen["complaints"] if "404" not in told] == []


def test_a_text_that_is_pasted_is_answered_with_its_words_marked(seen: Any) -> None:
    assert seen["try"]["claims"][0] == "The toll robs us"
    assert "toll" in seen["try"]["marks"]
    assert 0 < float(seen["try"]["score"]) <= 1
    assert seen["try"]["near"]


def test_a_file_that_is_dropped_becomes_the_text(seen: Any) -> None:
    assert seen["try"]["dropped"] == "dropped toll text"


def test_answers_are_filtered_and_exported(seen: Any) -> None:
    assert seen["answers"]["all"] == "80 of 80 texts"
    texts = seen["answers"]["texts"]
    assert seen["answers"]["filtered"].startswith(f"{len(texts)} of 80")
    assert texts
    assert all("harbour" in text for text in texts)
    assert seen["answers"]["rows"] == len(texts)


def test_two_people_label_fifty_texts_by_keyboard_and_none_is_read_twice(seen: Any, project: Path) -> None:
    assert len(set(seen["label"]["texts"])) == 50
    assert seen["label"]["again"] == seen["label"]["texts"][48]  # the last one of hers
    assert seen["label"]["counts"] == f"{TEXTS - 51} wait, 50 decided, 1 skipped"
    assert "filled in or decided: 50" in seen["label"]["told"]
    lines = (project / "labels" / "waiting.jsonl").read_text(encoding="utf-8").splitlines()
    records = {record["text"]: record for record in map(json.loads, lines)}
    wanted: list[dict[str, str | None]] = [
        {"toll": "asserts"},
        {"school": "reports"},
        {},
        {"toll": None, "school": "rebuts"},
        {"toll": "reports"},
    ]
    for k, text in enumerate(seen["label"]["texts"]):
        assert records[text]["narratives"] == ({"school": "rebuts"} if k == 48 else wanted[k % 5]), k
        assert records[text]["readers"] == [("Ana", "Ben")[k % 2]]


def test_the_entry_of_the_codebook_is_in_view_and_nothing_is_saved_by_accident(seen: Any) -> None:
    assert seen["label"]["entry"].startswith("The school is sinking")
    assert "0 for none" in seen["label"]["refused"]
    assert seen["label"]["guess"] == 1


def test_without_a_script_texts_are_labelled_by_mouse(seen: Any) -> None:
    assert "1 decided" in seen["plain"]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_no_barrier_and_no_page_scrolls_sideways(seen: Any, page: str, look: str) -> None:
    assert seen["axe"][f"{page} {look}"] == []
    assert seen["width"][f"{page} {look}"] <= 0


def test_a_report_works_and_is_no_page_of_ours(seen: Any) -> None:
    assert seen["report"]["sorted"]
    assert seen["report"]["framed"] == "null"


def test_a_model_is_promoted_after_two_questions(seen: Any) -> None:
    assert "promotion done: version" in seen["promoted"]
