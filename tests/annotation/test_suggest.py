"""`narratives suggest`: texts worth a label, as tasks that an annotator can begin with and the project takes back."""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from helpers.examples import invoke, write_lines

from narratives.annotation import suggest as module
from narratives.annotation.selection import Likeness, measure_likeness
from narratives.annotation.tasks import Suggestion
from narratives.batch.items import Columns
from narratives.project.project import Project
from narratives.texts.similarity import near_duplicates

SYLLABLES = ["mar", "ket", "tin", "ver", "sol", "mon", "pek", "lis", "dra", "gate"]


def make_texts(count: int) -> list[dict[str, Any]]:
    rng = random.Random(5)
    words = [a + b for a in SYLLABLES for b in SYLLABLES]
    topics = ["toll", "school", "plain"]
    return [{"id": f"n{k}", "text": " ".join([*rng.sample(words, 6), topics[k % 3]])} for k in range(count)]


@pytest.fixture
def texts(root: Path) -> Iterator[Path]:
    yield write_lines(root / "new.jsonl", *make_texts(40))


def run(root: Path, *inputs: Path, n: int = 10, seed: int = 0) -> list[Suggestion]:
    project = Project(root)
    return module.suggest_texts(project, project.model("base"), [str(path) for path in inputs], n, Columns(), seed)[0]


def test_tasks_begin_with_the_models_answer_and_say_why(root: Path, texts: Path, tmp_path: Path) -> None:
    output = tmp_path / "tasks.json"
    result = invoke(root, "suggest", texts, "--model", "base", "-n", "8", "-o", output)
    assert result.exit_code == 0, result.output
    tasks = json.loads(output.read_text(encoding="utf-8"))
    assert len(tasks) == 8
    assert output.with_suffix(".xml").read_text(encoding="utf-8").startswith("<View>")
    for task in tasks:
        [prediction] = task["predictions"]
        assert prediction["model_version"] == "base"
        assert prediction["result"][0]["value"]["taxonomy"]
        assert set(task["meta"]["scores"]) == {"toll", "school"}
        assert task["data"]["passage"]["chosen"].startswith(("uncertain: ", "thin: ", "new: ", "by lot"))
        assert "annotations" not in task  # nobody has labelled it yet


def test_labelled_tasks_are_imported_and_keep_why_they_were_chosen(root: Path, texts: Path, tmp_path: Path) -> None:
    output = tmp_path / "tasks.json"
    assert invoke(root, "suggest", texts, "--model", "base", "-n", "3", "-o", output).exit_code == 0
    tasks = json.loads(output.read_text(encoding="utf-8"))
    for task in tasks:
        task["annotations"] = [{"result": task.pop("predictions")[0]["result"]}]
    output.write_text(json.dumps(tasks), encoding="utf-8")
    assert invoke(root, "labels", "import", output, "--into", "fresh").exit_code == 0
    lines = (root / "labels" / "fresh.jsonl").read_text(encoding="utf-8").splitlines()
    passages = [json.loads(line) for line in lines]
    assert {passage["id"] for passage in passages} == {task["data"]["passage"]["id"] for task in tasks}
    assert all(passage["chosen"] for passage in passages)
    assert all(passage["narratives"] is not None for passage in passages)


def test_passages_of_our_own_form_are_unlabelled(root: Path, texts: Path, tmp_path: Path) -> None:
    output = tmp_path / "next.jsonl"
    result = invoke(root, "suggest", texts, "--model", "base", "-n", "4", "-o", output, "--format", "jsonl", "--json")
    assert json.loads(result.stdout)["chosen"] == 4
    records = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [record["narratives"] for record in records] == [None] * 4


def test_no_text_twice_none_empty_none_like_a_labelled_one(root: Path) -> None:
    known = Project(root).corpus.passages
    copies = [{"id": f"c{k}", "text": passage.text + " !"} for k, passage in enumerate(known)]
    new = make_texts(6)
    again = [{**text, "id": text["id"] + "-again", "text": text["text"].upper()} for text in new]
    path = write_lines(root / "new.jsonl", *copies, *new, *again, {"id": "e", "text": "  "}, {"id": "x"}, "broken")
    found = [suggestion.passage for suggestion in run(root, path, n=50)]
    assert {passage.id.removesuffix("-again") for passage in found} == {text["id"] for text in new}
    assert len(found) == len(new)
    assert near_duplicates([passage.text for passage in [*known, *found]]) == near_duplicates([p.text for p in known])


def test_the_order_of_the_input_does_not_matter_and_the_seed_draws_the_lots(root: Path) -> None:
    texts = make_texts(60)
    forwards, backwards = write_lines(root / "a.jsonl", *texts), write_lines(root / "b.jsonl", *texts[::-1])
    here, there = run(root, forwards, n=20), run(root, backwards, n=20)
    assert [one.passage for one in here] == [one.passage for one in there]
    lots = {seed: [s.passage.id for s in run(root, forwards, n=20, seed=seed)][-1] for seed in range(4)}
    assert len(set(lots.values())) > 1
    assert here[-1].passage.extras["chosen"] == "by lot"


def test_memory_holds_a_pool_however_long_the_input(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_POOL", 4)
    held: list[int] = []

    def watch(new: Sequence[str], known: Sequence[str]) -> Likeness:
        held.append(len(new))
        return measure_likeness(new, known)

    monkeypatch.setattr(module, "measure_likeness", watch)
    assert len(run(root, write_lines(root / "new.jsonl", *make_texts(90)), n=3)) == 3
    assert held[0] <= 8


def test_a_long_text_is_suggested_passage_by_passage(root: Path) -> None:
    article = {"id": "article", "text": ". ".join(text["text"].capitalize() for text in make_texts(80)) + "."}
    found = [suggestion.passage for suggestion in run(root, write_lines(root / "new.jsonl", article), n=3)]
    assert len({passage.id for passage in found}) == 3
    for passage in found:
        start = int(passage.id.removeprefix("article:"))
        assert article["text"][start:].startswith(passage.text)
        assert passage.document == "article"


def test_an_id_that_is_taken_is_replaced(root: Path) -> None:
    [found] = run(root, write_lines(root / "new.jsonl", {"id": "p0", "text": "an altogether different text"}))
    assert found.passage.id.startswith("text-")


@pytest.mark.parametrize(
    ("name", "form", "problem"),
    [
        ("tasks.txt", "label-studio", "give it the ending .json"),
        ("tasks.json", "jsonl", "give it the ending .jsonl"),
        ("project/labels/next.jsonl", "jsonl", "lies among the project's own labels"),
    ],
)
def test_where_it_may_not_be_written(root: Path, texts: Path, name: str, form: str, problem: str) -> None:
    result = invoke(root, "suggest", texts, "--model", "base", "-o", root.parent / name, "--format", form)
    assert result.exit_code == 2
    assert problem in result.output
