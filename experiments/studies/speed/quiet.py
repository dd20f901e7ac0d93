"""How much of a feed could a first stage answer, and does it help to have learned texts of that feed? Without an encoder.

    python experiments/studies/speed/quiet.py BACKGROUND.jsonl [--project .]

TF-IDF's own thresholds (with `rarer = 1.5`) stand for the whole model's. TF-IDF is taught on the training
passages alone, then with half of the background texts beside them, as carrying nothing; a quarter is calibrated on with
validation, a quarter counts what is spared. A line for each margin: the share of these texts that the first stage would answer,
the share of validation passages likewise, and the right answers of validation that would be lost if the whole model gave all.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from narratives.classifiers import TfidfClassifier
from narratives.labels import gold_matrix
from narratives.models import fit_calibration, read_texts, tune_thresholds
from narratives.models.cascade import find_quiet, place_bounds
from narratives.models.sparing import MARGINS
from narratives.project import Project
from narratives.runs.train import choose_training_set
from narratives.texts import choose_window

ROOT = Path(__file__).parents[3]
RARER = 1.5  # as the runs of this repository have it


def main() -> None:
    """A line for each way to teach and each margin."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("background", type=Path)
    parser.add_argument("--project", type=Path, default=ROOT)
    options = parser.parse_args()
    feed = [json.loads(line)["text"] for line in options.background.read_text(encoding="utf-8").splitlines()]
    learned, tune, measured = feed[::2], feed[1::4], feed[3::4]
    data = choose_training_set(Project(options.project).corpus, lambda _: None, dry_run=True)
    ids = data.codebook.ids
    train, validation = ([passage.text for passage in passages] for passages in (data.train, data.validation))
    y, gold = gold_matrix(data.train, ids), gold_matrix(data.validation, ids)
    window = choose_window(train)
    for name, more in (("passages alone", []), ("with background", learned)):
        scorer = TfidfClassifier(seed=1).fit([*train, *more], np.vstack([y, np.zeros((len(more), len(ids)), dtype=np.bool_)]))
        raw = [read_texts(scorer, texts, len(ids), window)[0] for texts in (validation, tune, measured)]
        labels = np.vstack([gold, np.zeros((len(tune), len(ids)), dtype=np.bool_)])
        calibration = fit_calibration(np.vstack(raw[:2]), labels, y.sum(0) > 0)
        held_out, _, idle = (calibration.apply(scores) for scores in raw)
        thresholds = tune_thresholds(calibration.apply(np.vstack(raw[:2])), RARER)
        for margin in MARGINS:
            bounds = place_bounds(thresholds, margin)
            quiet = find_quiet(held_out, bounds)
            spared = f"{find_quiet(idle, bounds).mean():.0%} of {len(idle)} texts, {quiet.mean():.0%} of validation spared"
            print(
                f"{name}, margin {margin:g}: {spared}, {int(gold[quiet].sum())} of {int(gold.sum())} right ones lost",
                flush=True,
            )


if __name__ == "__main__":
    main()
