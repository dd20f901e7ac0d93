"""Whether one of two sets of predictions raises a narrative nowhere though the other does: more than chance would have it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from narratives.data import Floats
from narratives.metrics.counts import Counts


@dataclass(frozen=True, slots=True)
class Silence:
    """Of each narrative the p-value, and the least that it could have been."""

    p: Floats  # (narratives,); 1 where both runs raise it, or neither
    least: Floats  # (narratives,): p if all documents that may change sides were of one run; 1 where one document has both

    def correct(self, tested: NDArray[np.bool_]) -> Floats:
        """P-values corrected for those `tested`: with nothing to tell, one family in twenty at most has one below 0.05.

        Each test has two outcomes, `least` and 1, so the chance that any p comes out as small as this one is at most the sum
        of the `least` that are no larger (Tarone, "A Modified Bonferroni Method for Discrete Data", Biometrics 1990, with the
        chances themselves added up in place of their number times the largest). A narrative which both runs raise in one
        document can't fall silent by chance, and so corrects nothing.
        """
        least = self.least[tested & (self.least < 1)]
        return np.where(self.p < 1, np.minimum([least[least <= p].sum() for p in self.p], 1.0), 1.0)


def find_silence(a: Counts, b: Counts) -> Silence:
    """Of counts of two runs by document, shape (documents, narratives).

    If neither run is better, the answers of any document may change sides, so that all `n` documents in which a narrative is
    raised are of one run by chance 2 in 2^n times (the sign test). It counts what is raised, rightly or wrongly: of a narrative
    that was often raised wrongly, F1 falls little when it falls silent, and a test of F1 hardly sees it. 1, too, where
    nothing was raised rightly: then nothing was lost.
    """
    raised = [(each.tp + each.fp) > 0 for each in (a, b)]
    documents, hits = (raised[0] | raised[1]).sum(0), a.tp.sum(0) + b.tp.sum(0)
    may = (hits > 0) & ~(raised[0] & raised[1]).any(0)
    least = np.where(may, np.exp2(1.0 - documents), 1.0)
    silent = ~raised[0].any(0) | ~raised[1].any(0)
    return Silence(np.where(silent, least, 1.0), least)
