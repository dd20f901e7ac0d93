"""Rows of numbers that grow at the end, in arrays with room: they are not copied whenever a few rows come."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROOM = 1024


class Rows:
    """Rows of int32 numbers: row k is `values[ends[k] : ends[k + 1]]`."""

    def __init__(self) -> None:
        """No row yet."""
        self.count = 0
        self._values = np.zeros(_ROOM, dtype=np.int32)
        self._ends = np.zeros(_ROOM, dtype=np.int32)

    @property
    def values(self) -> NDArray[np.int32]:
        """All numbers on end."""
        return self._values[: self._ends[self.count]]

    @property
    def ends(self) -> NDArray[np.int32]:
        """A zero, and where each row ends."""
        return self._ends[: self.count + 1]

    def add(self, numbers: NDArray[np.int32], ends: NDArray[np.int64]) -> None:
        """Further rows, their numbers on end; `ends` says where each of them ends."""
        total, count = int(self._ends[self.count]), self.count + len(ends)
        self._values = _make_room(self._values, total + len(numbers))
        self._ends = _make_room(self._ends, count + 1)
        self._values[total : total + len(numbers)] = numbers
        self._ends[self.count + 1 : count + 1] = total + ends
        self.count = count

    def gather(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The numbers of each of `rows` on end, and where each row ends there."""
        first = self._ends[rows]
        lengths = self._ends[rows + 1] - first
        gathered = np.cumsum(lengths, dtype=np.int64)
        total = int(gathered[-1]) if len(gathered) else 0
        return self._values[np.arange(total) + np.repeat(first - (gathered - lengths), lengths)], gathered


def _make_room(array: NDArray[Any], needed: int) -> NDArray[Any]:
    """The array, or where it is too short one at least twice as long that begins with it."""
    if needed <= len(array):
        return array
    longer = np.zeros(max(needed, 2 * len(array)), dtype=array.dtype)
    longer[: len(array)] = array
    return longer
