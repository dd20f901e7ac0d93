"""Writing behind: in order, one at a time, never silent about what failed."""

import threading

import pytest

from narratives.batch.behind import WriteBehind
from narratives.errors import UserError


def test_what_is_given_is_written_in_order_and_all_of_it_at_the_end() -> None:
    written, told = list[int](), list[int]()
    with WriteBehind() as behind:
        for number in range(20):
            behind.put(lambda number=number: written.append(number), lambda number=number: told.append(number))  # type: ignore[misc]
    assert written == told == list(range(20))


def test_its_owner_goes_on_while_it_writes_and_hears_that_it_is_done_only_then() -> None:
    gate, told = threading.Event(), list[str]()
    with WriteBehind() as behind:
        behind.put(lambda: gate.wait(60), lambda: told.append("first"))
        assert told == []  # and this line is reached although the writing cannot end
        gate.set()
        behind.settle()
        assert told == ["first"]


@pytest.mark.parametrize("more", [0, 1])
def test_what_cannot_be_written_is_told_at_the_latest_at_the_end(more: int) -> None:
    told = list[str]()

    def fail() -> None:
        raise UserError("the disk is full")

    with pytest.raises(UserError, match="the disk is full"), WriteBehind() as behind:
        behind.put(fail, lambda: told.append("written"))
        for _ in range(more):
            behind.put(lambda: told.append("after it"), lambda: None)
    assert told == []


def test_what_ends_its_owner_is_not_hidden_by_what_failed_behind_it() -> None:
    def fail() -> None:
        raise UserError("the disk is full")

    with pytest.raises(SystemExit), WriteBehind() as behind:
        behind.put(fail, lambda: None)
        raise SystemExit(143)
