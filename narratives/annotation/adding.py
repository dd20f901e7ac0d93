"""`labels add`: raw texts into the project as passages that nobody has labelled yet."""

import hashlib
import heapq
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from narratives.annotation.formats.tables import LABELS
from narratives.annotation.incoming import fold_text, name_by_text
from narratives.batch import EVERYTHING, Columns, Cursor, Item, Options, describe_left_out, find_sources, make_plan, read_items
from narratives.data import Codebook, Passage, Place
from narratives.errors import UserError, at, did_you_mean, show
from narratives.files import change_files, check_plain_name, count_id
from narratives.labels import BY_LOT, fold_name, parse_passage, to_record
from narratives.progress import Say
from narratives.project import Project

_CARRIED = ("language", "source", "date")  # taken over from a record, where they are texts
_SHOWN = 20  # bad records listed


@dataclass(frozen=True, slots=True)
class AddRequest:
    """What is to be added, and what its records do not say themselves."""

    inputs: Sequence[str]
    text: str = "text"  # columns of the records
    id: str = "id"
    document: str | None = None
    encoding: str = ""  # of text files that are not UTF-8
    keep: Sequence[str] = ()
    language: str | None = None
    source: str | None = None
    n: int | None = None  # draw so many by lot
    seed: int = 0
    into: str | None = None
    accept_good: bool = False


@dataclass(slots=True)
class AddSummary:
    """What was read, and what became of it."""

    texts: int = 0
    added: int = 0
    repeats: int = 0  # texts that the project has, or that came before
    empty: int = 0
    rejected: int = 0
    renamed: int = 0  # got an id of their own, since theirs belongs to another text
    passed_over: list[str] = field(default_factory=list)  # columns that nobody asked to keep
    file: str = ""
    problems: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def add_texts(project: Project, request: AddRequest, say: Say = lambda _: None) -> AddSummary:
    """Write the texts to a file in `labels/`, each once. `UserError` where a record has none, unless the good ones will do.

    Documents get a split when they are labelled and trained on, not before.
    """
    with project.lock(say):
        return _add(project, request, say)


def _add(project: Project, request: AddRequest, say: Say) -> AddSummary:
    corpus = project.read_corpus(may_be_empty=True)
    summary = AddSummary()
    texts = {fold_text(passage.text) for passage in corpus.passages}
    drawn = _draw(_read(request, texts, summary, say), request)
    if summary.problems and not request.accept_good:
        unlisted = len(summary.problems) - _SHOWN
        more = [f"... and {unlisted} more"] if unlisted > 0 else []
        raise UserError(*(f"{problem}; or leave it out: --accept-good" for problem in summary.problems[:_SHOWN]), *more)
    summary.passed_over = _list_passed_over([item.kept["record"] for item in drawn], request)
    ids = {passage.id for passage in corpus.passages}
    passages = [_to_passage(item, request, corpus.codebook, ids, summary) for item in drawn]
    if summary.problems and not request.accept_good:
        raise UserError(*summary.problems[:_SHOWN])
    summary.rejected, summary.added = len(summary.problems), len(passages)
    if passages:
        text = "".join(json.dumps(to_record(passage), ensure_ascii=False) + "\n" for passage in passages)
        path = _choose_file(project.labels, request.into, text)
        change_files(project.root, {path: text})
        summary.file = str(path)
    return summary


def describe_addition(summary: AddSummary) -> list[str]:
    """The summary as lines of text, and what comes next."""
    lines = [f"added: {summary.added} of {summary.texts} texts" + (f" in {summary.file}" if summary.file else "")]
    lines += [f"left out: {summary.repeats} that are there already or came twice"] if summary.repeats else []
    lines += [f"left out: {summary.empty} that are empty"] if summary.empty else []
    lines += [f"left out: {summary.rejected} records that hold no text"] if summary.rejected else []
    lines += _describe_passed_over(summary.passed_over)
    lines += [f"given another id: {summary.renamed}, since theirs belongs to another text"] if summary.renamed else []
    if summary.added:
        lines.append("nobody has labelled them yet: training and tests pass over them until somebody has")
        lines.append("next: narratives labels export --unlabelled --format label-studio -o tasks.json (or csv -o sheet.csv)")
        lines.append("labelled, they come back with: narratives labels import FILE")
    return lines


