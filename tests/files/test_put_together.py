"""Files that were put together or saved by old programs: what stands between the texts is never taken for one."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.examples import invoke, write_project

from narratives.files import BadRecord, Record, read_records


def rows(path: Path, text: str, **named: Any) -> list[Any]:
    path.write_text(text, encoding="utf-8", newline="")
    return [record.values if isinstance(record, Record) else record for record in read_records(path, **named)]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_header_that_stands_there_again_is_no_row(tmp_path: Path, name: str, mark: str) -> None:
    table = f"{mark}id,text\n1,one\n{mark}id,text\n2,two\n3,text\n"
    records = rows(tmp_path / name, table if name == "a.csv" else table.replace(",", "\t"))
    assert records == [
        {"id": "1", "text": "one"},
        BadRecord(3, "the header stands here again, as where files were put together; delete this line"),
        {"id": "2", "text": "two"},
        {"id": "3", "text": "text"},
    ]


def test_columns_that_the_user_named_are_no_header(tmp_path: Path) -> None:
    assert rows(tmp_path / "a.csv", "id,text\n1,one\n", columns=("id", "text"))[0] == {"id": "id", "text": "text"}


def test_a_mark_between_two_files_of_json_lines_is_none_of_the_record(tmp_path: Path) -> None:
    assert rows(tmp_path / "a.jsonl", '\ufeff{"a": 1}\n\ufeff{"a": 2}\n') == [{"a": 1}, {"a": 2}]


def test_lines_of_old_programs_are_not_joined_to_one_text(tmp_path: Path) -> None:
    first, second = rows(tmp_path / "a.txt", "one\rtwo\rthree\nfour\r\n")
    assert isinstance(first, BadRecord) and first.reason.startswith("a carriage return stands in this line")
    assert second == {"text": "four"}


def bring(root: Path, *words: str, **columns: Any) -> str:
    pq.write_table(pa.table({"id": ["1", "2"], "text": ["a b", "c d"], **columns}), root / "a.parquet")
    done = invoke(root, "labels", "import", root / "a.parquet", "--dry-run", "--json", *words)
    return done.stdout + done.stderr


def test_a_null_beside_a_yes_is_not_taken_for_a_no(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    for nothing in (pa.array([True, None]), pa.array([1.0, float("nan")])):
        columns = {"toll": nothing, "school": pa.array([False, True])}
        told = bring(root, **columns)
        assert "a.parquet:2: 'toll' is null, though columns of other narratives say yes or no here" in told
        assert '"imported": 2' in bring(root, "--partial", **columns)
    assert '"unlabelled": 1' in bring(root, toll=pa.array([True, None]), school=pa.array([False, None]))


def test_a_map_is_an_object(tmp_path: Path) -> None:
    kind = pa.map_(pa.string(), pa.int64())
    told = bring(write_project(tmp_path / "project"), labels=pa.array([[("toll", 1), ("school", 0)], [("school", 0)]], kind))
    assert '"toll": 1' in told and '"none": 1' in told
