"""Inputs added to a folder of answers: the same model and options, and nothing that was answered is read again."""

import os
from collections.abc import Sequence
from dataclasses import replace

from narratives.batch.plan import PLAN, Input, Options, Plan, differ_in_model, split_input
from narratives.batch.sources import Source, has_changed, identify
from narratives.batch.storage import OutputFolder, is_url
from narratives.errors import UserError, at
from narratives.models import Model
from narratives.progress import Say


def extend_plan(plan: Plan, sources: Sequence[Source], options: Options, say: Say) -> Plan:
    """The plan with those `sources` that are not in it yet, after all that is; their parts are numbered on.

    They may hold text and id in other columns, and be of another encoding: `options` says where they are. A file is known
    again by its place, or wherever it lies by its bytes; a copy elsewhere that has grown is another file. `UserError` where
    one that was answered has changed.
    """
    places = {input_.place or input_.source.place: input_ for input_ in plan.inputs}
    moved = {
        input_.source.path: input_
        for input_ in plan.inputs
        if input_.place and not os.path.lexists(os.path.dirname(input_.place))  # noqa: PTH120
    }
    paths = {input_.source.path for input_ in plan.inputs}
    batch = 1 + max(input_.batch for input_ in plan.inputs)
    added: list[Input] = []
    problems, again = [], 0
    columns = options.columns if options.columns != plan.options.columns else None
    for source in sources:
        before = places.get(source.place) or moved.get(source.path)
        if before and has_changed(source, before.identity):
            fix = "put what is new into a file of its own and add that, or name another --output"
            problems.append(at(source.path, None, f"has changed since it was answered; {fix}"))
        elif before or _is_copy(source, plan.inputs):
            again += 1
        else:  # another file may have been named alike, seen from another folder
            new = replace(source, path=source.place) if source.path in paths else source
            added.append(replace(split_input(new, options, batch), columns=columns))
    if problems:
        raise UserError(*problems)
    if again:
        say(f"{again} of {len(sources)} files are in this folder already and are not read again")
    return replace(plan, inputs=[*plan.inputs, *added]) if added else plan


def check_same_model(plan: Plan, model: Model, output: OutputFolder) -> None:
    """`UserError` where the answers that are there are of another model: it says how to begin a folder for this one."""
    if reason := differ_in_model(plan, model):
        folder = f"{output.root.rstrip('/')}-{model.run}-{model.digest[:8]}"
        fix = f"begin a new folder for this model: --output {folder}"
        raise UserError(at(output.place(PLAN), None, f"the answers in this folder were begun with {reason}; {fix}"))


def _is_copy(source: Source, inputs: Sequence[Input]) -> bool:
    """Whether a file has the bytes of one that is in the plan; a store's own mark tells nothing of another place."""
    if is_url(source.path):
        return False
    size = os.path.getsize(source.path)  # noqa: PTH202
    alike = [input_ for input_ in inputs if input_.identity["size"] == size and not is_url(input_.source.path)]
    return bool(alike) and identify(source)["digest"] in {input_.identity["digest"] for input_ in alike}
