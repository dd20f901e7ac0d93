"""Which records a JSON value holds: programs write them as a list, in an object, keyed by id, or column by column."""

from typing import Any

from narratives.files.lines import SpoiltFile
from narratives.files.split_names import find_split

_TASKS = ("data", "fields")  # what labelling tools call the object that holds the text of a task
_TEXTS = ("text", "full_text", "content", "content_text", "body", "message")  # by which a list of texts is known among others


def list_records(value: Any) -> list[Any]:
    """The records in a JSON value; `SpoiltFile` where several lists may be meant.

    They are those of a list; of the list of objects in an object (`{"messages": [...]}`), or of one for each split
    (`{"train": [...], "test": [...]}`), with the split as a field; the values of an object whose values are all objects,
    keyed by id; the rows of a table that was written column by column. Anything else is a record itself.
    """
    if isinstance(value, list):
        return [to_record(item) for item in value]
    if not isinstance(value, dict) or isinstance(value.get("text"), str) or any(isinstance(value.get(k), dict) for k in _TASKS):
        return [value]
    if rows := _turn(value):
        return rows
    if _is_keyed(value):
        return [{"id": key, **inner} for key, inner in value.items()]
    lists = {key: inner for key, inner in value.items() if isinstance(inner, list) and inner and isinstance(inner[0], dict)}
    if len(lists) < 2:
        return next(iter(lists.values()), [value])
    if all(map(find_split, lists)):
        return [{"split": key, **record} for key, inner in lists.items() for record in inner]
    texts = [key for key, inner in lists.items() if any(isinstance(inner[0].get(name), str | list) for name in _TEXTS)]
    if len(texts) == 1:
        return lists[texts[0]]
    names, longest = ", ".join(f"'{key}'" for key in lists), max(lists, key=lambda key: len(lists[key]))
    raise SpoiltFile(f"it holds several lists ({names}); write the records of one into a file: jq -c '.{longest}[]'")


def to_record(value: Any) -> Any:
    """A text in a list of texts as a record; all else as it is."""
    return {"text": value} if isinstance(value, str) else value


def _is_keyed(value: dict[str, Any]) -> bool:
    """Whether an object holds nothing but objects that are alike: records, keyed by their ids."""
    inner = list(value.values())
    if len(inner) < 1 or not all(isinstance(record, dict) and record for record in inner):
        return False
    shared = set(inner[0]).intersection(*inner[1:])
    return bool(shared) and any(isinstance(record.get(key), str) for record in inner for key in shared)


def _turn(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table as pandas writes it: columns of cells in order, or keyed by row number; else none."""
    columns = list(value.values())
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        rows = value["data"]
        whole = all(isinstance(row, list) and len(row) == len(value["columns"]) for row in rows)
        return [dict(zip(map(str, value["columns"]), row, strict=True)) for row in rows] if whole else []
    if len(columns) < 2:
        return []
    if all(isinstance(column, dict) and column and column.keys() == columns[0].keys() for column in columns):
        numbers = list(columns[0])
        return [{name: value[name][k] for name in value} for k in numbers] if all(map(str.isdigit, numbers)) else []
    if all(isinstance(column, list) and column and len(column) == len(columns[0]) for column in columns):
        flat = not any(isinstance(cell, dict) for column in columns for cell in column)
        texts = any(all(isinstance(cell, str) for cell in column) for column in columns)
        return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)] if flat and texts else []
    return []