def _list_passed_over(records: Sequence[dict[str, Any]], request: AddRequest) -> list[str]:
    """The columns that are not taken along; `UserError` where one that was named is in no record, or holds labels."""
    names = list(dict.fromkeys(name for record in records for name, value in record.items() if value not in (None, "")))
    for column in request.keep:
        if column == "narratives":
            raise UserError("--keep narratives: labels come in with narratives labels import; leave it out")
        if records and not any(column in record for record in records):
            near = did_you_mean(column, names) or f"; there: {', '.join(names)}"
            raise UserError(at(request.inputs[0], None, f"--keep {column}: no such column{near}"))
    taken = {*_CARRIED, *request.keep, request.text, request.id, request.document or "document", "lang"}
    return [name for name in names if name not in taken and name != request.text.partition(".")[0]]


def _describe_passed_over(names: Sequence[str]) -> list[str]:
    """Which columns were left out, and how they come in; those of labels go another way."""
    labels = [name for name in names if fold_name(name) in LABELS]
    others = [name for name in names if name not in labels]
    fix = "texts with labels come in with: narratives labels import"
    lines = [f"left out, though they look like labels: {', '.join(map(show, labels))}; {fix}"] if labels else []
    shown = ", ".join(map(show, others[:_SHOWN])) + (" ..." if len(others) > _SHOWN else "")
    return [*lines, f"columns left out: {shown}; --keep NAME,NAME keeps those that you name"] if others else lines


def _read(request: AddRequest, texts: set[str], summary: AddSummary, say: Say) -> Iterator[Item]:
    """The texts of the inputs, each once and none that the project has."""
    sources, left_out = find_sources(request.inputs, "", request.encoding)
    if left_out:
        say(describe_left_out(left_out))
    columns = Columns(text=request.text, id=request.id, keep=(EVERYTHING,), encoding=request.encoding)
    plan = make_plan(sources, Options(columns=columns), None)
    with closing(Cursor()) as cursor:
        for input_, piece in chain.from_iterable(plan.parts):
            items, rejects = read_items(plan, input_, piece, cursor)
            summary.problems += [at(reject.file, reject.line, reject.reason) for reject in rejects]
            summary.texts += len(items)
            for item in items:
                folded = fold_text(item.text)
                summary.empty += not folded
                summary.repeats += folded in texts
                if folded and folded not in texts:
                    texts.add(folded)
                    yield item


def _draw(items: Iterator[Item], request: AddRequest) -> list[Item]:
    """All, or `n` by lot in the order they came; the lot is a digest of text and seed, the same whatever the order."""
    if request.n is None:
        return list(items)
    lots = ((_digest(f"{request.seed}:{fold_text(item.text)}"), place, item) for place, item in enumerate(items))
    drawn = heapq.nsmallest(request.n, lots, key=lambda lot: lot[0])
    return [item for _, _, item in sorted(drawn, key=lambda lot: lot[1])]


def _to_passage(item: Item, request: AddRequest, codebook: Codebook, ids: set[str], summary: AddSummary) -> Passage:
    record = item.kept["record"]
    keys = dict.fromkeys((*_CARRIED, *request.keep))
    values = {key: record[key] for key in keys if isinstance(record.get(key), str) or (key in request.keep and key in record)}
    if "language" not in values and isinstance(record.get("lang"), str):
        values["language"] = record["lang"]
    id_ = item.id
    if id_ in ids or not id_.isprintable():
        id_ = name_by_text(item.text)
        summary.renamed += 1
    ids.add(id_)
    place = Place(Path(item.file), item.line)
    column = request.document or "document"
    document = count_id(record.get(column))
    if request.document and document in (None, ""):
        summary.problems.append(f"{place}: no '{request.document}', which was named as the column of the document")
    elif document is not None and not isinstance(document, str):
        summary.problems.append(f"{place}: '{column}' names a document, so a text or a number is needed; got {document!r}")
        document = None
    defaults = {"language": request.language, "source": request.source}
    values |= {key: value for key, value in defaults.items() if value and not values.get(key)}
    values |= {"chosen": BY_LOT} if request.n is not None else {}
    values |= {"id": id_, "text": item.text, "document": document or id_}
    return parse_passage(values, codebook, place, summary.problems)


def _choose_file(folder: Path, into: str | None, text: str) -> Path:
    name = into or f"added-{_digest(text)[:8]}"
    check_plain_name(name, "--into")
    path = folder / f"{name}.jsonl"
    if path.exists():
        raise UserError(at(path, None, "is there already; choose another name: --into NAME"))
    return path


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
