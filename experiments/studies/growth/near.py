"""How time and memory of finding near-duplicates grow with the number of passages.

    python experiments/studies/growth/near.py --work /somewhere --sizes 10000 20000 50000 100000
        --sentences texts.jsonl ... --paragraphs FOLDER ... --against CHECKOUT

Passages are made up of words that follow Zipf's law (texts.py); with `--sentences` also recombined from the sentences of real
texts, with `--paragraphs` also those of the text files in a folder, no two the same. A table gives processor seconds, the
largest memory, the pairs, and the exponent of growth. `--against` lets another checkout find the same pairs, or says where
it does not.
"""

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path

from measure import ROOT, find_slope
from texts import make_up, read_paragraphs, recombine

FIND = """
import hashlib, json, pathlib, resource, sys, time
from narratives.texts import near_duplicates
texts = json.loads(pathlib.Path(sys.argv[1]).read_text("utf-8"))[: int(sys.argv[2])]
near_duplicates(texts[:10])
start = time.process_time()
pairs = near_duplicates(texts)
seconds = time.process_time() - start
rows = [(pair.first, pair.second, pair.similarity) for pair in pairs]
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
digest = hashlib.sha256(repr(rows).encode()).hexdigest()
print(json.dumps({"texts": len(texts), "seconds": seconds, "megabytes": memory, "pairs": len(rows), "digest": digest}))
"""


def main() -> None:
    """Write the passages, find their pairs, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 20_000, 40_000])
    parser.add_argument("--sentences", type=Path, nargs="+", default=[])
    parser.add_argument("--paragraphs", type=Path, nargs="+", default=[])
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    most = max(options.sizes)
    kinds = {"made up": make_up(most)}
    if options.sentences:
        kinds["recombined sentences"] = recombine(options.sentences, most)
    if options.paragraphs:
        kinds["paragraphs"] = read_paragraphs(options.paragraphs, most)
    print("| passages | " + " | ".join(map(str, options.sizes)) + " | exponent |")
    print("|---|" + "---|" * (len(options.sizes) + 1))
    for kind, texts in kinds.items():
        path = options.work / "texts.json"
        path.write_text(json.dumps(texts), encoding="utf-8")
        results = [find(ROOT, path, size) for size in options.sizes if size <= len(texts)]
        cells = [f"{r['seconds']:.1f} s, {r['megabytes']:.0f} MB, {r['pairs']} pairs" for r in results]
        cells += [""] * (len(options.sizes) - len(results))
        logs = ([math.log(result[key]) for result in results] for key in ("texts", "seconds"))
        print(f"| {kind} | {' | '.join(cells)} | {find_slope(*logs):.2f} |", flush=True)
        for result in results if options.against else ():
            other = find(options.against, path, result["texts"])
            same = "the same" if other["digest"] == result["digest"] else "OTHER"
            print(
                f"{kind}, {result['texts']}: {options.against} takes {other['seconds']:.1f} s, finds {same} pairs", flush=True
            )


def find(checkout: Path, path: Path, size: int) -> dict[str, float]:
    """Let a checkout find the pairs among the first texts of a file, in a process of its own."""
    command = [sys.executable, "-c", FIND, str(path), str(size)]
    output = subprocess.run(  # noqa: S603
        command, env={**os.environ, "PYTHONPATH": str(checkout)}, cwd=checkout, capture_output=True, text=True, check=True
    )
    result: dict[str, float] = json.loads(output.stdout)
    return result


if __name__ == "__main__":
    main()
