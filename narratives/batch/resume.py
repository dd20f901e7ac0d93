"""Begin a batch run in a folder, go on with it, add to it, or say why not."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from narratives.batch.addition import check_same_model, extend_plan
from narratives.batch.plan import (
    ANEW,
    PLAN,
    REJECTS,
    SUMMARY,
    Options,
    Plan,
    differ_in_model,
    make_plan,
)
from narratives.batch.plan_file import FORMER, check_ours, is_blank, read_plan
from narratives.batch.sources import Source, has_changed
from narratives.batch.storage import KEPT, OutputFolder
from narratives.errors import UserError, at
from narratives.models import Model
from narratives.progress import Say

_PART = re.compile(r"part-\d{5,}\.(parquet|jsonl|csv)")
_LOG = re.compile(rf"({KEPT}/)?log/part-\d{{5,}}\.jsonl")
_ASIDE = re.compile(rf"({KEPT}/)?(log/)?\.(part-\d{{5,}}|plan|rejects|summary)\.[a-z]+\.[0-9a-f]+\.partial")
_FORMER = {FORMER, "rejects.jsonl", "summary.json"}  # where earlier versions kept them


class Existing(StrEnum):
    """What becomes of a run that is in the output folder already."""

    GO_ON = "go on"  # with the same inputs
    ADD = "add"  # inputs to it
    REPLACE = "replace"  # begin anew


def open_plan(
    output: OutputFolder,
    sources: Sequence[Source],
    options: Options,
    model: Model,
    existing: Existing = Existing.GO_ON,
    say: Say = lambda _: None,
    passed: dict[str, bool] | None = None,
) -> Plan:
    """The plan in the output folder, perhaps with more inputs, or a new one that may take the place of another.

    `UserError` says in what a plan that is there differs, or which file belongs to none; then nothing is changed. A plan of
    which a power cut left nothing but the name gives way to a new one, and so does one whose folder of answers is gone.
    `passed` says what the model's test says of languages: what is added goes by it, what is gone on with by that of the
    beginning.
    """
    names = output.list_names()
    begun = PLAN in names or FORMER in names
    if begun and existing != Existing.REPLACE and not output.is_gone():
        plan = read_plan(output)
        wider = plan
        if existing == Existing.ADD:
            wider = _add(plan, output, sources, options, model, say)
            wider = wider if wider is plan else replace(wider, passed=passed)
        if existing == Existing.GO_ON and (reason := _differ(plan, sources, options, model)):
            raise UserError(at(output.place(PLAN), None, f"this run was begun with {reason}"))
        planned = {plan.name(number) for number in range(len(plan.parts))}
        _refuse(output, [name for name in names - planned if _PART.fullmatch(name)], ANEW)
        if wider is not plan:
            output.write_text(PLAN, wider.to_text())
        return wider
    if begun and not (PLAN in names and is_blank(output)):
        check_ours(output)
    plan = make_plan(sources, options, model, passed)  # before anything is removed: an input may be at fault
    if begun:
        _clear(output, names)
    else:
        alien = [name for name in names if _PART.fullmatch(name) or name in (REJECTS, SUMMARY, *_FORMER)]
        beside = f"no plan is in {output.kept}; move that folder along where this one was moved, or name another --output"
        _refuse(output, alien, beside)
    output.write_text(PLAN, plan.to_text())
    return plan


def read_log(plan: Plan, number: int, output: OutputFolder) -> tuple[dict[str, Any], list[str]] | None:
    """What there is to say of a part: counts, and its bad records as lines. `None` where its log is missing or cut short."""
    try:
        text = output.read(plan.log(number)) or ""
        first, *bad_lines = text.split("\n")  # a reason may hold rarer line ends
        counts = json.loads(first)
        is_whole = "\0" not in text and bad_lines.pop() == "" and counts["rejects"] == len(bad_lines)
        return (counts, bad_lines) if is_whole else None
    except (ValueError, LookupError, TypeError):
        return None


def list_done(plan: Plan, output: OutputFolder, thorough: bool = False) -> dict[int, dict[str, Any]]:
    """The parts whose answers are there, and as their logs know them, with the counts of each.

    By their size, and where it is `thorough` by every byte: a power cut may leave a file's name without what was in it.
    """
    finished = {}
    names = output.list_names()
    for number in range(len(plan.parts)):
        if {plan.name(number), plan.log(number)} <= names and (log := read_log(plan, number, output)):
            counts, _ = log
            answers = counts.pop("answers", None)  # older versions did not write it
            if output.has(plan.name(number), answers, thorough):
                finished[number] = counts
    return finished


def sweep(output: OutputFolder) -> None:
    """Remove what killed processes left half-written; for when all is done, and nothing is being written any more."""
    for name in output.list_names():
        if _ASIDE.fullmatch(name):
            output.remove(name)


def _refuse(output: OutputFolder, names: list[str], fix: str) -> None:
    if names:
        raise UserError(at(output.place(min(names)), None, f"belongs to no run in this folder; {fix}"))


def _clear(output: OutputFolder, names: set[str]) -> None:
    # The plan goes last, so that a half-cleared folder is still known as one of ours.
    for name in sorted(names):
        if (
            _PART.fullmatch(name)
            or _LOG.fullmatch(name)
            or _ASIDE.fullmatch(name)
            or name in (REJECTS, SUMMARY, *_FORMER - {FORMER})
        ):
            output.remove(name)
    output.remove(PLAN)
    output.remove(FORMER)


def _add(plan: Plan, output: OutputFolder, sources: Sequence[Source], options: Options, model: Model, say: Say) -> Plan:
    """The plan with more inputs; `UserError` where they can't be answered as the others were."""
    check_same_model(plan, model, output)
    columns = plan.options.columns
    if columns.text not in columns.keep:  # else the windows of passages would stand in another file's column
        columns = replace(options.columns, keep=columns.keep)
    if reason := _differ_in_options(replace(plan, options=replace(plan.options, columns=columns)), options):
        fix = "give the options of before, or name another --output"
        raise UserError(at(output.place(PLAN), None, f"this run was begun with {reason}; {fix}"))
    return extend_plan(plan, sources, options, say)


