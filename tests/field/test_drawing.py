"""A sample of a feed: by lot, with known probabilities, written down before anybody reads, without the model's answers."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import invoke, problems_of, snapshot, write_lines
from helpers.fields import make_rows, read_tasks, start_field, write_answers, write_feed
from hypothesis import given
from hypothesis import strategies as st

from narratives.annotation.waiting import make_answer, to_task
from narratives.annotation.waiting import read_tasks as read_tasks_of_page
from narratives.field.design import Design, allocate, find_probabilities
from narratives.field.drawing import describe_sample, draw
from narratives.field.sample import digest_ids, read_sample
from narratives.labels.codebook import read_codebook
from narratives.project import Project


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@given(st.lists(st.integers(1, 400), min_size=1, max_size=12), st.integers(1, 500), st.floats(0, 0.999))
def test_a_proportional_sample_leaves_no_stratum_off_its_share_by_a_whole_text(sizes: list[int], n: int, start: float) -> None:
    drawn = allocate(sizes, n, False, start)
    assert sum(drawn) == min(n, sum(sizes))
    if n < sum(sizes):
        assert all(abs(take - n * size / sum(sizes)) < 1 + 1e-6 for size, take in zip(sizes, drawn, strict=True))
        assert set(find_probabilities(sizes, drawn, False)) == {sum(drawn) / sum(sizes)}


@given(st.lists(st.integers(1, 400), min_size=1, max_size=12), st.integers(1, 500))
def test_an_equal_sample_takes_from_no_stratum_more_than_from_a_larger_one(sizes: list[int], n: int) -> None:
    drawn = allocate(sizes, n, True, 0.0)
    assert sum(drawn) == min(n, sum(sizes))
    assert all(take <= size for take, size in zip(drawn, sizes, strict=True))
    assert all(drawn[a] <= drawn[b] + 1 for a in range(len(sizes)) for b in range(len(sizes)) if sizes[a] <= sizes[b])


def test_the_same_sample_is_drawn_from_answers_in_any_format(tmp_path: Path) -> None:
    digests = set()
    for form in ("parquet", "jsonl", "csv"):
        project, feed, answers = start_field(tmp_path / form, form=form)
        sample = draw(project, answers, feed, Design(n=40, by=("month", "source"), precision=5, seed=3, name="may"))
        digests.add(sample.digest)
        assert [text.raised for text in sample.texts if "toll" in text.draws] == [{"toll": "reports"}] * 5
    assert len(digests) == 1


def test_another_seed_draws_others(tmp_path: Path) -> None:
    project, feed, answers = start_field(tmp_path)
    one, other = (draw(project, answers, feed, Design(n=40, seed=seed, name=f"s{seed}")) for seed in (0, 1))
    assert {text.id for text in one.texts} != {text.id for text in other.texts}


def test_probabilities_add_up_to_the_feed(tmp_path: Path) -> None:
    project, feed, answers = start_field(tmp_path)
    sample = draw(project, answers, feed, Design(n=60, by=("month", "source"), precision=10, name="may"))
    assert sum(1 / text.draws["lot"] for text in sample.texts if "lot" in text.draws) == pytest.approx(600)
    assert len([text for text in sample.texts if "lot" in text.draws]) == 60
    assert all(0 < text.probability <= 1 for text in sample.texts)


def test_readers_see_no_answer_of_the_model(tmp_path: Path) -> None:
    project, feed, answers = start_field(tmp_path)
    for name in ("tasks.json", "tasks.csv", "tasks.jsonl"):
        draw(project, answers, feed, Design(n=30, precision=3, name=name), output=tmp_path / name)
        text = (tmp_path / name).read_text(encoding="utf-8-sig")
        assert "score" not in text and "reports" not in text and "0.9" not in text and "probability" not in text
    assert "prediction" not in (tmp_path / "tasks.json").read_text(encoding="utf-8")


def test_seed_and_ids_with_their_digest_are_written_down(tmp_path: Path) -> None:
    project, feed, answers = start_field(tmp_path)
    sample = draw(project, answers, feed, Design(n=30, seed=7, name="may"))
    plan = json.loads((project / "labels" / "field" / "may" / "plan.json").read_text(encoding="utf-8"))
    ids = [row["id"] for row in read_lines(project / "labels" / "field" / "may" / "sample.jsonl")]
    assert plan["design"]["seed"] == 7
    assert plan["digest"] == digest_ids(ids) == sample.digest
    assert read_sample(Project(project)).texts == sample.texts


def test_a_sample_that_was_altered_is_refused(tmp_path: Path) -> None:
    project, feed, answers = start_field(tmp_path)
    draw(project, answers, feed, Design(n=30, name="may"))
    path = project / "labels" / "field" / "may" / "sample.jsonl"
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]), encoding="utf-8")
    [problem] = problems_of(lambda: read_sample(Project(project)))
    assert "other texts than were drawn" in problem


@pytest.mark.parametrize("name", ["tasks.json", "tasks.csv", "tasks.jsonl"])
def test_what_was_read_comes_back_into_a_set_of_its_own(name: str, tmp_path: Path) -> None:
    project, feed, answers = start_field(tmp_path)
    draw(project, answers, feed, Design(n=30, name="may"), output=tmp_path / name)
    back = tmp_path / f"read-{name}"
    if name.endswith(".json"):
        read_tasks(tmp_path / name, back, note="is this history?")
    elif name.endswith(".csv"):
        with (tmp_path / name).open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        rows[0]["note"] = "is this history?"
        with back.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(
                {**row, "by": "anna", "narratives": "toll:reports" if "robbed" in row["text"] else "(none)"} for row in rows
            )
    else:
        rows = read_lines(tmp_path / name)
        found = [{"toll": "reports"} if "robbed" in row["text"] else {} for row in rows]
        lines = [{**row, "by": "anna", "narratives": labels} for row, labels in zip(rows, found, strict=True)]
        lines[0]["note"] = "is this history?"
        back.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    before = snapshot(project / "labels")
    result = invoke(project, "labels", "import", back)
    assert result.exit_code == 0, result.output
    assert "field sample 'may': 30 new" in result.output
    changed = {key for key, value in snapshot(project / "labels").items() if before.get(key) != value}
    assert changed == {"field/may/labels.jsonl"}
    labels = read_lines(project / "labels" / "field" / "may" / "labels.jsonl")
    assert {row["by"] for row in labels} == {"anna"}
    assert [row["note"] for row in labels if "note" in row] == ["is this history?"]
    assert len(labels) == 30 and any(row["narratives"] for row in labels)


def test_labels_of_an_unknown_sample_never_become_passages(tmp_path: Path) -> None:
    project, feed, answers = start_field(tmp_path)
    draw(project, answers, feed, Design(n=30, name="may"), output=tmp_path / "tasks.json")
    back = read_tasks(tmp_path / "tasks.json", tmp_path / "read.json")
    back.write_text(back.read_text(encoding="utf-8").replace('"may"', '"mai"'), encoding="utf-8")
    before = snapshot(project)
    result = invoke(project, "labels", "import", back)
    assert result.exit_code == 2
    assert "which this project does not have; did you mean 'may'?" in result.output
    assert snapshot(project) == before


def test_whole_documents_come_whole(tmp_path: Path) -> None:
    project, feed, answers = start_field(tmp_path)
    sample = draw(project, answers, feed, Design(n=40, whole="document", name="may"))
    units = {text.unit for text in sample.texts}
    assert len(units) == 10 and len(sample.texts) == 40
    assert all(sum(text.unit == unit for text in sample.texts) == 4 for unit in units)


def test_a_second_reader_gets_a_part_of_it(tmp_path: Path) -> None:
    project, feed, answers = start_field(tmp_path)
    draw(project, answers, feed, Design(n=40, second=12, name="may"), output=tmp_path / "tasks.json")
    first, second = (json.loads((tmp_path / name).read_text(encoding="utf-8")) for name in ("tasks.json", "tasks-second.json"))
    assert first[:12] == second


def test_only_the_files_that_are_named_are_drawn_from(tmp_path: Path) -> None:
    rows = make_rows(60)
    project, feed, answers = start_field(tmp_path, rows)
    moved = feed.rename(tmp_path / "elsewhere.jsonl")
    [problem] = problems_of(lambda: draw(project, answers, moved, Design(n=10)))
    assert "has no answer in" in problem
    write_feed(tmp_path, rows)
    assert draw(project, answers, tmp_path / "feed.jsonl", Design(n=10)).files == ("feed.jsonl",)


@pytest.mark.parametrize(
    ("design", "told"),
    [
        (Design(n=5, by=("outlet",)), "no 'outlet' column in the answers"),
        (Design(n=5, by=("month",), date="source"), "holds no dates such as 2024-05-31"),
        (Design(n=5, name="../x"), "a plain name is needed"),
    ],
)
def test_a_draw_that_cannot_be_made_writes_nothing(design: Design, told: str, tmp_path: Path) -> None:
    project, feed, answers = start_field(tmp_path, make_rows(30))
    before = snapshot(project)
    [problem] = problems_of(lambda: draw(project, answers, feed, design, output=tmp_path / "tasks.json"))
    assert told in problem
    assert snapshot(project) == before and not (tmp_path / "tasks.json").exists()


def test_answers_in_another_codebook_are_refused(tmp_path: Path) -> None:
    rows = make_rows(30)
    project, feed, answers = start_field(tmp_path, rows)
    write_answers(answers, rows, codebook="0123456789ab")
    [problem] = problems_of(lambda: draw(project, answers, feed, Design(n=5)))
    assert "answers in another codebook" in problem


def test_without_the_texts_anywhere_it_says_where_to_get_them(tmp_path: Path) -> None:
    project, _, answers = start_field(tmp_path, make_rows(30))
    [problem] = problems_of(lambda: draw(project, answers, design=Design(n=5)))
    assert "the answers do not hold the texts" in problem


def test_without_duckdb_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, feed, answers = start_field(tmp_path, make_rows(30))
    monkeypatch.setitem(sys.modules, "duckdb", None)
    [problem] = problems_of(lambda: draw(project, answers, feed, Design(n=5)))
    assert problem == "to count a feed, narratives needs DuckDB; install its extra: pip install '.[field]'"


def test_a_feed_that_has_changed_since_it_was_classified_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, _, answers = start_field(tmp_path, make_rows(30))
    inputs = [{"path": "feed.jsonl", "digest": "0" * 64}]
    write_lines(tmp_path / "answers.run" / "plan.json", {"format_version": 4, "narratives": "0", "model": {}, "inputs": inputs})
    monkeypatch.chdir(tmp_path)
    [problem] = problems_of(lambda: draw(project, answers, "feed.jsonl", Design(n=5)))
    assert problem.startswith("feed.jsonl: is not the file that was classified: its bytes differ")


def test_blank_texts_are_nobodys_work(tmp_path: Path) -> None:
    project, feed, answers = start_field(tmp_path, make_rows(30), form="jsonl")
    lines = (answers / "part-00000.jsonl").read_text(encoding="utf-8").splitlines()
    blank = [json.dumps({**json.loads(line), "note": "empty text", "narratives": {}}) for line in lines[:10]]
    (answers / "part-00000.jsonl").write_text("".join(line + "\n" for line in [*blank, *lines[10:]]), encoding="utf-8")
    assert draw(project, answers, feed, Design(n=30)).size == 20


def test_what_the_page_hands_back_names_its_readers(tmp_path: Path) -> None:
    project, feed, answers = start_field(tmp_path)
    draw(project, answers, feed, Design(n=3, name="may"), output=tmp_path / "tasks.json")
    waiting = read_tasks_of_page(tmp_path / "tasks.json", read_codebook(project / "labels" / "codebook.toml"))
    rows = [make_answer(to_task(item), {"toll": None}, ["anna", "ben"]) for item in waiting]
    (tmp_path / "back.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert invoke(project, "labels", "import", tmp_path / "back.jsonl").exit_code == 0
    labels = read_lines(project / "labels" / "field" / "may" / "labels.jsonl")
    assert [row["by"] for row in labels] == ["anna", "ben"] * 3


def test_dates_in_another_form_are_read_where_it_is_named(tmp_path: Path) -> None:
    rows = make_rows()
    for row in rows:
        year, month, day = row["date"].split("-")
        row["date"] = f"{int(month)}/{int(day)}/{year}" if row["line"] % 10 else "last week"
    project, feed, answers = start_field(tmp_path, rows)
    [problem] = problems_of(lambda: draw(project, answers, feed, Design(n=50, by=("month",))))
    assert "no dates such as 2024-05-31" in problem
    assert "--date-format" in problem
    sample = draw(project, answers, feed, Design(n=50, by=("month",), date_format="%m/%d/%Y", name="us"))
    assert {stratum.values for stratum in sample.strata} == {("2024-05",), ("2024-06",), ("(no date)",)}
    assert all(text.details["date"].startswith("2024-") for text in sample.texts if text.values != ("(no date)",))
    assert any("60 texts have no date" in line for line in describe_sample(sample))
