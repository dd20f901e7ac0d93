"""Files of labelling tools: each is known by its content, and says of each text what its annotators said."""

from pathlib import Path
from typing import Any

import pytest
from helpers.examples import make_codebook, problems_of, write_lines
from helpers.labelled import CODEBOOK, NAMES, read

from narratives.annotation.export import WRITERS
from narratives.annotation.formats.choice import FORMATS, find_format, read_entries
from narratives.annotation.formats.entry import Wishes
from narratives.annotation.names import make_names
from narratives.commands.labels import export, import_command
from narratives.data import Codebook, Narrative

SAMPLES = Path(__file__).parents[1] / "data" / "imports"
TASKS: dict[str, Any] = {
    "The tram toll takes the last coin of the night shift.": [{"toll": "asserts"}],
    "Ferry boats left at nine.": [{}, {}],
    "Two readers of the harbour paper differ about this one.": [{"toll": "reports"}, {"school": None}],
    "Changed my mind on the ferry school line.": [{"school": "rebuts", "toll": None}],
    "Nobody has read about the tram yet.": [None],
    "A cancelled look at the ferry.": [None],
    "The truth was marked for the tram lesson.": [{"school": None}],
}
MINIMAL: dict[str, Any] = {text: labels for text, labels in TASKS.items() if "cancelled" not in text}
MINIMAL["The truth was marked for the tram lesson."] = [{"school": None}, {"toll": None}]
CHOICES: dict[str, Any] = {
    "Angry words about the ferry toll.": [{"toll": None}],
    "Two claims on one tram.": [{"toll": None, "school": "reports"}],
    "One by one about lessons.": [{"school": "asserts"}],
    "Empty but submitted ferry.": [{}],
}
DOCCANO: dict[str, Any] = {
    "The toll on the tram robs the poor.": [{"toll": None}],
    "Ferry school once more, with feeling.": [{"school": "reports", "toll": None}],
    "The boat was late.": [{}],
    "Not opened yet: the tram.": [None],
}
EXPECTED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "label_studio.json": ("label-studio", {}, TASKS),
    "label_studio_min.json": ("label-studio", {}, MINIMAL),
    "label_studio.csv": ("label-studio", {}, MINIMAL),
    "label_studio_choices.json": ("label-studio", {"text": "body", "labels": ("claims", "school")}, CHOICES),
    "label_studio_choices_min.json": ("label-studio", {"text": "body", "labels": ("claims", "school")}, CHOICES),
    "doccano.jsonl": ("doccano", {}, DOCCANO),
    "doccano.csv": ("doccano", {}, DOCCANO),
    "prodigy_choice.jsonl": (
        "prodigy",
        {},
        {
            "The tram toll is theft, they say.": [{"toll": None}],
            "Both the tram toll and the ferry lesson.": [{"toll": None, "school": None}],
            "Nothing but a timetable for trams.": [{}],
            "Ignored by the reader of ferries.": [None],
            "Two readers, one ferry.": [{"toll": None}, {"school": None}],
        },
    ),
    "prodigy_binary.jsonl": (
        "prodigy",
        {},
        {
            "The tram toll again.": [{"toll": None}],
            "No claim about the ferry.": [{}],
            "A school on the boat, reported.": [{"school": None}],
        },
    ),
    "argilla.json": (
        "argilla",
        {},
        {
            "The ferry toll eats the wage.": [{"toll": "asserts"}],
            "Trams run on Sundays.": [{}],
            "Two readers, one tram.": [{"toll": None}, {"school": None}],
            "Never opened ferry.": [None],
        },
    ),
    "columns.csv": (
        "csv",
        {},
        {
            "The toll, on the tram": [{"toll": None}],
            "The ferry lesson is reported": [{"school": "reports"}],
            "The boat left": [{}],
            "Not read: a tram": [None],
        },
    ),
    "list.tsv": (
        "csv",
        {"text": "body", "labels": ("claims",)},
        {
            "The ferry toll rises": [{"toll": "asserts", "school": None}],
            "The boat came": [{}],
            "Not read: a boat": [None],
            "The tram robs": [{"toll": None}],
        },
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_tools_file_is_known_and_read(name: str) -> None:
    form, wishes, expected = EXPECTED[name]
    assert find_format(SAMPLES / name) == form
    found: dict[str, list[Any]] = {}
    for text, _, labels in read(SAMPLES / name, **wishes):
        found.setdefault(text, []).append(labels)
    assert found == expected


def test_every_sample_is_expected_and_every_tool_has_one() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == set(EXPECTED)
    assert {form for form, _, _ in EXPECTED.values()} | {"jsonl", "hf", "semeval"} == set(FORMATS)


def test_the_commands_offer_every_format() -> None:
    offered = [next(p for p in command.params if p.name == "form").type for command in (import_command, export)]
    assert [set(getattr(choice, "choices", ())) for choice in offered] == [set(FORMATS), set(WRITERS)]


def test_annotators_are_named() -> None:
    annotators = {by for text, by, _ in read(SAMPLES / "label_studio.json") if text.startswith("Two readers")}
    assert annotators == {"1", "b@example.org"}


def test_what_stands_beside_the_text_is_kept() -> None:
    values = next(read_entries(SAMPLES / "label_studio.json", None, Wishes(NAMES))).values
    assert {key: values[key] for key in ("id", "document", "language", "source", "date")} == {
        "id": "n1",
        "document": "nd1",
        "language": "en",
        "source": "post",
        "date": "2026",
    }


def test_a_place_is_a_line_even_in_a_list() -> None:
    places = [str(entry.place) for entry in read_entries(SAMPLES / "doccano.jsonl", None, Wishes(NAMES))]
    assert places == [f"{SAMPLES / 'doccano.jsonl'}:{line}" for line in (1, 2, 3, 4)]
    places = [str(entry.place) for entry in read_entries(SAMPLES / "argilla.json", None, Wishes(NAMES))]
    assert places[0] == f"{SAMPLES / 'argilla.json'}:2"


@pytest.mark.parametrize(
    ("name", "text"), [("doccano.jsonl", "Not opened yet: the tram."), ("columns.csv", "Not read: a tram")]
)
def test_no_label_means_none_only_where_the_user_says_so(name: str, text: str) -> None:
    assert (text, "", None) in read(SAMPLES / name)
    assert (text, "", {}) in read(SAMPLES / name, empty_is_none=True)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["id,text,toll", "1,a,1"], "no column 'school', though other narratives have one"),
        (["id,text,toll,school", "1,a,maybe,0"], "column 'toll' holds 'maybe'"),
    ],
)
def test_a_table_that_says_too_little_is_told(tmp_path: Path, lines: list[str], told: str) -> None:
    [(_, _, problem)] = read(write_lines(tmp_path / "a.csv", *lines))
    assert problem.startswith(told)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["id,text,remark", "1,a,1"], "no labels; the fields are 'id', 'text', 'remark'; name the one that holds them"),
        (["text,Code: toll Applied", "a,1"], "(where each narrative has a column: --map 'Code: toll Applied=toll')"),
        (["text,gold label", "a,toll"], "'gold label' names narratives: --label-column 'gold label'"),
        (["id,words,narratives", "1,a,toll"], "no 'text'; the fields are 'words', 'id'; name the one that holds it"),
        (
            ["id,what they wrote,label", "1,A tram at noon,toll"],
            "if 'what they wrote' holds it: --text-column 'what they wrote'",
        ),
    ],
)
def test_a_file_without_labels_or_texts_is_told_which_field_may_hold_them(tmp_path: Path, lines: list[str], told: str) -> None:
    path = write_lines(tmp_path / "a.csv", *lines)
    [problem] = problems_of(lambda: read(path))
    assert problem.startswith(f"{path}: no ") and told in problem


