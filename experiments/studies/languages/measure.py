"""How often the language of a text is found, by its length, and what that costs.

    python experiments/studies/languages/measure.py LABELS.jsonl...

Every labelled passage that names its language counts, whole and cut short; so does anything else with `text` and `language`.
"""

import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from narratives.files.records import Record, read_records
from narratives.texts.languages import NONE, find_languages, normalise

LENGTHS = (15, 20, 30, 40, 60, 100, 100_000)  # characters


def main(paths: list[Path]) -> None:
    """Print a line for each language and length: right, unsure, wrong, and for what wrong ones were taken."""
    texts: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        for record in read_records(path):
            if isinstance(record, Record):
                texts[normalise(record.values.get("language") or NONE)].append(record.values["text"])
    find_languages(["The model is loaded before the clock runs."])
    for language, known in sorted(texts.items()):
        for length in LENGTHS:
            start = time.process_time()
            found = Counter(code for code, _ in find_languages([text[:length] for text in known]))
            spent = time.process_time() - start
            wrong = {code: n for code, n in found.items() if code not in (language, NONE)}
            shares = [n / len(known) for n in (found[language], found[NONE], sum(wrong.values()))]
            told = "  ".join(f"{share:7.2%}" for share in shares)
            name = "whole" if length == LENGTHS[-1] else str(length)
            print(f"{language:4} {len(known):6} {name:>6}  {told}  {spent / len(known) * 1e6:4.0f} us  {wrong or ''}")


if __name__ == "__main__":
    print("lang  texts  chars    right   unsure    wrong     CPU")
    main([Path(name) for name in sys.argv[1:]])
