"""What the headline means in counts, and which narratives to trust least."""

from collections.abc import Sequence

from narratives.evaluation import NarrativeScore

WEAKEST = 3  # narratives named at the top


def find_weakest(rows: Sequence[NarrativeScore]) -> list[tuple[NarrativeScore, float]]:
    """The narratives to trust least, with their F1 drawn towards that of all; none where chance explains how they differ.

    The lowest of many figures is mostly the unluckiest. The shares J = tp / (tp + fp + fn) of the narratives with enough
    support are taken as draws from a beta distribution whose mean and spread they tell themselves (method of moments), and
    each is drawn towards its mean by as many cases as that distribution is worth (Efron and Morris, 1975). Named are up to
    three whose F1, so drawn, lies below that of the mean and whose interval leaves the mean out.
    """
    cases = {row.id: (row.hits, row.support + row.raised - row.hits) for row in rows if row.firm and row.hits is not None}
    cases = {id_: (hits, union) for id_, (hits, union) in cases.items() if union}
    if len(cases) <= 2 * WEAKEST:
        return []
    mean = sum(hits for hits, _ in cases.values()) / sum(union for _, union in cases.values())
    weight = _find_weight(list(cases.values()), mean)
    if weight is None:
        return []
    drawn = {id_: (hits + weight * mean) / (union + weight) for id_, (hits, union) in cases.items()}
    usual = 2 * mean / (1 + mean)
    lowest = sorted((row for row in rows if row.id in drawn), key=lambda row: (drawn[row.id], row.id))
    low = [row for row in lowest if row.f1.high is not None and row.f1.high < usual]
    return [(row, 2 * drawn[row.id] / (1 + drawn[row.id])) for row in low[:WEAKEST]]


def _find_weight(cases: Sequence[tuple[int, int]], mean: float) -> float | None:
    """How many cases the distribution of the narratives is worth; `None` where they differ no more than chance makes them."""
    spread = sum(union * (hits / union - mean) ** 2 for hits, union in cases)
    total = sum(union for _, union in cases)
    chance = (len(cases) - 1) * mean * (1 - mean)
    between = (spread - chance) / (total - sum(union**2 for _, union in cases) / total)
    return max(mean * (1 - mean) / between - 1, 0.0) if between > 0 else None


def count_hits(rows: Sequence[NarrativeScore]) -> dict[str, int]:
    """Labels carried, found of these, raised, and wrong of these: the counts behind micro F1.

    A file of before the hits were written down holds rounded recall alone.
    """
    hits = sum(round((row.recall.value or 0) * row.support) if row.hits is None else row.hits for row in rows)
    raised = sum(row.raised for row in rows)
    return {"carried": sum(row.support for row in rows), "found": hits, "raised": raised, "wrong": raised - hits}


def find_precision(rows: Sequence[NarrativeScore]) -> float | None:
    """Precision of all that is raised, as the test mixes texts."""
    counts = count_hits(rows)
    return counts["found"] / counts["raised"] if counts["raised"] else None