def test_a_narrative_that_nobody_was_asked_about_counts_as_not_carried_only_on_request(tmp_path: Path) -> None:
    line = {"text": "a tram", "label": "toll", "answer": "accept"}
    path = write_lines(tmp_path / "a.jsonl", line)
    assert read(path)[0][2].startswith("nobody was asked about school")
    assert read(path, partial=True) == [("a tram", "", {"toll": None})]


def test_older_exports_of_doccano_name_the_text_data(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "anna.jsonl", {"id": 1, "data": "a tram", "label": ["toll"]})
    assert read(path) == [("a tram", "anna", {"toll": None})]


def test_spans_are_no_labels(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", {"id": 1, "text": "a tram", "label": [[0, 1, "toll"]]})
    assert read(path)[0][2].startswith("these are spans")


def test_a_list_that_is_cut_off_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[\n{"text": "a", "narratives": ["toll"]},\n{"text": "b", "narr', encoding="utf-8")
    problems = [entry for entry in read_entries(path, None, Wishes(NAMES)) if entry.problem]
    assert [(str(entry.place), entry.problem.split(";")[0]) for entry in problems] == [
        (f"{path}:3", "broken JSON: Unterminated string starting at")
    ]


def test_what_is_no_label_file_is_told(tmp_path: Path) -> None:
    text = write_lines(tmp_path / "a.docx", "not known")
    assert problems_of(lambda: find_format(text))[0].startswith(f"{text}: no form of labels that is known")
    assert problems_of(lambda: find_format(tmp_path))[0].startswith(f"{tmp_path}: a folder, but no saved dataset")
    gone = tmp_path / "gone.json"
    assert problems_of(lambda: find_format(gone)) == [f"{gone}: no such file; check the path"]


def test_names_are_ids_titles_and_renames_with_or_without_a_stance() -> None:
    names = make_names(CODEBOOK, ["T-1=toll", "angry toll=toll:asserts", "nothing=(none)"])
    words = [
        "toll",
        "toll:rebuts",
        "The toll robs us",
        "The toll robs us:reports",
        "T-1:reports",
        "angry toll",
        "nothing",
        "tol",
    ]
    assert [names.find(word) for word in words] == [
        *["toll", "toll:rebuts", "toll", "toll:reports", "toll:reports", "toll:asserts", "(none)"],
        None,
    ]


def test_a_title_that_two_narratives_share_names_neither() -> None:
    twins = Codebook("c", "1", (Narrative("a", "Same", "f", "d"), Narrative("b", "Same", "f", "d")))
    assert make_names(twins).find("Same") is None


def test_a_rename_that_leads_nowhere_is_told() -> None:
    told = problems_of(lambda: make_names(make_codebook("toll"), ["a=tol", "toll", "b=toll:denies"]))
    assert told == [
        "--map a=tol: unknown narrative 'tol'; did you mean 'toll'?",
        "--map toll: write OLD=NEW",
        "--map b=toll:denies: unknown narrative 'toll:denies'; known: toll; a stance is one of asserts, reports, rebuts",
    ]
