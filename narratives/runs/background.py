"""Unlabelled texts of a feed, nearly all of which carry nothing: taken as "none", without trusting any single one of them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from narratives.classifiers import ALWAYS, score_by_folds
from narratives.data import Scores
from narratives.errors import UserError, at
from narratives.files import BadRecord, read_records, sha256, write_text
from narratives.metrics import wilson
from narratives.models import Examples, Model
from narratives.project import RunConfig
from narratives.texts import find_windows, near_duplicates

MOST = 5_000  # texts drawn by lot: more cost time and, measured, bring little
SHARES = {"learn": 0.5, "tune": 0.25, "measure": 0.25}
SUSPECTS_FILE = "background-suspects.jsonl"
_FOLDS = 2


@dataclass(frozen=True, slots=True)
class Background:
    """Texts of a feed by what they are for; no text, and no near-duplicate of one, is in two parts."""

    learn: list[str]  # trained on as carrying nothing
    tune: list[str]  # with the validation passages under calibration and thresholds
    measure: list[str]  # not touched before the figures are taken
    aside: list[tuple[str, str, float]]  # text, narrative, score: may carry it, so neither learned nor tuned on

    def describe(self) -> str:
        """One line."""
        counts = f"{len(self.learn)} background texts are learned as carrying nothing, {len(self.tune)} tune"
        aside = f"; {len(self.aside)} that may carry something are set aside" if self.aside else ""
        return f"{counts}, {len(self.measure)} measure{aside}"


def take_background(config: RunConfig, train: Examples, ids: Sequence[str], window: int) -> Background | None:
    """The background of a run; `None` where it has none."""
    texts = read_background(config.background, config.seed)
    return deal_background(texts, train, ids, window) if texts else None


def digest_background(files: Sequence[Path]) -> str:
    """One digest of all background files, whatever their names; empty where there are none."""
    return hashlib.sha256("".join(sorted(map(sha256, files))).encode()).hexdigest() if files else ""


def describe_background(model: Model, background: Background, config: RunConfig) -> dict[str, Any]:
    """How the background was used, and in how many of the texts kept for measuring anything is raised, for `model.json`."""
    raised = model.classify(background.measure).raised
    raised_by_id = dict(zip(model.codebook.ids, raised.sum(0).tolist(), strict=True))
    return {
        "learned": len(background.learn),
        "tuned": len(background.tune),
        "set_aside": len(background.aside),
        "measured": len(background.measure),
        "alarms": int(raised.any(1).sum()),
        "narratives": {id_: count for id_, count in raised_by_id.items() if count},
        "max_alarms": config.max_alarms,
        "digest": digest_background(config.background),
    }


def describe_alarms(training: Mapping[str, Any]) -> str:
    """What a model's training says of false alarms, in a sentence for the report."""
    counts = training.get("background")
    if not counts:
        return "How often it raises a false alarm in your feed is not known: no background texts were given."
    if not counts["measured"]:
        return "How often it raises a false alarm in your feed is not known: there were too few background texts to measure it."
    bounds = wilson(np.array(float(counts["alarms"])), np.array(float(counts["measured"])))
    low, high = (100 * float(bound) for bound in bounds)
    rate = 100 * counts["alarms"] / counts["measured"]
    most = sorted(counts["narratives"].items(), key=lambda item: (-item[1], item[0]))[:3]
    names = f"; most often {', '.join(f'{id_} ({count})' for id_, count in most)}" if most else ""
    return (
        f"Of 100 background texts that it neither learned nor was tuned on, it raises something in {rate:.1f} "
        f"({low:.1f}-{high:.1f}; {counts['alarms']} of {counts['measured']}){names}. Nearly all of these are false alarms."
    )


