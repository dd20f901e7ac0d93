"""Labelled passages: what a line may hold, and everything that is wrong with all files in one go."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.examples import make_codebook, problems_of, write_lines

from narratives.data import Codebook, Narrative, Passage, Place, Stance
from narratives.labels.passages import digest_passages, gold_matrix, parse_passage, read_passages

CODEBOOK = make_codebook("toll", "school", "flood")
BAD = [
    ({"text": "a"}, "no 'id'; add it; known: text"),
    ({"id": "1", "txt": "a"}, "no 'text'; add it; did you mean 'txt'?"),
    ({"id": 1, "text": "a"}, "'id' must be a text in quotes, not 1"),
    ({"id": None, "text": "a"}, "'id' must be a text in quotes, not null"),
    ({"id": " ", "text": "a"}, "'id' is empty; fill it in or delete the line"),
    ({"id": "1", "text": ""}, "'text' is empty; fill it in or delete the line"),
    ({"id": "1", "text": " \n"}, "'text' is empty; fill it in or delete the line"),
    ({"id": "1", "text": ["a"]}, "'text' must be a text in quotes, not [\"a\"]"),
    ({"id": "1", "text": "a", "document": 7}, "'document' must be a text in quotes, not 7"),
    ({"id": "1", "text": "a", "language": ["en"]}, "'language' must be a text in quotes, not [\"en\"]"),
    ({"id": "1", "text": "a", "source": False}, "'source' must be a text in quotes, not false"),
    ({"id": "1", "text": "a", "narratives": "toll"}, "'narratives' must be an object or a list of ids, not \"toll\""),
    ({"id": "1", "text": "a", "narratives": 3}, "'narratives' must be an object or a list of ids, not 3"),
    ({"id": "1", "text": "a", "narratives": {"tol": None}}, "unknown narrative 'tol'; did you mean 'toll'?"),
    ({"id": "1", "text": "a", "narratives": ["x"]}, "unknown narrative 'x'; known: toll, school, flood"),
    ({"id": "1", "text": "a", "narratives": [["toll"]]}, "unknown narrative '[\"toll\"]'; did you mean 'toll'?"),
    ({"id": "1", "text": "a", "narratives": ["toll", "toll"]}, "'narratives' names a narrative twice; keep one"),
    (
        {"id": "1", "text": "a", "narratives": {"toll": "assert"}},
        "'toll': stance \"assert\" is not known; use asserts, reports, rebuts or null",
    ),
    (
        {"id": "1", "text": "a", "narratives": {"toll": 1}},
        "'toll': stance 1 is not known; use asserts, reports, rebuts or null",
    ),
    (
        {"id": "1", "text": "a", "narratives": {"toll": {"stance": "asserts"}}},
        '\'toll\': stance {"stance": "asserts"} is not known; use asserts, reports, rebuts or null',
    ),
    ('{"id": "1", "text": "a"', "broken JSON: Expecting ',' delimiter at column 24"),
    ("[]", 'each line must be an object such as {"id": "1", "text": "..."}'),
]


def read_one(folder: Path, values: dict[str, Any]) -> Passage:
    write_lines(folder / "passages.jsonl", {"id": "p1", "text": "a text", **values})
    [passage] = read_passages(folder, CODEBOOK)
    return passage


def test_every_field_is_read(tmp_path: Path) -> None:
    labels = {"toll": "asserts", "school": "reports", "flood": None}
    fields = {"narratives": labels, "document": "d1", "language": "en", "source": "wire"}
    assert read_one(tmp_path, fields) == Passage(
        id="p1",
        text="a text",
        narratives={"toll": Stance.ASSERTS, "school": Stance.REPORTS, "flood": None},
        document="d1",
        language="en",
        source="wire",
    )


def test_a_list_of_ids_means_that_the_stance_is_not_known(tmp_path: Path) -> None:
    assert read_one(tmp_path, {"narratives": ["flood", "toll"]}).narratives == {"flood": None, "toll": None}


@pytest.mark.parametrize("values", [{}, {"narratives": None}])
def test_without_narratives_a_passage_is_not_labelled(tmp_path: Path, values: dict[str, Any]) -> None:
    assert read_one(tmp_path, values).narratives is None


@pytest.mark.parametrize("nothing", [{}, []])
def test_empty_narratives_mean_that_it_carries_none(tmp_path: Path, nothing: object) -> None:
    assert read_one(tmp_path, {"narratives": nothing}).narratives == {}


@pytest.mark.parametrize("values", [{}, {"document": ""}, {"document": None}])
def test_a_passage_without_a_document_stands_alone(tmp_path: Path, values: dict[str, Any]) -> None:
    assert read_one(tmp_path, values).document == "p1"


def test_language_and_source_may_be_missing(tmp_path: Path) -> None:
    passage = read_one(tmp_path, {})
    assert (passage.language, passage.source) == ("und", "")


def test_fields_of_ones_own_are_kept(tmp_path: Path) -> None:
    assert read_one(tmp_path, {"date": "2024-03", "votes": [1, 2]}).extras == {"date": "2024-03", "votes": [1, 2]}


def test_all_jsonl_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl"):
        write_lines(tmp_path / name, {"id": f"{name}-1", "text": "x"}, "", {"id": f"{name}-2", "text": "y"})
    write_lines(tmp_path / "notes.txt", "not a passage")
    passages = read_passages(tmp_path, CODEBOOK)
    assert [(passage.id, str(passage.place)) for passage in passages] == [
        ("a.jsonl-1", f"{tmp_path / 'a.jsonl'}:1"),
        ("a.jsonl-2", f"{tmp_path / 'a.jsonl'}:3"),
        ("b.jsonl-1", f"{tmp_path / 'b.jsonl'}:1"),
        ("b.jsonl-2", f"{tmp_path / 'b.jsonl'}:3"),
    ]


@pytest.mark.parametrize(("line", "problem"), BAD, ids=[problem for _, problem in BAD])
def test_a_bad_passage_is_one_line_with_its_place(tmp_path: Path, line: str | dict[str, Any], problem: str) -> None:
    path = write_lines(tmp_path / "a.jsonl", {"id": "good", "text": "a"}, line)
    assert problems_of(lambda: read_passages(tmp_path, CODEBOOK)) == [f"{path}:2: {problem}"]


def test_all_problems_of_one_passage_are_told(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", {"text": "", "narratives": {"tol": "asserts", "shool": None, "toll": "denies"}})
    assert problems_of(lambda: read_passages(tmp_path, CODEBOOK)) == [
        f"{path}:1: no 'id'; add it; known: text, narratives",
        f"{path}:1: 'text' is empty; fill it in or delete the line",
        f"{path}:1: unknown narrative 'tol'; did you mean 'toll'?",
        f"{path}:1: unknown narrative 'shool'; did you mean 'school'?",
        f"{path}:1: 'toll': stance \"denies\" is not known; use asserts, reports, rebuts or null",
    ]


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    a = write_lines(tmp_path / "a.jsonl", {"id": "1", "text": "x"}, "{", {"id": "2", "text": ""})
    b = tmp_path / "b.jsonl"
    b.write_bytes(b'{"id": "1", "text": "x"}\n{"id": "caf\xe9"}\n')
    c = write_lines(tmp_path / "c.jsonl", {"id": "2", "text": "x"})
    (tmp_path / "d.jsonl").mkdir()
    problems = problems_of(lambda: read_passages(tmp_path, CODEBOOK))
    assert problems[0].startswith(f"{a}:2: broken JSON: ")
    assert problems[1:] == [
        f"{a}:3: 'text' is empty; fill it in or delete the line",
        f"{b}:1: id '1' was used at {a}:1; ids must be unique",
        f"{b}:2: byte 0xe9 is not UTF-8; save the file as UTF-8",
        f"{c}:1: id '2' was used at {a}:3; ids must be unique",
        f"{tmp_path / 'd.jsonl'}: this is a folder; name a file in it",
    ]


def test_a_folder_without_passages_is_told(tmp_path: Path) -> None:
    problem = f"{tmp_path}: no passages; write them to passages.jsonl, one JSON object a line"
    assert problems_of(lambda: read_passages(tmp_path, CODEBOOK)) == [problem]


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"], ids=["empty", "blank", "byte-order mark"])
def test_a_file_without_passages_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.jsonl").write_text(content, encoding="utf-8")
    problem = f"{tmp_path / 'a.jsonl'}: no passages in it; write one JSON object a line"
    assert problems_of(lambda: read_passages(tmp_path, CODEBOOK)) == [problem]


def test_a_byte_order_mark_and_crlf_are_accepted(tmp_path: Path) -> None:
    lines = [json.dumps({"id": id_, "text": "é"}, ensure_ascii=False) for id_ in "12"]
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    assert [(passage.id, passage.text) for passage in read_passages(tmp_path, CODEBOOK)] == [("1", "é"), ("2", "é")]


def test_the_gold_follows_the_codebook_whatever_the_passages_hold(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "a.jsonl",
        {"id": "1", "text": "a", "narratives": {"flood": None, "toll": "rebuts"}},
        {"id": "2", "text": "b", "narratives": {}},
        {"id": "3", "text": "c"},
    )
    gold = gold_matrix(read_passages(tmp_path, CODEBOOK), CODEBOOK.ids)
    assert np.array_equal(gold, [[True, False, True], [False, False, False], [False, False, False]])


def test_the_digest_of_passages_ignores_their_order_and_sees_their_labels(tmp_path: Path) -> None:
    first = {"id": "1", "text": "a", "narratives": {"toll": "asserts"}}
    second = {"id": "2", "text": "b", "narratives": {}}

    def digest(*lines: dict[str, Any]) -> str:
        write_lines(tmp_path / "a.jsonl", *lines)
        return digest_passages(read_passages(tmp_path, CODEBOOK))

    assert digest(first, second) == digest(second, first)
    assert digest(first, second) != digest({**first, "narratives": {"toll": "rebuts"}}, second)
    assert digest(first, second) != digest(first, {"id": "2", "text": "b"})


def test_a_document_with_a_line_end_is_refused_before_it_reaches_the_splits_file(tmp_path: Path) -> None:
    problems: list[str] = []
    codebook = Codebook("c", "1", (Narrative("n", "N", "f", "d"),))
    parse_passage({"id": "p", "text": "t", "document": "a\rb"}, codebook, Place(Path("f"), 1), problems)
    assert problems == ["f:1: 'document' holds a line end or another control character; take it out"]


@pytest.mark.parametrize(("key", "meant"), [("narrative", "narratives"), ("documnet", "document"), ("Language", "language")])
def test_a_misspelt_key_is_told_since_its_labels_would_be_lost(tmp_path: Path, key: str, meant: str) -> None:
    problems: list[str] = []
    codebook = Codebook("c", "1", (Narrative("n", "N", "f", "d"),))
    parse_passage({"id": "p", "text": "t", key: None}, codebook, Place(Path("f"), 1), problems)
    assert problems == [f"f:1: unknown key '{key}'; did you mean '{meant}'?"]
