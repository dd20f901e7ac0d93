"""A batch run that is stopped, however and however often, ends as one that was not; and no run goes on as another one."""

import hashlib
import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.batch_runs import (
    SIZE,
    collect,
    copy_run,
    kept,
    kill,
    locate,
    needs_proc,
    number_texts,
    read_rows,
    run,
    start,
    wait_for_parts,
    write_input,
)
from helpers.examples import invoke, problems_of

from narratives.batch.items import Columns
from narratives.batch.job import report_status
from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.classifiers.transformer.classifier import TransformerClassifier
from narratives.errors import UserError

ANEW = "name another --output, or begin anew with --restart"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Some forty parts."""
    return write_input(tmp_path / "new.jsonl", number_texts(700))


@pytest.fixture
def folder(finished: Path) -> Path:
    return finished / "models" / "tfidf"


@needs_proc
@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_killed_at_random_moments_it_ends_as_if_it_had_not_been(folder: Path, texts: Path, tmp_path: Path, jobs: int) -> None:
    rng = random.Random(jobs)
    run(folder, tmp_path / "whole", texts, part_size=SIZE)
    out = tmp_path / "killed"
    for whole_group in (True, False):
        process = start(folder, out, texts, "--jobs", str(jobs))
        wait_for_parts(out, len(list(out.glob("part-*"))) + rng.randint(1, 5), process)
        time.sleep(rng.random() / 50)
        kill(process, whole_group)
    before = report_status(str(out))
    assert 0 < before.done < before.parts
    process = start(folder, out, texts, "--jobs", str(jobs))
    _, said = process.communicate()
    assert process.returncode == 0
    assert f"{before.done} of {before.parts} parts were done already" in said
    assert collect(out) == collect(tmp_path / "whole")


@pytest.mark.parametrize("name", ["tfidf", "transformer"])
def test_stopped_at_every_batch_it_ends_as_if_it_had_not_been(
    finished: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, model = write_input(tmp_path / "new.jsonl", number_texts(60)), finished / "models" / name
    run(model, tmp_path / "whole", texts, part_size=SIZE)
    left = 0
    for kind in (TfidfClassifier, TransformerClassifier):

        def stop(self: Any, texts: Any, *, inner: Callable[..., Any] = kind.predict_proba, **rest: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            return inner(self, texts, **rest)

        monkeypatch.setattr(kind, "predict_proba", stop)
    for _ in range(100):
        left = 2  # one call is that of loading, which tries the weights out
        try:
            run(model, tmp_path / "stopped", texts, part_size=SIZE)
        except KeyboardInterrupt:
            continue
        break
    assert collect(tmp_path / "stopped") == collect(tmp_path / "whole")


def test_what_a_killed_process_left_half_written_is_swept(folder: Path, texts: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "whole", texts, part_size=SIZE)
    out = copy_run(tmp_path / "whole", tmp_path / "out")
    (out / "part-00003.jsonl").unlink()
    for name in (".part-00003.jsonl", ".part-00004.jsonl", "_run/log/.part-00003.jsonl", "_run/.summary.json"):
        locate(out, f"{name}.{os.getpid()}.partial").write_text("half")
    run(folder, out, texts, part_size=SIZE)
    assert collect(out) == collect(tmp_path / "whole")


@pytest.fixture
def begun(folder: Path, texts: Path, tmp_path: Path) -> Path:
    """A folder in which a run lacks some parts."""
    out = tmp_path / "out"
    run(folder, out, texts, part_size=SIZE)
    for number in (0, 3):
        (out / f"part-{number:05}.jsonl").unlink()
    return out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"form": "csv"}, "another --format (jsonl, not csv)"),
        ({"unit": "passage"}, "another --unit (text, not passage)"),
        ({"part_size": 1 << 20}, "another --part-size (0.000999451, not 1)"),
        ({"columns": Columns(keep=("id2",))}, "another --keep (none, not id2)"),
        ({"columns": Columns(id="key")}, "another --id-column (id, not key)"),
    ],
)
def test_other_options_are_refused(folder: Path, texts: Path, begun: Path, options: dict[str, Any], reason: str) -> None:
    before = collect(begun)
    told = problems_of(lambda: run(folder, begun, texts, **{"part_size": SIZE, **options}))
    assert told == [f"{begun}.run/plan.json: this run was begun with {reason}; {ANEW}"]
    assert collect(begun) == before


def test_another_model_is_refused(finished: Path, folder: Path, texts: Path, begun: Path, tmp_path: Path) -> None:
    before = collect(begun)
    trained, relabelled = (Path(shutil.copytree(folder, tmp_path / name)) for name in ("trained", "relabelled"))
    change_manifest(trained, "training", {"train": 1})
    change_manifest(relabelled, "codebook", {"version": "2"})
    for model, what in (
        (finished / "models" / "transformer", "model (tfidf, not transformer)"),
        (trained, "training of this model ("),
        (relabelled, "codebook ("),
    ):
        with pytest.raises(UserError) as caught:
            run(model, begun, texts, part_size=SIZE)
        assert str(caught.value).startswith(f"{begun}.run/plan.json: this run was begun with another {what}")
        assert collect(begun) == before


def change_manifest(folder: Path, key: str, values: dict[str, Any]) -> None:
    """A model that differs in its manifest only, saved with a right digest."""
    path = folder / "model.json"
    manifest = json.loads(path.read_text())
    manifest.pop("digest")
    manifest[key].update(values)
    path.write_text(json.dumps({**manifest, "digest": hashlib.sha256(json.dumps(manifest).encode()).hexdigest()}))


def test_other_inputs_are_refused(folder: Path, texts: Path, begun: Path, tmp_path: Path) -> None:
    before, more = collect(begun), write_input(tmp_path / "more.txt", [{"text": "a"}])

    def refusal(*inputs: Path) -> str:
        [told] = problems_of(lambda: run(folder, begun, *inputs, part_size=SIZE))
        assert collect(begun) == before
        return told.removeprefix(f"{begun}.run/plan.json: this run was begun with ").removesuffix(f" {ANEW}").removesuffix(";")

    assert refusal(texts, more) == f"other inputs (without {more}); add to it with --add, or"
    assert refusal(more) == f"other inputs (without {more}); add to it with --add, or"
    run(folder, begun, texts, more, part_size=SIZE, restart=True)
    before = collect(begun)
    assert refusal(texts) == f"other inputs (with {more} too); name all of them, add to it with --add, or"
    assert refusal(more, texts) == "its inputs in another order"
    data = texts.read_bytes()
    texts.write_bytes(data[:-3] + b'x"}')
    assert refusal(texts, more) == f"another {texts}: that file has changed since"
    texts.unlink()
    assert refusal(texts, more) == f"{texts}: no such file; check the path"
    texts.write_bytes(data)  # touched, but as it was
    run(folder, begun, texts, more, part_size=SIZE)


def test_an_input_that_changes_meanwhile_is_told(
    folder: Path, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = TfidfClassifier.predict_proba

    def change(self: TfidfClassifier, batch: Any, **rest: Any) -> Any:
        texts.write_bytes(texts.read_bytes().replace(b"a", b"e", 1))
        return inner(self, batch, **rest)

    monkeypatch.setattr(TfidfClassifier, "predict_proba", change)
    told = problems_of(lambda: run(folder, tmp_path / "out", texts, part_size=SIZE))
    assert told == [f"{texts}: changed while it was read; bring it back as it was, or {ANEW}"]
    assert not (tmp_path / "out.run/summary.json").exists()


def test_restart_begins_anew_and_removes_nothing_else(folder: Path, texts: Path, begun: Path) -> None:
    for name in ("part-notes.txt", "notes.md", "_run/log/mine.txt", "part-1.jsonl"):
        locate(begun, name).write_text("mine")
    (begun / "part-99999.csv").write_text("of an older run")
    run(folder, begun, texts, part_size=1 << 20, restart=True)
    others = {"notes.md", "part-notes.txt", "_run/log/mine.txt", "part-1.jsonl"}
    ours = {
        "_run/plan.json",
        "_run/summary.json",
        "_run/rejects.jsonl",
        "_run/log",
        "_run/log/part-00000.jsonl",
        "part-00000.jsonl",
    }
    assert set(collect(begun)) == others | ours


def test_restart_keeps_all_where_the_input_is_at_fault(folder: Path, begun: Path, tmp_path: Path) -> None:
    before, bad = collect(begun), write_input(tmp_path / "bad.csv", [{"txt": "a"}])
    told = problems_of(lambda: run(folder, begun, bad, restart=True))
    assert told == [f"{bad}:2: no 'text' column; did you mean 'txt'?; name it with --text-column"]
    assert collect(begun) == before


@pytest.mark.parametrize(
    "name", ["part-00000.jsonl", "part-00007.parquet", "_run/rejects.jsonl", "_run/summary.json", "_run/plan.json"]
)
@pytest.mark.parametrize("restart", [False, True])
def test_files_of_others_are_not_touched(folder: Path, texts: Path, tmp_path: Path, name: str, restart: bool) -> None:
    place = locate(tmp_path / "out", name)
    mine = write_input(place.parent / "x.txt", [{"text": "mine"}]).rename(place)
    before = collect(tmp_path / "out")
    [told] = problems_of(lambda: run(folder, tmp_path / "out", texts, restart=restart))
    assert told.startswith(f"{mine}: ")
    assert collect(tmp_path / "out") == before


def test_the_status_at_any_moment(folder: Path, texts: Path, begun: Path) -> None:
    said = invoke(begun, "classify", "--status", begun)
    summary = report_status(str(begun))
    assert said.exit_code == 0
    assert said.stdout.splitlines()[-1] == (
        f"{summary.done} of {summary.parts} parts are done; the same command as before goes on from here"
    )
    assert json.loads(invoke(begun, "classify", "--status", begun, "--json").stdout) == summary.to_json()
    run(folder, begun, texts, part_size=SIZE)
    rejects = len((kept(begun) / "rejects.jsonl").read_text().splitlines())
    said = invoke(begun, "classify", "--status", begun)
    assert said.stdout.splitlines()[-1] == (
        f"{rejects} records could not be read: {begun}.run/rejects.jsonl says which and why"
    )
    assert f"{len(read_rows(begun))} texts, " in said.stdout
    said = invoke(begun, "classify", "--status", begun / "none")
    assert (said.exit_code, said.stderr) == (
        2,
        f"{begun}/none.run/plan.json: no such file; name a batch run's --output, with its .run folder beside it\n",
    )


@needs_proc
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_control_c_gives_one_line_and_can_be_resumed(folder: Path, texts: Path, tmp_path: Path, jobs: str) -> None:
    out = tmp_path / "out"
    process = start(folder, out, texts, "--jobs", jobs)
    wait_for_parts(out, 2, process)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate()
    assert (process.returncode, said) == (130, "stopped; the same command goes on from here\n")
    run(folder, out, texts, part_size=SIZE)
    run(folder, tmp_path / "whole", texts, part_size=SIZE)
    assert collect(out) == collect(tmp_path / "whole")
