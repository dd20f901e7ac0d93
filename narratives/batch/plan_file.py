"""The plan in an output folder: read, or told apart from what is none of ours."""

import json
from typing import Any

from narratives.batch.plan import ANEW, FORMAT, PLAN, Plan
from narratives.batch.storage import OutputFolder
from narratives.errors import UserError, at

FORMER = "plan.json"  # where earlier versions kept the plan


def read_plan(output: OutputFolder) -> Plan:
    """The plan in the output folder; `UserError` where there is none or it is none of this version."""
    value = check_ours(output)
    if value["format_version"] != FORMAT:
        version = value["narratives"]
        place = output.place(PLAN if output.read(PLAN) is not None else FORMER)
        raise UserError(at(place, None, f"written by narratives {version} in another format; {ANEW}"))
    try:
        return Plan.from_json(value)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise UserError(at(output.place(PLAN), None, f"not the plan of a batch run; {ANEW}")) from None


def is_blank(output: OutputFolder) -> bool:
    """Whether nothing is in the plan but its name, or zeros."""
    try:
        return not (output.read(PLAN) or "").strip("\0")
    except ValueError:
        return False


def check_ours(output: OutputFolder) -> dict[str, Any]:
    """The plan as it was written, whatever its version; `UserError` where there is none."""
    try:
        text = output.read(PLAN)
        if text is None:
            text = output.read(FORMER)
        value = json.loads("" if text is None else text)
        if not {"format_version", "narratives", "inputs"} <= value.keys():
            raise ValueError
    except (ValueError, AttributeError):
        name = next((name for name in (PLAN, FORMER) if name in output.list_names()), "")
        if name == PLAN and is_blank(output):
            raise UserError(at(output.place(PLAN), None, f"holds nothing, as after a power cut; {ANEW}")) from None
        absent = "no such file; name a batch run's --output, with its .run folder beside it"
        reason = "not the plan of a batch run; name another folder" if name else absent
        raise UserError(at(output.place(name or PLAN), None, reason)) from None
    return dict(value)
