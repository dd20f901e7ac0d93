"""What files in the field hold, and how classify reads it: nothing merged, dropped or guessed wrongly, and no traceback."""

import json
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from helpers.examples import invoke, problems_of, write_lines

from narratives.batch.items import Columns, Item, explain_absence, to_item
from narratives.batch.parts import Cursor, read_part, split_source
from narratives.batch.sources import find_sources
from narratives.cli import cli
from narratives.files.records import Record


def items_of(*inputs: Path, text: str = "text", id_: str = "id", keep: tuple[str, ...] = ()) -> list[Item | str]:
    """The texts of the inputs, in the smallest parts that there can be; or why a record has none."""
    sources, _ = find_sources([str(path) for path in inputs], "out")
    items: list[Item | str] = []
    for source in sources:
        header, parts = split_source(source, 1)
        with closing(Cursor()) as cursor:
            for record in (record for part in parts for record in read_part(source, header, part, cursor)):
                try:
                    assert isinstance(record, Record)
                    items.append(to_item(record, Columns(text, id_, keep), source.shown, "f"))
                except (ValueError, AssertionError) as error:
                    items.append(str(error))
    return items


def texts_of(*inputs: Path, **columns: Any) -> list[str]:
    return [item.text if isinstance(item, Item) else item for item in items_of(*inputs, **columns)]


def test_json_lists_and_fields_inside_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "tweets.json"
    path.write_text(json.dumps([{"tweet": {"id_str": "1", "full_text": "A tram."}}, {"tweet": {"full_text": "A boat."}}]))
    first, second = items_of(path, text="tweet.full_text", id_="tweet.id_str")
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    assert [(one.id, one.line, one.text) for one in (first, second)] == [("1", 1, "A tram."), ("f:2", 2, "A boat.")]


def test_texts_in_pieces_are_joined(tmp_path: Path) -> None:
    pieces = ["The city was ", {"type": "bold", "text": "handed over"}, "."]
    path = write_lines(tmp_path / "a.jsonl", {"text": pieces}, {"text": []}, {"text": [1]})
    assert texts_of(path) == ["The city was handed over.", "", "'text' is list, not a text"]
    assert texts_of(write_lines(tmp_path / "b.jsonl", {"text": ["two", "words"]})) == ["'text' is list, not a text"]


def test_bytes_are_text_or_told(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": [b"A tram.", b"\xff"]}), tmp_path / "a.parquet")
    assert texts_of(tmp_path / "a.parquet") == ["A tram.", "'text' holds bytes that are no UTF-8; write the column as text"]


@pytest.mark.parametrize(("value", "id_"), [(1.0, "1"), (1, "1"), ("1.0", "1.0"), (1.5, "1.5"), (float("nan"), "f:1")])
def test_whole_floats_are_ids_that_met_a_missing_value(tmp_path: Path, value: Any, id_: str) -> None:
    pq.write_table(pa.table({"id": [value], "text": ["A tram."]}), tmp_path / "a.parquet")
    [item] = items_of(tmp_path / "a.parquet")
    assert isinstance(item, Item)
    assert item.id == id_


def test_a_quotation_mark_in_a_table_with_tabs_swallows_no_row(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.tsv", "id\ttext", '1\t"Trams kill, he', '2\tsaid and left"', "3\tBoats")
    assert texts_of(path) == ['"Trams kill, he', 'said and left"', "Boats"]
    mixed = write_lines(tmp_path / "b.tsv", "id\ttext", '1\t"one', '2\ttwo"', '3"')
    assert not any("one\n2" in text for text in texts_of(mixed))


def test_a_folder_that_a_pattern_matches_stands_for_what_is_in_it(tmp_path: Path) -> None:
    write_lines(tmp_path / "feed-1" / "a.jsonl", {"text": "A tram."})
    write_lines(tmp_path / "feed-2.jsonl", {"text": "A boat."})
    assert sorted(texts_of(tmp_path / "feed-*")) == ["A boat.", "A tram."]


def test_columns_that_folders_name_can_be_kept(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "year=2024" / "place=New%20York" / "a.jsonl", {"text": "A tram.", "year": "2025"})
    [item] = items_of(path, keep=("year", "place"))
    assert isinstance(item, Item)
    assert item.kept == {"year": "2025", "place": "New York"}


def test_links_to_nothing_are_left_out_of_folders_and_told_by_name(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", {"text": "A tram."})
    (tmp_path / "self.jsonl").symlink_to("self.jsonl")
    (tmp_path / "gone.jsonl").symlink_to("nowhere.jsonl")
    sources, left = find_sources([str(tmp_path)], "out")
    assert ([Path(source.path).name for source in sources], len(left)) == (["a.jsonl"], 2)
    assert "is a link to nothing" in problems_of(lambda: find_sources([str(tmp_path / "self.jsonl")], "out"))[0]


def test_json_beside_texts_is_no_text_but_alone_it_is(tmp_path: Path) -> None:
    (tmp_path / "about.json").write_text("[]")
    assert [Path(source.path).name for source in find_sources([str(tmp_path)], "out")[0]] == ["about.json"]
    write_lines(tmp_path / "a.jsonl", {"text": "A tram."})
    assert [Path(source.path).name for source in find_sources([str(tmp_path)], "out")[0]] == ["a.jsonl"]


def test_a_pipe_and_an_archive_are_called_what_they_are(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    [told] = problems_of(lambda: find_sources([str(tmp_path / "pipe")], "out"))
    assert "is a pipe; give it to standard input: ... | narratives classify -" in told
    archive = write_lines(tmp_path / "a.zip", "PK")
    assert problems_of(lambda: find_sources([str(archive)], "out"))[0].endswith("unpack it first and name the file in it")


def test_a_missing_column_is_told_with_what_helps() -> None:
    def explain(values: dict[str, Any]) -> str:
        return explain_absence("text", [Record(1, values)], [], "name it with --text-column")

    assert explain({"tweet": {"full_text": "a"}}) == "; did you mean 'tweet.full_text'?; name it with --text-column"
    assert explain({"data": [{"text": "a"}]}).endswith("unpack it first: jq -c '.data[]'")
    many = {f"column{k}": "" for k in range(30)}
    assert all(name in explain(many) for name in many)


def test_a_batch_without_a_single_readable_record_fails(finished: Path, tmp_path: Path) -> None:
    bad = write_lines(tmp_path / "a.jsonl", {"id": "1", "text": 3}, {"id": "2", "text": 4})
    words = ("--model", "tfidf", "--format", "jsonl", "--jobs", "1")
    assert invoke(finished, "classify", bad, *words, "--output", tmp_path / "out").exit_code == 1
    good = write_lines(tmp_path / "b.jsonl", {"id": "1", "text": "A tram."})
    assert invoke(finished, "classify", bad, good, *words, "--output", tmp_path / "more").exit_code == 0
    command = ["--project", str(finished), "classify", "-", "--model", "tfidf"]
    assert CliRunner().invoke(cli, command, input="{\n").exit_code == 1
    assert CliRunner().invoke(cli, command, input='{\n{"text": "a"}\n').exit_code == 0


def test_a_long_zstd_window_is_told_as_one(tmp_path: Path) -> None:
    from narratives.files.packed import explain_unpacking

    reason = OSError("ZSTD decompress failed: Frame requires too much memory for decoding")
    assert explain_unpacking(reason, "zstd").endswith("unpack it first: zstd -d --long=31")
