"""What background texts of another source do to public data sets: alarms there, and F1 on the data set's own test.

    python experiments/studies/field/public.py FIELD DATASET... [--classifier tfidf] [--max-alarms 0.02]

Each DATASET is a project's folder; it is copied, nothing is written beside it. FIELD holds `background.jsonl`. One in five
texts that are learned is such a background text (a quarter as many as there are training passages; as many again tune and
measure). Prints micro F1 on the test split, or on validation where the test's labels are kept back, with a paired 95 %
interval of the difference (bootstrap over documents), and in how many of 100 background texts never given anything is raised.
"""

import argparse
import json
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import narratives
from narratives.labels.passages import gold_matrix
from narratives.models.folder import load_model
from narratives.models.model import Model
from narratives.project.project import Project

DRAWS = 2000


def main() -> None:
    """Every data set, without background and with it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("field", type=Path)
    parser.add_argument("datasets", type=Path, nargs="+")
    parser.add_argument("--classifier", default="tfidf")
    parser.add_argument("--max-alarms", type=float, default=0.0, help="a budget, too; 0: none")
    options = parser.parse_args()
    lines = (options.field / "background.jsonl").read_text(encoding="utf-8").splitlines()
    random.Random(0).shuffle(lines)
    print("| data set | F1 without | F1 with | difference | alarms per 100 without | with |")
    print("|---|---|---|---|---|---|")
    for dataset in options.datasets:
        with tempfile.TemporaryDirectory() as folder:
            print(try_dataset(Path(folder), dataset, lines, options.classifier, options.max_alarms), flush=True)


def try_dataset(root: Path, dataset: Path, lines: list[str], classifier: str, max_alarms: float) -> str:
    """A row of the table."""
    shutil.copytree(dataset / "labels", root / "labels", copy_function=shutil.copyfile)
    project = Project(root)
    given = len(project.corpus.part("train")) // 2
    (root / "feed.jsonl").write_text("\n".join(lines[:given]) + "\n", encoding="utf-8")
    others = [json.loads(line)["text"] for line in lines[given:] if line.strip()]
    budget = f"\n[thresholds]\nmax_alarms = {max_alarms}\n" if max_alarms else ""
    tables = {"alone": "background = []", "with": f'background = ["feed.jsonl"]\n{budget}'}
    models = [
        train(root, name, f'[classifier]\nname = "{classifier}"\n[training]\n{table}\n') for name, table in tables.items()
    ]
    split = "test" if any(passage.narratives is not None for passage in project.corpus.part("test")) else "validation"
    passages = project.corpus.part(split)
    gold = gold_matrix(passages, models[0].codebook.ids)
    raised = [model.classify([passage.text for passage in passages]).raised for model in models]
    points, low, high = compare(gold, raised, [passage.document for passage in passages])
    alarms = [100 * float(model.classify(others).raised.any(1).mean()) for model in models]
    difference = f"{points[1] - points[0]:+.3f} ({low:+.3f} to {high:+.3f})"
    cells = [f"{dataset.name}, {split}", *(f"{point:.3f}" for point in points), difference, *(f"{each:.1f}" for each in alarms)]
    return "| " + " | ".join(cells) + " |"


def train(root: Path, run: str, config: str) -> Model:
    """A run with this config."""
    folder = root / "experiments" / run
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(config, encoding="utf-8")
    project = narratives.Project(root)
    project.train(run)
    return load_model(project.model(run))


def compare(gold: Any, raised: list[Any], documents: list[str]) -> tuple[list[float], float, float]:
    """Micro F1 of both, and the interval of the second's less the first's."""
    names = sorted(set(documents))
    rows = np.array([names.index(document) for document in documents])
    cells = []
    for answers in raised:
        each = np.stack([(gold & answers).sum(1), (gold | answers).sum(1) + (gold & answers).sum(1)], 1).astype(float)
        by_document = np.zeros((len(names), 2))
        np.add.at(by_document, rows, each)
        cells.append(by_document)
    weights = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS)
    sums = [(2 * (weights @ each)[:, 0] / (weights @ each)[:, 1]) for each in cells]
    low, high = np.quantile(sums[1] - sums[0], [0.025, 0.975])
    return [float(2 * each[:, 0].sum() / each[:, 1].sum()) for each in cells], float(low), float(high)


if __name__ == "__main__":
    main()
