"""Lines of a byte stream: none is lost, none is joined, and a monstrous one costs nothing but itself."""

import io
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narratives.files import lines
from narratives.files.lines import LIMIT, SpoiltFile, check_first_line, decode_line, read_lines


@given(st.binary())
def test_every_byte_belongs_to_one_numbered_line(data: bytes) -> None:
    found = list(read_lines(io.BytesIO(data)))
    assert b"".join(content or b"" for _, _, content in found) == data
    assert [number for number, _, _ in found] == list(range(1, len(found) + 1))
    assert [content for _, _, content in found] == io.BytesIO(data).readlines()
    assert [size for _, size, _ in found] == [len(content or b"") for _, _, content in found]


@given(st.lists(st.sampled_from([b"a", b"\n", b"bbbb", b"\r"])).map(b"".join), st.integers(1, 9))
def test_a_line_beyond_the_limit_is_counted_and_not_kept(data: bytes, limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "LIMIT", limit)
        found = list(read_lines(io.BytesIO(data)))
    whole = io.BytesIO(data).readlines()
    assert [size for _, size, _ in found] == [len(line) for line in whole]
    assert [content for _, _, content in found] == [line if len(line) <= limit else None for line in whole]


@given(st.lists(st.binary(max_size=8).map(lambda data: data.replace(b"\n", b"") + b"\n"), min_size=1), st.data())
def test_a_range_of_lines_is_read_with_its_own_numbers(whole: list[bytes], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(whole) - 1))
    last = data.draw(st.integers(first, len(whole)))
    stream = io.BytesIO(b"".join(whole))
    stream.seek(sum(map(len, whole[:first])))
    found = list(read_lines(stream, first + 1, sum(map(len, whole[first:last]))))
    assert [(number, content) for number, _, content in found] == list(enumerate(whole[first:last], first + 1))


@pytest.mark.parametrize("data", [b"one\ntwo", b"one\ntwo and more\n", b""])
def test_lines_that_do_not_come_to_the_size_they_had_are_refused(data: bytes) -> None:
    with pytest.raises(EOFError, match="changed since its parts were found"):
        list(read_lines(io.BytesIO(data), 1, len(b"one\ntwo\n")))


def test_a_line_of_50_mb_takes_little_memory() -> None:
    left = [b"\nnext\n", *[b"x" * 100_000] * 500]

    class Endless(io.RawIOBase):
        """50 MB of one letter, then a line end and a short line."""

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            piece = left.pop() if left else b""
            taken = piece[: len(buffer)]
            if piece[len(taken) :]:
                left.append(piece[len(taken) :])
            buffer[: len(taken)] = taken
            return len(taken)

    tracemalloc.start()
    found = list(read_lines(io.BufferedReader(Endless())))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [(1, 50_000_001, None), (2, 5, b"next\n")]
    assert peak < 2.2 * LIMIT


@pytest.mark.parametrize("data", ["a,b\n".encode("utf-16"), "a,b\n".encode("utf-16-le"), "é\n".encode("utf-16-be"), b"\0"])
def test_a_first_line_that_is_no_utf_8_text_spoils_the_file(data: bytes) -> None:
    with pytest.raises(SpoiltFile, match="UTF-16"):
        check_first_line(data)


@pytest.mark.parametrize("data", [b"", b"\n", "\ufeffid,text\n".encode(), "é\n".encode("latin-1"), b"a\0bcd\n"])
def test_any_other_first_line_is_looked_at_by_itself(data: bytes) -> None:
    check_first_line(data)


def test_a_byte_order_mark_is_dropped_from_the_first_line_alone() -> None:
    data = "\ufeffa".encode()
    assert decode_line(1, data) == "a"
    assert decode_line(2, data) == "\ufeffa"


@given(st.binary(), st.integers(1, 3))
def test_a_line_is_text_or_names_its_bad_byte(data: bytes, number: int) -> None:
    try:
        text = decode_line(number, data)
    except ValueError as error:
        byte = str(error).split()[1]
        assert str(error) == f"byte {byte} is not UTF-8; save the file as UTF-8, or name its encoding: --encoding cp1252"
        assert int(byte, 16) in data
    else:
        assert data.removeprefix(b"\xef\xbb\xbf" if number == 1 else b"") == text.encode()
