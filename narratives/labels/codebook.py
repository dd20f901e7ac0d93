"""The codebook: which narratives there are, what each claims, and their order everywhere."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeGuard

from narratives.data import Codebook, Narrative
from narratives.errors import UserError, at
from narratives.files import TomlFile, read_toml

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_TEXTS = ("id", "title", "family", "definition", "parent")
_LISTS = ("include", "exclude", "voices")
_REQUIRED = ("id", "title", "family", "definition")


def read_codebook(path: str | Path) -> Codebook:
    """Read and check a `codebook.toml`; `UserError` lists every problem with its line.

    >>> narratives.read_codebook("trams/labels/codebook.toml").ids[:1]
    ('tram_ruins_high_street',)
    """
    path = Path(path)
    file = read_toml(path)
    problems = file.unknown_keys(file.values, ["name", "version", "rules", "narrative"])
    for key in ("name", "version"):
        if not _is_text(file.values.get(key)):
            problems.append(at(path, file.line(key=key), f"'{key}' must be a text that is not empty"))
    if not _is_text_list(file.values.get("rules", [])):
        problems.append(at(path, file.line(key="rules"), "'rules' must be a list of texts"))
    entries = file.values.get("narrative", [])
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        problems.append(at(path, None, "no narrative; add a [[narrative]] table with id, title, family and definition"))
        entries = []
    problems += check_entries(file, entries)
    if problems:
        raise UserError(*problems)
    narratives = tuple(Narrative.from_json(entry) for entry in entries)
    return Codebook(file.values["name"], file.values["version"], narratives, tuple(file.values.get("rules", ())))


def check_entries(file: TomlFile, entries: list[dict[str, Any]]) -> list[str]:
    """A problem line for all that is wrong with narratives as they stand in TOML; `file` knows the lines."""
    problems = [problem for index, entry in enumerate(entries) for problem in _check_entry(file, index, entry)]
    return problems + _check_references(file, entries)


def describe_difference(spoken: Codebook, today: Codebook) -> str:
    """How a model's codebook and the project's are told apart, for a message: both are named."""
    if (spoken.name, spoken.version) == (today.name, today.version):
        return f"trained with another wording of the codebook ({spoken.name} {spoken.version})"
    return f"speaks {spoken.name} {spoken.version}, the project is at {today.name} {today.version}"


def climb(id_: str, parents: dict[str, str]) -> list[str]:
    """The parent, its parent, and so on, until there is none or one comes round again."""
    chain: list[str] = []
    while id_ in parents and parents[id_] not in chain:
        id_ = parents[id_]
        chain.append(id_)
    return chain


def _check_entry(file: TomlFile, index: int, entry: dict[str, Any]) -> list[str]:
    problems = file.unknown_keys(entry, [field.name for field in fields(Narrative)], "narrative", index)
    name = f"narrative '{entry['id']}'" if _is_text(entry.get("id")) else "this narrative"

    def tell(key: str, problem: str) -> None:
        problems.append(at(file.path, file.line("narrative", index, key), problem))

    for key in _TEXTS:
        if key in entry and not _is_text(entry[key]):
            tell(key, f"{name}: '{key}' is empty or not a text; write it in quotes")
        elif key in _REQUIRED and key not in entry:
            tell(key, f"{name} has no '{key}'; add it")
    for key in _LISTS:
        if not _is_text_list(entry.get(key, [])):
            tell(key, f"{name}: '{key}' must be a list of texts")
    if _is_text(entry.get("id")) and not _ID.fullmatch(entry["id"]):
        tell("id", f"id '{entry['id']}' may hold letters, digits, '_', '-' and '.' only")
    return problems


def _check_references(file: TomlFile, entries: list[dict[str, Any]]) -> list[str]:
    problems = []
    first: dict[str, int] = {}
    for index, entry in enumerate(entries):
        line = file.line("narrative", index, "id")
        if not _is_text(id_ := entry.get("id")):
            continue
        if id_ in first:
            problems.append(at(file.path, line, f"id '{id_}' was used on line {first[id_]}; give it another id"))
        first.setdefault(id_, line)
    parents = {e["id"]: e["parent"] for e in entries if _is_text(e.get("id")) and _is_text(e.get("parent"))}
    for index, entry in enumerate(entries):
        id_, parent = entry.get("id"), entry.get("parent")
        line = file.line("narrative", index, "parent")
        if _is_text(parent) and (parent not in first or parent == id_):
            problems.append(at(file.path, line, f"parent '{parent}' must be the id of another narrative"))
        elif _is_text(id_) and id_ in climb(id_, parents):
            problems.append(at(file.path, line, f"the parents of '{id_}' lead back to it; take one of them out"))
    return problems


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value.strip())


def _is_text_list(value: object) -> bool:
    return isinstance(value, list) and all(_is_text(item) for item in value)
