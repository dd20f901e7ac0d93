"""A model's answers are no labels of people: refused, or marked for ever and never tested on."""

import json
from pathlib import Path

import pytest
from helpers.batch_runs import write_input
from helpers.examples import example_passages, invoke, snapshot, write_lines

from narratives.data import Passage
from narratives.labels.splits import assign_splits, split_passages
from narratives.project.project import Project

TEXTS = ["a toll for harbour boats", "the school of winter", "a plain letter", "the toll of the school"]


def answer(root: Path, form: str, *words: str) -> Path:
    """A part of answers to texts that the project does not have."""
    out = root.parent / f"out-{form}"
    texts = write_input(root.parent / "feed.jsonl", [{"id": f"n{k}", "text": text} for k, text in enumerate(TEXTS)])
    done = invoke(root, "classify", texts, "--model", "base", "--output", out, "--format", form, *words)
    assert done.exit_code == 0, done.output
    return out / f"part-00000.{form}"


def read(root: Path) -> dict[str, Passage]:
    return {passage.text: passage for passage in Project(root).read_corpus().passages if passage.text in TEXTS}


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_answers_are_refused_unless_that_is_said(root: Path, form: str) -> None:
    part, before = answer(root, form, "--text"), snapshot(root)
    refused = invoke(root, "labels", "import", part)
    assert refused.exit_code == 2 and snapshot(root) == before
    assert "4 records are answers of the model 'base', not labels of people" in refused.stderr
    done = invoke(root, "labels", "import", part, "--as-labels")
    assert done.exit_code == 0, done.output
    assert "answers of a model among them: 4; marked as such, trained on, never tested on" in done.stdout
    passages = read(root)
    assert len(passages) == 4
    for passage in passages.values():
        assert passage.extras == {"origin": "model:base"} and passage.by_model and passage.narratives is not None
    splits = Project(root).read_corpus().splits
    assert {splits[passage.document] for passage in passages.values()} == {"train"}


def test_predictions_of_an_evaluation_are_answers_too(root: Path) -> None:
    refused = invoke(root, "labels", "import", root / "experiments" / "base" / "predictions.jsonl")
    assert refused.exit_code == 2 and "answers of the model 'base'" in refused.stderr


def test_answers_without_their_text_say_how_to_get_it(root: Path) -> None:
    refused = invoke(root, "labels", "import", answer(root, "jsonl"), "--as-labels")
    assert refused.exit_code == 2 and "classify again with --text" in refused.stderr


def test_windows_stay_passages_of_one_document(root: Path) -> None:
    part = answer(root, "csv", "--text", "--unit", "passage")
    assert invoke(root, "labels", "import", part, "--as-labels").exit_code == 0
    assert {(passage.id, passage.document) for passage in read(root).values()} == {(f"n{k}:0", f"n{k}") for k in range(4)}


def test_labels_of_people_take_the_place_of_a_models_and_never_the_other_way(root: Path) -> None:
    assert invoke(root, "labels", "import", answer(root, "jsonl", "--text"), "--as-labels").exit_code == 0
    people = write_lines(root.parent / "people.jsonl", {"id": "n2", "text": TEXTS[2], "narratives": {"school": "rebuts"}})
    done = invoke(root, "labels", "import", people)
    assert done.exit_code == 0 and "filled in or decided: 1" in done.stdout
    passage = read(root)[TEXTS[2]]
    assert (passage.narratives, passage.extras["origin"], passage.by_model) == ({"school": "rebuts"}, "people", False)
    again = invoke(root, "labels", "import", answer(root, "jsonl", "--text"), "--as-labels")
    assert again.exit_code == 0 and "dropped: 4" in again.stdout
    assert read(root)[TEXTS[2]].narratives == {"school": "rebuts"}


def test_the_mark_goes_out_and_comes_back(root: Path) -> None:
    assert invoke(root, "labels", "import", answer(root, "jsonl", "--text"), "--as-labels").exit_code == 0
    for form, name in (("jsonl", "all.jsonl"), ("csv", "all.csv"), ("label-studio", "all.json")):
        out = root.parent / name
        assert invoke(root, "labels", "export", "--format", form, "-o", out).exit_code == 0
        (root / "labels" / "passages.jsonl").write_text(json.dumps(example_passages()[0]) + "\n")
        for path in root.glob("labels/imported-*.jsonl"):
            path.unlink()
        (root / "labels" / "splits.csv").unlink(missing_ok=True)
        assert invoke(root, "labels", "import", out).exit_code == 0
        assert {passage.extras["origin"] for passage in read(root).values()} == {"model:base"}, form


def test_what_a_model_labelled_is_never_held_out() -> None:
    def passage(id_: str, document: str, origin: str = "") -> Passage:
        return Passage(id=id_, text=id_, narratives={}, document=document, extras={"origin": origin} if origin else {})

    mine, theirs = passage("a", "d"), passage("b", "d", "model:base")
    for split in ("validation", "test"):
        assert split_passages([mine, theirs], {"d": split}, split) == [mine]
    assert split_passages([mine, theirs], {"d": "train"}, "train") == [mine, theirs]
    many = [passage(f"m{k}", f"m{k}", "model:base") for k in range(50)]
    assert {split for name, split in assign_splits([mine, *many], [], {}).items() if name != "d"} == {"train"}


def test_a_gold_that_a_model_made_is_no_gold(root: Path) -> None:
    gold = write_lines(root.parent / "gold.jsonl", {"id": "a", "text": "x", "narratives": {}, "origin": "model:base"})
    said = write_lines(root.parent / "said.jsonl", {"id": "a", "narratives": {}})
    codebook = root / "labels" / "codebook.toml"
    refused = invoke(root, "score", gold, said, "--codebook", codebook, "-o", root.parent / "report")
    assert refused.exit_code == 2 and "carry a model's answers" in refused.stderr
