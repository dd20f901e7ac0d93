"""`classify -`: JSONL from standard input, answers on standard output as they come."""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, BinaryIO

from narratives.batch.answering import answer_items
from narratives.batch.items import Item, to_item
from narratives.batch.plan import Options
from narratives.batch.rows import check_columns
from narratives.errors import UserError, at
from narratives.evaluation import read_tested
from narratives.files import LIMIT, BadRecord, Line, Record, SpoiltFile, check_first_line, decode_stream, parse_records
from narratives.models import TESTED_FILE, load_model

_NAME = "stdin"
_CHUNK = 1 << 18


def classify_stream(
    source: BinaryIO,
    out: IO[str],
    model_folder: Path,
    options: Options,
    say: Callable[[str], None],
    trust: Collection[str] = (),
) -> tuple[int, int]:
    """Answer each line; bad records go to `say`. Lines that arrive together are answered together.

    Returns how many were answered, and how many were bad. `trust` is that of `load_model`.
    """
    answered = refused = 0
    if options.unit != "text":
        raise UserError("standard input is answered text by text; give --unit passage with files")
    model = load_model(model_folder, trust)
    check_columns(options, model)
    tested = read_tested(model_folder / TESTED_FILE, model.digest)
    for group in _read_groups(decode_stream(source, options.columns.encoding, _NAME)):
        waiting: list[Item] = []
        for record in _parse(group):
            try:
                if isinstance(record, BadRecord):
                    raise ValueError(record.reason)
                waiting.append(to_item(record, options.columns, _NAME, _NAME))
            except ValueError as error:
                refused += 1
                say(f"{_NAME}:{record.line}: {error}")
        if waiting:
            out.writelines(answer_items(waiting, model, options, tested))
            out.flush()
            answered += len(waiting)
    return answered, refused


def _parse(lines: list[Line]) -> list[Record | BadRecord]:
    try:
        if lines and lines[0][0] == 1:
            check_first_line(lines[0][2] or b"")
        return list(parse_records("jsonl", iter(lines), None))
    except SpoiltFile as error:
        raise UserError(at(_NAME, 1, str(error))) from None


def _read_groups(source: BinaryIO) -> Iterator[list[Line]]:
    """The lines that have arrived, group by group; at most one line is held back: the one that has no end yet."""
    number, size, pending = 1, 0, b""
    read = getattr(source, "read1", source.read)  # what is there, without waiting for more
    while chunk := read(_CHUNK):
        *complete, tail = chunk.split(b"\n")
        group: list[Line] = []
        for data in complete:
            size += len(data) + 1
            group.append((number, size, pending + data if size <= LIMIT else None))
            number, size, pending = number + 1, 0, b""
        size += len(tail)
        pending = pending + tail if size <= LIMIT else b""
        yield group
    if size:
        yield [(number, size, pending if size <= LIMIT else None)]
