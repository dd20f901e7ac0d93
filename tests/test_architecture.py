"""The shape of the code: which module may import which, and what must never be in it."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from narratives.cli import cli

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "narratives"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in PACKAGE.rglob("*.py")
}
# Bottom to top. A module imports from lower layers only; `errors` may be imported by all.
LAYERS = [
    ["narratives", "narratives.errors"],
    [
        "files",
        "lines",
        "data",
        "windows",
        "languages",
        "metrics",
        "odds",
        "similarity",
        "significance",
        "progress",
        "classifiers",
        "classifiers.network",
        "classifiers.tokens",
    ],
    ["csv_rows", "journal", "json_lines", "parquet_rows", "words"],
    [
        "records",
        "label_forms",
        "toml_file",
        "splits",
        "stances",
        "resampling",
        "thresholds",
        "calibration",
        "curves",
        "init",
        "selection",
    ],
    ["classifiers.fast", "classifiers.logistic", "classifiers.packaged"],
    ["classifiers.trie"],
    ["classifiers.ngrams"],
    ["classifiers.linear"],
    ["classifiers.tfidf", "classifiers.multilingual", "classifiers.batches", "classifiers.encoder"],
    ["classifiers.gpu"],
    ["codebook", "codebook_text", "config", "parity", "classifiers.training", "classifiers.export", "migration_steps"],
    ["migration_file", "passages", "learned", "predictions", "behaviour", "levels", "label_names", "classifiers.transformer"],
    ["label_formats"],
    ["label_formats.items", "incoming"],
    ["label_formats.ours", "label_formats.tables", "label_formats.prodigy", "label_formats.choice"],
    ["label_formats.doccano", "label_formats.answers", "decisions"],
    ["label_merge", "label_formats.label_studio", "label_formats.argilla"],
    ["label_formats.hf"],
    ["project", "reading", "review", "answers", "items", "storage", "classifiers.blend", "zero_shot"],
    ["model", "inputs", "suggestions"],
    ["parts", "spoken", "explanations"],
    ["breakdowns", "shared_tasks", "robustness"],
    ["evaluation"],
    ["check", "train", "scoring", "results", "plan", "comparison", "plots", "heatmap", "summary"],
    ["classify_part", "resume", "workers"],
    ["imports", "exports", "history", "migrate", "audit", "suggest"],
    ["evaluate", "verdict", "classify", "worker", "distributed", "pipe", "charts"],
    ["report", "challenge"],
    ["run", "score_files"],
    ["retrain"],
    ["commands", "commands.options"],
    ["commands.codebook", "commands.labels", "commands.runs", "commands.models", "commands.batch", "commands.suggest"],
    ["cli"],
    ["__main__"],
]
LAYER = {name if name.startswith("narratives") else f"narratives.{name}": k for k, names in enumerate(LAYERS) for name in names}
HEAVY = ["torch", "sklearn", "transformers", "numpy", "scipy", "datasets", "pyarrow", "onnx", "onnxruntime", "tokenizers"]


def parse(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def find_imports(tree: ast.Module) -> Iterator[str]:
    """Every module that is imported anywhere in a file, inside functions too; `from a import b` counts as a.b if it is one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else str(node.module)


def list_files() -> list[Path]:
    """What is in version control, or would be with the next commit."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a checkout: there is no list of tracked files")
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def find_text(pattern: str) -> list[str]:
    """`file:line` wherever a tracked text file matches."""
    found = []
    for path in list_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # a picture
            continue
        found += [
            f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}" for match in re.finditer(pattern, text)
        ]
    return found


def list_commands(group: click.Group, prefix: str = "narratives") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from list_commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}"


def test_every_module_stands_in_exactly_one_layer() -> None:
    named = [name for names in LAYERS for name in names]
    assert len(named) == len(set(named))
    assert set(LAYER) == set(MODULES)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_imports_from_lower_layers_only(name: str) -> None:
    ours = {imported for imported in find_imports(parse(name)) if imported.split(".")[0] == "narratives"}
    upward = sorted(other for other in ours - {"narratives.errors"} if LAYER[other] >= LAYER[name])
    assert upward == []


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_is_short_enough_to_read(name: str) -> None:
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= 250


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_says_what_it_is_for(name: str) -> None:
    assert ast.get_docstring(parse(name))


@pytest.mark.parametrize("name", sorted(MODULES))
def test_nothing_is_pickled(name: str) -> None:
    tree = parse(name)
    imported = {module.split(".")[0] for module in find_imports(tree)}
    assert imported.isdisjoint({"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"})
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert calls.isdisjoint({"torch.load", "torch.save", "np.load", "np.save", "numpy.load", "numpy.save"})
    keywords = {keyword.arg for node in ast.walk(tree) if isinstance(node, ast.Call) for keyword in node.keywords}
    assert keywords.isdisjoint({"allow_pickle", "trust_remote_code"})


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["train", "--help"], ["labels", "check", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from narratives.cli import main\n"
        f"sys.argv[1:] = {arguments!r}\n"
        "try:\n main()\n"
        "except SystemExit as end:\n assert not end.code\n"
        f"print('loaded:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"
    assert len(done.stdout.splitlines()) > 1


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    code = f"import sys, narratives.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("command", list(list_commands(cli)))
def test_every_command_is_in_the_readme(command: str) -> None:
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", list(list_commands(cli)))
def test_every_command_says_what_it_does(command: str) -> None:
    found: click.Command = cli
    for word in command.split()[1:]:
        assert isinstance(found, click.Group)
        found = found.commands[word]
    assert found.help


def test_no_file_names_a_package_registry() -> None:
    assert find_text(r"(?i)https?://(?:[\w.-]+\.)?(?:pypi\.org|pythonhosted\.org|pytorch\.org/whl|anaconda\.org)") == []
    assert find_text(r"(?i)(?:--(?:extra-)?index-url|--find-links)[ =]+https?:") == []


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    assert find_text(r"(?<![\w.~)}/])/(?:home|root|work|tmp|Users|mnt|var)/\w") == []
