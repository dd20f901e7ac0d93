"""Reviews on their way: forms out as Label Studio tasks or as rows of a spreadsheet, and what was decided there back in.

What goes out names the file and the form that it came from; a decision that comes back is written down there too, as if
somebody had made it in that file.
"""

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from narratives.annotation.formats import label_studio
from narratives.annotation.formats.entry import TABLES, Entry
from narratives.annotation.formats.items import find_suffix, look_at, read_items
from narratives.annotation.merge import READERS
from narratives.annotation.review import is_form, read_form
from narratives.data import Codebook, Place
from narratives.errors import UserError, at
from narratives.files import BadRecord, change_lines, read_records, write_json, write_text
from narratives.labels import NONE, STANCES, join_stance, split_text
from narratives.project import Project

_TEXTS = ("id", "text", "document", "language", "source")
_SIDE, _LABELS = "side", "narratives"  # the controls of the interface
_SPREADSHEET = "\ufeff"  # the mark by which a spreadsheet knows UTF-8


Row = tuple[Place | None, str]  # a passage's place in the file that came back, and its id: tasks may share a line


@dataclass(slots=True)
class Returned:
    """What a file that went out and came back says."""

    entries: list[Entry] = field(default_factory=list)
    decisions: dict[Row, tuple[Path, int, dict[str, Any]]] = field(default_factory=dict)  # row -> the form's file, line, news


def export_review(project: Project, review: Path, form: str, output: Path) -> tuple[int, list[Path]]:
    """Write the forms of `review` that nobody has decided as tasks or rows; return how many there are, and the files."""
    ending = {"csv": ".csv", "label-studio": ".json"}.get(form)
    if ending is None:
        raise UserError(f"--format {form}: a review goes out as label-studio or csv")
    if output.suffix.lower() != ending:
        raise UserError(at(output, None, f"give it the ending {ending}"))
    if project.labels.resolve() in output.resolve().parents:
        raise UserError(at(output, None, "lies among the project's own labels; choose a path outside"))
    forms = [values for _, values in _read_forms(review) if values["decision"] is None]
    if not forms:
        raise UserError(at(review, None, "nothing in it waits for a decision; import it: narratives labels import"))
    name = _name_review(project.root, review)
    sides = max(len(values["sides"]) for values in forms)
    if form == "csv":
        write_text(output, _SPREADSHEET + _make_rows(forms, name, sides))
        return len(forms), [output]
    interface = output.with_suffix(".xml")
    write_text(interface, _make_interface(project.read_codebook(), sides))
    write_json(output, [_make_task(values, name) for values in forms])
    return len(forms), [output, interface]


def read_returned(path: Path, root: Path, encoding: str = "") -> Returned | None:
    """The decisions in a file that `export_review` wrote and people filled in; `None` for any other file.

    An entry with a problem stands for a row that can't be understood. Rows without a decision are passed over.
    """
    if find_suffix(path) not in (".json", *TABLES) or not any(
        _came_from(path, item.values) for item in islice(look_at(path, encoding=encoding), 1)
    ):
        return None
    returned = Returned()
    forms: dict[Path, dict[str, tuple[int, dict[str, Any]]]] = {}
    for item in read_items(path, encoding=encoding):
        try:
            name, id_, decision = _read_item(path, item)
            if decision is None:
                continue
            file = root / name
            if file not in forms:
                forms[file] = {str(values.get("id")): (line, values) for line, values in _read_forms(file)}
            if id_ not in forms[file]:
                raise ValueError(f"{file} holds no '{id_}'; was that file written anew since this one went out?")
            line, values = forms[file][id_]
            if values["decision"] not in (None, decision):
                raise ValueError(f"{file}:{line} was decided otherwise already ({values['decision']}); take this row out")
            passage_values, decided = read_form({**values, "decision": decision})
            passage_values |= _list_readers(item.values)
        except ValueError as error:
            returned.entries.append(Entry(item.place, item.values, problem=str(error), rest=item.rest))
            continue
        returned.decisions[item.place, id_] = (file, line, {"decision": decision, **_list_readers(item.values)})
        for choice in decided:
            returned.entries.append(
                Entry(item.place, {**passage_values, "narratives": choice.labels}, choice.by, settles=choice.settles)
            )
    return returned


def write_decisions(returned: Sequence[Returned], good: Collection[Row]) -> tuple[dict[Path, str], dict[str, int]]:
    """The forms' files with the decisions of the `good` rows in them, as new texts; and how many went into each."""
    changes: dict[Path, dict[int, dict[str, Any] | None]] = {}
    counts: Counter[str] = Counter()
    for review in returned:
        for row, (file, line, decision) in review.decisions.items():
            if row in good:
                changes.setdefault(file, {})[line] = dict(decision)
                counts[str(file)] += 1
    return {file: change_lines(file, lines) for file, lines in changes.items()}, dict(counts)


