"""Train runs on a data set from elsewhere, and answer its test passages with `narratives classify`.

    python experiments/studies/benchmarks/measure.py ../shared/benchmarks/flicc --work /somewhere --runs tfidf blend quality

The data set is a project in this format; its labels are copied to the work folder, nothing is written beside them. Each run is
trained as its config in this repository says. The test passages go through `narratives classify` as new texts would; where they
are labelled, `narratives evaluate` scores the model too. Predictions (ids, narratives, scores; no texts) are left here, in
`DATASET-RUN.jsonl`.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from narratives.labels.passages import read_passages
from narratives.project.project import Project

HERE = Path(__file__).parent


def main() -> None:
    """Copy, train, classify, evaluate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--runs", nargs="+", default=["tfidf", "blend", "quality"])
    options = parser.parse_args()
    name = options.dataset.name
    root = options.work / name
    shutil.copytree(options.dataset / "labels", root / "labels", dirs_exist_ok=True, copy_function=shutil.copyfile)
    texts, labelled = write_test_texts(Project(root), root / "test.jsonl")
    for run in options.runs:
        folder = root / "experiments" / run
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE.parent / run / "config.toml", folder / "config.toml")
        start = time.perf_counter()
        narratives(root, "train", run)
        print(f"{name}, {run}: trained in {(time.perf_counter() - start) / 60:.1f} minutes", flush=True)
        narratives(root, "evaluate", run, "--split", "validation")
        if labelled:
            narratives(root, "evaluate", run)
        output = root / "answers" / run
        narratives(
            root,
            "classify",
            str(root / "test.jsonl"),
            "--model",
            run,
            "--output",
            str(output),
            "--format",
            "jsonl",
            "--restart",
        )
        keep_answers(output, HERE / f"{name}-{run}.jsonl", texts)


def write_test_texts(project: Project, path: Path) -> tuple[int, bool]:
    """Ids and texts of the test split, one JSON object a line; how many, and whether they are labelled."""
    codebook, splits = project.read_codebook(), project.corpus.splits
    passages = [p for p in read_passages(project.root / "labels", codebook) if splits.get(p.document) == "test"]
    lines = [json.dumps({"id": passage.id, "text": passage.text}, ensure_ascii=False) for passage in passages]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(passages), any(passage.narratives is not None for passage in passages)


def narratives(root: Path, *arguments: str) -> None:
    """Run one command in the project."""
    subprocess.run([sys.executable, "-m", "narratives", "--project", str(root), *arguments], check=True)  # noqa: S603


def keep_answers(output: Path, path: Path, texts: int) -> None:
    """The answers without texts or places, one JSON object a line, in order of id."""
    rows = [json.loads(line) for part in sorted(output.glob("part-*.jsonl")) for line in part.read_text("utf-8").splitlines()]
    if len(rows) != texts:
        raise SystemExit(f"{len(rows)} answers for {texts} texts")
    rows.sort(key=lambda row: row["id"])
    kept = [{"id": row["id"], "narratives": row["narratives"], "scores": row["scores"]} for row in rows]
    path.write_text("\n".join(json.dumps(row) for row in kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
