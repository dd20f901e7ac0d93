"""What a changed codebook leaves open, decided on the page Label as it would be in its file."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import invoke
from helpers.migrations import split, write_migration
from helpers.served import find_csrf, find_field, serving_reader
from starlette.testclient import TestClient

CHOICES: list[tuple[Any, dict[str, Any]]] = [  # the right side, or labels of one's own, in the order of the codebook
    (1, {"narrative": "fee", "stance:fee": "asserts"}),
    (2, {"narrative": "robbery", "stance:robbery": "asserts"}),
    ({"fee": "reports", "robbery": None}, {"narrative": ["fee", "robbery"], "stance:fee": "reports"}),
]


@pytest.fixture
def split_root(root: Path) -> Path:
    """A project of which a narrative, that four passages carry, was split in two."""
    path = write_migration(root, split("toll", "fee", "robbery", until_read="(unlabelled)"))
    assert invoke(root, "codebook", "migrate", path).exit_code == 0
    return root


@pytest.fixture
def client(split_root: Path) -> Iterator[TestClient]:
    with serving_reader(split_root) as client:
        yield client


def find_queue(client: TestClient) -> str:
    match = re.search(r'href="(/label/review-\w+)"', client.get("/label").text)
    assert match
    return match[1]


def test_its_queue_is_named_and_holds_what_no_other_queue_holds(client: TestClient) -> None:
    page = client.get("/label").text
    assert "Changed codebook: 2" in page
    assert "<b>4</b> wait" in page
    assert "<b>0</b> wait" in page  # not among the unlabelled passages as well
    assert "Nothing waits here" in client.get("/label/unlabelled").text


def test_passages_that_no_review_asks_about_any_more_wait_among_the_unlabelled(client: TestClient, split_root: Path) -> None:
    client.get("/label")
    (split_root / "labels" / "review" / "2.jsonl").unlink()
    assert "Nothing waits here" not in client.get("/label/unlabelled").text


def test_the_entries_that_it_asks_about_are_in_view(client: TestClient) -> None:
    page = client.get(find_queue(client)).text
    assert set(re.findall(r'data-entry="(\w+)">', page)) == {"fee", "robbery"}
    assert re.findall(r'data-entry="(\w+)" hidden>', page) == ["school"]


def test_decisions_give_the_very_files_that_import_gives(client: TestClient, split_root: Path, tmp_path: Path) -> None:
    by_file = Path(shutil.copytree(split_root, tmp_path / "by_file"))
    queue, decided = find_queue(client), {}
    for decision, fields in CHOICES:
        html = client.get(queue).text
        form = {"csrf": find_csrf(client), "do": "decide", "key": find_field(html, "key"), "task": find_field(html, "task")}
        assert client.post(queue, data={**form, **fields}).status_code == 200
        decided[form["task"]] = decision
    client.post(queue, data={"csrf": find_csrf(client), "do": "apply"})

    review = by_file / "labels" / "review" / "2.jsonl"
    forms = [json.loads(line) for line in review.read_text(encoding="utf-8").splitlines()]
    for form, (decision, _) in zip(forms, CHOICES, strict=False):
        form |= {"decision": decision, "readers": ["Ana"]}
    review.write_text("".join(json.dumps(form, ensure_ascii=False) + "\n" for form in forms), encoding="utf-8")
    assert invoke(by_file, "labels", "import", review).exit_code == 0
    for file in [*by_file.glob("labels/*.*"), *by_file.glob("labels/migrations/*")]:
        assert file.read_bytes() == (split_root / file.relative_to(by_file)).read_bytes(), file
    assert len(decided) == len(CHOICES)
    assert "<b>1</b> wait, 3 decided" in client.get("/label").text
