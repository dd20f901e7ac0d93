"""Windows are read twice, as a whole and in parts of a few sentences: so a claim in passing counts in a long paragraph."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from narratives.classifiers import to_log_odds, to_share
from narratives.data import Scores, Texts
from narratives.models.inference import Scorer
from narratives.progress import Progress
from narratives.texts import find_windows


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts are cut for a classifier, in characters."""

    window: int  # read as a whole
    detail: int = 0  # the parts in which a window is read once more; 0: none


@dataclass(frozen=True, slots=True)
class Twofold:
    """Gives a window the mean of two log-odds for each narrative: of the whole, and of the part that says it most.

    On real reports that ranked better than either alone, for every classifier, and no worse on short passages (measured in
    `experiments/LOG.md`). A window of one part has its own score, to the bit, and stances are told from the whole.
    """

    scorer: Scorer
    narratives: int  # the first columns of the scores; the others tell stances
    detail: int  # characters of a part; 0: windows are read as a whole only

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (texts, columns)."""
        parts = {row: cut for row, text in enumerate(texts) if len(cut := cut_parts(text, self.detail)) > 1}
        if not parts:
            return self.scorer.predict_proba(texts, progress=progress)
        different = dict.fromkeys([*texts, *(part for cut in parts.values() for part in cut)])  # each is read once
        places = {text: place for place, text in enumerate(different)}
        scores = self.scorer.predict_proba(list(different), progress=progress)
        read = scores[[places[text] for text in texts]]
        for row, cut in parts.items():
            whole = read[row, : self.narratives]
            read[row, : self.narratives] = mix(whole, scores[[places[part] for part in cut], : self.narratives].max(0))
        return read


def cut_parts(text: str, detail: int) -> list[str]:
    """The parts of a window, of about `detail` characters, cut as texts are cut into windows; itself where it has only one."""
    return [text[start:end] for start, end in find_parts(text, detail)]


def list_pieces(windows: Iterable[str], detail: int) -> list[str]:
    """The windows and their parts, each once: all that a classifier is asked for them."""
    return list(dict.fromkeys(piece for window in windows for piece in (window, *cut_parts(window, detail))))


def find_parts(text: str, detail: int) -> list[tuple[int, int]]:
    """Where the parts of a window begin and end, in characters."""
    return find_windows(text, detail) or [(0, len(text))] if detail else [(0, len(text))]


def mix(whole: Scores, part: Scores) -> Scores:
    """Both scores as one; what both agree in stays as it is, 0 and 1 too."""
    mean = to_share((to_log_odds(whole) + to_log_odds(part)) / 2).astype(np.float32)
    return np.where(whole == part, whole, mean)
