"""Tables as other programs take them: HTML for a notebook, a data frame for pandas."""

from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import escape


def to_html(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table for a notebook; every cell is escaped."""

    def line(cells: Iterable[object], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f"<table><caption>{escape(caption)}</caption>{line(head, 'th')}{body}</table>"


def to_frame(table: Any, index: str) -> Any:
    """A `pyarrow.Table` as a `pandas.DataFrame` with the column `index` as its index; `ImportError` without pandas."""
    try:
        import pandas  # noqa: F401
    except ImportError:
        raise ImportError("to_pandas needs the package pandas: pip install pandas; to_arrow needs nothing more") from None
    return table.to_pandas().set_index(index)
