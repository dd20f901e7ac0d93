"""Whether a difference can be told from chance: McNemar's test, Holm's correction, equivalence, and a word for it."""

from collections.abc import Iterable, Sequence

ALPHA = 0.05
MARGIN = 0.02  # of F1 and of shares: a difference that few would act upon
BETTER, WORSE, EQUIVALENT, UNCLEAR = "better", "worse", "equivalent", "no clear difference"
TOO_THIN = "too thin to tell"


def mcnemar(only_a: int, only_b: int) -> float:
    """P-value, exact and two-sided, of A and B being right equally often, from the cases that only one gets right.

    Cases that both get right, or both wrong, say nothing; the others count as independent of each other.
    Method: McNemar (1947), Psychometrika 12, 153-157, as a binomial test on the discordant cases.
    """
    from scipy.stats import binomtest

    discordant = only_a + only_b
    return float(binomtest(only_a, discordant, 0.5).pvalue) if discordant else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number, in the order given: all that are below 0.05 hold together at 5 %.

    Method: Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
    """
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, k in enumerate(sorted(range(len(p_values)), key=lambda k: p_values[k])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[k]))
        corrected[k] = largest
    return corrected


def is_within(low: float | None, high: float | None, margin: float) -> bool:
    """Whether a difference whose 90 % interval is `low` to `high` is smaller than `margin` either way.

    Two one-sided tests at 5 % each: both reject where the 90 % interval lies strictly inside the margin.
    Method: Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15, 657-680.
    """
    return low is not None and high is not None and -margin < low and high < margin


def find_side(low: float | None, high: float | None) -> int:
    """1 where an interval lies above zero, -1 where below, 0 where it holds zero or is undefined."""
    return 0 if low is None or high is None else (low > 0) - (high < 0)


def find_winner(only_a: int, only_b: int, p: float) -> int:
    """1 where B is right more often, -1 where A is, 0 where `p` leaves it open."""
    return (only_b > only_a) - (only_b < only_a) if p < ALPHA else 0


def judge(sides: Iterable[int], within_margin: bool) -> str:
    """Better or worse where all `sides` say so; else equivalent where the difference is within its margin."""
    directions = set(sides)
    if directions == {1}:
        return BETTER
    if directions == {-1}:
        return WORSE
    return EQUIVALENT if within_margin else UNCLEAR