def read_background(files: Sequence[Path], seed: int, most: int = MOST) -> list[str]:
    """At most `most` different texts of these files, drawn by lot; `UserError` where one of them has none."""
    lots: dict[str, str] = {}
    for path in files:
        is_empty = True
        for record in read_records(path):
            if isinstance(record, BadRecord):
                raise UserError(at(path, record.line, f"{record.reason}; mend the background file or take it out"))
            text = record.values.get("text")
            if isinstance(text, str) and text.strip():
                lots.setdefault(_draw_lot(text, seed), text)
                is_empty = False
        if is_empty:
            raise UserError(at(path, None, "no texts in it; background needs a field or column 'text'"))
    return [lots[lot] for lot in sorted(lots)[:most]]


def deal_background(texts: Sequence[str], train: Examples, ids: Sequence[str], window: int) -> Background:
    """Deal texts into parts, and set aside those that seem to carry something.

    What they may carry is told by TF-IDF models that took the other half of the texts as carrying nothing: what a feed says
    every day then scores low, what is said rarely and like a labelled passage stays high. A text is set aside where that
    score reaches a half.
    """
    parts = _deal(_drop_repeats(texts))
    usable = [*parts["learn"], *parts["tune"]]
    scores = _score_across(usable, train, window)
    high = {row for row in range(len(usable)) if scores[row].max(initial=0) >= 0.5}
    first = len(parts["learn"])
    return Background(
        learn=[text for row, text in enumerate(usable[:first]) if row not in high],
        tune=[text for row, text in enumerate(usable[first:], first) if row not in high],
        measure=parts["measure"],
        aside=sorted(
            ((usable[row], ids[int(scores[row].argmax())], round(float(scores[row].max()), 4)) for row in high),
            key=lambda suspect: (-suspect[2], suspect[0]),
        ),
    )


def cut_windows(texts: Sequence[str], window: int, seed: int) -> list[str]:
    """One window of each text, drawn by lot: as much of it as a classifier reads at once."""
    cut = []
    for text in texts:
        windows = find_windows(text, window) or [(0, 0)]
        start, end = windows[int(_draw_lot(text, seed), 16) % len(windows)]
        cut.append(text[start:end])
    return cut


def add_background(examples: Examples, texts: Sequence[str], window: int, seed: int) -> Examples:
    """Labelled examples and windows of background texts that carry nothing."""
    unlabelled = np.zeros((len(texts), examples.gold.shape[1]), dtype=np.bool_)
    return Examples(
        texts=[*examples.texts, *cut_windows(texts, window, seed)], gold=np.concatenate([examples.gold, unlabelled])
    )


def write_suspects(path: Path, background: Background) -> None:
    """The texts that were set aside, as unlabelled passages for `labels import`, most likely first."""
    lines = []
    for text, id_, score in background.aside:
        name = f"background-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"
        why = f"background: may carry {id_} ({score:.2f})"
        lines.append(json.dumps({"id": name, "text": text, "narratives": None, "chosen": why}, ensure_ascii=False) + "\n")
    write_text(path, "".join(lines))


def _draw_lot(text: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{text}".encode("utf-8", "replace")).hexdigest()


def _drop_repeats(texts: Sequence[str]) -> list[str]:
    repeats = {pair.second for pair in near_duplicates(texts)}
    return [text for row, text in enumerate(texts) if row not in repeats]


def _deal(texts: Sequence[str]) -> dict[str, list[str]]:
    """Parts by their shares; the texts are in the order of their lots already."""
    parts, start, share = dict[str, list[str]](), 0, 0.0
    for name, size in SHARES.items():
        share += size
        end = round(share * len(texts))
        parts[name], start = list(texts[start:end]), end
    return parts


def _score_across(texts: Sequence[str], train: Examples, window: int) -> Scores:
    """Scores (texts, narratives), each from a model that took texts of the other fold as carrying nothing."""
    examples = add_background(train, texts, window, 0)
    folds = np.concatenate([np.full(len(train.texts), ALWAYS), np.arange(len(texts)) % _FOLDS])
    return score_by_folds(examples.texts, examples.gold, folds)[len(train.texts) :]
