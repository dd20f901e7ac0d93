"""What it costs a batch run that its files are on the disk before they appear.

    python experiments/studies/survival/syncing.py --work /somewhere --texts 20000 --runs 8 --part-size 1

The same texts go through `classify --model tfidf` with fsync and, in turn, with an fsync that does nothing. A table gives the
medians of processor seconds and of seconds by the clock, and the difference with its quartiles over the pairs; the last line
says how long the program waited for fsync, against the processor seconds: on a machine that others use too, the clock tells
little. The model is small, 400 made-up passages of 28 narratives: a larger one takes longer for each text, so that syncing
matters less.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "experiments" / "studies" / "growth"))

from measure import narratives, write_passages, write_project  # noqa: E402  (of growth)

COMMAND = """
import atexit, os, sys, time
waited, sync = [0.0], os.fsync
def measure(descriptor):
    start = time.monotonic()
    sync(descriptor)
    waited[0] += time.monotonic() - start
os.fsync = measure if sys.argv.pop(1) == "with" else lambda descriptor: None
atexit.register(lambda: print(waited[0]))
from narratives.cli import main
main()
"""
KINDS = ("with", "without")
Spent = tuple[float, float, float]  # processor seconds, seconds by the clock, of these in fsync


def main() -> None:
    """Classify in turn, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--part-size", default="1", help="MB of input for each part; the smaller, the more is synced.")
    options = parser.parse_args()
    root = options.work.resolve()
    shutil.rmtree(root, ignore_errors=True)
    write_project(root, 400)
    narratives(root, "train", "tfidf")
    write_passages(root / "texts.jsonl", options.texts, seed=1)
    spent: dict[str, list[Spent]] = {kind: [] for kind in KINDS}
    for number in range(options.runs):
        for kind in KINDS if number % 2 else KINDS[::-1]:
            spent[kind].append(classify(root, kind, options.part_size))
    parts = len(list((root / "out").glob("part-*")))
    print(f"{options.texts} texts, {parts} parts, {options.runs} pairs")
    print("| | with fsync | without | difference, quartiles |")
    print("|---|---|---|---|")
    for place, name in enumerate(("processor", "clock")):
        columns = [[run[place] for run in spent[kind]] for kind in KINDS]
        ratios = [a / b - 1 for a, b in zip(*columns, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
        medians = " | ".join(f"{statistics.median(column):.2f} s" for column in columns)
        print(f"| {name} | {medians} | {middle:+.1%} ({low:+.1%} to {high:+.1%}) |")
    waits = [run[2] for run in spent["with"]]
    shares = [run[2] / run[0] for run in spent["with"]]
    print(f"waited for fsync: {statistics.median(waits):.3f} s, {statistics.median(shares):.1%} of the processor seconds")


def classify(root: Path, kind: str, part_size: str) -> Spent:
    """Classify all texts anew; what it took."""
    shutil.rmtree(root / "out", ignore_errors=True)
    words = ("--project", str(root), "classify", str(root / "texts.jsonl"), "--model", "tfidf", "--output", str(root / "out"))
    command = [sys.executable, "-c", COMMAND, kind, *words, "--jobs", "1", "--part-size", part_size]
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})  # noqa: S603
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode > 1:
        raise SystemExit(f"classify ended with exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - start, float(output.splitlines()[-1])


if __name__ == "__main__":
    main()
