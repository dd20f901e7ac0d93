"""What a Python program finds behind `import narratives`: these names, typed, documented, and light to import."""

import doctest
import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typing_example
from helpers.door import TRAMS

import narratives

SURFACE = [
    "Answers",
    "Classifier",
    "Codebook",
    "Comparison",
    "Corpus",
    "Figure",
    "Model",
    "Narrative",
    "Part",
    "Passage",
    "Prediction",
    "Project",
    "Result",
    "SklearnClassifier",
    "Stance",
    "Suggestion",
    "UserError",
    "compare",
    "evaluate",
    "field",
    "load_model",
    "read_codebook",
    "setting",
]
HEAVY = ["numpy", "torch", "sklearn", "pyarrow", "scipy", "transformers", "click", "jinja2"]


def test_the_surface_is_frozen() -> None:
    assert narratives.__all__ == SURFACE
    assert set(SURFACE) <= set(dir(narratives))
    assert all(hasattr(narratives, name) for name in SURFACE)


def test_what_a_type_checker_sees_is_what_there_is() -> None:
    tree = Path(narratives.__file__).read_text(encoding="utf-8")
    block = tree.partition("if TYPE_CHECKING:\n")[2].partition("\n\n")[0]
    lines = [line.split() for line in block.splitlines()]
    seen = {name.strip(","): module for _, module, _, *names in lines for name in names}
    assert sorted(seen) == sorted(SURFACE)
    for name, module in seen.items():
        assert getattr(narratives, name) is getattr(sys.modules[module], name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lode_model'"):
        _ = narratives.lode_model


def test_importing_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, narratives\n"
        "narratives.__version__, dir(narratives), narratives.UserError\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", SURFACE)
def test_every_public_name_has_an_example_that_runs(name: str, trams: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trams.parent)
    public: Any = getattr(narratives, name)
    doc = inspect.getdoc(public)
    assert doc and ">>>" in doc
    place = {"narratives": narratives, "__name__": "example"}
    example = doctest.DocTestParser().get_doctest(doc, place, name, None, None)
    problems: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=problems.append)
    assert problems == []


@pytest.mark.parametrize("name", [name for name in SURFACE if inspect.isclass(getattr(narratives, name))])
def test_every_public_method_says_what_it_does(name: str) -> None:
    for key, member in vars(getattr(narratives, name)).items():
        if not key.startswith("_") and (callable(member) or isinstance(member, property)):
            assert inspect.getdoc(member), key


def test_a_program_that_uses_it_all_runs(trams: Path) -> None:
    told = typing_example.use_everything(str(trams))
    assert told["best"] in TRAMS and told["raised"] <= set(TRAMS)
    assert told["same"]
    assert told["verdict"] in ("better", "equivalent", "no clear difference", "too thin to tell")
    assert told["refusal"].endswith(
        "no run 'no such run'; known: tfidf, transformer; to start another, copy the folder of one and edit its config.toml"
    )
    assert len(told["suggested"]) == 3 and all(told["suggested"])
    assert told["drawn"][:3] == (4, 5, None)
    assert told["drawn"][3].startswith("sample 'monday' has no periods")
    assert told["page"].is_file()
    assert json.loads((trams / "report" / "evaluation.json").read_text(encoding="utf-8"))["run"] == "answers"
