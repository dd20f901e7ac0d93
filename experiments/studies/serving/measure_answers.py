"""How long the page Answers takes for each of its views, over a folder of answers (see `make_answers.py`).

    python experiments/studies/serving/measure_answers.py /elsewhere/answers --cache /elsewhere/cache

The first line tells how long the index took, which is built once. Then each view: the whole page as the server makes it,
five times, no two alike; seconds of the fastest, the middle one and the slowest.
"""

import argparse
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qsl

from narratives.serve.archive.archive import Archive, View
from narratives.serve.archive.page import _gather
from narratives.serve.archive.wishes import ANY, NONE, SORTS, read_wish
from narratives.serve.guard.problems import Problem
from narratives.serve.pages import make_environment

_TIMES = 5


def list_views(view: View) -> dict[str, list[dict[str, str]]]:
    """Every kind of view, each with several addresses."""
    ids = view.listing.narratives[:_TIMES]
    texts = [str(record["text"]).split() for record in view.fetch(range(1000, 1000 + _TIMES))]
    many, few = ([{"words": words[k]} for words in texts] for k in (-1, -2))
    shapes: dict[str, list[dict[str, str]]] = {
        "every text": [{}] * _TIMES,
        "a narrative": [{"narrative": id_} for id_ in ids],
        "a narrative, also nearly raised": [{"narrative": id_, "near": "1"} for id_ in ids],
        "a narrative, stance, half a year, score": [
            {"narrative": id_, "stance": "reports", "since": "2023-01-01", "until": "2023-06-30", "least": "0.6"} for id_ in ids
        ],
        "raises something, a stance": [{"narrative": ANY, "stance": "rebuts"}] * _TIMES,
        "raises nothing": [{"narrative": NONE}] * _TIMES,
        "a source and a language": [{"source": "wire", "language": "en"}] * _TIMES,
        "one word": many,
        "two words": [{"words": f"{one['words']} {other['words']}"} for one, other in zip(many, few, strict=True)],
        "a word and a narrative": [{**word, "narrative": id_} for word, id_ in zip(many, ids, strict=True)],
    }
    for sort, told in SORTS.items():
        shapes[f"every text, {told}"] = [{"sort": sort}] * _TIMES
        shapes[f"a narrative, {told}"] = [{"sort": sort, "narrative": id_} for id_ in ids]
    return shapes


def time_view(view: View, query: dict[str, str]) -> tuple[float, dict[str, Any]]:
    """Seconds of one page, and what is on it."""
    parts = cast(Any, SimpleNamespace(titles={}))
    began = time.perf_counter()
    wish = read_wish(query, view.listing.narratives)
    content = _gather(view, wish, parts)
    shown = {"menu": {}, "path": "/answers", "csrf": "", "folders": ["a"], "folder": "a", "problem": ""}
    words = {"sorts": SORTS, "stances": ["asserts", "reports", "rebuts"], "any": ANY, "none": NONE, "most": 0}
    make_environment().get_template("answers.html").render({**shown, **words, **content})
    return time.perf_counter() - began, content


def main() -> None:
    """Build the index where it is not there, and time the views."""
    parser = argparse.ArgumentParser()
    parser.add_argument("answers", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    given = parser.parse_args()
    archive, began, cpu = Archive(given.answers, given.cache), time.perf_counter(), time.process_time()
    archive.refresh()
    view = archive.view
    if view is None:
        raise SystemExit(archive.problem)
    size = sum(path.stat().st_size for path in given.cache.rglob("*") if path.is_file())
    print(
        f"index of {view.listing.rows:,} rows: {time.perf_counter() - began:.0f} s, CPU {time.process_time() - cpu:.0f} s, "
        f"{size / 1e6:.0f} MB; Parquet {sum(part.size for part in view.listing.parts) / 1e6:.0f} MB"
    )
    for name, queries in list_views(view).items():
        seconds, cpu, content = list[float](), time.process_time(), dict[str, Any]()
        for query in queries:
            try:
                took, content = time_view(view, query)
            except Problem as problem:
                print(f"{name}: {query}: {problem}")
                continue
            seconds.append(took)
        if following := content.get("next"):
            seconds.append(time_view(view, dict(parse_qsl(str(following))))[0])
        spent = (time.process_time() - cpu) / max(len(seconds), 1)
        seconds.sort()
        if seconds:
            low, middle, high = seconds[0], seconds[len(seconds) // 2], seconds[-1]
            print(f"{name}: {low:.2f} {middle:.2f} {high:.2f} s, CPU {spent:.2f} s, {content['total']:,} rows", flush=True)


if __name__ == "__main__":
    main()
