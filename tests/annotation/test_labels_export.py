"""Labels go out to other tools and come back: nothing is lost on the way."""

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from helpers.examples import CODEBOOK, invoke, make_codebook, snapshot, write_lines, write_project
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narratives.annotation.export import WRITERS
from narratives.annotation.formats.choice import find_format, read_entries
from narratives.annotation.formats.entry import Wishes
from narratives.annotation.formats.label_studio import make_interface
from narratives.annotation.incoming import parse_entries
from narratives.annotation.names import make_names
from narratives.data import Passage, Stance
from narratives.labels.codebook import read_codebook

BOOK = make_codebook("toll", "school", "the.ferry-2")
NAMES = make_names(BOOK)
ENDINGS = {"jsonl": "a.jsonl", "csv": "a.csv", "label-studio": "a.json", "hf": "a"}

CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.text(CHARACTERS, min_size=1, max_size=30).filter(lambda text: bool(text.strip()))
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(CHARACTERS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(CHARACTERS), inner, max_size=2),
    max_leaves=4,
)
KEYS = ["date", "created_at", "annotator", "labels", "answer", "extras", "passage", "stances", "toll", "rejected", "sides"]
PASSAGES = st.builds(
    Passage,
    id=PRINTABLE,
    text=TEXTS,
    narratives=st.none() | st.dictionaries(st.sampled_from(BOOK.ids), st.sampled_from([None, *Stance])),
    document=PRINTABLE,
    language=st.sampled_from(["und", "en", "ar"]),
    source=st.text(CHARACTERS, max_size=8),
    extras=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=3),
)
LISTS = st.lists(PASSAGES, min_size=1, max_size=4, unique_by=lambda passage: passage.id)


def go_round(folder: Path, form: str, passages: list[Passage]) -> list[Passage]:
    """The passages after a way out and back in; the format is found by looking."""
    path = folder / ENDINGS[form]
    WRITERS[form](path, passages, BOOK, {passage.document: "test" for passage in passages[1:]})
    parsed = parse_entries(read_entries(path, None, Wishes(NAMES)), BOOK, NAMES, [])
    assert [bad.problems for bad in parsed.bad] == []
    return [one.passage for one in parsed.good]


@pytest.mark.parametrize("form", ["jsonl", "csv", "label-studio"])
@settings(deadline=None, max_examples=60)
@given(passages=LISTS)
def test_what_goes_out_comes_back(tmp_path_factory: pytest.TempPathFactory, form: str, passages: list[Passage]) -> None:
    assert go_round(tmp_path_factory.mktemp("out"), form, passages) == passages


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(passages=LISTS)
def test_what_goes_out_as_a_dataset_comes_back(tmp_path_factory: pytest.TempPathFactory, passages: list[Passage]) -> None:
    pytest.importorskip("datasets")
    back = go_round(tmp_path_factory.mktemp("out"), "hf", passages)
    assert sorted(back, key=lambda passage: passage.id) == sorted(passages, key=lambda passage: passage.id)


@pytest.mark.parametrize("form", [form for form in WRITERS if form != "hf"])
def test_the_commands_go_round_and_change_nothing(tmp_path: Path, form: str) -> None:
    root, path = write_project(tmp_path / "project"), tmp_path / ENDINGS[form]
    assert invoke(root, "labels", "export", "--format", form, "-o", path).exit_code == 0
    assert find_format(path) == ("jsonl" if form == "jsonl" else form)
    done = invoke(root, "labels", "import", path, "--json")
    summary = json.loads(done.stdout)
    assert (done.exit_code, summary["imported"], summary["dropped"], summary["conflicts"]) == (0, 0, 14, 0)


def test_a_split_alone_can_be_written(tmp_path: Path) -> None:
    root, path = write_project(tmp_path / "project"), tmp_path / "test.jsonl"
    done = invoke(root, "labels", "export", "--format", "jsonl", "-o", path, "--split", "test")
    assert done.stdout == f"5 passages: {path}\n"
    assert [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()] == [
        "p9",
        "p10",
        "p11",
        "p12",
        "p13",
    ]


def test_a_spreadsheet_sees_labels_that_a_person_can_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    labels: list[Any] = [{"toll": Stance.REPORTS, "school": None}, {}, None]
    passages = [Passage(str(k), f"text {k}", narratives, "d") for k, narratives in enumerate(labels)]
    WRITERS["csv"](path, passages, BOOK, {})
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["narratives"] for row in rows] == ["toll:reports;school", "(none)", ""]


def test_the_labelling_interface_offers_every_narrative_with_every_stance(tmp_path: Path) -> None:
    book = read_codebook(write_lines(tmp_path / "codebook.toml", CODEBOOK.replace("toll takes", 'toll \\"takes\\" <&>')))
    root = ElementTree.fromstring(make_interface(book))
    taxonomy = root.find("Taxonomy")
    assert taxonomy is not None
    offered = {choice.get("value"): [below.get("value") for below in choice] for choice in taxonomy}
    assert offered == {"(none)": [], **{id_: [*Stance] for id_ in book.ids}}
    assert taxonomy[1].get("hint") == 'The toll robs us: The toll "takes" <&> money from people who have no other way.'


def test_an_unlabelled_passage_is_a_task_without_an_annotation(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    WRITERS["label-studio"](path, [Passage("a", "A tram.", None, "d"), Passage("b", "A ferry.", {}, "d")], BOOK, {})
    first, second = json.loads(path.read_text(encoding="utf-8"))
    assert "annotations" not in first
    assert second["annotations"][0]["result"][0]["value"] == {"taxonomy": [["(none)"]]}


def test_a_folder_that_is_no_dataset_is_not_replaced(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    done = invoke(root, "labels", "export", "--format", "hf", "-o", root / "experiments")
    assert (done.exit_code, done.stderr) == (2, f"{root / 'experiments'}: is there and no saved dataset; name a new folder\n")


@pytest.mark.parametrize(
    ("form", "name", "told"),
    [
        ("jsonl", "labels/passages.jsonl", "lies among the project's own labels; choose a path outside"),
        ("csv", "a.txt", "give it the ending .csv"),
        ("label-studio", "a.xml", "give it the ending .json"),
    ],
)
def test_a_path_that_would_do_harm_is_refused(tmp_path: Path, form: str, name: str, told: str) -> None:
    root = write_project(tmp_path / "project")
    before = snapshot(root)
    done = invoke(root, "labels", "export", "--format", form, "-o", root / name)
    assert (done.exit_code, done.stderr) == (2, f"{root / name}: {told}\n")
    assert snapshot(root) == before
