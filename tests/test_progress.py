"""What is told to somebody who waits: how much is done, how long it may take, how much memory it took."""

from collections.abc import Callable

import pytest

from narratives import progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    moments = [1000.0]
    monkeypatch.setattr("narratives.progress.time.monotonic", lambda: moments[0])

    def wait(seconds: float) -> None:
        moments[0] += seconds

    return wait


def test_the_time_left_is_told_by_the_last_minutes(clock: Callable[[float], None], capsys: pytest.CaptureFixture[str]) -> None:
    with progress.show_progress("train") as tell:
        for done in range(10, 101, 10):  # ten in half a minute, as long as the machine is free
            clock(30)
            tell(done, 1000, "epoch 1")
        assert capsys.readouterr().err.splitlines()[-1] == "train: 100 of 1000, epoch 1, about 2700 s left"
        for done in range(101, 111):  # then one
            clock(30)
            tell(done, 1000, "epoch 1")
        assert capsys.readouterr().err.splitlines()[-1] == "train: 110 of 1000, epoch 1, about 26700 s left"


def test_another_step_of_the_work_counts_from_its_own_beginning(
    clock: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with progress.show_progress("run") as tell:
        for done in (500, 0, 0, 5):
            clock(30)
            tell(done, 1000, "texts")
    lines = capsys.readouterr().err.splitlines()
    assert lines[1:3] == ["run: 0 of 1000, texts"] * 2
    assert lines[3].startswith("run: 5 of 1000, texts, about ")


def test_what_came_before_the_first_step_does_not_count_for_the_time_left(
    clock: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with progress.show_progress("train") as tell:
        clock(600)  # words are learned, an encoder is loaded
        for done in (1, 11):
            tell(done, 1001, "epoch 1")
            clock(30)
        tell(21, 1001, "epoch 1")
    assert capsys.readouterr().err.splitlines() == [
        "train: 1 of 1001, epoch 1",
        "train: 11 of 1001, epoch 1, about 2970 s left",
        "train: 21 of 1001, epoch 1, about 2940 s left",
    ]


def test_memory_is_that_of_this_process() -> None:
    assert 10 < progress.find_memory() < 1 << 20
