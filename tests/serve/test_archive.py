"""The page Answers: every view holds what the rows say, in whatever order and however many pages."""

import csv
import datetime
import io
import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.examples import invoke, problems_of, write_lines
from helpers.served import serving
from starlette.testclient import TestClient

from narratives.serve.archive import export, queries
from narratives.serve.archive import words as word_index
from narratives.serve.archive.archive import Archive, make_archives
from narratives.serve.archive.index import NEAR
from narratives.serve.archive.parts import Part
from narratives.serve.archive.queries import find_days
from narratives.serve.archive.wishes import ANY, NONE, SORTS, read_wish

Record = dict[str, Any]
WORDS = ["market", "harbour", "winter", "engine", "letter", "garden", "pepper", "lantern"]


def write_feed(path: Path, start: int, count: int) -> Path:
    """Texts of which a third carries each narrative, of two sources, over two years."""
    records = []
    for k in range(start, start + count):
        topic = ("toll", "school", "plain")[k % 3]
        text = f"{WORDS[k % 8]} {WORDS[k % 8][::-1]} {topic} word{k} Café"
        date = f"{2024 + k % 2}-{1 + k % 12:02}" + (f"-{1 + k % 28:02}" if k % 5 else "")
        records.append({"id": f"t{k}", "text": text, "source": ("wire", "radio")[k % 2], "date": date if k % 7 else "unknown"})
    return write_lines(path, *records)


def classify(root: Path, feed: Path, *more: str) -> Path:
    """Classify a feed into `answers`, in small parts."""
    options = [
        "--model",
        "base",
        "--output",
        root / "answers",
        "--text",
        "--keep",
        "source,date",
        "--part-size",
        "0.003",
        "--jobs",
        "1",
    ]
    done = invoke(root, "classify", feed, *map(str, options), *more)
    assert done.exit_code == 0, done.output
    return root / "answers"


