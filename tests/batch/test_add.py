"""Week two: inputs are added to a folder of answers; nothing is read twice, and a stop at any moment changes no byte."""

import json
import os
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from helpers.batch_runs import add, collect, copy_run, kept, locate, number_texts, read_rows, run, write_input
from helpers.examples import invoke, problems_of
from helpers.killed import act_until, needs_fork

from narratives.batch.items import Columns
from narratives.batch.job import report_status
from narratives.batch.plan import PLAN
from narratives.models.model import Model

SIZE = 1048


@pytest.fixture
def model(small_done: Path) -> Path:
    return small_done / "models" / "base"


@pytest.fixture
def answers(model: Path, tmp_path: Path) -> Path:
    """A folder of answers to the texts of week one."""
    run(model, tmp_path / "out", write_input(tmp_path / "one" / "feed.jsonl", number_texts(60)), part_size=SIZE)
    return tmp_path / "out"


def test_what_is_added_stands_beside_what_was_there(model: Path, answers: Path, tmp_path: Path) -> None:
    before = {name: data for name, data in collect(answers).items() if name.startswith("part-")}
    new = write_input(tmp_path / "two" / "feed.jsonl", [{"text": f"a toll of week two {k}"} for k in range(5)])
    summary = add(model, answers, new, part_size=SIZE)
    after = collect(answers)
    assert {name: after[name] for name in before} == before
    assert summary.texts == len(read_rows(answers)) == 58 + 5
    assert json.loads((kept(answers) / "summary.json").read_text())["texts"] == 63
    ids = [row["id"] for row in read_rows(answers)]
    assert len(set(ids)) == len(ids)  # records without ids have the name of a file that week one had too
    assert ids[-1] == f"{new}:5"


def test_a_folder_that_is_not_there_is_begun(model: Path, tmp_path: Path) -> None:
    texts = write_input(tmp_path / "a.jsonl", number_texts(9))
    add(model, tmp_path / "added", texts)
    run(model, tmp_path / "begun", texts)
    assert collect(tmp_path / "added") == collect(tmp_path / "begun")


