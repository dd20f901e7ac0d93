"""The main job, end to end: labels in; models, evaluations, reports and a comparison out."""

import json
import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from helpers.toy import TOPICS

from narratives.cli import cli
from narratives.errors import UserError
from narratives.project.project import Project
from narratives.runs.evaluate import OPTIMISTIC, evaluate_run
from narratives.runs.run import compare_runs, run_all
from narratives.runs.train import train_run

OUTPUTS = ["evaluation.json", "predictions.jsonl", "report.html", "report.md"]


def do(root: Path, *arguments: str) -> Result:
    """Run `narratives --project ROOT ARGUMENTS`."""
    return CliRunner().invoke(cli, ["--project", str(root), *arguments], catch_exceptions=False)


def run(root: Path, runs: Sequence[str] = ("tfidf",), split: str | None = None) -> list[str]:
    """What is said while `runs` are run."""
    said: list[str] = []
    run_all(Project(root), runs, split, said.append, lambda title: nullcontext(lambda done, total, note: None))
    return said


def evaluation(root: Path, name: str = "tfidf") -> dict[str, object]:
    value: dict[str, object] = json.loads((root / "experiments" / name / "evaluation.json").read_text(encoding="utf-8"))
    return value


def write(root: Path, splits: dict[str, str]) -> None:
    rows = [f"{document},{split}" for document, split in splits.items()]
    (root / "labels" / "splits.csv").write_text("\n".join(["document,split", *rows]) + "\n", encoding="utf-8")


def add_passage(root: Path, id_: str, text: str, document: str, narratives: dict[str, str] | None) -> None:
    line = json.dumps({"id": id_, "text": text, "document": document, "narratives": narratives})
    with (root / "labels" / "passages.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")


def text_of(root: Path, split: str) -> str:
    """The text of a passage of a split."""
    project = Project(root)
    splits = project.corpus.splits
    return next(p.text for p in project.corpus.passages if splits[p.document] == split)


@pytest.mark.parametrize("name", ["tfidf", "transformer"])
def test_each_run_leaves_a_model_an_evaluation_and_a_report(finished: Path, name: str) -> None:
    for output in OUTPUTS:
        assert (finished / "experiments" / name / output).stat().st_size > 100
    assert (finished / "models" / name / "model.json").is_file()
    assert [row["id"] for row in evaluation(finished, name)["narratives"]] == list(TOPICS)  # type: ignore[attr-defined]
    assert evaluation(finished, name)["split"] == "test"
    assert evaluation(finished, name)["passages"] == 12


def test_two_runs_are_compared(finished: Path) -> None:
    folder = finished / "experiments" / "tfidf-vs-transformer"
    comparison = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    assert (comparison["a"], comparison["b"]) == ("tfidf", "transformer")
    assert list(comparison["narratives"]) == list(TOPICS)
    for output in ("report.html", "report.md"):
        text = (folder / output).read_text(encoding="utf-8")
        assert "tfidf" in text and "transformer" in text
        assert all(f"The {id_}" in text or id_ in text for id_ in TOPICS)


def test_nothing_is_left_lying_about(finished: Path) -> None:
    hidden = [path.name for path in finished.rglob(".*")]
    assert hidden == []


def test_the_baseline_learns_the_toy_task(finished: Path) -> None:
    overall = evaluation(finished)["overall"]
    assert isinstance(overall, dict)
    assert overall["micro_f1"]["value"] > 0.8


def test_running_again_gives_the_same_evaluation(project: Path) -> None:
    run(project)
    first = (project / "experiments" / "tfidf" / "evaluation.json").read_bytes()
    shutil.rmtree(project / "models")
    run(project)
    assert (project / "experiments" / "tfidf" / "evaluation.json").read_bytes() == first


def test_the_order_of_the_passages_in_the_file_makes_no_difference_to_an_evaluation(finished: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(finished, tmp_path / "project"))
    before = evaluation(root)
    path = root / "labels" / "passages.jsonl"
    path.write_text("".join(reversed(path.read_text(encoding="utf-8").splitlines(keepends=True))), encoding="utf-8")
    evaluate_run(Project(root), "tfidf")
    assert evaluation(root) == before


def test_a_test_split_without_labels_falls_back_to_validation_and_says_so(project: Path) -> None:
    splits = Project(project).corpus.splits
    write(project, {document: "train" if split == "test" else split for document, split in splits.items()})
    run(project)
    assert evaluation(project)["split"] == "validation"
    notes = evaluation(project)["notes"]
    assert isinstance(notes, list) and notes[:2] == ["The test split has no labelled passage.", OPTIMISTIC]
    assert "The test split has no labelled passage." in (project / "experiments/tfidf/report.md").read_text(encoding="utf-8")


def test_a_split_that_was_asked_for_is_never_replaced_by_another(project: Path) -> None:
    splits = Project(project).corpus.splits
    write(project, {document: "train" if split == "test" else split for document, split in splits.items()})
    with pytest.raises(UserError) as caught:
        run(project, split="test")
    assert caught.value.problems == (
        f"{project / 'labels' / 'splits.csv'}: no labelled passage in split 'test'; label some, or name another split",
    )


def test_a_near_duplicate_of_a_test_passage_is_not_trained_on(project: Path) -> None:
    before = train_run(Project(project), "tfidf", lambda line: None).training["train"]
    add_passage(project, "twin", text_of(project, "test") + " too", "d00", {"toll": "asserts"})  # d00 is in training
    said: list[str] = []
    assert train_run(Project(project), "tfidf", said.append).training["train"] == before
    assert "1 train passages nearly repeat a passage of another split: not trained on" in said


