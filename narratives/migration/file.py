"""Read a codebook migration, and find the narratives to which it leads, or everything that is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from narratives.data import Narrative
from narratives.errors import UserError, at, did_you_mean
from narratives.files import TomlFile, read_toml
from narratives.labels import check_entries
from narratives.migration.codebook_text import Entry
from narratives.migration.steps import UNLABELLED, Step

_TEXTS = tuple(f.name for f in fields(Narrative) if f.name != "id")
_KEYS: dict[str, tuple[str, ...]] = {
    "add": ("id", *_TEXTS),
    "rename": ("from", "to", "title", "family", "voices"),
    "change": ("id", *_TEXTS),
    "merge": ("from", "into", *_TEXTS),
    "split": ("from", "into", "until_read"),
    "retire": ("id",),
}


@dataclass(slots=True)
class Migration:
    """A migration file, and the narratives to which it leads."""

    file: TomlFile
    entries: list[Entry]
    version: str = ""
    steps: list[Step] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def tell(self, line: int, problem: str) -> None:
        """Note what is wrong."""
        self.problems.append(at(self.file.path, line, problem))


def read_migration(path: Path, narratives: Sequence[dict[str, Any]]) -> Migration:
    """Read a migration of a codebook with these narratives, which are as in TOML; `UserError` lists every problem."""
    file = read_toml(path)
    migration = Migration(file, [Entry(values, slot) for slot, values in enumerate(narratives)])
    migration.problems += file.unknown_keys(file.values, ["version", "step"])
    version = file.values.get("version")
    if not isinstance(version, str) or not version.strip():
        migration.tell(file.line(key="version"), "'version' must be the codebook's new version, a text")
    else:
        migration.version = version
    steps = file.values.get("step")
    if not isinstance(steps, list) or not steps or not all(isinstance(step, dict) for step in steps):
        migration.tell(file.line(key="step"), "no step; add a [[step]] table with 'do' and what it needs")
        raise UserError(*migration.problems)
    line_made: dict[str, int] = {}
    parts = 0  # [[step.into]] tables of the steps before: their lines are counted through
    for index, values in enumerate(steps):
        _take(migration, values, index, parts, line_made)
        in_tables = isinstance(values.get("into"), list) and ("step", index, "into") not in file.lines
        parts += len(values["into"]) if in_tables else 0
    _check_result(migration)
    if migration.problems:
        start = len(f"{path}:")
        raise UserError(*sorted(migration.problems, key=lambda problem: int(problem[start:].split(":")[0])))
    return migration


def _take(migration: Migration, values: dict[str, Any], index: int, parts: int, line_made: dict[str, int]) -> None:
    """Check a step and carry it out on `migration.entries`. What is wrong is told; the steps after it are looked at too."""
    file, kind = migration.file, values.get("do")
    line = file.line("step", index)
    if not isinstance(kind, str) or kind not in _KEYS:
        migration.tell(file.line("step", index, "do"), f"'do' must be one of {', '.join(_KEYS)}, not {kind!r}")
        return
    migration.problems += file.unknown_keys(values, ["do", *_KEYS[kind]], "step", index)
    lines = {key: file.line("step", index, key) for key in ("", *values)}
    by_id = {entry.values["id"]: entry for entry in migration.entries}
    old = _find_old(migration, values, lines, by_id, line_made)
    entries = _read_parts(migration, values, index, parts, lines) if kind == "split" else _read_one(migration, values, lines)
    new = [str(entry.values.get("id", "")) for entry in entries]
    if kind == "split" and new and values.get("until_read") not in (choices := [*new, UNLABELLED]):
        place = lines.get("until_read", line)
        migration.tell(place, f"split: 'until_read' says what passages count as until they are read: {', '.join(choices)}")
    repeated = [entry for entry, id_ in zip(entries, new, strict=True) if id_ in by_id and id_ not in old]
    for entry in repeated:
        id_ = entry.values["id"]
        migration.tell(entry.lines["id"], f"narrative '{id_}' is there already; choose another id")
    if repeated or "" in new or any(id_ not in by_id for id_ in old) or not (old or kind == "add"):
        return
    if kind in ("rename", "change"):
        entries = [_alter(migration, by_id[old[0]], entries[0])]
    step = Step(kind, line, tuple(old), tuple(new), str(values.get("until_read", "")))
    migration.steps.append(step)
    line_made.update(dict.fromkeys(new, line))
    _place(migration, step, entries)


def _find_old(
    migration: Migration, values: dict[str, Any], lines: dict[str, int], by_id: dict[str, Entry], line_made: dict[str, int]
) -> list[str]:
    """The ids that go in."""
    if values["do"] == "add":
        return []
    source = "from" if "from" in _KEYS[values["do"]] else "id"
    ids = _read_ids(migration, values, source, lines)
    for id_ in ids:
        if id_ in line_made:
            fix = "say it all there, or make this a migration of its own"
            migration.tell(lines[source], f"'{id_}' comes from the step on line {line_made[id_]}; {fix}")
        elif id_ not in by_id:
            removals = [f"; the step on line {step.line} took it away" for step in migration.steps if id_ in step.old]
            migration.tell(lines[source], f"no narrative '{id_}'{removals[0] if removals else did_you_mean(id_, by_id)}")
    return ids


def _read_one(migration: Migration, values: dict[str, Any], lines: dict[str, int]) -> list[Entry]:
    """The narrative that comes out of a step other than a split, or what is said of it."""
    kind = values["do"]
    if kind == "retire":
        return []
    target = {"rename": "to", "merge": "into"}.get(kind, "id")
    id_ = values.get(target) if kind == "change" else (_read_ids(migration, values, target, lines) or [""])[0]
    texts = {key: value for key, value in values.items() if key in _TEXTS}
    entry = Entry({"id": id_, **texts}, 0, True, {**lines, "id": lines.get(target, lines[""])})
    if kind in ("add", "merge"):
        _check_alone(migration, entry)
    return [entry]


def _alter(migration: Migration, before: Entry, after: Entry) -> Entry:
    values = {key: value for key, value in {**before.values, **after.values}.items() if (key, value) != ("parent", "")}
    if values == before.values:
        migration.tell(after.lines[""], f"this changes nothing of '{before.values['id']}'; take it out")
    return replace(before, values=values, lines=after.lines)


def _read_ids(migration: Migration, values: dict[str, Any], key: str, lines: dict[str, int]) -> list[str]:
    several = key == "from" and values["do"] == "merge"
    value = values.get(key)
    ids = value if several and isinstance(value, list) else [value]
    if not all(isinstance(id_, str) and id_.strip() for id_ in ids) or len(set(ids)) < len(ids) or len(ids) < 1 + several:
        expected = "a list of two or more ids" if several else "an id"
        migration.tell(lines.get(key, lines[""]), f"{values['do']}: '{key}' must be {expected}")
        return []
    return [str(id_) for id_ in ids]


def _check_alone(migration: Migration, entry: Entry) -> None:
    if entry.values.get("id") != "":  # else it was told
        values = {key: value for key, value in entry.values.items() if key != "parent"}
        lines = {("narrative", 0, key): line for key, line in entry.lines.items()}
        migration.problems += check_entries(TomlFile(migration.file.path, {}, lines), [values])


def _read_parts(migration: Migration, values: dict[str, Any], index: int, parts: int, lines: dict[str, int]) -> list[Entry]:
    tables = values.get("into")
    if not isinstance(tables, list) or len(tables) < 2 or not all(isinstance(table, dict) for table in tables):
        migration.tell(lines[""], "split: 'into' must be two or more narratives in full, each in a [[step.into]] table")
        return []
    inline = ("step", index, "into") in migration.file.lines
    entries = []
    for n, table in enumerate(tables):
        keys = ("", "id", *table)
        place = {key: lines["into"] if inline else migration.file.line("step.into", parts + n, key) for key in keys}
        entries.append(Entry(table, 0, True, place))
        _check_alone(migration, entries[-1])
    return entries


def _place(migration: Migration, step: Step, entries: list[Entry]) -> None:
    """Put narratives into the place of those that they come from; new ones after the last of their family."""
    before = migration.entries
    positions = [k for k, entry in enumerate(before) if entry.values["id"] in step.old]
    if positions:
        position, slot = positions[0], before[positions[0]].slot
    else:
        family = entries[0].values.get("family")
        last = max((k for k, entry in enumerate(before) if entry.values.get("family") == family), default=len(before) - 1)
        position, slot = last + 1, before[last].slot if before else 0
    after = [entry for entry in before if entry.values["id"] not in step.old]
    after[position:position] = [replace(entry, slot=slot) for entry in entries]
    if step.kind != "split":
        for k, entry in enumerate(after):
            parent = entry.values.get("parent")
            if isinstance(parent, str) and parent in step.renames:
                after[k] = replace(entry, values={**entry.values, "parent": step.renames[parent]})
    migration.entries = after


def _check_result(migration: Migration) -> None:
    """The narratives as they will be: each in full, no parent that is gone."""
    if not migration.entries and not migration.problems:
        migration.tell(1, "no narrative would be left; keep one")
    ids = {entry.values["id"] for entry in migration.entries}
    removed = {id_: step.line for step in migration.steps for id_ in step.old if id_ not in step.new}
    checked, lines = [], {}
    for k, entry in enumerate(migration.entries):
        values = dict(entry.values)
        parent = values.get("parent")
        if isinstance(parent, str) and parent in removed and parent not in ids:
            fix = f'give that another, or none: do = "change", id = "{values["id"]}", parent = ""'
            migration.tell(removed[parent], f"'{parent}' is the parent of '{values['id']}'; {fix}")
            del values["parent"]
        checked.append(values)
        lines.update({("narrative", k, key): line for key, line in entry.lines.items()})
    file = TomlFile(migration.file.path, {}, lines)
    elsewhere = at(file.path, 1, "")  # no step stands there: of a narrative that is as it was, drawn in by another's parent
    messages = [problem for problem in check_entries(file, checked) if not problem.startswith(elsewhere)]
    migration.problems += [problem for problem in messages if problem not in migration.problems]
