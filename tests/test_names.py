"""Names in the package are nouns that say what they hold."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "narratives"
PRONOUNS = {"found", "known", "told", "here", "one"}  # of whatever they hold they say nothing


def find_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and the name of every variable, parameter, field, attribute, import's alias, function and class."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler) and node.name:
            yield node.lineno, node.name
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname


def find_pronouns(text: str) -> list[int]:
    """The lines on which something is called by a pronoun, whatever its case and with or without leading underscores."""
    return sorted(line for line, name in find_names(ast.parse(text)) if name.strip("_").lower() in PRONOUNS)


def test_no_name_of_the_package_is_a_pronoun() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 100
    assert [f"{file.relative_to(PACKAGE)}:{line}" for file in files for line in find_pronouns(file.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "text",
    [
        "found = 1",
        "for _, one in pairs: pass",
        "def f(known): pass",
        "lambda told: 0",
        "class C:\n    here: int",
        "self._known = 1",
        "def found(): pass",
        "if (found := g()): pass",
        "import a as here",
    ],
)
def test_a_pronoun_is_noticed_wherever_a_name_is_given(text: str) -> None:
    assert find_pronouns(text)


def test_a_noun_may_hold_a_pronoun() -> None:
    assert find_pronouns("known_keys, founder, Zone = 1, 2, 3\nprint(one, known.found)") == []
