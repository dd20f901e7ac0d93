"""Gold labels and predictions in the form in which SemEval-2025 Task 10 gives them; ids that programs wrote differently."""

import json
from pathlib import Path

from helpers.examples import invoke, problems_of, write_lines

from narratives.data import Codebook, Narrative
from narratives.labels.semeval import is_semeval, read_semeval

BOOK = """\
name = "task"
version = "1"

[[narrative]]
id = "west"
title = "Discrediting the West, Diplomacy"
family = "war"
definition = "The West is weak."

[[narrative]]
id = "indifferent"
title = "The West does not care about Ukraine, only about its interests"
family = "war"
definition = "It does not care."
parent = "west"
"""
WEST = "URW: Discrediting the West, Diplomacy"
LINES = [
    f"EN_1.txt\t{WEST}\t{WEST}: The West does not care about Ukraine, only about its interests",
    "EN_2.txt\tOther\tOther",
    f"EN_3.txt\t{WEST};{WEST}\t{WEST}: Other",
]


def test_the_tasks_own_files_are_scored(tmp_path: Path) -> None:
    book = write_lines(tmp_path / "codebook.toml", *BOOK.splitlines())
    gold, other = write_lines(tmp_path / "gold.txt", *LINES), write_lines(tmp_path / "other.txt", *reversed(LINES))
    options = ("--codebook", book, "-o", tmp_path / "out", "--task", "semeval2025-task10")
    done = invoke(tmp_path, "score", gold, other, *options)
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))["shared_tasks"]
    assert figures["semeval2025-task10"]["f1_samples_fine"] == 1.0


def test_other_says_none_and_the_narrative_itself_below_it(tmp_path: Path) -> None:
    book = Codebook("c", "1", (Narrative("west", "Discrediting the West, Diplomacy", "f", "d"),))
    path = write_lines(tmp_path / "a.txt", *LINES[1:], "EN_4.txt\tURW: Boats\tURW: Boats: Other")
    assert is_semeval(path)
    found = list(read_semeval(path, book))
    assert [getattr(one, "values", None) for one in found[:2]] == [
        {"id": "EN_2.txt", "narratives": []},
        {"id": "EN_3.txt", "narratives": ["west"]},
    ]
    assert getattr(found[2], "reason", "").startswith("unknown label 'URW: Boats'")


def test_a_text_that_only_looks_like_a_table_is_none_of_the_task(tmp_path: Path) -> None:
    assert not is_semeval(write_lines(tmp_path / "a.txt", "a text", "and another\twith a tab"))
    path = write_lines(tmp_path / "b.txt", LINES[0], *["x"] * 6)
    assert not is_semeval(path)
    late = write_lines(tmp_path / "c.txt", *LINES * 2, "EN_9.txt\tOther")
    assert problems_of(lambda: list(read_semeval(late, Codebook("c", "1", ()))))[-1].startswith(f"{late}:7: 2 fields")


def test_whole_numbers_are_ids_and_ids_that_were_written_differently_are_told(tmp_path: Path) -> None:
    book = write_lines(tmp_path / "codebook.toml", *BOOK.splitlines())
    gold = write_lines(tmp_path / "g.jsonl", {"id": 1, "narratives": ["west"]}, {"id": 2.0, "narratives": []})
    same = write_lines(tmp_path / "p.csv", "id,narratives", "1,west", "2,")
    options = ("--codebook", book, "-o", tmp_path / "out")
    assert invoke(tmp_path, "score", gold, same, *options).exit_code == 0
    floats = write_lines(tmp_path / "f.csv", "id,narratives", "1.0,west", "2.0,")
    told = invoke(tmp_path, "score", gold, floats, *options).stderr
    assert told == f"{floats}: ids read '1.0' here and '1' in the gold (2 of them); write them alike\n"