def test_a_near_duplicate_of_a_test_passage_is_not_tuned_on(project: Path) -> None:
    before = train_run(Project(project), "tfidf", lambda line: None).training["validation"]
    add_passage(project, "twin", text_of(project, "test") + " too", "d01", {"toll": "asserts"})  # d01 is in validation
    said: list[str] = []
    assert train_run(Project(project), "tfidf", said.append).training["validation"] == before
    assert "1 validation passages nearly repeat a passage of another split: not tuned on" in said


def test_a_validation_passage_stays_where_it_repeats_a_training_passage(project: Path) -> None:
    before = train_run(Project(project), "tfidf", lambda line: None).training
    add_passage(project, "twin", text_of(project, "train") + " too", "d01", {"toll": "asserts"})
    after = train_run(Project(project), "tfidf", lambda line: None).training
    assert (after["train"], after["validation"]) == (before["train"] - 1, before["validation"] + 1)


def test_a_new_document_that_repeats_a_test_passage_goes_to_the_test_split(project: Path) -> None:
    add_passage(project, "twin", text_of(project, "test") + " too", "new", {})
    said = run(project)
    assert Project(project).corpus.splits["new"] == "test"
    assert f"1 new documents got a split in {project / 'labels' / 'splits.csv'}" in said


def test_unlabelled_passages_are_left_out(project: Path) -> None:
    before = train_run(Project(project), "tfidf", lambda line: None).training
    add_passage(project, "nobody-read-this", "an apple a day and then some more words", "d00", None)
    assert train_run(Project(project), "tfidf", lambda line: None).training == before


def test_a_changed_codebook_is_refused(finished: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(finished, tmp_path / "project"))
    path = root / "labels" / "codebook.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("About toll.", "About a toll."), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        evaluate_run(Project(root), "tfidf")
    assert caught.value.problems == (
        f"{root / 'models' / 'tfidf'}: trained with another wording of the codebook (toy 1); "
        "train again: narratives train tfidf",
    )


@pytest.mark.parametrize("split", ["train", "validation"])
def test_labels_that_changed_after_training_are_noted(finished: Path, tmp_path: Path, split: str) -> None:
    root = Path(shutil.copytree(finished, tmp_path / "project"))
    document = next(document for document, there in Project(root).corpus.splits.items() if there == split)
    add_passage(root, "late", "a passage that somebody labelled after the training", document, {"flood": "asserts"})
    assert evaluate_run(Project(root), "tfidf").notes[1:] == [
        "The labels have changed since this model was trained; train it on them: narratives train tfidf."
    ]


@pytest.mark.parametrize("name", ["tfidf", "transformer"])
def test_a_narrative_that_was_never_in_training_is_never_raised(project: Path, name: str) -> None:
    path = project / "labels" / "codebook.toml"
    extra = '[[narrative]]\nid = "never"\ntitle = "Never"\nfamily = "f"\ndefinition = "Never seen."\n'
    path.write_text(path.read_text(encoding="utf-8") + extra, encoding="utf-8")
    said = run(project, [name])
    assert "no training passage carries never: the model cannot raise it, only rank by the codebook (zero-shot)" in said
    for split in ("train", "validation", "test"):
        row = evaluate_run(Project(project), name, split).narratives[-1]
        assert (row.id, row.raised) == ("never", 0)


def test_labels_that_changed_after_evaluation_are_not_compared(finished: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(finished, tmp_path / "project"))
    path = root / "labels" / "passages.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"asserts"', '"rebuts"'), encoding="utf-8")
    with pytest.raises(UserError, match="evaluate both again: narratives evaluate tfidf; narratives evaluate transformer"):
        compare_runs(Project(root), "tfidf", "transformer", lambda line: None)


def test_a_run_named_twice_is_refused(project: Path) -> None:
    with pytest.raises(UserError, match=r"^a run is named twice; name each once$"):
        run(project, ["tfidf", "tfidf"])


def test_a_mistake_in_the_last_config_costs_no_training(project: Path) -> None:
    with pytest.raises(UserError) as caught:
        run(project, ["tfidf", "transfromer"])
    path = project / "experiments" / "transfromer" / "config.toml"
    assert caught.value.problems == (f"{path}: no run 'transfromer'; did you mean 'transformer'?",)
    assert not (project / "models").exists()


def test_the_commands_one_by_one_do_what_run_does(finished: Path, project: Path) -> None:
    for name in ("tfidf", "transformer"):
        for command in ("train", "evaluate", "report"):
            done = do(project, command, name)
            assert done.exit_code == 0, done.output
    assert do(project, "compare", "tfidf", "transformer").exit_code == 0
    for path in finished.glob("experiments/*/*.md"):
        assert (project / path.relative_to(finished)).read_text(encoding="utf-8") == path.read_text(encoding="utf-8")


def test_run_says_where_the_reports_are(project: Path) -> None:
    done = do(project, "run", "tfidf")
    assert done.exit_code == 0
    assert done.stdout == f"report: {project / 'experiments' / 'tfidf' / 'report.html'}\n"


def test_evaluating_before_training_says_what_to_do(project: Path) -> None:
    done = do(project, "evaluate", "tfidf")
    path = project / "models" / "tfidf" / "model.json"
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"{path}: no such model; train it first: narratives train tfidf\n"
