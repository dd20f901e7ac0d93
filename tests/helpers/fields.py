"""Feeds to measure: a folder of answers as `classify` writes it, texts whose labels are known, and readers who give them."""

import csv
import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from helpers.examples import write_project

from narratives.labels.codebook import read_codebook

IDS = ("toll", "school")
WORDS = ("market", "harbour", "winter", "engine", "letter", "garden", "pepper", "lantern")


def make_rows(size: int = 600, seed: int = 0) -> list[dict[str, Any]]:
    """Texts of two months and three sources; a tenth carries `toll`: four of five are found, and one alarm in 50 is raised."""
    rng = random.Random(seed)
    rows = []
    for k in range(size):
        carried = rng.random() < 0.1
        raised = rng.random() < (0.8 if carried else 0.02)
        text = f"{rng.choice(WORDS)} {k} {'robbed' if carried else 'quiet'}"
        date = f"2024-{5 if k < size // 2 else 6:02}-{1 + k % 28:02}"
        rows.append(
            {
                "id": f"t{k}",
                "line": k + 1,
                "text": text,
                "date": date,
                "source": ("radio", "paper", "site")[k % 3],
                "document": f"d{k // 4}",
                "narratives": {"toll": "reports"} if raised else {},
                "scores": {"toll": 0.9 if raised else 0.1, "school": 0.05},
            }
        )
    return rows


def write_feed(root: Path, rows: list[dict[str, Any]]) -> Path:
    """The feed that the rows are answers to."""
    path = root / "feed.jsonl"
    keys = ("id", "text", "date", "source", "document")
    path.write_text("".join(json.dumps({key: row[key] for key in keys}) + "\n" for row in rows), encoding="utf-8")
    return path


def write_answers(folder: Path, rows: list[dict[str, Any]], form: str = "parquet", codebook: str = "", part: int = 0) -> Path:
    """A folder of answers to `feed.jsonl`, without texts, with dates, sources and documents."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"part-{part:05}.{form}"
    kept = ("date", "source", "document")
    owner = {"run": "base", "codebook": codebook}
    if form == "jsonl":
        keys = ("id", "line", "narratives", "scores", *kept)
        lines = [{"file": "feed.jsonl", **{key: row[key] for key in keys}, **owner} for row in rows]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return folder
    flat = [
        {"id": row["id"], "file": "feed.jsonl", "line": row["line"], **{key: row[key] for key in kept}, **owner}
        | {f"score_{id_}": row["scores"][id_] for id_ in IDS}
        | {"narratives": list(row["narratives"]), "stances": list(row["narratives"].values()), "note": None}
        for row in rows
    ]
    if form == "parquet":
        lists = pa.list_(pa.string())
        table = pa.Table.from_pylist(flat)
        for name in ("narratives", "stances"):
            place = table.column_names.index(name)
            table = table.set_column(place, name, pa.array([row[name] for row in flat], lists))
        pq.write_table(table, path)
        return folder
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(flat[0]), lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        writer.writeheader()
        writer.writerows(
            {**row, "narratives": ";".join(row["narratives"]), "stances": ";".join(row["stances"])} for row in flat
        )
    return folder


def start_field(root: Path, rows: list[dict[str, Any]] | None = None, form: str = "parquet") -> tuple[Path, Path, Path]:
    """A small project, a feed and its answers."""
    write_project(root / "project")
    rows = make_rows() if rows is None else rows
    digest = read_codebook(root / "project" / "labels" / "codebook.toml").digest[:12]
    return root / "project", write_feed(root, rows), write_answers(root / "answers", rows, form, digest)


def read_tasks(tasks: Path, output: Path, by: str = "anna", miss: int = 0, note: str = "") -> Path:
    """What a reader makes of Label Studio tasks, who knows the truth; every `miss`-th text that carries it she overlooks."""
    answered = []
    found = 0
    for k, task in enumerate(json.loads(tasks.read_text(encoding="utf-8"))):
        carries = "robbed" in task["data"]["text"]
        found += carries
        overlooked = carries and miss and found % miss == 0
        chosen = [["toll", "reports"]] if carries and not overlooked else [["(none)"]]
        result = [{"from_name": "narratives", "to_name": "text", "type": "taxonomy", "value": {"taxonomy": chosen}}]
        if note and k == 0:
            result.append({"from_name": "note", "to_name": "text", "type": "textarea", "value": {"text": [note]}})
        answered.append({**task, "id": k, "annotations": [{"completed_by": {"id": 1, "email": by}, "result": result}]})
    output.write_text(json.dumps(answered), encoding="utf-8")
    return output