def test_files_that_are_answered_are_not_read_again(
    model: Path, answers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(tmp_path / "one" / "feed.jsonl", tmp_path / "one" / "copy.jsonl")
    write_input(tmp_path / "one" / "week2.jsonl", [{"text": "only this is new"}])
    read: list[str] = []
    inner = Model.classify

    def watch(self: Model, texts: list[str], *rest: object, **named: object) -> object:
        read.extend(texts)
        return inner(self, texts, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Model, "classify", watch)
    said: list[str] = []
    add(model, answers, tmp_path / "one", said=said, part_size=SIZE)
    assert read == ["only this is new"]
    assert "2 of 3 files are in this folder already and are not read again" in said
    before = collect(answers)
    add(model, answers, tmp_path / "one", part_size=SIZE)
    assert (collect(answers), read) == (before, ["only this is new"])


def test_what_was_answered_may_be_gone(model: Path, answers: Path, tmp_path: Path) -> None:
    (tmp_path / "one" / "feed.jsonl").unlink()
    summary = add(model, answers, write_input(tmp_path / "b.jsonl", [{"text": "new"}]), part_size=SIZE)
    assert summary.texts == 59


def test_what_has_changed_since_is_refused(model: Path, answers: Path, tmp_path: Path) -> None:
    before, feed = collect(answers), tmp_path / "one" / "feed.jsonl"
    feed.write_text(feed.read_text() + '{"text": "more"}\n')
    fix = "put what is new into a file of its own and add that, or name another --output"
    assert problems_of(lambda: add(model, answers, feed, part_size=SIZE)) == [
        f"{feed}: has changed since it was answered; {fix}"
    ]
    assert collect(answers) == before


def test_another_model_is_told_how_to_begin_a_folder(answers: Path, root: Path, tmp_path: Path) -> None:
    config = root / "experiments" / "base" / "config.toml"
    config.write_text("seed = 5\n" + config.read_text())
    assert invoke(root, "train", "base").exit_code == 0
    new, before = write_input(tmp_path / "b.jsonl", [{"text": "new"}]), collect(answers)
    [told] = problems_of(lambda: add(root / "models" / "base", answers, new, part_size=SIZE))
    digest = json.loads((root / "models" / "base" / "model.json").read_text())["digest"]
    assert told.startswith(
        f"{locate(answers, PLAN)}: the answers in this folder were begun with another training of this model ("
    )
    assert told.endswith(f"; begin a new folder for this model: --output {answers}-base-{digest[:8]}")
    assert collect(answers) == before


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_what_is_added_may_hold_its_text_in_another_column(model: Path, tmp_path: Path, form: str) -> None:
    out, first = tmp_path / "out", write_input(tmp_path / "one.jsonl", [{**row, "by": "one"} for row in number_texts(9)])
    run(model, out, first, form=form, columns=Columns(keep=("by",)))
    rows = [{"nr": f"c{k}", "body": f"the toll {k}", "text": "not this", "by": "two"} for k in range(5)]
    second = write_input(tmp_path / "two.csv", rows)
    other: dict[str, Any] = {"columns": Columns("body", "nr", ("by",)), "form": form}
    add(model, out, second, **other)
    rows = read_rows(out)
    assert [row["id"] for row in rows][-5:] == [f"c{k}" for k in range(5)]
    alone = tmp_path / "alone"
    run(model, alone, second, **other)
    assert [row["scores"] for row in rows[-5:]] == [row["scores"] for row in read_rows(alone)]
    for part in out.glob("part-00001*"):
        part.unlink()
    whole = add(model, out, second, **other)
    assert read_rows(out) == rows and whole == report_status(str(out))
    run(model, out, first, second, form=form, columns=Columns(keep=("by",)))  # the command of the beginning goes on, too
    assert read_rows(out) == rows


def test_what_is_kept_must_be_the_same(model: Path, answers: Path, tmp_path: Path) -> None:
    new = write_input(tmp_path / "b.jsonl", [{"body": "new", "by": "me"}])
    [told] = problems_of(lambda: add(model, answers, new, part_size=SIZE, columns=Columns("body", keep=("by",))))
    assert "another --keep (none, not by)" in told


def test_other_options_are_refused(model: Path, answers: Path, tmp_path: Path) -> None:
    new = write_input(tmp_path / "b.jsonl", [{"text": "new"}])
    [told] = problems_of(lambda: add(model, answers, new, part_size=SIZE, titles=True))
    assert told.endswith("another --titles (without, not with); give the options of before, or name another --output")


@needs_fork
def test_killed_at_any_step_the_same_command_ends_with_the_same_bytes(model: Path, answers: Path, tmp_path: Path) -> None:
    new = write_input(tmp_path / "new.jsonl", [{"text": f"a toll of week two {k}"} for k in range(40)])
    (answers / "part-00001.jsonl").unlink()  # week one was not done either
    whole = copy_run(answers, tmp_path / "whole")
    add(model, whole, new, part_size=SIZE)
    expected, killed = collect(whole), 0
    for step in range(0, 40, 3):
        stopped = copy_run(answers, tmp_path / f"stopped{step}")
        if not (child := os.fork()):
            act_until(step, partial(add, model, stopped, new, part_size=SIZE))
        killed += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
        add(model, stopped, new, part_size=SIZE)
        assert collect(stopped) == expected
    assert killed > 5


def test_the_command_adds(root: Path, tmp_path: Path) -> None:
    one, two = (write_input(tmp_path / f"{name}.txt", [{"text": f"a toll {name}"}]) for name in ("one", "two"))
    assert invoke(root, "classify", one, "--model", "base", "--output", tmp_path / "out").exit_code == 0
    again = invoke(root, "classify", two, "--model", "base", "--output", tmp_path / "out")
    assert again.exit_code == 2 and "add to it with --add, or name another --output" in again.stderr
    done = invoke(root, "classify", two, "--model", "base", "--output", tmp_path / "out", "--add")
    assert done.exit_code == 0 and [row["id"] for row in read_rows(tmp_path / "out")] == ["one.txt:1", "two.txt:1"]
    both = invoke(root, "classify", two, "--model", "base", "--output", tmp_path / "out", "--add", "--restart")
    assert both.exit_code == 2


def test_files_that_are_called_alike_keep_ids_of_their_own(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("x", "y", "."):
        write_input(tmp_path / folder / "a.txt", [{"text": f"a toll in {folder}"}])
    monkeypatch.chdir(tmp_path)
    run(model, tmp_path / "out", "x/a.txt")  # goes by its bare name
    add(model, tmp_path / "out", "a.txt")
    monkeypatch.chdir(tmp_path / "y")
    add(model, tmp_path / "out", "a.txt")  # another file, seen from another folder
    ids = [row["id"] for row in read_rows(tmp_path / "out")]
    assert ids == ["a.txt:1", "./a.txt:1", f"{tmp_path / 'y' / 'a.txt'}:1"]
    said: list[str] = []
    add(model, tmp_path / "out", "a.txt", said=said)
    assert len(read_rows(tmp_path / "out")) == 3 and "in this folder already" in said[0]


def test_inputs_that_moved_with_their_folder_are_known_again(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_input(tmp_path / "old" / "a.txt", [{"text": "a toll"}])
    monkeypatch.chdir(tmp_path / "old")
    run(model, tmp_path / "out", "a.txt")
    (tmp_path / "old").rename(tmp_path / "new")
    monkeypatch.chdir(tmp_path / "new")
    write_input(tmp_path / "new" / "a.txt", [{"text": "a toll"}, {"text": "and more"}])
    [problem] = problems_of(lambda: add(model, tmp_path / "out", "a.txt"))
    assert problem.startswith("a.txt: has changed since it was answered")


def test_what_would_be_ignored_is_refused(root: Path, answers: Path, tmp_path: Path) -> None:
    texts = write_input(tmp_path / "one.txt", [{"text": "a toll"}])
    done = invoke(root, "classify", texts, "--model", "base", "--status", answers)
    assert done.exit_code == 2 and "--status tells how far a folder is and answers nothing" in done.stderr
    before = sorted(path.name for path in tmp_path.iterdir())
    done = invoke(root, "classify", texts, "--model", "base", "--output", texts)
    assert (done.exit_code, done.stderr) == (2, f"{texts}: is a file; name a folder for the answers\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == before
