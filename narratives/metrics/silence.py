"""Whether one of two sets of predictions raises a narrative nowhere though the other does: more than chance would have it."""

import numpy as np

from narratives.data import Floats
from narratives.metrics.counts import Counts


def find_silence(a: Counts, b: Counts) -> Floats:
    """P-values (narratives,) of counts of two runs by document (documents, narratives); 1 where both raise it, or neither.

    If neither run is better, the answers of any document may change sides, so that all `n` documents in which a narrative is
    raised are of one run by chance 2 in 2^n times (the sign test). It counts what is raised, rightly or wrongly: of a narrative
    that was often raised wrongly, F1 falls little when it falls silent, and a test of F1 hardly sees it. 1, too, where
    nothing was raised rightly: then nothing was lost.
    """
    documents = [((each.tp + each.fp) > 0).sum(0) for each in (a, b)]
    raised, hits = documents[0] + documents[1], a.tp.sum(0) + b.tp.sum(0)
    silent = (np.minimum(*documents) == 0) & (hits > 0)
    return np.where(silent, np.exp2(1.0 - raised), 1.0)
