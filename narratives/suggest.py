"""`suggest`: which new texts to label next. They are read in a stream; of the many only a bounded pool is kept."""

from collections.abc import Callable

POOL = 20  # texts kept for each that is asked for
RANDOM = 0.1  # share of texts drawn by lot: what the model does not doubt, it may be wrong about, and only they show it
_CARRIED = ("document", "language", "source", "date")  # of a record, where they are texts

Say = Callable[[str], None]
