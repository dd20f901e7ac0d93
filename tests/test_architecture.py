"""The shape of the code: which room may import which, and what must never be in it."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from narratives.cli import cli

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "narratives"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in PACKAGE.rglob("*.py")
}
# The house, from the roof down. A room imports from lower floors only; rooms of one floor do not know each other.
FLOORS = [
    ["cli"],
    ["commands", "door", "testing"],
    ["serve"],
    ["migration", "field"],
    ["annotation", "runs"],
    ["batch", "report"],
    ["models", "project", "evaluation"],
    ["classifiers", "labels"],
    ["files", "texts", "metrics"],
]
GROUND = ["errors", "data", "progress"]  # everybody may stand on it
HEIGHT = {room: -height for height, rooms in enumerate(FLOORS) for room in rooms} | {room: -len(FLOORS) for room in GROUND}
HEAVY = [
    "torch",
    "sklearn",
    "transformers",
    "numpy",
    "scipy",
    "datasets",
    "pyarrow",
    "duckdb",
    "onnx",
    "onnxruntime",
    "tokenizers",
]


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


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def find_crossings(name: str) -> list[str]:
    """The modules of other rooms that a module imports; the ground is no room."""
    ours = {imported for imported in find_imports(parse(name)) if imported.split(".")[0] == "narratives"}
    return sorted(other for other in ours if room_of(other) not in ("", room_of(name), *GROUND))


def test_every_module_stands_in_a_room() -> None:
    assert {room_of(name) for name in MODULES} == {"", "__main__", *HEIGHT}


@pytest.mark.parametrize("name", sorted(MODULES.keys() - {"narratives", "narratives.__main__"}))
def test_a_module_imports_from_lower_floors_only(name: str) -> None:
    assert [other for other in find_crossings(name) if HEIGHT[room_of(other)] >= HEIGHT[room_of(name)]] == []


@pytest.mark.parametrize("name", sorted(MODULES.keys() - {"narratives", "narratives.__main__", "narratives.cli"}))
def test_a_room_is_entered_by_its_door(name: str) -> None:
    # What a room has for others stands in its `__init__`; behind it, it may be rebuilt at will.
    assert [other for other in find_crossings(name) if other.count(".") > 1] == []


def test_a_door_shows_what_others_use_and_no_more() -> None:
    used: dict[str, set[str]] = {room: set() for room in HEIGHT}
    for name in MODULES:
        for node in ast.walk(parse(name)):
            if isinstance(node, ast.ImportFrom) and node.module in MODULES and room_of(node.module) not in ("", room_of(name)):
                used[room_of(node.module)] |= {alias.name for alias in node.names}
    for room in set(HEIGHT) - {*GROUND, "cli", "commands", "testing"}:
        shown = import_module(f"narratives.{room}").__all__
        assert set(shown) == used[room], room


def test_few_lines_cross_from_room_to_room() -> None:
    pairs = [(name, other) for name in MODULES for other in find_crossings(name)]
    assert len(pairs) <= 1.25 * len(MODULES)  # before there were rooms: 5.6
    assert len({(room_of(name), room_of(other)) for name, other in pairs if room_of(name) in HEIGHT}) <= 90


@pytest.mark.parametrize("name", sorted(MODULES))
def test_functions_are_short_and_take_few_parameters(name: str) -> None:
    for node in ast.walk(parse(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, node.name
            given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            if room_of(name) != "commands":
                assert len([a for a in given if a.arg not in ("self", "cls")]) <= 8, node.name


@pytest.mark.parametrize("folder", sorted({path.parent for path in PACKAGE.rglob("*.py")}))
def test_every_folder_opens_with_a_sentence(folder: Path) -> None:
    doc = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    assert doc and doc.split("\n")[0].endswith(".")


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
    keywords = [keyword for node in ast.walk(tree) if isinstance(node, ast.Call) for keyword in node.keywords]
    allowed = {keyword.arg for keyword in keywords if ast.unparse(keyword.value) != "False"}
    assert allowed.isdisjoint({"allow_pickle", "trust_remote_code"})


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