def _read_forms(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for record in read_records(path):
        if isinstance(record, BadRecord) or not is_form(record.values):
            reason = record.reason if isinstance(record, BadRecord) else "no form to decide about; name a file of reviews"
            raise UserError(at(path, record.line, reason))
        yield record.line, record.values


def _name_review(root: Path, review: Path) -> str:
    resolved, top = review.resolve(), root.resolve()
    return resolved.relative_to(top).as_posix() if top in resolved.parents else str(resolved)


def _show(labels: Any) -> str:
    """A side as people read and write it: `toll:reports;school`."""
    words = [join_stance(str(id_), stance) for id_, stance in labels.items()] if isinstance(labels, dict) else list(labels)
    return ";".join(map(str, words)) or NONE


def _make_rows(forms: Sequence[dict[str, Any]], name: str, sides: int) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*_TEXTS, "why", *(f"side {k + 1}" for k in range(sides)), "decision", "review"])
    for values in forms:
        shown = [_show(side["narratives"]) for side in values["sides"]]
        shown += [""] * (sides - len(shown))
        writer.writerow([*(values.get(key, "") for key in _TEXTS), _tell_why(values), *shown, "", name])
    return out.getvalue()


def _tell_why(values: dict[str, Any]) -> str:
    if values.get("review"):
        return "; ".join(map(str, values["review"]))
    return "; ".join(f"{k + 1}: {side.get('by') or side.get('where', '')}" for k, side in enumerate(values["sides"]))


def _make_task(values: dict[str, Any], name: str) -> dict[str, Any]:
    sides = "\n".join(f"{k + 1}: {_show(side['narratives'])}" for k, side in enumerate(values["sides"]))
    review = {"file": name, "id": values.get("id")}
    return {"data": {"text": values.get("text"), "why": _tell_why(values), "sides": sides, "review": review}}


def _make_interface(codebook: Codebook, sides: int) -> str:
    """The labelling interface of narratives, with the sides to choose from above it."""
    head = ["<View>", '  <Text name="why" value="$why"/>', '  <Text name="sides" value="$sides"/>']
    choices = [f"    <Choice value={quoteattr(str(k + 1))}/>" for k in range(sides)]
    head += [f'  <Choices name="{_SIDE}" toName="text" choice="single-radio">', *choices, "  </Choices>"]
    labels = label_studio.make_interface(codebook).replace(' required="true"', "")  # only where no side is right
    text, remainder = labels.removeprefix("<View>\n").split("\n", 1)
    return "\n".join([head[0], text, *head[1:], remainder])


def _came_from(path: Path, values: dict[str, Any]) -> bool:
    if path.suffix.lower() in TABLES:
        return {"id", "decision", "review"} <= values.keys()
    data = values["data"] if isinstance(values.get("data"), dict) else values
    return isinstance(data.get("review"), dict) and {"file", "id"} <= data["review"].keys()


def _read_item(path: Path, item: Entry) -> tuple[str, str, Any]:
    """The file of the form, its id, and the decision: a side's number, labels, or `None`; `ValueError` where it is unclear."""
    if item.problem or not _came_from(path, item.values):
        raise ValueError(item.problem or "this row does not say from which review it came; leave its columns as they were")
    values = item.values
    if path.suffix.lower() in TABLES:
        return str(values["review"]), str(values["id"]), _read_cell(values["decision"])
    if not isinstance(values.get("data"), dict):
        raise ValueError("export the review from Label Studio as JSON, not JSON-MIN")
    review = values["data"]["review"]
    answers = {repr(answer): answer for answer in map(_read_answer, values.get("annotations") or ()) if answer is not None}
    if len(answers) > 1:
        raise ValueError(f"'{review['id']}': decided in {len(answers)} ways; settle it in Label Studio")
    return str(review["file"]), str(review["id"]), next(iter(answers.values()), None)


def _list_readers(values: dict[str, Any]) -> dict[str, list[str]]:
    """Who decided, where a row of a table says so."""
    names = [name.strip() for name in str(values.get(READERS) or "").split(";") if name.strip()]
    return {READERS: names} if names else {}


def _read_cell(cell: Any) -> Any:
    word = "" if cell is None else str(cell).strip()
    if not word:
        return None
    number = word.removesuffix(".0")  # a spreadsheet may make it a fraction
    return int(number) if number.isdigit() else split_text(word)


def _read_answer(annotation: dict[str, Any]) -> Any:
    """A side's number, or a list of labels where any are chosen; `None` for an answer that was skipped or says nothing."""
    side, labels = None, list[str]()
    for region in () if annotation.get("was_cancelled") else annotation.get("result") or ():
        value = region.get("value") or {}
        if region.get("from_name") == _SIDE and value.get("choices"):
            side = int(value["choices"][0])
        if region.get("from_name") == _LABELS:
            for steps in value.get("taxonomy") or ():
                stance = steps[1] if len(steps) > 1 and steps[1] in STANCES else None
                labels.append(join_stance(str(steps[0]), stance))
    return labels or side
