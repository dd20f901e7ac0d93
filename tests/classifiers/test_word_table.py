"""The vectors of words beside a network: the same answers, read from a file."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.toy import Toy

from narratives.classifiers.multilingual import vectors
from narratives.classifiers.multilingual.table import FileRows, WordTable
from narratives.classifiers.multilingual.vectors import VectorNetwork, make_network
from narratives.errors import UserError

ROWS = np.arange(-12, 12, dtype=np.int8).reshape(6, 4)


@pytest.mark.parametrize("system_reads_parts", [True, False])
@pytest.mark.parametrize("kind", [np.int8, np.float32])
def test_rows_are_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[np.generic], system_reads_parts: bool
) -> None:
    if not system_reads_parts:
        monkeypatch.delattr(os, "pread")
    rows = ROWS.astype(kind)
    WordTable(rows).save(tmp_path / "words")
    again = WordTable.open(tmp_path / "words")
    assert isinstance(again.rows, FileRows) == system_reads_parts
    taken = again([3, 0, 3])
    assert taken.dtype == kind
    assert np.array_equal(taken, rows[[3, 0, 3]][None])
    again.save(tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "words").read_bytes()


def _say(shape: object, kind: str = "I8") -> bytes:
    head = json.dumps({"words": {"dtype": kind, "shape": shape, "data_offsets": [0, 24]}}).encode()
    return len(head).to_bytes(8, "little") + head


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:5],
        lambda data: b"",
        lambda data: _say([-6, -4]) + data[-24:],
        lambda data: _say([0, 4]),
        lambda data: _say([6]) + data[-24:],
        lambda data: _say(["many", 4]) + data[-24:],
        lambda data: _say([6, 4], "F16") + data[-24:],
        lambda data: (2).to_bytes(8, "little") + b"[]" + data[-24:],
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    WordTable(ROWS).save(tmp_path / "words")
    (tmp_path / "words").write_bytes(spoil((tmp_path / "words").read_bytes()))
    with pytest.raises(ValueError, match="damaged"):
        WordTable.open(tmp_path / "words")


def test_a_table_that_is_replaced_or_removed_is_still_read_and_one_that_is_written_over_is_refused(tmp_path: Path) -> None:
    WordTable(ROWS).save(tmp_path / "words")
    WordTable(ROWS + 1).save(tmp_path / "new")
    table = WordTable.open(tmp_path / "words")
    (tmp_path / "new").replace(tmp_path / "words")
    assert np.array_equal(table([2])[0, 0], ROWS[2])
    again = WordTable.open(tmp_path / "words")
    WordTable(ROWS[:5]).save(tmp_path / "words")
    with pytest.raises(UserError, match="written over"):
        again([2])
    (tmp_path / "words").unlink()
    assert np.array_equal(table([2])[0, 0], ROWS[2])


def test_a_saved_network_holds_no_words_and_answers_with_the_same_bits(
    tiny_encoder: Path, toy_texts: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = make_network(str(tiny_encoder), toy_texts.texts)
    with monkeypatch.context() as patch:
        patch.setattr(vectors, "set_words_apart", lambda network: network)
        whole = make_network(str(tiny_encoder), toy_texts.texts)
    (tmp_path / "apart").mkdir()
    (tmp_path / "whole").mkdir()
    apart.save(tmp_path / "apart")
    whole.save(tmp_path / "whole")  # as versions before did
    words = (tmp_path / "apart" / vectors.WORDS).stat().st_size
    assert words > 0 and not (tmp_path / "whole" / vectors.WORDS).exists()
    lighter, heavier = ((tmp_path / name / vectors.NETWORK).stat().st_size for name in ("apart", "whole"))
    assert heavier - lighter > words - 500
    expected = np.array(list(whole.encode(toy_texts.texts)))
    for network in (apart, VectorNetwork.load(tmp_path / "apart"), VectorNetwork.load(tmp_path / "whole")):
        assert np.array_equal(np.array(list(network.encode(toy_texts.texts))), expected)
