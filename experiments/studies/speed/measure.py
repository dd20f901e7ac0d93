"""Measure speed against other programs: `python experiments/studies/speed/measure.py`.

All contenders run in turn (A B C, A B C, ...), each in a process of its own on one core and one thread, so that what else
the machine does hits all alike. CPU seconds are the measure. Writes results.json and README.md beside this file; with
--quick it measures little and writes nothing.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from command import classify
from contenders import CONTENDERS, TOKENS
from machine import describe, operations
from page import render
from prepare import Corpus, Texts, TextSet, export_models, read_corpus
from worker import ContenderError, Worker, environment, read_texts

from narratives.data import multi_hot
from narratives.metrics.figures import measure as measure_f1

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PARTS = 16  # of the input, where two processes share it
MANY = 8  # the TF-IDF group answers so many times as many texts: it is that much faster
PACKAGES = [
    "torch",
    "transformers",
    "sentence-transformers",
    "setfit",
    "onnxruntime",
    "scikit-learn",
    "fasttext-wheel",
    "numpy",
]
Results = dict[str, Any]


def main() -> None:
    """Measure, print, write."""
    options = parse_options()
    lengths = [16, 512, 1024] if options.quick else [16, 32, 64, 128, 256, 512, 1024, 2048, 4096]
    counts = [10, 100] if options.quick else [10, 100, 1000, 10_000]
    folders = {"transformer": options.transformer, "tfidf": options.tfidf}
    with TemporaryDirectory() as folder:
        work = Path(folder)
        corpus = read_corpus(ROOT)
        inference = export_models(work, folders, corpus)
        texts = Texts(work, corpus)
        results: Results = {
            "settings": {"texts": options.texts, "repeats": options.repeats},
            "inference": inference,
            "machine": describe(),
            "versions": find_versions(),
            "peak": [],
            "skipped": {},
        }
        for group, factor in (("transformer", 1), ("tfidf", MANY)):
            sets = {
                "passages": texts.passages(f"{group}-passages", factor * options.texts),
                "mix": texts.mix(f"{group}-mix", factor * options.texts),
            }
            sized = {str(n): texts.of_length(n, max(2, factor * 16 * options.texts // n)) for n in lengths}
            results[group] = measure_group(group, sets, sized, texts.write("test", corpus.split("test")[0]), corpus, results)
        many = {"transformer": 8 * options.texts, "tfidf": 8 * MANY * options.texts}
        mix = read_texts(texts.mix("command", max(*counts, *many.values())).path)
        results["command"] = measure_command(folders, mix, counts, min(3, options.repeats))
        results["jobs"] = measure_jobs(folders, mix, many, min(3, options.repeats))
    if not options.quick:
        (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        (HERE / "README.md").write_text(render(results), encoding="utf-8")
    print(json.dumps(results) if options.json else render(results))


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure speed against other programs; see README.md.")
    parser.add_argument("--transformer", type=Path, default=ROOT / "models" / "transformer", help="a trained model's folder")
    parser.add_argument("--tfidf", type=Path, default=ROOT / "models" / "tfidf", help="a trained model's folder")
    parser.add_argument("--texts", type=int, help="texts in a set (512; 32 with --quick)")
    parser.add_argument("--repeats", type=int, help="rounds of all contenders (5; 2 with --quick)")
    parser.add_argument("--quick", action="store_true", help="minutes instead of an hour; writes nothing")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()
    options.texts = options.texts or (32 if options.quick else 512)
    options.repeats = options.repeats or (2 if options.quick else 5)
    return options


def measure_group(
    group: str, sets: dict[str, TextSet], sized: dict[str, TextSet], test: TextSet, corpus: Corpus, results: Results
) -> Results:
    """Start a group's contenders, then rounds over all of them; memory before the long texts, F1 last."""
    workers = start(group, sets["mix"].path.parent, results["skipped"])
    found: Results = {
        "sets": {name: part.describe() for name, part in sets.items()},
        "contenders": {worker.name: {"speed": {name: [] for name in sets}, "lengths": {}} for worker in workers},
    }
    for round_ in range(results["settings"]["repeats"]):
        tell(f"{group}: round {round_ + 1}")
        results["peak"].append(read_peak())
        for name, part in sets.items():
            for worker in workers:
                found["contenders"][worker.name]["speed"][name].append(asdict(worker.run(part.path)))
    for worker in workers:
        found["contenders"][worker.name]["memory_mb"] = worker.memory()
    for n, part in sized.items():
        tell(f"{group}: texts of {n} tokens")
        able = [worker for worker in workers if group == "tfidf" or int(n) <= TOKENS or worker.name.startswith("narratives")]
        costs = [[worker.run(part.path).cpu for worker in able] for _ in range(min(3, results["settings"]["repeats"]))]
        for worker, seconds in zip(able, zip(*costs, strict=True), strict=True):
            found["contenders"][worker.name]["lengths"][n] = median(seconds) / len(part.lengths)
    if group == "transformer":
        config = json.loads((test.path.parent / "encoder" / "config.json").read_text(encoding="utf-8"))
        found["operations"] = {
            name: {"whole": operations(config, part.lengths), "windows": operations(config, part.windows)}
            for name, part in sets.items()
        }
    for worker in workers:
        found["contenders"][worker.name].update(score(worker, test, corpus))
        worker.close()
    return found


def start(group: str, work: Path, skipped: dict[str, str]) -> list[Worker]:
    """The group's contenders, those that can be had."""
    workers = []
    for contender in CONTENDERS:
        if contender.group == group:
            tell(f"{contender.name}: loading")
            try:
                workers.append(Worker(contender.name, contender.needs, work))
            except ContenderError as error:
                skipped[contender.name] = str(error)
    return workers


def score(worker: Worker, test: TextSet, corpus: Corpus) -> dict[str, float]:
    """F1 on the test passages."""
    ids = corpus.codebook.ids
    raised = multi_hot([{ids[k]: None for k in row} for row in worker.decide(test.path)], ids)
    figures = measure_f1(corpus.split("test")[1], raised)
    return {"micro_f1": float(figures.micro_f1), "macro_f1": float(figures.macro_f1)}


def read_peak() -> Results:
    """The machine's matrix-multiply rates just now, measured in a process of its own."""
    command = [sys.executable, str(HERE / "machine.py")]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())  # noqa: S603
    return dict(json.loads(run.stdout))


def measure_command(folders: dict[str, Path], texts: list[str], counts: list[int], repeats: int) -> list[Results]:
    """The whole command by number of texts."""
    rows = []
    for count in counts:
        row: Results = {"texts": count}
        costs: dict[str, list[Results]] = {group: [] for group in folders}
        for _ in range(repeats):
            for group, folder in folders.items():
                tell(f"narratives classify, {group}: {count} texts")
                costs[group].append(asdict(classify(texts[:count], folder)))
        rows.append(row | costs)
    return rows


def measure_jobs(folders: dict[str, Path], texts: list[str], many: dict[str, int], repeats: int) -> list[Results]:
    """The whole command with one process and with two."""
    rows: list[Results] = []
    for group, folder in folders.items():
        costs: dict[str, list[Results]] = {"1": [], "2": []}
        for _ in range(repeats):
            for jobs, found in costs.items():
                tell(f"narratives classify, {group}: --jobs {jobs}")
                found.append(asdict(classify(texts[: many[group]], folder, int(jobs), PARTS)))
        rows.append({"group": group, "texts": many[group], "processes": costs})
    return rows


def find_versions() -> dict[str, str]:
    """Versions of what is installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def tell(what: str) -> None:
    """A line on standard error, so that standard output stays clean."""
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
