"""The texts behind answers that were drawn: found again in the feed, which must be the one that was classified."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path

from narratives.batch import Columns, Cursor, Options, Record, describe_left_out, find_sources, make_plan, read_items
from narratives.errors import UserError, at
from narratives.field.lots import Draw
from narratives.files import sha256
from narratives.progress import Say


def find_files(record: Record, names: Sequence[str], feed: Sequence[str], say: Say) -> dict[str, str]:
    """The files of the feed: as the answers name them -> where they lie now. `UserError` where one was not answered.

    `names` are the files that the answers name. A file that has moved is known by its bytes, or by its name alone where the
    answers do not know its digest; bytes that differ are refused.
    """
    if not feed:
        return {}
    sources, left_out = find_sources(feed, "")
    if left_out:
        say(describe_left_out(left_out))
    files: dict[str, str] = {}
    problems = []
    for source in sources:
        digest = "" if "://" in source.path else sha256(Path(source.path))
        same_bytes = [name for name in names if digest and record.inputs.get(name) == digest]
        same_name = [name for name in names if Path(name).name == Path(source.shown).name]
        matches = [source.shown] if source.shown in names else same_bytes or same_name
        if len(matches) != 1:
            why = "has no answer" if not matches else f"may be any of {', '.join(matches)}"
            fix = f"classify it into {record.folder} first (--add), or name the files that were classified"
            problems.append(at(source.path, None, f"{why} in {record.folder}; {fix}"))
        elif digest and record.inputs.get(matches[0], digest) != digest:
            problems.append(at(source.path, None, "is not the file that was classified: its bytes differ; bring that one back"))
        else:
            files[matches[0]] = source.path
    if problems:
        raise UserError(*problems)
    return files


def add_texts(draws: Sequence[Draw], files: Mapping[str, str], columns: Columns, folder: Path) -> list[Draw]:
    """The draws with their texts; those that the answers hold themselves are kept. `UserError` names one that is not found."""
    lacking = {(draw.file, draw.line): "" for draw in draws if not draw.text}
    if lacking and not files:
        fix = "name the feed: narratives field draw FEED --answers ..., or classify again with --text"
        raise UserError(at(folder, None, f"the answers do not hold the texts; {fix}"))
    named = {path: name for name, path in files.items() if any(file == name for file, _ in lacking)}
    if named:
        sources, _ = find_sources(list(named), "", columns.encoding)
        plan = make_plan(sources, Options(columns=columns), None)
        with closing(Cursor()) as cursor:
            for input_, piece in chain.from_iterable(plan.parts):
                for item in read_items(plan, input_, piece, cursor)[0]:
                    if (key := (named[input_.source.path], item.line)) in lacking:
                        lacking[key] = item.text
    completed = []
    for draw in draws:
        whole = draw.text or lacking[draw.file, draw.line]
        cut = whole[draw.start : draw.end] if draw.end and not draw.text else whole
        if not cut.strip():
            raise UserError(at(files.get(draw.file, draw.file), draw.line, "no text there; name the feed that was classified"))
        completed.append(replace(draw, text=cut))
    return completed
