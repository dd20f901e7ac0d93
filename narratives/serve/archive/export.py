"""What is shown as CSV, for a spreadsheet."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from narratives.serve.archive.archive import View
from narratives.serve.archive.queries import count_narratives, list_rows, select
from narratives.serve.archive.wishes import Wish

MOST = 100_000  # rows
_COLUMNS = ("id", "file", "line", "date", "source", "language", "narratives", "stances", "scores", "text")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_rows(view: View, wish: Wish) -> Iterator[bytes]:
    """The first `MOST` rows of a wish, in its order. What a spreadsheet would take for a formula begins with an apostrophe."""
    rows = [row.row for row in list_rows(view, select(view, wish), wish, MOST)]
    yield ("\ufeff" + ",".join(_COLUMNS) + "\r\n").encode()
    if wish.sort == "row":
        for start in range(0, len(rows), 5000):
            yield _format(view, rows[start : start + 5000])
    elif rows:  # each part is read once, whatever the order
        yield _format(view, rows)


def _format(view: View, rows: list[int]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    scores, ids = count_narratives(view, rows), view.listing.narratives
    for row, record in zip(rows, view.fetch(rows), strict=True):
        by_id = {ids[k]: score for k, score in scores[row].items()}
        record["scores"] = ";".join(f"{by_id[id_]:.6f}" for id_ in record["narratives"] if id_ in by_id)
        record["narratives"] = ";".join(record["narratives"])
        record["stances"] = ";".join(stance or "" for stance in record["stances"])
        writer.writerow([_defuse(record.get(name)) for name in _COLUMNS])
    return out.getvalue().encode("utf-8", "replace")


def _defuse(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