@pytest.fixture(scope="module")
def answered(small_done: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with answers in several parts. To be copied, not changed."""
    root = Path(shutil.copytree(small_done, tmp_path_factory.mktemp("answered") / "project"))
    classify(root, write_feed(root / "feed.jsonl", 0, 120))
    return root


@pytest.fixture
def answers(answered: Path, root: Path) -> Path:
    """The same answers in a project that a test may change."""
    shutil.copy(answered / "feed.jsonl", root / "feed.jsonl")
    shutil.copytree(answered / "answers.run", root / "answers.run")
    return Path(shutil.copytree(answered / "answers", root / "answers"))


@pytest.fixture
def archive(answers: Path, tmp_path: Path) -> Archive:
    [archive] = make_archives([answers], tmp_path / "cache")
    archive.refresh()
    assert archive.problem == ""
    return archive


@pytest.fixture
def rows(answers: Path) -> list[Record]:
    """The answers as they stand in Parquet, in order."""
    return [row for path in sorted(answers.glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def list_all(archive: Archive, **query: str) -> list[Record]:
    """Every row of a view, page after page."""
    view = archive.view
    assert view
    found, after = list[Record](), ""
    while True:
        wish = read_wish({**query, "after": after}, view.listing.narratives)
        selection = queries.select(view, wish)
        page = queries.list_rows(view, selection, wish, 7)
        found += view.fetch([row.row for row in page])
        if len(page) < 7:
            assert queries.count_rows(view, selection) == len(found)
            return found
        after = f"{page[-1].key}~{page[-1].row}"


def ids(rows: list[Record]) -> list[str]:
    return [row["id"] for row in rows]


def carries(row: Record, id_: str) -> bool:
    return id_ in row["narratives"]


FILTERS: list[tuple[Record, Any]] = [
    ({}, lambda row: True),
    ({"narrative": "toll"}, lambda row: carries(row, "toll")),
    ({"narrative": ANY}, lambda row: bool(row["narratives"])),
    ({"narrative": NONE}, lambda row: not row["narratives"]),
    ({"narrative": "toll", "near": "1"}, lambda row: carries(row, "toll") or row["score_toll"] >= NEAR),
    ({"narrative": "school", "least": "0.7"}, lambda row: carries(row, "school") and row["score_school"] >= 0.7),
    ({"source": "radio"}, lambda row: row["source"] == "radio"),
    ({"language": "en"}, lambda row: row["language"] == "en"),
    ({"since": "2025-03-01"}, lambda row: row["date"] >= "2025-03" and row["date"] != "unknown"),
    ({"narrative": "toll", "until": "2024-06-30"}, lambda row: carries(row, "toll") and row["date"] <= "2024-06-30"),
    ({"words": "harbour"}, lambda row: "harbour" in row["text"]),
    ({"words": "CAFE word7"}, lambda row: "word7 " in row["text"]),
    (
        {"words": "toll", "narrative": "toll", "source": "wire"},
        lambda row: carries(row, "toll") and row["source"] == "wire" and "toll" in row["text"],
    ),
    ({"words": "nosuchword"}, lambda row: False),
]


@pytest.mark.parametrize(("query", "wanted"), FILTERS)
def test_a_filter_leaves_the_rows_that_match_in_their_order(
    archive: Archive, rows: list[Record], query: Record, wanted: Any
) -> None:
    assert ids(list_all(archive, **query)) == [row["id"] for row in rows if wanted(row)]


def test_a_stance_filters_what_is_raised_with_it(archive: Archive, rows: list[Record]) -> None:
    for stance in ("asserts", "reports", "rebuts"):  # this model knows none: nothing may be found
        for id_ in ("toll", "school"):
            wanted = [row["id"] for row in rows if (id_, stance) in zip(row["narratives"], row["stances"], strict=True)]
            assert ids(list_all(archive, narrative=id_, stance=stance)) == wanted
        assert ids(list_all(archive, stance=stance)) == [row["id"] for row in rows if stance in row["stances"]]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("narrative", ["", "toll"])
def test_each_order_shows_every_row_once(archive: Archive, rows: list[Record], sort: str, narrative: str) -> None:
    found = list_all(archive, sort=sort, narrative=narrative, near="1")
    wanted = [row for row in rows if not narrative or row["score_toll"] >= NEAR or carries(row, "toll")]
    assert sorted(ids(found)) == sorted(ids(wanted))

    def key(row: Record) -> Any:
        scores = [row["score_toll"]] if narrative else [row["score_toll"], row["score_school"]]
        date = row["date"] if row["date"] != "unknown" else "0001-01-01"
        date = date if len(date) == 10 else f"{date}-01"
        return {
            "row": 0,
            "doubt": -max(1 - 2 * abs(score - 0.5) for score in scores),
            "score": -max(scores),
            "new": [-ord(sign) for sign in date],
            "old": date,
        }[sort]

    by_id = {row["id"]: row for row in rows}
    keys = [key(by_id[row["id"]]) for row in found]
    assert keys == sorted(keys) or (sort in ("doubt", "score") and keys == pytest.approx(sorted(keys), abs=1e-6))


def test_counts_over_time_add_up(archive: Archive, rows: list[Record]) -> None:
    view = archive.view
    assert view
    for query in ({}, {"source": "wire"}, {"narrative": "toll"}, {"words": "harbour"}):
        wish = read_wish(query, view.listing.narratives)
        counts = queries.count_by_time(view, queries.select(view, wish), wish, "month")
        told: dict[tuple[str, str], int] = {}
        for row in rows:
            inside = row["source"] == query.get("source", row["source"]) and query.get("words", "") in row["text"]
            for id_ in row["narratives"]:
                if inside and row["date"] != "unknown" and query.get("narrative", id_) == id_:
                    place = (id_, row["date"][:7])
                    told[place] = told.get(place, 0) + 1
        assert {(view.listing.narratives[k], f"{day:%Y-%m}"): n for k, day, n in counts} == told


def test_answers_that_are_added_are_seen_and_those_before_are_not_read_again(
    root: Path, answers: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ids(list_all(archive))
    classify(root, write_feed(root / "more.jsonl", 200, 30), "--add")
    read: list[str] = []
    original = word_index._read_texts

    def read_texts(part: Part) -> list[tuple[int, str]]:
        read.append(part.path)
        return original(part)

    monkeypatch.setattr(word_index, "_read_texts", read_texts)
    archive.refresh()
    after = ids(list_all(archive))
    assert after[: len(before)] == before
    assert len(after) == 150
    assert ids(list_all(archive, words="word229")) == ["t229"]
    assert set(read) == set(map(str, sorted(answers.glob("*.parquet"))[-len(set(read)) :]))
    assert len(read) < len(list(answers.glob("*.parquet")))


def test_answers_that_were_made_anew_are_read_anew(root: Path, archive: Archive) -> None:
    classify(root, write_feed(root / "feed.jsonl", 300, 20), "--restart")
    archive.refresh()
    assert ids(list_all(archive)) == [f"t{k}" for k in range(300, 320)]
    assert ids(list_all(archive, words="word1")) == []


def test_an_index_outlives_the_server(answers: Path, archive: Archive, tmp_path: Path) -> None:
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.*")}
    [again] = make_archives([answers], tmp_path / "cache")
    again.refresh()
    assert ids(list_all(again)) == ids(list_all(archive))
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.*")} == files


def test_a_folder_without_answers_is_refused_with_what_to_do(root: Path, tmp_path: Path) -> None:
    def problem(folder: Path) -> str:
        return problems_of(lambda: make_archives([folder], tmp_path / "cache"))[0]

    assert "no *.parquet" in problem(root / "labels" / "nothing")
    assert "--format parquet" in problem(root / "labels")
    (root / "other").mkdir()
    pq.write_table(pa.table({"a": [1]}), root / "other" / "x.parquet")
    assert "lacks id" in problem(root / "other")


def test_a_disk_that_is_full_is_told_and_the_page_says_so(answers: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be", encoding="utf-8")
    [archive] = make_archives([answers], tmp_path / "cache")
    archive.refresh()
    assert "--cache" in archive.problem
    assert archive.view is None


@pytest.fixture
def client(root: Path, answers: Path) -> Iterator[TestClient]:
    with serving(root, answers=(answers,)) as client:
        while not client.get("/answers/progress").json()["ready"]:
            time.sleep(0.05)
        yield client


def test_the_page_shows_texts_and_counts(client: TestClient, rows: list[Record]) -> None:
    count = sum(carries(row, "toll") for row in rows)
    page = client.get("/answers", params={"narrative": "toll"}).text
    assert f"<b>{count}</b> of 120 texts" in page
    assert page.count("<blockquote") == queries.PAGE
    assert "<svg" in page
    following = re.search(r'href="(/answers\?[^"]*after[^"]*)"', page)
    assert following
    assert client.get(following[1].replace("&amp;", "&")).text.count("<blockquote") == count - queries.PAGE


def test_a_word_in_too_many_texts_is_told_so(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_index, "MOST", 5)
    answer = client.get("/answers", params={"words": "cafe"})
    assert answer.status_code == 422
    assert "add a word" in answer.text


@pytest.mark.parametrize("sort", SORTS)
def test_what_is_exported_is_what_is_shown(client: TestClient, archive: Archive, sort: str) -> None:
    answer = client.get("/answers.csv", params={"narrative": "toll", "source": "wire", "sort": sort})
    assert answer.headers["content-disposition"].startswith("attachment")
    table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    shown = list_all(archive, narrative="toll", source="wire", sort=sort)
    assert [row["id"] for row in table] == ids(shown)
    assert [row["text"] for row in table] == [row["text"] for row in shown]
    assert all(row["narratives"].split(";")[0] == "toll" for row in table)


def test_a_spreadsheet_takes_no_text_for_a_formula() -> None:
    assert export._defuse("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert export._defuse("plain = text") == "plain = text"
    assert export._defuse(7) == 7


def test_answers_without_texts_or_dates_are_shown_all_the_same(root: Path) -> None:
    feed = write_feed(root / "feed.jsonl", 0, 12)
    assert invoke(root, "classify", feed, "--model", "base", "--output", root / "bare", "--jobs", "1").exit_code == 0
    with serving(root, answers=(root / "bare",)) as client:
        while not client.get("/answers/progress").json()["ready"]:
            pass
        page = client.get("/answers").text
        assert "12</b> of 12 texts" in page
        assert "--keep date" in page
        assert client.get("/answers", params={"words": "toll"}).status_code == 422


def test_the_whole_record_may_hold_date_and_source(root: Path, tmp_path: Path) -> None:
    feed = write_feed(root / "feed.jsonl", 0, 24)
    assert (
        invoke(root, "classify", feed, "--model", "base", "--output", root / "whole", "--keep", "all", "--jobs", "1").exit_code
        == 0
    )
    [archive] = make_archives([root / "whole"], tmp_path / "cache")
    archive.refresh()
    records = [json.loads(line) for line in feed.read_text(encoding="utf-8").splitlines()]
    assert ids(list_all(archive, source="radio")) == [one["id"] for one in records if one["source"] == "radio"]
    assert ids(list_all(archive, since="2025-01-01")) == [one["id"] for one in records if "2025" <= one["date"] < "u"]


def test_dates_in_another_form_are_read_where_it_is_named(root: Path, tmp_path: Path) -> None:
    write_lines(root / "us.jsonl", {"text": "toll market", "date": "4/19/2017"}, {"text": "school", "date": "soon"})
    options = ["--model", "base", "--output", root / "us", "--text", "--keep", "date"]
    assert invoke(root, "classify", root / "us.jsonl", *map(str, options)).exit_code == 0
    days = []
    for form in ("", "%m/%d/%Y"):
        [archive] = make_archives([root / "us"], tmp_path / "cache", form)
        archive.refresh()
        assert archive.view
        days.append(find_days(archive.view))
    day = datetime.date(2017, 4, 19)
    assert days == [None, (day, day)]
    with serving(root, answers=(root / "us",)) as client:
        while not client.get("/answers/progress").json()["ready"]:
            pass
        assert "--date-format" in client.get("/answers").text


def test_two_folders_of_one_name_are_refused(answers: Path, tmp_path: Path) -> None:
    shutil.copytree(answers, tmp_path / "elsewhere" / "answers")
    assert "another folder" in problems_of(lambda: make_archives([answers, tmp_path / "elsewhere" / "answers"], None))[0]
