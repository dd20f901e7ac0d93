"""What `narratives score` takes in processor time and memory for very many predictions.

    python experiments/studies/growth/score.py --work /somewhere --rows 250000 1000000

Rows have an id, a document of three, 28 scores and the narratives raised; the gold carries 0 to 2 of 28. Prints Markdown. A
million rows are half a GB of JSONL.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

IDS = [f"n{k:02}" for k in range(28)]
POOL = 4000  # rows that are made; the others repeat their labels and scores


def main() -> None:
    """Write the files, score them, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rows", type=int, nargs="+", default=[250_000, 1_000_000])
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    entries = (f'[[narrative]]\nid = "{id_}"\nfamily = "f"\ntitle = "{id_}"\ndefinition = "{id_}"' for id_ in IDS)
    (options.work / "codebook.toml").write_text("\n".join(['name = "made up"', 'version = "1"', *entries]), encoding="utf-8")
    print("| rows | MB of predictions | processor seconds | MB of memory |\n|---|---|---|---|", flush=True)
    for rows in options.rows:
        size = write_rows(options.work, rows)
        seconds, memory = score(options.work)
        print(f"| {rows:,} | {size / 1e6:.0f} | {seconds:.0f} | {memory:.0f} |", flush=True)


def write_rows(work: Path, rows: int) -> int:
    """Gold and predictions; how many bytes the latter are."""
    rng = np.random.default_rng(0)
    gold = rng.random((POOL, 28)) < 0.03
    scores = np.clip(rng.normal(0.1 + 0.6 * gold, 0.15), 0, 1).round(6)
    labels, answers = [], []
    for row in range(POOL):
        raised = [IDS[k] for k in np.flatnonzero(scores[row] >= 0.5)]
        labels.append(f'"narratives": {json.dumps([IDS[k] for k in np.flatnonzero(gold[row])])}}}\n')
        answers.append(
            f'"narratives": {json.dumps(raised)}, "scores": {json.dumps(dict(zip(IDS, scores[row].tolist(), strict=True)))}}}\n'
        )
    for name, values in (("gold.jsonl", [f'"document": "d{{}}", {each}' for each in labels]), ("predictions.jsonl", answers)):
        with (work / name).open("w", encoding="utf-8") as stream:
            for k in range(rows):
                value = values[k % POOL].replace("d{}", f"d{k // 3}")
                stream.write(f'{{"id": "p{k:07}", {value}')
    return (work / "predictions.jsonl").stat().st_size


def score(work: Path) -> tuple[float, float]:
    """Processor seconds, and megabytes at the peak."""
    files = [work / "gold.jsonl", work / "predictions.jsonl", "--codebook", work / "codebook.toml", "-o", work / "out"]
    command = [sys.executable, "-m", "narratives", "score", *map(str, files)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"score ended with {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
