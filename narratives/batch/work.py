"""Classify one part: the unit of work of every engine. It reads the plan and the input, and writes two files."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from narratives.batch.items import Item, add_languages, to_item
from narratives.batch.languages import LANGUAGE_NOTES, silence_failed
from narratives.batch.parts import Cursor, Part, read_part
from narratives.batch.plan import ANEW, Input, Plan
from narratives.batch.rows import FORMATS, make_layout
from narratives.batch.storage import OutputFolder
from narratives.errors import UserError, at
from narratives.files import BadRecord
from narratives.models import Answers, Model, explain_raised, join_answers
from narratives.texts import UNSURE, count_languages, find_windows

Tick = Callable[[int], None]  # texts of this part that are done
_STEP = 512  # texts, at least, between two reports of progress
_EXPLAINED = 32  # texts whose words are weighed between two reports of progress


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be classified, and why."""

    file: str
    line: int
    reason: str


def answer_part(
    plan: Plan, number: int, model: Model, output: OutputFolder, cursor: Cursor, tell: Tick | None = None
) -> Callable[[], None]:
    """Answer a part; what comes back writes the answers, then the log.

    The log knows the answers by size and digest: where both agree, the part is done. Their names may be lost in a power cut
    until the run ends: then the part is done again.
    """
    items: list[Item] = []
    rejects: list[Reject] = []
    for input_, piece in plan.parts[number]:
        try:
            more, bad = read_items(plan, input_, piece, cursor)
        except (EOFError, OSError) as error:
            reason = (
                "changed while it was read" if isinstance(error, EOFError) else f"cannot be read: {error.strerror or error}"
            )
            raise UserError(at(input_.source.path, piece.line, f"{reason}; bring it back as it was, or {ANEW}")) from None
        items += more
        rejects += bad
    items = add_languages(items, model.readable, bool(plan.model["languages"]), plan.passed)
    if plan.options.unit == "passage":
        items = [window for item in items for window in _cut(item, model.window, plan.options.columns.text)]
    answers = classify_items(items, model, tell, plan.options.explain)
    if not plan.options.all_languages:
        answers = silence_failed(items, answers)
    layout = make_layout(plan.options, model)
    counts = _count(items, answers, rejects, model)

    def write() -> None:
        answered = output.write(
            plan.name(number), lambda path: FORMATS[plan.options.form](path, items, answers, layout), settle=False
        )
        first = json.dumps({**counts, "answers": answered})
        output.write_text(plan.log(number), "\n".join([first, *map(format_reject, rejects)]) + "\n", settle=False)

    return write


def read_items(plan: Plan, input_: Input, part: Part, cursor: Cursor) -> tuple[list[Item], list[Reject]]:
    """The texts of a part, and its bad records."""
    source = input_.source
    columns = input_.columns or plan.options.columns
    columns = replace(columns, text="text") if source.form == "txt" else columns
    name = plan.labels[source.shown]
    items, rejects = [], []
    for record in read_part(source, input_.header, part, cursor, columns.needed):
        if isinstance(record, BadRecord):
            rejects.append(Reject(source.shown, record.line, record.reason))
            continue
        try:
            items.append(to_item(record, columns, source.shown, name))
        except ValueError as error:
            rejects.append(Reject(source.shown, record.line, str(error)))
    return items, rejects


def classify_items(items: list[Item], model: Model, tell: Tick | None = None, explain: bool = False) -> Answers:
    """The model's answers to all items, with `explain` the words that carry them; each different text is read once."""
    unique: dict[tuple[str, str], int] = {}
    # The language tells where to cut: into windows, and to explain, into sentences.
    keys = [(item.text, item.language if explain or len(item.text) > model.window else "und") for item in items]
    rows = [unique.setdefault(key, len(unique)) for key in keys]
    texts, languages = [text for text, _ in unique], [code for _, code in unique]
    ids = [item.id for item in items]

    shown = 0

    def watch(done: int, total: int, _: str) -> None:
        nonlocal shown
        share = len(items) * done // max(total, 1)
        if tell and (share - shown >= _STEP or done == total):
            shown = share
            tell(share)

    if not explain:
        return join_answers([model.classify(texts, languages=languages, progress=watch)], rows, ids)
    batches, words = [], []
    for start in range(0, max(len(texts), 1), _EXPLAINED):
        batch = slice(start, start + _EXPLAINED)
        batches.append(model.classify(texts[batch], languages=languages[batch]))
        words += explain_raised(model, texts[batch], batches[-1], languages[batch])
        watch(min(batch.stop, len(texts)), len(texts), "texts")
    return replace(join_answers(batches, rows, ids), words=[words[row] for row in rows])


def format_reject(reject: Reject) -> str:
    """A line of `rejects.jsonl`."""
    return json.dumps({"file": reject.file, "line": reject.line, "reason": reject.reason}, ensure_ascii=False)


def _cut(item: Item, size: int, column: str) -> list[Item]:
    windows = find_windows(item.text, size, item.language) or [(0, 0)]
    cut = []
    for start, end in windows:
        text = item.text[start:end]
        fields = {**item.kept, column: text} if column in item.kept else item.kept
        cut.append(replace(item, text=text, kept=fields, start=start, end=end))
    return cut


def _count(items: list[Item], answers: Answers, rejects: list[Reject], model: Model) -> dict[str, object]:
    raised = Counter({id_: int(n) for id_, n in zip(model.codebook.ids, answers.raised.sum(0), strict=True) if n})
    texts = list({(item.file, item.line): item for item in items}.values())
    noted = {
        name: count_languages(item.written_in for item in texts if item.language_note == note)
        for name, note in LANGUAGE_NOTES.items()
    }
    return {
        "texts": len(texts),
        "rows": len(items),
        "empty": sum(bool(item.note) for item in items),
        "none": int((~answers.raised.any(1)).sum()),
        "unsure": sum(item.language_note == UNSURE for item in texts),
        "rejects": len(rejects),
        "narratives": dict(raised),
        "languages": count_languages(item.written_in for item in texts),
        **noted,
        **({} if answers.first is None else {"first": int(answers.first.sum())}),
    }
