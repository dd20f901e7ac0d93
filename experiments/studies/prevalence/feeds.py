"""Made-up feeds whose truth is known, draws from them, and a count of the intervals that hold it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from narratives.data import Floats
from narratives.field.chain import Cells, Chain, estimate

FEED = 20_000  # texts


@dataclass(frozen=True, slots=True)
class Kind:
    """A model in a feed: which part of what is carried it finds, and how many of the texts without it it raises."""

    name: str
    recall: float
    alarms: float


NONE = Kind("as in validation", 0.80, 0.010)
POOR = Kind("other texts: half is found, five times the alarms", 0.40, 0.050)
SPOILED = Kind("spoiled: raises at random", 0.10, 0.100)
SHARP = Kind("sharp: hardly an alarm", 0.90, 0.001)
SILENT = Kind("silent: raises nothing", 0.0, 0.0)
KINDS = (NONE, POOR, SPOILED, SHARP, SILENT)


def make_feed(prevalence: float, kind: Kind, size: int = FEED) -> tuple[int, int, int, int]:
    """Texts that are raised and carry it, raised and do not, carry it unraised, neither."""
    carried = round(prevalence * size)
    right = round(kind.recall * carried)
    wrong = round(kind.alarms * (size - carried))
    return right, wrong, carried - right, size - carried - wrong


def draw_counts(feed: tuple[int, int, int, int], labels: int, draws: int, rng: np.random.Generator) -> Floats:
    """What so many samples by lot hold of each of the four, shape (draws, 4)."""
    return rng.multivariate_hypergeometric(feed, labels, size=draws).astype(float)


def to_cells(feed: tuple[int, int, int, int], counts: Floats) -> tuple[Cells, Cells]:
    """The cells of the chain rule."""
    sizes = [np.full(len(counts), float(feed[k] + feed[k + 1])) for k in (0, 2)]
    seen = [counts[:, k] + counts[:, k + 1] for k in (0, 2)]
    return Cells(sizes[0], seen[0], seen[0], counts[:, 0]), Cells(sizes[1], seen[1], seen[1], counts[:, 2])


def by_unique(counts: Floats, work: Callable[[Floats], Chain]) -> tuple[Chain, Floats]:
    """The work done once for each different row, and which result belongs to which row."""
    unique, rows = np.unique(counts, axis=0, return_inverse=True)
    return work(unique), rows.ravel()


def find_truth(feed: tuple[int, int, int, int]) -> dict[str, float]:
    """Prevalence, precision, recall and F1 of a feed."""
    right, wrong, missed, _ = feed
    return {
        "prevalence": (right + missed) / sum(feed),
        "precision": right / (right + wrong) if right + wrong else float("nan"),
        "recall": right / (right + missed),
        "f1": 2 * right / (2 * right + wrong + missed),
    }


def cover(feed: tuple[int, int, int, int], counts: Floats) -> dict[str, tuple[float, float]]:
    """By figure: how often its interval holds the truth, and its mean width.

    Precision, recall and F1 are given where ten relevant labels are expected: raised texts, or texts that carry it.
    """
    chain, rows = by_unique(counts, lambda unique: estimate(*to_cells(feed, unique)))
    share = counts[0].sum() / sum(feed)
    raised, carried = share * (feed[0] + feed[1]), share * (feed[0] + feed[2])
    enough = {"precision": raised >= 10, "recall": carried >= 10, "f1": raised >= 10 and carried >= 10}
    found = {}
    for name, truth in find_truth(feed).items():
        bounds = getattr(chain, name)
        held = ((bounds.low - 1e-9 <= truth) & (truth <= bounds.high + 1e-9))[rows]
        width = (bounds.high - bounds.low)[rows]
        found[name] = (float(held.mean()), float(width.mean())) if enough.get(name, True) else (np.nan, np.nan)
    return found


def show(value: float, digits: int = 3) -> str:
    """A share, without its zero; a dash where there is none."""
    return "–" if value != value else f"{value:.{digits}f}".replace("0.", ".", 1) if value < 1 else f"{value:.{digits}f}"
