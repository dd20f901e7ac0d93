"""A folder of answers as a table: DuckDB counts and draws in it without ever holding all of it in memory."""

import csv
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from narratives.batch import Record
from narratives.errors import UserError, at, did_you_mean
from narratives.field.design import PERIODS

MEMORY = "600MB"  # of DuckDB; what needs more goes to the disk
NO_DATE = "(no date)"
_SCORE = "score_"
_EMPTY = "empty text"  # the note of a text that carries nothing because it is blank: nobody has to read it
_OWN = {"id", "file", "line", "start", "end", "narratives", "stances", "spans", "starts", "ends", "words", "scores"}
_OWN |= {"note", "language_note", "run", "codebook", "titles"}
_ISO = {"year": r"^\d{4}", "month": r"^\d{4}-\d{2}", "week": r"^\d{4}-\d{2}-\d{2}", "day": r"^\d{4}-\d{2}-\d{2}"}


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """The answers of a folder behind the view `answers`: id, file, line, start, end, raised, stances, note, kept columns."""

    record: Record
    link: Any  # of DuckDB
    columns: tuple[str, ...]  # that were kept of the input, and `language`
    scored: tuple[str, ...]  # narratives, in codebook order
    has_text: bool
    by_window: bool  # a row for each window of a text

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query; `UserError` where the files cannot be read as answers."""
        import duckdb

        try:
            return list(self.link.execute(sql).fetchall())
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise UserError(at(self.record.folder, None, f"cannot be read as answers: {reason[:200]}")) from None


def open_answers(record: Record, written: Mapping[str, str] = MappingProxyType({})) -> AnswerTable:
    """Open the answers of a record; `UserError` where they cannot be read, or DuckDB is not installed.

    `written` says how dates stand in a column, such as `%m/%d/%Y`: they are turned into 2024-05-31.
    """
    try:
        import duckdb
    except ImportError:
        raise UserError("to count a feed, narratives needs DuckDB; install its extra: pip install '.[field]'") from None
    folder = record.folder
    link = duckdb.connect()
    for setting in (f"memory_limit='{MEMORY}'", "preserve_insertion_order=false", "threads=2"):
        link.execute(f"SET {setting}")
    try:
        names, source, scored = _describe(record, link)
    except duckdb.Error as error:
        raise UserError(at(folder, None, f"cannot be read as answers: {str(error).splitlines()[0][:200]}")) from None
    if missing := [name for name in ("id", "file", "line", "narratives", "run", "codebook") if name not in names]:
        raise UserError(at(folder, None, f"no '{missing[0]}' column, so these are no answers of narratives classify"))
    lists = {"parquet": ("narratives", "stances"), "csv": (_split("narratives"), _split("stances"))}
    raised, stances = lists.get(record.form, ("map_keys(narratives)", "map_values(narratives)"))
    place = [f'CAST("{name}" AS BIGINT) AS "{name}"' if name in names else f'0 AS "{name}"' for name in ("start", "end")]
    note = "note" if "note" in names else "NULL AS note"
    kept = [name for name in names if name not in _OWN and not name.startswith(_SCORE)]
    scores = [f"CAST({quote(_SCORE + id_)} AS DOUBLE)" if record.form != "jsonl" else f"scores[{text(id_)}]" for id_ in scored]
    parts = ["id", "file", "CAST(line AS BIGINT) AS line", *place, f"{raised} AS raised", f"{stances} AS stances", note]
    parts += [
        "CAST(run AS VARCHAR) AS run",
        "CAST(codebook AS VARCHAR) AS codebook",
        *(_take(name, written.get(name, "")) for name in kept),
    ]
    for form in written.values():
        check_date_format(form)
    link.execute(f"CREATE VIEW answers AS SELECT {', '.join(parts)}, [{', '.join(scores)}] AS scores FROM {source}")
    columns = tuple(name for name in kept if name != "text")
    return AnswerTable(record, link, columns, scored, "text" in names, "start" in names)


def check_date_format(form: str) -> None:
    """`UserError` where DuckDB does not understand how dates are said to be written; that it is not there is told elsewhere."""
    if not form:  # ISO dates
        return
    with suppress(ImportError):
        import duckdb

        try:
            duckdb.connect().execute("SELECT try_strptime('', ?)", [form])
        except duckdb.Error:
            raise UserError(f"--date-format '{form}': not understood; such as %d.%m.%Y, for 31.05.2024") from None


def find_owner(table: AnswerTable) -> tuple[str, str]:
    """The run and the codebook (twelve digits) that all answers are of; `UserError` where there are several."""
    owners = table.query("SELECT run, codebook, count(*) FROM answers GROUP BY ALL ORDER BY 3 DESC")
    if len(owners) != 1:
        cause = ", ".join(f"'{run}' with codebook {codebook} ({count} rows)" for run, codebook, count in owners)
        fix = "a sample measures one; classify into a folder of its own" if owners else "classify some texts first"
        raise UserError(at(table.record.folder, None, f"answers of {cause or 'no model, for it holds no row'}; {fix}"))
    return str(owners[0][0]), str(owners[0][1])


def express(table: AnswerTable, by: Sequence[str], date: str) -> list[str]:
    """SQL for the value of each stratum, a text; `UserError` where a column is not there or holds no ISO dates."""
    parts = []
    for name in by:
        column = date if name in PERIODS and name not in table.columns else name
        if column not in table.columns:
            fix = f"classify again with --keep {column}, or name another column"
            hint = did_you_mean(column, table.columns)
            raise UserError(at(table.record.folder, None, f"no '{column}' column in the answers{hint}; {fix}"))
        plain = f"trim(CAST({quote(column)} AS VARCHAR))"
        parts.append(_find_period(table, name, column, plain) if column != name else f"coalesce(nullif({plain}, ''), '(none)')")
    return parts


def quote(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"


def choose_rows(files: Sequence[str]) -> str:
    """SQL for the rows that count: not blank, and of these files where some are named."""
    among = f" AND file IN ({', '.join(map(text, files))})" if files else ""
    return f"(note IS NULL OR note <> {text(_EMPTY)}){among}"


def _find_period(table: AnswerTable, period: str, column: str, plain: str) -> str:
    fits = f"regexp_matches({plain}, {text(_ISO[period])})"
    [(some, example)] = table.query(f"SELECT bool_or({fits}), any_value({plain}) FROM answers")
    if not some:
        cause = f"'{column}' holds no dates such as 2024-05-31 but '{example}'"
        raise UserError(at(table.record.folder, None, f"{cause}; say how they are written: --date-format '%m/%d/%Y'"))
    cut = {"year": 4, "month": 7, "day": 10}
    if period in cut:
        value = f"substr({plain}, 1, {cut[period]})"
    else:
        value = f"strftime(date_trunc('week', try_cast(substr({plain}, 1, 10) AS DATE)), '%Y-%m-%d')"
    return f"CASE WHEN {fits} THEN coalesce({value}, {text(NO_DATE)}) ELSE {text(NO_DATE)} END"


def _take(name: str, written: str) -> str:
    if not written:
        return quote(name)
    plain = f"trim(CAST({quote(name)} AS VARCHAR))"
    return f"coalesce(strftime(try_strptime({plain}, {text(written)}), '%Y-%m-%d'), {plain}) AS {quote(name)}"


def _split(column: str) -> str:
    return f"CASE WHEN coalesce({column}, '') = '' THEN [] ELSE string_split({column}, ';') END"


def _describe(record: Record, link: Any) -> tuple[list[str], str, tuple[str, ...]]:
    """The columns, the SQL of the table, and the narratives with scores."""
    files = f"[{', '.join(map(text, record.files))}]"
    if record.form == "parquet":
        source = f"read_parquet({files}, union_by_name=true)"
        names = [str(row[0]) for row in link.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    elif record.form == "csv":
        with Path(record.files[0]).open(encoding="utf-8-sig", newline="") as stream:
            names = next(csv.reader(stream), [])
        typed = ", ".join(f"{text(name)}: 'VARCHAR'" for name in names)
        source = f"read_csv({files}, header=true, quote='\"', escape='\"', delim=',', columns={{{typed}}})"
    else:
        names, scored = _look_at_lines(record)
        kinds = {"line": "BIGINT", "narratives": "MAP(VARCHAR, VARCHAR)", "scores": "MAP(VARCHAR, DOUBLE)"}
        typed = ", ".join(f"{text(name)}: {text(kinds.get(name, 'VARCHAR'))}" for name in names)
        return names, f"read_json({files}, format='newline_delimited', columns={{{typed}}})", scored
    return names, source, tuple(name.removeprefix(_SCORE) for name in names if name.startswith(_SCORE))


def _look_at_lines(record: Record) -> tuple[list[str], tuple[str, ...]]:
    """The keys of the first hundred rows of every part, and the narratives that have scores."""
    names: dict[str, None] = {}
    scored: tuple[str, ...] = ()
    for path in record.files:
        with Path(path).open(encoding="utf-8") as stream:
            for _, line in zip(range(100), stream, strict=False):
                try:
                    row = json.loads(line)
                    names |= dict.fromkeys(row)
                    scored = scored or tuple(row.get("scores") or ())
                except (ValueError, TypeError, AttributeError):
                    raise UserError(at(path, None, "cannot be read as answers: a line is no JSON object")) from None
    return [*dict.fromkeys([*names, "note"])], scored
