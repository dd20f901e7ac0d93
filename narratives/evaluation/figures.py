"""A figure with its interval, and how few cases are too few."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from narratives.metrics import to_plain, wilson

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


def make_share(hits: int, cases: int) -> Figure:
    """A share of cases that are independent of each other, such as behavioural checks, with Wilson's interval."""
    if not cases:
        return Figure(None, None, None)
    return make_figure(hits / cases, *wilson(np.asarray(float(hits)), np.asarray(float(cases))), cases)
