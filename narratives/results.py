"""Write the answers of `classify` as JSONL, CSV or Parquet, batch by batch."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from narratives.data import Prediction
from narratives.model import Model
from narratives.predictions import to_row

Batches = Iterator[list[Prediction]]


def write_jsonl(path: Path, batches: Batches, model: Model) -> None:
    """The same rows as a run's `predictions.jsonl`."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for batch in batches:
            for prediction in batch:
                stream.write(json.dumps(to_row(prediction, model.run, model.codebook), ensure_ascii=False) + "\n")


def write_csv(path: Path, batches: Batches, model: Model) -> None:
    """One row a text: id, the narratives raised (joined by `;`), a score column for each narrative."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, _columns(model), lineterminator="\n")
        writer.writeheader()
        for batch in batches:
            writer.writerows({**row, "narratives": ";".join(row["narratives"])} for row in _flatten(batch, model))


def write_parquet(path: Path, batches: Batches, model: Model) -> None:
    """The same columns as CSV; `narratives` is a list of texts and scores are float32."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"id": pa.string(), "narratives": pa.list_(pa.string()), "run": pa.string(), "codebook": pa.string()}
    schema = pa.schema([(name, types.get(name, pa.float32())) for name in _columns(model)])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(pa.Table.from_pylist(_flatten(batch, model), schema=schema))


FORMATS: dict[str, Callable[[Path, Batches, Model], None]] = {
    "parquet": write_parquet,
    "jsonl": write_jsonl,
    "csv": write_csv,
}


def _columns(model: Model) -> list[str]:
    return ["id", "narratives", *(f"score.{id_}" for id_ in model.codebook.ids), "run", "codebook"]


def _flatten(batch: list[Prediction], model: Model) -> list[dict[str, Any]]:
    rows = []
    for prediction in batch:
        row = to_row(prediction, model.run, model.codebook)
        scores = {f"score.{id_}": value for id_, value in row.pop("scores").items()}
        rows.append({**row, "narratives": list(prediction.narratives), **scores})
    return rows
