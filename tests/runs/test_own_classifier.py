"""Somebody's own classifiers, in a package of theirs: every job takes them, in every process, and says what is wrong."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.batch_runs import read_rows
from helpers.door import TEXTS
from helpers.examples import problems_of, write_lines

import narratives
from narratives.classifiers.interface import find_classifier
from narratives.project.config import read_config
from narratives.testing import check_classifier

PACKAGE = Path(__file__).parents[1] / "data" / "package"
INSTALL = "install its package here, or name its folder in PYTHONPATH"
SEE = "see narratives.Classifier for what it needs"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package can be imported, here and in the processes that are started."""
    monkeypatch.syspath_prepend(str(PACKAGE))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])]))


def run(*words: str | Path, root: Path, code: int = 0) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own, at work in `root`."""
    command = [sys.executable, "-m", "narratives", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.environ["PYTHONPATH"], str(Path(__file__).parents[2])])}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done


def write_config(root: Path, run: str, *lines: str) -> Path:
    return write_lines(root / "experiments" / run / "config.toml", "[classifier]", *lines, "[evaluation]", "resamples = 20")


@pytest.mark.parametrize("name", ["Words", "Margins"])
def test_the_classes_of_the_package_keep_the_contract(name: str) -> None:
    check_classifier(find_classifier(f"harbour.classifiers:{name}"))


def test_init_run_retrain_and_classify_in_two_processes(tmp_path: Path) -> None:
    root = tmp_path / "trams"
    run("init", root, root=tmp_path)
    write_config(root, "own", 'name = "harbour.classifiers:Words"', "shortest = 4")
    write_config(root, "margins", 'name = "harbour.classifiers:Margins"', "C = 10.0", "balanced = false")
    assert "margins reaches a micro F1 of" in run("run", "own", "margins", root=root).stderr
    run("retrain", "margins", "--dry-run", "--force", "--promote", root=root)
    write_lines(root / "new.txt", *(f"{text} {k}" for k in range(40) for text in TEXTS))
    job = ["classify", "new.txt", "--part-size", "0.002", "--format", "jsonl", "--explain"]
    for name in ("own", "margins"):
        for jobs in ("1", "2"):
            run(*job, "--model", name, "--output", f"{name}-{jobs}", "--jobs", jobs, root=root)
        assert len(list((root / f"{name}-2").glob("part-*"))) > 1
        assert read_rows(root / f"{name}-1") == read_rows(root / f"{name}-2")
    model = narratives.Project(root).load_model("margins")
    assert vars(model.classifier)["C"] == 10.0
    assert {row["run"] for row in read_rows(root / "margins-2")} == {"margins"}


def test_a_machine_without_the_package_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "trams"
    run("init", root, root=tmp_path)
    write_config(root, "own", 'name = "harbour.classifiers:Words"')
    run("train", "own", root=root)
    monkeypatch.setenv("PYTHONPATH", "")
    config = root / "experiments" / "own" / "config.toml"
    problem = f"classifier 'harbour.classifiers:Words': Python finds no module 'harbour'; {INSTALL}\n"
    assert run("train", "own", root=root, code=2).stderr == f"experiments/own/config.toml:2: {problem}"
    answer = run("classify", "labels/passages.jsonl", "--model", "own", "--output", "out", root=root, code=2)
    assert answer.stderr == problem
    assert config.is_file() and not (root / "out").exists()


@pytest.fixture
def received(tmp_path: Path) -> Path:
    """A model that names a class, in a project whose configs do not; it is trained in another."""
    root = tmp_path / "trams"
    run("init", root, root=tmp_path)
    shutil.copytree(root, tmp_path / "received")
    write_config(root, "own", 'name = "harbour.classifiers:Words"')
    run("train", "own", root=root)
    shutil.copytree(root / "models" / "own", tmp_path / "received" / "models" / "own")
    write_lines(tmp_path / "received" / "new.txt", *(f"{text} {k}" for k in range(40) for text in TEXTS))
    return tmp_path / "received"


REFUSED = (
    "models/own/model.json: 'harbour.classifiers:Words' reads this model, which is code of another package; if you trust it, "
    'allow it: --trust harbour.classifiers:Words, or in Python trust=["harbour.classifiers:Words"]'
)


def test_a_model_runs_no_code_of_another_package_unless_it_is_trusted(
    received: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarm = tmp_path / "ran"
    (tmp_path / "other" / "harbour").mkdir(parents=True)
    (tmp_path / "other" / "harbour" / "__init__.py").write_text(f"open({str(alarm)!r}, 'w').close()\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "other") + os.pathsep + os.environ["PYTHONPATH"])
    for words in (
        ["classify", "new.txt", "--model", "own", "--output", "out"],
        ["classify", "new.txt", "--model", "models/own", "--output", "out", "--trust", "harbour.classifiers:Margins"],
        ["classify", "-", "--model", "own"],
        ["suggest", "new.txt", "--model", "own", "-o", "tasks.json"],
        ["models", "list"],
        ["labels", "check"],
    ):
        expected = 2 if words[0] in ("classify", "suggest") else 0
        assert run(*words, root=received, code=expected).stderr == (f"{REFUSED}\n" if expected else "")
    assert not alarm.exists() and not (received / "out").exists()


def test_what_is_trusted_answers_in_every_process(received: Path) -> None:
    job = ["classify", "new.txt", "--part-size", "0.002", "--format", "jsonl", "--model", "own"]
    for jobs in ("1", "2"):
        run(*job, "--output", jobs, "--jobs", jobs, "--trust", "harbour.classifiers:Words", root=received)
    assert read_rows(received / "1") == read_rows(received / "2")
    run("suggest", "new.txt", "--model", "own", "-o", "tasks.json", "--trust", "harbour.classifiers:Words", root=received)
    write_config(received, "mine", 'name = "harbour.classifiers:Words"')  # this project's own choice
    run(*job, "--output", "3", root=received)
    assert read_rows(received / "1") == read_rows(received / "3")


def test_python_says_what_it_trusts(received: Path) -> None:
    folder, name = received / "models" / "own", "harbour.classifiers:Words"
    assert problems_of(lambda: narratives.load_model(folder)) == [f"{received}/{REFUSED}"]
    assert problems_of(lambda: narratives.Project(received).load_model("own")) == [f"{received}/{REFUSED}"]
    assert narratives.load_model(folder, trust=[name]).run == "own"
    assert narratives.load_model(folder, trust=name).run == "own"
    assert narratives.Project(received, trust=[name]).load_model("own").run == "own"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("harbur.classifiers:Words", f"Python finds no module 'harbur'; {INSTALL}"),
        ("harbour.clasifiers:Words", f"Python finds no module 'harbour.clasifiers'; {INSTALL}"),
        ("harbour.classifiers:Word", "no 'Word' in harbour.classifiers; did you mean 'Words'?"),
        ("harbour.classifiers", "unknown classifier 'harbour.classifiers'"),
        ("harbour.classifiers:", "write it as package.module:Class"),
        ("json:dumps", f"it has no @dataclass that makes it a class of hyperparameters; {SEE}"),
        (
            "harbour.classifiers:Unsaid",
            "it has no field 'seed', no method 'fit', no method 'predict_proba', no method 'speed_up', no method 'load', "
            f"no property 'inference'; {SEE}",
        ),
    ],
)
def test_a_config_names_a_class_that_is_none(tmp_path: Path, name: str, problem: str) -> None:
    path = write_config(tmp_path, "own", f'name = "{name}"')
    [told] = problems_of(lambda: read_config(path))
    assert told.startswith(f"{path}:2: ") and problem in told


def test_settings_are_checked_against_the_class(tmp_path: Path) -> None:
    path = write_config(tmp_path, "own", 'name = "harbour.classifiers:Words"', "shortest = 12", "longest = 3")
    assert problems_of(lambda: read_config(path)) == [f"{path}:4: unknown key 'longest'; known: shortest"]
    path = write_config(tmp_path, "own", 'name = "harbour.classifiers:Words"', "shortest = 12")
    assert problems_of(lambda: read_config(path)) == [f"{path}:3: 'shortest' must be at least 1 and at most 9"]


def test_a_module_that_lacks_something_says_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(PACKAGE / "harbour", tmp_path / "quay")
    (tmp_path / "quay" / "lacking.py").write_text("import no_such_package_anywhere\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    told = problems_of(lambda: find_classifier("quay.lacking:Words"))
    assert told == [
        "classifier 'quay.lacking:Words': it imports 'no_such_package_anywhere', which is not installed; install it here"
    ]


def test_an_error_in_the_module_keeps_its_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wharf.py").write_text("1 / 0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ZeroDivisionError):
        find_classifier("wharf:Words")