def _differ(plan: Plan, sources: Sequence[Source], options: Options, model: Model) -> str:
    """What has changed since the plan was made, and the fix; empty where the plan can be continued."""
    if reason := differ_in_model(plan, model) or _differ_in_options(plan, options):
        return f"{reason}; {ANEW}"
    planned = {input_.source: input_ for input_ in plan.inputs}
    present = dict.fromkeys(sources)
    if added := next((source for source in present if source not in planned), None):
        return f"other inputs (without {added.shown}); add to it with --add, or {ANEW}"
    if missing := next((source for source in planned if source not in present), None):
        return f"other inputs (with {missing.shown} too); name all of them, add to it with --add, or {ANEW}"
    if [*planned] != [*present]:
        return f"its inputs in another order; {ANEW}"
    changed = next((source for source in sources if has_changed(source, planned[source].identity)), None)
    return f"another {changed.shown}: that file has changed since; {ANEW}" if changed else ""


def _differ_in_options(plan: Plan, options: Options) -> str:
    if plan.options == options:
        return ""
    before, after = _flatten(plan.options), _flatten(options)
    key = next(key for key in before if before[key] != after[key])
    return f"another {key} ({before[key]}, not {after[key]})"


def _flatten(options: Options) -> dict[str, Any]:
    columns, size = options.columns, f"{options.part_size / 2**20:g}"
    keep = ",".join(columns.keep) or "none"
    names = {"--text-column": columns.text, "--id-column": columns.id, "--keep": keep}
    names["--encoding"] = columns.encoding or "none"
    flags = {"explain": options.explain, "titles": options.titles, "text": options.texts, "excel": options.mark}
    flags["all-languages"] = options.all_languages
    switches = {f"--{name}": "with" if flag else "without" for name, flag in flags.items()}
    return {"--format": options.form, "--unit": options.unit, "--part-size": size, **names, **switches}
