"""What figures of a test become elsewhere: false alarms on texts that carry nothing, precision where few carry anything."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from narratives.data import Floats, Matrix
from narratives.metrics.cases import bound_shares
from narratives.metrics.documents import Owners

Bounded = tuple[float, float, float]  # value, low, high


@dataclass(frozen=True, slots=True)
class Rates:
    """How often a model raises narratives, rightly and wrongly, on passages that carry some and on those that carry none."""

    quiet: int  # passages that carry none
    alarms: Bounded  # narratives raised per passage that carries none
    hits: float  # rightly raised per passage that carries some
    right: Bounded  # share of right ones among those raised on such passages


def find_rates(gold: Matrix, predicted: Matrix, owners: Owners, level: float = 0.95) -> Rates | None:
    """The rates; `None` unless passages of both kinds are there."""
    loud = np.asarray(gold.any(1))
    if loud.all() or not loud.any():
        return None
    right = (gold & predicted).sum(1).astype(np.float64)
    raised = predicted.sum(1).astype(np.float64)
    alarms, texts = (owners.total((column * ~loud)[:, None])[:, 0] for column in (raised, np.ones(len(loud))))
    hits, cases = (owners.total((column * loud)[:, None]) for column in (right, raised))
    low, high = bound_shares(hits, cases, level)
    share = float(hits.sum() / cases.sum()) if cases.sum() else float("nan")
    return Rates(
        quiet=int((~loud).sum()),
        alarms=bound_rate(alarms, texts, level),
        hits=float(hits.sum() / loud.sum()),
        right=(share, float(low[0]), float(high[0])),
    )


def bound_rate(events: Floats, texts: Floats, level: float = 0.95) -> Bounded:
    """Events per text and the interval of it, from both by document, shape (documents,).

    The score interval of a Poisson rate, events and texts divided by how much more the counts of documents vary than a
    Poisson count would (1 at least); 0 of 100 texts is 0 to 0.04. Method: McCullagh and Nelder (1989), Generalized Linear
    Models, section 6.2, for the overdispersion.
    """
    z2 = float(ndtri((1 + level) / 2)) ** 2
    total, n, units = float(events.sum()), float(texts.sum()), int((texts > 0).sum())
    rate = total / n
    spread = float(((events - rate * texts) ** 2).sum()) * units / max(units - 1, 1)
    over = max(spread / total, 1.0) if total else 1.0
    observed, among = total / over, n / over
    reach = np.sqrt(z2 * (observed + z2 / 4))
    return rate, max(0.0, float((observed + z2 / 2 - reach) / among)), float((observed + z2 / 2 + reach) / among)


def project_precision(rates: Rates, prevalence: float) -> Bounded:
    """Precision of all that is raised where a share `prevalence` of the texts carries anything; NaN where nothing is raised.

    Wrong per right is w + a (1 - prevalence) / (prevalence h): w wrong per right on texts that carry something, `a` alarms per
    text that carries nothing, h right per text that carries something. It is taken for granted that texts of either kind
    are there as here: only their mix differs. The two intervals are joined as for a sum (MOVER: Zou and Donner, 2008,
    Statistics in Medicine 27, 1693-1702); h varies little beside them and is taken as it is.
    """
    if not rates.hits:
        return (0.0, 0.0, 1.0) if rates.alarms[0] or rates.right[0] == 0 else (float("nan"),) * 3
    share, low, high = rates.right
    wrong = [1 / side - 1 if side else float("inf") for side in (share, high, low)]  # value, then the lower bound
    factor = (1 - prevalence) / (prevalence * rates.hits)
    false = [factor * side for side in rates.alarms]
    middle = wrong[0] + false[0]
    below = np.hypot(wrong[0] - wrong[1], false[0] - false[1])
    above = np.hypot(wrong[2] - wrong[0], false[2] - false[0])
    return 1 / (1 + middle), 1 / (1 + middle + float(above)), min(1.0, 1 / (1 + max(0.0, middle - float(below))))
