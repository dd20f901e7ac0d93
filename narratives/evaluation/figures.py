"""A figure with its interval, and how few cases are too few."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from narratives.metrics import bound_shares, to_plain

THIN = 10  # positives below which a narrative's own figures say little
FEW = 5  # cases below which a share says nothing: 4 of 4 may be one in two


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % interval; `None` where undefined.

    >>> print(narratives.Figure(value=0.8, low=0.756, high=0.83))
    0.80 (0.76-0.83)
    """

    value: float | None
    low: float | None
    high: float | None
    cases: float | None = None  # that a share rests on; `None` where nobody counted

    def __str__(self) -> str:
        if self.value is None:
            return "undefined"
        if self.few:
            return f"{self.value:.2f} (too few)"
        if self.low is None or self.high is None:
            return f"{self.value:.2f}"
        return f"{self.value:.2f} ({self.low:.2f}-{self.high:.2f})"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return str(self)

    @property
    def few(self) -> bool:
        """Whether it rests on too few cases to be read at all."""
        return self.value is not None and self.cases is not None and self.cases < FEW


def make_figure(value: Any, low: Any, high: Any, cases: float | None = None) -> Figure:
    """A value and its bounds, rounded; NaN becomes `None`."""
    return Figure(to_plain(value), to_plain(low), to_plain(high), cases)


def make_share(groups: Sequence[Sequence[int]]) -> Figure:
    """A share of cases, from the hits and the cases of each group, within which they may be alike: a narrative's checks."""
    hits, cases = np.array(groups, dtype=np.float64).reshape(-1, 2, 1).swapaxes(0, 1)
    if not cases.sum():
        return Figure(None, None, None)
    low, high = bound_shares(hits, cases)
    return make_figure(hits.sum() / cases.sum(), low[0], high[0], int(cases.sum()))
