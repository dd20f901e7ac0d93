"""One run at a time in a store without locks: who has its lease, who waits, and when a lease counts as left behind."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from helpers.examples import problems_of

from narratives.batch import lease
from narratives.batch.lease import hold_lease
from narratives.files.holder import Holder, Watch

PATH, PLACE = "/bucket/out/_run/lock.json", "memory://bucket/out"
OTHER = Holder(command="narratives x", process=7, host="another\x1b[2J", boot="b", since="noon", lot="l")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed (the extra: cluster)")
    monkeypatch.setattr(lease, "_SETTLED", 0.01)
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()


def hold(store: Any, said: list[str]) -> Any:
    return hold_lease(store, PATH, PLACE, said.append)


def test_a_lease_is_there_while_it_is_held_and_gone_afterwards(store: Any) -> None:
    with hold(store, []):
        assert Holder.parse(store.cat_file(PATH))
    assert store.find("/bucket") == []


def test_an_error_lets_go(store: Any) -> None:
    with pytest.raises(KeyboardInterrupt), hold(store, []):
        raise KeyboardInterrupt
    assert store.find("/bucket") == []


@pytest.mark.parametrize("tells", [True, False])
def test_two_never_hold_it_at_once_and_who_waits_says_for_whom(
    store: Any, tells: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not tells:  # a store that cannot say whether an object was new
        write = store.pipe_file

        def overwrite(path: str, value: bytes, **options: Any) -> None:
            if options:
                raise NotImplementedError
            write(path, value)

        monkeypatch.setattr(store, "pipe_file", overwrite)
        monkeypatch.setattr(lease, "_SETTLED", 0.5)
    inside, said, most = [0], list[str](), [0]
    waits, lets_go = threading.Event(), threading.Event()

    def hear(line: str) -> None:
        said.append(line)
        waits.set()

    def work() -> None:
        with hold_lease(store, PATH, PLACE, hear):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            lets_go.wait(30)
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert waits.wait(30)
    lets_go.set()
    for thread in threads:
        thread.join(30)
    assert most == [1]
    assert said[0].startswith("waiting for 'narratives")
    assert said[0].endswith(f"to end: one at a time may change {PLACE}")
    assert store.find("/bucket") == []


def test_a_lease_of_a_killed_run_counts_until_it_gives_no_sign_of_life(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.pipe_file(PATH, OTHER.write_note())
    looks = iter([False] * 5)  # five looks at it find it alive
    monkeypatch.setattr(Watch, "is_dead", lambda *_: next(looks, True))
    said: list[str] = []
    with hold(store, said):
        assert Holder.parse(store.cat_file(PATH)) != OTHER
    assert said == [
        f"waiting for 'narratives x' (process 7 on another?[2J, since noon) to end: one at a time may change {PLACE}"
    ]
    assert store.find("/bucket") == []


def test_a_run_whose_lease_was_taken_over_says_so_and_leaves_it(store: Any) -> None:
    def lose() -> None:
        with hold(store, []):
            store.pipe_file(PATH, OTHER.write_note())

    [problem] = problems_of(lose)
    assert problem.startswith(f"{PLACE}: 'narratives x' (process 7 on another?[2J, since noon) took this folder over, ")
    assert Holder.parse(store.cat_file(PATH)) == OTHER


def test_whoever_holds_it_gives_signs_of_life(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "SIGN", 0.01)
    written = threading.Event()
    write = store.pipe_file

    def watch(path: str, value: bytes, **options: Any) -> None:
        write(path, value, **options)
        if b'"sign": 2' in value:
            written.set()

    monkeypatch.setattr(store, "pipe_file", watch)
    with hold(store, []):
        assert written.wait(30)
