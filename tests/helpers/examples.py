"""Small things to test with: a codebook, passages, a project in a folder, and what a refusal says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from narratives.cli import cli
from narratives.data import Codebook, Narrative
from narratives.errors import UserError

CODEBOOK = """\
name = "ferry"
version = "1"

[[narrative]]
id = "toll"
title = "The toll robs us"
family = "critics"
definition = "The toll takes money from people who have no other way."

[[narrative]]
id = "school"
title = "The school is sinking"
family = "critics"
definition = "The school gets worse every year."
"""
WORDS = ["market", "harbour", "winter", "engine", "letter", "garden", "pepper"]
WORDS += ["lantern", "copper", "saddle", "window", "ladder", "anchor", "basket"]


def make_codebook(*ids: str) -> Codebook:
    """A codebook with these narratives."""
    return Codebook("test", "1", tuple(Narrative(id_, f"Title of {id_}", "family", f"Claim of {id_}.") for id_ in ids))


def write_lines(path: Path, *lines: str | dict[str, Any]) -> Path:
    """Write lines of text; a dictionary becomes a line of JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("".join(line + "\n" for line in plain), encoding="utf-8", newline="\n")
    return path


def example_passages() -> list[dict[str, Any]]:
    """14 passages, each its own document: four carry one narrative, four the other, six none. No two are alike."""
    passages: list[dict[str, Any]] = []
    for k, word in enumerate(WORDS):
        carried = ("toll", "school", None)[k % 3] if k < 12 else None
        text = f"{word} {word[::-1]} {carried or 'plain'} {word[1:]}{word}"
        passages.append(
            {"id": f"p{k}", "text": text, "document": f"d{k}", "narratives": {carried: "asserts"} if carried else {}}
        )
    return passages


def write_project(root: Path) -> Path:
    """A small project that is clean, with one quick run named `base`; nothing is trained."""
    write_lines(root / "labels" / "codebook.toml", *CODEBOOK.splitlines())
    write_lines(root / "labels" / "passages.jsonl", *example_passages())
    parts = ["train"] * 6 + ["validation"] * 3 + ["test"] * 5
    write_lines(root / "labels" / "splits.csv", "document,split", *(f"d{k},{part}" for k, part in enumerate(parts)))
    config = ["[classifier]", 'name = "tfidf"', "min_df = 1", "[evaluation]", "resamples = 20"]
    write_lines(root / "experiments" / "base" / "config.toml", *config)
    return root


def snapshot(root: Path) -> dict[str, bytes | None]:
    """Every path below `root`, hidden ones included, with its bytes; `None` for a folder."""
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in sorted(root.rglob("*"))}


def problems_of(action: Callable[[], object]) -> list[str]:
    """The lines with which `action` refuses."""
    with pytest.raises(UserError) as caught:
        action()
    return list(caught.value.problems)


def invoke(root: Path, *words: str | Path) -> Result:
    """Run a command in the project at `root`."""
    return CliRunner().invoke(cli, ["--project", str(root), *map(str, words)])
