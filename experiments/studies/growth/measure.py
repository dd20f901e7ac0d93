"""How time and memory grow with the number of passages, texts and files.

    python experiments/studies/growth/measure.py --work /somewhere --sizes 2000 4000 8000 16000

Each job runs as a command in a process of its own, on made-up passages that are like real ones: sentences of the sample
passages recombined, half of their words replaced by made-up ones whose frequencies follow Zipf's law (texts.py). A table
gives processor seconds and the largest memory; the last column is the exponent of growth: the slope of a line through
the logarithms, 1 where twice the passages take twice the time. `--jobs` chooses among check, import, train, audit,
suggest (as many unlabelled texts as labelled ones), classify and files (as many input files as `--files` says). `--folds 0`
trains without scores out of fold.
"""

import argparse
import json
import math
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from texts import draw_words

ROOT = Path(__file__).parents[3]
JOBS = ("check", "import", "train", "audit", "suggest", "classify", "files")
TIMES = 10  # as many texts are classified as there are passages
REPLACED = 0.5  # share of the words
THRESHOLDS = "[thresholds]\n"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took."""

    seconds: float  # of processors, all its processes together
    megabytes: float  # the most that one of them held


def main() -> None:
    """Write the passages, run the jobs, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2000, 4000, 8000, 16000])
    parser.add_argument("--files", type=int, nargs="+", default=[1000, 2000, 4000])
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=JOBS)
    parser.add_argument("--folds", type=int)
    options = parser.parse_args()
    print("| job | " + " | ".join(map(str, options.sizes)) + " | exponent |")
    print("|---|" + "---|" * (len(options.sizes) + 1))
    for job in options.jobs:
        sizes = options.files if job == "files" else options.sizes
        costs = [measure(job, options.work / f"{job}-{size}", size, options.folds) for size in sizes]
        cells = [f"{cost.seconds:.1f} s, {cost.megabytes:.0f} MB" for cost in costs]
        exponent = find_slope(list(map(math.log, sizes)), [math.log(cost.seconds) for cost in costs])
        print(f"| {job} ({', '.join(map(str, sizes))}) | {' | '.join(cells)} | {exponent:.2f} |", flush=True)


def find_slope(x: list[float], y: list[float]) -> float:
    """That of the line with the least squares; no number where there is one point only."""
    return statistics.linear_regression(x, y).slope if len(x) > 1 else math.nan


def measure(job: str, root: Path, size: int, folds: int | None = None) -> Cost:
    """Run one job on a project with so many passages."""
    shutil.rmtree(root, ignore_errors=True)
    few = job in ("classify", "files", "import", "suggest")
    write_project(root, 400 if few else size, folds)
    if job == "check":
        return narratives(root, "labels", "check")
    if job == "train":
        return narratives(root, "train", "tfidf")
    if job == "audit":
        return narratives(root, "labels", "audit")
    if job == "import":
        write_passages(root / "more.jsonl", size, seed=1)
        return narratives(root, "labels", "import", str(root / "more.jsonl"))
    narratives(root, "train", "tfidf")
    (root / "in").mkdir()
    if job == "suggest":
        write_passages(root / "labels" / "more.jsonl", size, seed=2)
        write_passages(root / "in" / "texts.jsonl", size, seed=1)
        return narratives(root, "suggest", str(root / "in"), "--model", "tfidf", "-o", str(root / "tasks.json"))
    if job == "files":
        for number in range(size):
            write_passages(root / "in" / f"{number:06}.jsonl", 3, seed=number)
    else:
        write_passages(root / "in" / "texts.jsonl", TIMES * size, seed=1)
    answers = ("--model", "tfidf", "--output", str(root / "out"), "--jobs", "1")
    return narratives(root, "classify", str(root / "in"), *answers)


def narratives(root: Path, *words: str) -> Cost:
    """A command of this checkout; exit codes up to 1 are answers too."""
    command = [sys.executable, "-m", "narratives", "--project", str(root), *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)})  # noqa: S603
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode > 1:
        raise SystemExit(f"narratives {' '.join(words)} ended with exit code {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def write_project(root: Path, size: int, folds: int | None = None) -> None:
    """The sample codebook and the config of `tfidf`, and so many passages."""
    for name in ("labels/codebook.toml", "experiments/tfidf/config.toml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines(keepends=True)
        text = "".join(line for line in lines if not line.startswith("further_test"))
        if folds is not None:
            text = text.replace(THRESHOLDS, f"{THRESHOLDS}folds = {folds}\n")
        (root / name).write_text(text, encoding="utf-8")
    write_passages(root / "labels" / "passages.jsonl", size)


def write_passages(path: Path, size: int, seed: int = 0) -> None:
    """Labelled passages, no two alike, in documents of three."""
    rng = random.Random(seed)
    words = draw_words(random.Random(f"words {seed}"))
    labels, sentences = read_samples()
    with path.open("w", encoding="utf-8") as stream:
        for number in range(size):
            chosen = rng.randrange(len(labels))
            own = [rng.choice(sentences[chosen]), *(rng.choice(rng.choice(sentences)) for _ in range(2))]
            text = " ".join(next(words) if rng.random() < REPLACED else word for word in " ".join(own).split())
            names = {"id": f"s{seed}-{number}", "document": f"s{seed}-{number // 3}", "language": "en"}
            stream.write(json.dumps({**names, "text": text, "narratives": labels[chosen]}) + "\n")


@cache
def read_samples() -> tuple[list[dict[str, str]], list[list[str]]]:
    """Labels and sentences of the sample passages."""
    lines = (ROOT / "labels" / "passages.jsonl").read_text(encoding="utf-8").splitlines()
    samples = [json.loads(line) for line in lines]
    return [sample["narratives"] for sample in samples], [re.split(r"(?<=[.!?])\s+", sample["text"]) for sample in samples]


if __name__ == "__main__":
    main()
