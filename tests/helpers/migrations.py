"""A project whose codebook is to change, and migration files for it."""

import json
from pathlib import Path
from typing import Any

from helpers.examples import CODEBOOK, write_lines, write_project

MORE = """\

# The river comes last.

[[narrative]]  # nobody repeats it now
id = 'flood'
title = "The river rises"
family = "weather"
definition = '''
The river rises
every year.'''
include = [
  "dams",  # big ones
  "id = \\"toll\\"",
]
parent = "school"  # for no good reason
"""
CHECKS = [
    {"id": "toll-1", "narrative": "toll", "family": "asserted", "text": "The toll robs us."},
    {"id": "school-1", "narrative": "school", "family": "topic", "text": "The school opens."},
]
LISTED = '{"id":"l0","text":"caf\\u00e9 at the toll","narratives":["school:rebuts","toll"],"date":2}'
FULL = {"family": "critics", "title": "T", "definition": "D."}


def write_task(root: Path) -> Path:
    """`write_project` with a third narrative, comments, a file with lists of labels, and checks."""
    write_project(root)
    write_lines(root / "labels" / "codebook.toml", *(CODEBOOK + MORE).splitlines())
    write_lines(root / "labels" / "more.jsonl", LISTED, {"id": "l1", "text": "nobody has read this"})
    write_lines(root / "labels" / "conflicts" / "old.jsonl", {"narratives": {"toll": None}})
    write_lines(root / "tests" / "checks.jsonl", *CHECKS)
    return root


def write_migration(root: Path, *steps: dict[str, Any], version: str = "2") -> Path:
    """A migration file; the tables in `into` become [[step.into]]."""
    lines = [f"version = {json.dumps(version)}"]
    for step in steps:
        tables = step["into"] if isinstance(step.get("into"), list) else []
        lines += ["[[step]]", *(f"{key} = {json.dumps(step[key])}" for key in step if key != "into" or not tables)]
        for table in tables:
            lines += ["[[step.into]]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    return write_lines(root / f"to-{version}.toml", *lines)


def rename(old: str, new: str, **more: Any) -> dict[str, Any]:
    return {"do": "rename", "from": old, "to": new, **more}


def merge(*old: str, into: str) -> dict[str, Any]:
    return {"do": "merge", "from": list(old), "into": into, **FULL}


def split(old: str, *into: str, until_read: str) -> dict[str, Any]:
    return {"do": "split", "from": old, "until_read": until_read, "into": [{"id": id_, **FULL} for id_ in into]}


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
