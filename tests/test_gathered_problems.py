"""Many problems of one cause are one line with a count, the first places and the fix."""

from pathlib import Path

from helpers.examples import example_passages, invoke, write_lines, write_project

from narratives.errors import gather, show


def test_few_problems_stay_as_they_are() -> None:
    lines = ["a.csv:1: no 'text'", "a.csv:2: no 'text'", "a.csv:3: no 'text'", "a.csv: no such file; check the path"]
    assert gather(lines) == lines


def test_many_of_one_cause_are_one() -> None:
    lines = [f"a.csv:{line}: 'text' is empty; fill it in" for line in range(2, 79)]
    assert gather([*lines, "b.csv:1: x"]) == [
        "a.csv:2: 'text' is empty; fill it in (lines 2, 3, 4 and 74 more)",
        "b.csv:1: x",
    ]
    tasks = [f"a.json: task {number}: unknown label 'x'; or rename it: --map 'x=ID'" for number in range(5)]
    assert gather(tasks) == ["a.json: task 0: unknown label 'x'; or rename it: --map 'x=ID' (tasks 0, 1, 2 and 2 more)"]


def test_causes_that_differ_in_what_the_records_say_are_one() -> None:
    for cause in (
        "broken JSON: Unterminated string starting at column {0}",
        "'text' must be a text in quotes, not {0}",
        "id 'r{0}' stands at a.jsonl:7 with another text; give this record another id",
        "'toll': stance 'says{0}' is not known; use asserts, reports, rebuts or null",
    ):
        lines = [f"a.jsonl:{number}: {cause.format(number * number)}" for number in range(1, 1001)]
        assert gather(lines) == [f"{lines[0]} (and the like: lines 1, 2, 3 and 997 more)"]
    assert len(gather([f"a.jsonl:{k}: '{key}' must be a text, not {k}" for key in ("id", "text") for k in range(1, 9)])) == 2


def test_of_many_names_that_the_codebook_lacks_the_ten_most_frequent_are_shown() -> None:
    names = [chr(97 + number % 26) for number in range(4 * 26)] + ["z"]
    [line] = gather([f"a.csv:{number}: unknown label '{name}'; or rename it" for number, name in enumerate(names, 2)])
    assert line.startswith("a.csv:2: 105 labels use 26 names that the codebook lacks: 'z' (5), 'a' (4), ")
    assert "'i' (4) and 16 more; rename each: --map OLD=ID (lines 2, 3, 4 and 102 more)" in line


def test_names_that_the_codebook_lacks_are_one_cause() -> None:
    lines = [f"a.csv:{line}: unknown label '{'ab'[line % 2]}'; or rename it: --map 'a=ID'" for line in range(2, 7)]
    assert gather(lines) == [
        "a.csv:2: 5 labels use 2 names that the codebook lacks: 'a' (3), 'b' (2); rename each: --map OLD=ID "
        "(lines 2, 3, 4 and 2 more)"
    ]


def test_names_that_are_near_are_told_beside_those_that_they_are_near(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    lines = [{"id": str(k), "text": f"text {k}", "narratives": {name: None}} for k, name in enumerate(("TOLL", "School") * 4)]
    write_lines(root / "labels" / "more.jsonl", *lines)
    told, *_ = invoke(root, "labels", "check").stderr.splitlines()
    assert "'TOLL' (4, did you mean 'toll'?), 'School' (4, did you mean 'school'?); correct them, " in told


def test_examples_that_a_new_codebook_does_not_know_are_told_in_one_line(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    book = root / "labels" / "codebook.toml"
    book.write_text(book.read_text().replace('id = "toll"', 'id = "fare"').replace('id = "school"', 'id = "class"'))
    assert len([p for p in example_passages() if p["narratives"]]) == 8
    told = invoke(root, "labels", "check").stderr.splitlines()
    assert told[0].startswith(
        f"{root / 'labels' / 'passages.jsonl'}:1: 8 labels use 2 names that the codebook lacks: 'toll' (4)"
    )
    assert "delete these lines if they are the examples" in told[0]
    write_lines(root / "labels" / "passages.jsonl", *[{"id": "1", "text": "a"}] * 2)
    assert len(invoke(root, "labels", "check").stderr.splitlines()) == 1


def test_signs_that_nobody_sees_are_shown() -> None:
    assert show("a\u00a0b\n") == "a\\xa0b\\n"
    assert show("a b") == "a b"
