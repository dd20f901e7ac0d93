"""Reading and writing files: whole or not at all, with the place of every mistake."""

from narratives.files.atomic import read_json, read_text, replacing, sha256, unreadable, unwritable, write_json, write_text
from narratives.files.csv_rows import Header, read_header, read_rows
from narratives.files.disk import reading
from narratives.files.journal import change_files, finish_changes
from narratives.files.jsonl import change_lines
from narratives.files.lines import CHANGED, LIMIT, Line, SpoiltFile, check_first_line, read_lines
from narratives.files.lock import LOCK, hold_lock
from narratives.files.parquet_rows import Batches, open_parquet, refusing_parquet
from narratives.files.records import ENDINGS, BadRecord, Record, find_format, parse_records, parse_rows, read_records
from narratives.files.toml_file import OPAQUE, TomlFile, read_toml
from narratives.files.unpacked import check_unpacked

__all__ = [
    "CHANGED",
    "ENDINGS",
    "LIMIT",
    "LOCK",
    "OPAQUE",
    "BadRecord",
    "Batches",
    "Header",
    "Line",
    "Record",
    "SpoiltFile",
    "TomlFile",
    "change_files",
    "change_lines",
    "check_first_line",
    "check_unpacked",
    "find_format",
    "finish_changes",
    "hold_lock",
    "open_parquet",
    "parse_records",
    "parse_rows",
    "read_header",
    "read_json",
    "read_lines",
    "read_records",
    "read_rows",
    "read_text",
    "read_toml",
    "reading",
    "refusing_parquet",
    "replacing",
    "sha256",
    "unreadable",
    "unwritable",
    "write_json",
    "write_text",
]
