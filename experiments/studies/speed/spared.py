"""What does a cascade spare a trained model, and what does it change? The gate is asked, then `classify` is timed.

    python experiments/studies/speed/spared.py models/quality BACKGROUND.jsonl [--texts FILE.jsonl ...] [--repeats 3]

The model is copied, never changed. Its first stage is fitted as training would fit it (`narratives/models/sparing.py`), on the
project's training and validation passages; every other background text takes the place of those that tune. The others, and each
file of `--texts`, are classified by the command with and without the cascade, in turns. A line for each margin tried; then for
each file the share that the first stage answers, the decisions that flip, and the processor seconds of the command, start-up
included (of an empty file, told first). Nothing is timed where the gate refuses.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from narratives.labels import gold_matrix
from narratives.metrics import highest_share
from narratives.models import Examples, Model, fit_cascade, load_model, save_model
from narratives.project import Project
from narratives.runs.train import choose_training_set

ROOT = Path(__file__).parents[3]
WAYS = ("whole", "cascade")


def main() -> None:
    """What the gate says, then a line for each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("background", type=Path)
    parser.add_argument("--texts", nargs="*", type=Path, default=[])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--project", type=Path, default=ROOT)
    options = parser.parse_args()
    project = Project(options.project)
    model = load_model(options.model, project.trusted)
    background = read_texts(options.background)
    cascaded = add_cascade(project, model, background[::2])
    if cascaded.first is None:
        return
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        for way, each in zip(WAYS, (replace(model, cascade=None), cascaded), strict=True):
            save_model(each, folder / way)
        parts = {"nothing": background[:0], "background": background[1::2]}
        for name, texts in {**parts, **{path.stem: read_texts(path) for path in options.texts}}.items():
            print(f"{name}: {measure(folder, name, texts, options.repeats)}", flush=True)


def add_cascade(project: Project, model: Model, tune: Sequence[str]) -> Model:
    """The model with what the gate made of a cascade; a line for each margin."""
    data = choose_training_set(project.corpus, lambda _: None, dry_run=True)
    train, validation = (
        Examples(texts=[passage.text for passage in passages], gold=gold_matrix(passages, data.codebook.ids))
        for passages in (data.train, data.validation)
    )
    cascade = fit_cascade(model, train, validation, len(validation.texts), tune)
    for trial in cascade.trials:
        print(f"margin {trial.margin:g}: {trial.describe()}: {'refused, ' + trial.refused if trial.refused else 'taken'}")
    return replace(model, cascade=cascade)


def measure(folder: Path, name: str, texts: Sequence[str], repeats: int) -> str:
    """What is spared, what flips, and the seconds of both ways, the median of all turns."""
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for turn in range(repeats):
        for way in WAYS:
            seconds[way].append(classify(path, folder / way, folder / f"{name}-{way}-{turn}"))
    whole, cascade = (read_rows(folder / f"{name}-{way}-0") for way in WAYS)
    pairs = [(set(a["narratives"]), set(b["narratives"])) for a, b in zip(whole, cascade, strict=True)]
    flips = sum(len(a ^ b) for a, b in pairs)
    decisions = sum(len(row["scores"]) for row in whole)
    alone = sum(row["stage"] == "first" for row in cascade)
    raising = [sum(bool(raised) for raised in column) for column in zip(*pairs, strict=True)] or [0, 0]
    times = [median(seconds[way]) for way in WAYS]
    share = f"{alone} of {len(cascade)} texts ({alone / max(len(cascade), 1):.0%}) spared"
    bound = f"at most {highest_share(flips, decisions):.4%}" if decisions else "none"
    alarms = f"texts that raise something: {raising[0]} to {raising[1]}"
    cost = f"{times[0]:.2f} to {times[1]:.2f} CPU s ({times[1] / times[0]:.0%})"
    return f"{share}, {flips} of {decisions} decisions flip (95 %: {bound}), {alarms}, {cost}"


def classify(path: Path, model: Path, output: Path) -> float:
    """Processor seconds of the command, its children included."""
    command = [sys.executable, "-m", "narratives", "classify", path, "--model", model, "--output", output]
    before = _count_seconds()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([*map(str, command), "--format", "jsonl", "--jobs", "1"], check=True, capture_output=True, env=environment)  # noqa: S603
    return _count_seconds() - before


def _count_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def read_rows(output: Path) -> list[dict[str, Any]]:
    """The answers of all parts."""
    return [json.loads(line) for part in sorted(output.glob("part-*")) for line in part.read_text("utf-8").splitlines()]


def read_texts(path: Path) -> list[str]:
    """The texts of a file of JSONL."""
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
