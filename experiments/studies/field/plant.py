"""What does it cost when some texts of the background carry something after all? TF-IDF, planted passages.

    python experiments/studies/field/plant.py PROJECT BACKGROUND.jsonl [--shares 0 0.01 0.02 0.05] [--seed 0]

PROJECT is a folder with labels; BACKGROUND holds unlabelled texts. Of the passages of the train split that carry something
whole documents are taken out of the labels and planted among the background, unlabelled: so many that they are the given
share of it. Without planting, the same passages are only taken out. Prints what was set aside, and micro F1 on the test
split and alarms on the part of the background that is kept for measuring.
"""

import argparse
import random
from pathlib import Path

from narratives.classifiers.interface import find_classifier
from narratives.labels.passages import gold_matrix
from narratives.metrics.counts import count, micro_f1
from narratives.models.cuts import Examples, fit_cuts
from narratives.models.purposes import Wishes
from narratives.models.thresholds import decide
from narratives.models.twofold import Reading
from narratives.project.project import Project
from narratives.runs.background import add_background, deal_background, read_background
from narratives.texts.windows import WINDOW


def main() -> None:
    """Run every share, with the suspects set aside and without."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("background", type=Path)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0, 0.01, 0.02, 0.05])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    corpus = Project(options.project).corpus
    texts = read_background([options.background], options.seed)
    carrying = sorted({passage.document for passage in corpus.part("train") if passage.narratives})
    documents = random.Random(options.seed).sample(carrying, len(carrying))
    print("| planted | set aside | of them planted | micro F1, test | alarms per 100 | the same, nothing set aside |")
    print("|---|---|---|---|---|---|")
    for share in options.shares:
        print(try_share(corpus, texts, documents, share), flush=True)


def try_share(corpus, texts: list[str], documents: list[str], share: float) -> str:  # type: ignore[no-untyped-def]
    """A row of the table."""
    wanted, planted, taken = round(max(share, 0.05) * len(texts)), [], set()
    for document in documents:
        if len(planted) >= wanted:
            break
        taken.add(document)
        planted += [p.text for p in corpus.part("train") if p.document == document and p.narratives]
    shown = planted[: round(share * len(texts))]
    ids = corpus.codebook.ids
    train, validation, test = (
        Examples(texts=[p.text for p in part], gold=gold_matrix(part, ids))
        for part in (
            [p for p in corpus.part("train") if p.document not in taken],
            corpus.part("validation"),
            corpus.part("test"),
        )
    )
    mixed = random.Random(1).sample([*texts, *shown], len(texts) + len(shown))
    background = deal_background(mixed, train, ids, WINDOW)
    aside = [text for text, _, _ in background.aside]
    figures = []
    for more in ([], aside):
        learn = [*background.learn, *more]
        classifier = find_classifier("tfidf")()
        shown_train = add_background(train, learn, WINDOW, 0)
        classifier.fit(shown_train.texts, shown_train.gold)
        tuned = add_background(validation, background.tune, WINDOW, 0)
        wishes = Wishes(max_alarms=0.02)
        cuts = fit_cuts(
            classifier, corpus.codebook, shown_train, tuned, Reading(WINDOW), wishes=wishes, background=background.tune
        )

        quiet = [text for text in background.measure if text not in set(shown)]
        raised = [
            decide(cuts.calibration.apply(classifier.predict_proba(some)), cuts.thresholds) for some in (test.texts, quiet)
        ]
        f1 = float(micro_f1(count(test.gold, raised[0], axis=0)))
        figures.append(f"{f1:.3f} | {100 * raised[1].any(1).mean():.1f}")
    found = sum(text in set(shown) for text in aside)
    return f"| {share:.0%} ({len(shown)}) | {len(aside)} | {found} | {figures[0]} | {figures[1].replace(' |', ',')} |"


if __name__ == "__main__":
    main()
