"""Reading and writing files: whole or not at all, with the place of every mistake."""

from narratives.files.atomic import read_json, read_text, replacing, sha256, unreadable, unwritable, write_json, write_text
from narratives.files.csv_rows import Header, read_header, read_rows
from narratives.files.disk import count_processors, reading, stamp_file, sync_folder
from narratives.files.encodings import decode_stream, find_codec
from narratives.files.fields import count_id, find_field, has_field, join_pieces, list_fields, take_field
from narratives.files.forms import BRAT, name_form
from narratives.files.holder import PATIENCE, PAUSE, SIGN, Holder, Watch
from narratives.files.journal import change_files, finish_changes
from narratives.files.json_lines import BrokenJson, is_deep, read_values
from narratives.files.jsonl import change_lines
from narratives.files.ledger import append_line, read_from
from narratives.files.lines import CHANGED, LIMIT, Line, SpoiltFile, check_first_line, decode_line, read_lines
from narratives.files.lock import LOCK, hold_lock
from narratives.files.packed import JSON, explain_unpacking, open_unpacked, strip_packing, unpack
from narratives.files.parquet_rows import Batches, open_parquet, refusing_parquet
from narratives.files.plain_name import check_plain_name
from narratives.files.quoting import find_quoting
from narratives.files.records import (
    ENDINGS,
    SPREADSHEETS,
    BadRecord,
    Record,
    find_format,
    parse_records,
    parse_rows,
    read_records,
)
from narratives.files.split_names import find_split
from narratives.files.toml_file import OPAQUE, TomlFile, read_toml

__all__ = [
    "BRAT",
    "CHANGED",
    "ENDINGS",
    "JSON",
    "LIMIT",
    "LOCK",
    "OPAQUE",
    "PATIENCE",
    "PAUSE",
    "SIGN",
    "SPREADSHEETS",
    "BadRecord",
    "Batches",
    "BrokenJson",
    "Header",
    "Holder",
    "Line",
    "Record",
    "SpoiltFile",
    "TomlFile",
    "Watch",
    "append_line",
    "change_files",
    "change_lines",
    "check_first_line",
    "check_plain_name",
    "count_id",
    "count_processors",
    "decode_line",
    "decode_stream",
    "explain_unpacking",
    "find_codec",
    "find_field",
    "find_format",
    "find_quoting",
    "find_split",
    "finish_changes",
    "has_field",
    "hold_lock",
    "is_deep",
    "join_pieces",
    "list_fields",
    "name_form",
    "open_parquet",
    "open_unpacked",
    "parse_records",
    "parse_rows",
    "read_from",
    "read_header",
    "read_json",
    "read_lines",
    "read_records",
    "read_rows",
    "read_text",
    "read_toml",
    "read_values",
    "reading",
    "refusing_parquet",
    "replacing",
    "sha256",
    "stamp_file",
    "strip_packing",
    "sync_folder",
    "take_field",
    "unpack",
    "unreadable",
    "unwritable",
    "write_json",
    "write_text",
]
