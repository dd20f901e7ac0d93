"""Ten million rows of answers to measure the page on: a real folder of answers, drawn from again and again.

    narratives classify labels/*.jsonl --model tfidf --output /elsewhere/seed --text --keep date,source
    python experiments/studies/serving/make_answers.py /elsewhere/seed /elsewhere/answers --rows 10000000

One row in nine raises something, as in a real feed. Texts are of about 130 characters, their words drawn from 100,000 by
Zipf's law; dates are of six years.
"""

import argparse
import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

_PART = 8000  # rows: what 2 MiB of input give
_RAISING = 0.11
_TEXTS, _WORDS, _LENGTH = 300_000, 100_000, 19
_DAYS = 6 * 365


def draw_texts(rng: np.random.Generator) -> pa.Array:
    """Texts of random words, the k-th of which is met 1/k as often as the first."""
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = np.array(["".join(rng.choice(letters, rng.integers(3, 10))) for _ in range(_WORDS)], dtype=object)
    weights = 1 / np.arange(1, _WORDS + 1)
    picks = rng.choice(_WORDS, size=(_TEXTS, _LENGTH), p=weights / weights.sum())
    return pa.array([" ".join(row) for row in words[picks]], pa.string())


def main() -> None:
    """Write the parts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    given = parser.parse_args()
    rng = np.random.default_rng(7)
    table = ds.dataset(str(given.seed), format="parquet", exclude_invalid_files=True).to_table()
    raising = np.array([len(ids.as_py()) > 0 for ids in table.column("narratives")])
    rows = (np.flatnonzero(~raising), np.flatnonzero(raising))
    texts = draw_texts(rng)
    days = [str(datetime.date(2020, 1, 1) + datetime.timedelta(k)) for k in range(_DAYS)]
    given.output.mkdir(parents=True, exist_ok=True)
    for number in range(given.rows // _PART):
        raises = rng.random(_PART) < _RAISING
        picks = np.where(raises, rng.choice(rows[1], _PART), rng.choice(rows[0], _PART))
        part = table.take(pa.array(picks))
        day = np.clip(np.sort(rng.normal(number * _PART / given.rows * _DAYS, 20, _PART)).astype(int), 0, _DAYS - 1)
        columns = {
            "id": pa.array([f"feed:{number * _PART + k}" for k in range(_PART)], pa.string()),
            "date": pa.array([days[k] for k in day], pa.string()),
            "text": texts.take(pa.array(rng.integers(0, _TEXTS, _PART))),
        }
        for name, column in columns.items():
            part = part.set_column(part.schema.get_field_index(name), name, column)
        pq.write_table(part, given.output / f"part-{number:05}.parquet", compression="zstd", row_group_size=1 << 16)


if __name__ == "__main__":
    main()
