"""A classifier reads texts of any length: window by window, equal windows once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import Classifier, Progress, Scores
from narratives.windows import split_windows


def read_texts(
    classifier: Classifier,
    texts: Sequence[str],
    narratives: int,
    window: int,
    progress: Progress | None = None,
    languages: Sequence[str] = (),
) -> tuple[Scores, NDArray[np.int32]]:
    """Scores (texts, narratives), of several windows the highest; and the spans (texts, narratives, 2) that have them.

    A window has at most `window` characters; a span is its start and end, in characters. A blank text scores 0 and has the
    spans (0, 0). `languages` are codes, one for each text, where known: they help to find where sentences end.
    """
    cuts = [
        split_windows(text, window, language) if text.strip() else []
        for text, language in zip(texts, languages or ["und"] * len(texts), strict=True)
    ]
    unique: dict[str, int] = {}
    for text, windows in zip(texts, cuts, strict=True):
        for start, end in windows:
            unique.setdefault(text[start:end], len(unique))
    scores = np.zeros((len(texts), narratives), dtype=np.float32)
    spans = np.zeros((len(texts), narratives, 2), dtype=np.int32)
    if unique:
        computed = classifier.predict_proba(list(unique), progress=progress)
        for row, (text, windows) in enumerate(zip(texts, cuts, strict=True)):
            for k, (start, end) in enumerate(windows):
                found = computed[unique[text[start:end]]]
                better = found > scores[row] if k else np.ones(narratives, dtype=np.bool_)
                scores[row, better] = found[better]
                spans[row, better] = start, end
    return scores, spans
