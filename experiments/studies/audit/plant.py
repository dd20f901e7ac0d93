"""How many planted label errors does `labels audit` find? Labels are spoiled in memory only.

    python experiments/studies/audit/plant.py PROJECT [--seeds 3] [--share 0.03]

In a share of the labelled passages one label is wrong, a third each: lost, swapped for another narrative, or one too
many. Prints for the most doubtful passages how many of them are planted (precision) and which share of those planted
they are (recall). What is found beside them counts as wrong here, though labels may be wrong that nobody planted.
"""

import argparse
from pathlib import Path

import numpy as np

from narratives.annotation.audit import find_errors, score_out_of_fold
from narratives.labels.passages import gold_matrix
from narratives.project.project import Project
from narratives.texts.similarity import near_duplicates

KINDS = ("lost", "swapped", "too many")


def main() -> None:
    """Plant, audit, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.03)
    options = parser.parse_args()
    project = Project(options.project)
    codebook = project.read_codebook()
    passages = project.corpus.labelled
    pairs = near_duplicates([passage.text for passage in passages])
    gold = gold_matrix(passages, codebook.ids)
    for seed in range(options.seeds):
        spoiled, kinds = plant(gold, options.share, np.random.default_rng(seed))
        doubt = find_errors(score_out_of_fold(passages, spoiled, pairs), spoiled)
        whole = 1 - np.prod(1 - doubt, axis=1)
        planted, flagged = kinds >= 0, int((whole > 0).sum())
        order = np.argsort(-whole, kind="stable")
        print(f"seed {seed}: {planted.sum()} planted, {flagged} flagged")
        for top in (25, 50, int(planted.sum()), flagged):
            found = kinds[order[:top]]
            told = ", ".join(f"{name} {(found == k).sum()}/{(kinds == k).sum()}" for k, name in enumerate(KINDS))
            hits = (found >= 0).sum()
            print(f"  top {top}: precision {hits / top:.2f}, recall {hits / planted.sum():.2f} ({told})", flush=True)


def plant(gold: np.ndarray, share: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Spoiled labels, and for each passage which of `KINDS` was done to it, or -1."""
    spoiled, kinds = gold.copy(), np.full(len(gold), -1)
    wanted = np.resize([0, 1, 2], round(share * len(gold))).tolist()
    for row in rng.permutation(len(gold)):
        carried, free = np.flatnonzero(gold[row]), np.flatnonzero(~gold[row])
        if not wanted:
            break
        if (wanted[-1] < 2 and not len(carried)) or not len(free):
            continue
        kinds[row] = wanted.pop()
        if kinds[row] < 2:
            spoiled[row, rng.choice(carried)] = False
        if kinds[row] > 0:
            spoiled[row, rng.choice(free)] = True
    return spoiled, kinds


if __name__ == "__main__":
    main()
