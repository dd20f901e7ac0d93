"""Narratives with no or few labels: what the codebook's words are good for, and what they never do."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.examples import WORDS, invoke, write_lines, write_project
from helpers.toy import Toy
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.classifiers.tfidf.classifier import TfidfClassifier
from narratives.data import Codebook, Narrative
from narratives.files.atomic import read_json
from narratives.models.folder import load_model
from narratives.models.model import Model
from narratives.models.prior import FEW, STRENGTH, Guided, Prior, fit_prior
from narratives.project.project import Project
from narratives.runs.evaluate import evaluate_run
from narratives.runs.train import train_run

NEW = """
[[narrative]]
id = "ferry"
title = "The ferry was sold"
family = "critics"
definition = "The ferry was sold to foreign owners in secret."
include = ["secret buyers of the ferry"]
"""
SOLD = "They sold our ferry in secret, and the owners are foreign."
OTHER = "A market garden sells pepper and lettuce in winter."


def make_narratives(*claims: str) -> Codebook:
    """A codebook with these claims."""
    return Codebook("t", "1", tuple(Narrative(f"n{k}", claim, "f", f"{claim}.") for k, claim in enumerate(claims)))


def train_new(root: Path) -> Model:
    """The model of a small project whose codebook has one narrative more than its labels."""
    path = root / "labels" / "codebook.toml"
    path.write_text(path.read_text(encoding="utf-8") + NEW, encoding="utf-8")
    return train_run(Project(root), "base", lambda _: None)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with such a model. To be copied, not changed."""
    root = write_project(tmp_path_factory.mktemp("new") / "project")
    train_new(root)
    return root


def test_passages_are_ranked_by_the_codebooks_words(trained: Path) -> None:
    model = load_model(trained / "models" / "base")
    scores = model.classify([OTHER, SOLD, "The ferry sails."]).scores[:, 2]
    assert scores[1] > scores[2] > scores[0] >= 0


def test_what_has_no_label_is_never_raised_not_even_by_the_codebooks_own_words(trained: Path) -> None:
    model = load_model(trained / "models" / "base")
    [ferry] = [narrative for narrative in model.codebook.narratives if narrative.id == "ferry"]
    own = f"{ferry.title}. {ferry.definition} {ferry.include[0]}"
    assert not model.classify([own, own * 20, SOLD]).raised[:, 2].any()


def test_a_long_text_has_the_span_that_is_likest(trained: Path) -> None:
    model = load_model(trained / "models" / "base")
    text = " ".join([OTHER] * 40) + "\n\n" + SOLD + "\n\n" + " ".join([OTHER] * 40)
    start, end = model.classify([text]).spans[0, 2]
    assert SOLD in text[start:end]


def test_a_blank_text_scores_nothing(trained: Path) -> None:
    assert not load_model(trained / "models" / "base").classify(["", "  "]).scores.any()


def test_model_and_card_name_it(trained: Path) -> None:
    folder = trained / "models" / "base"
    manifest = read_json(folder / "model.json")
    assert manifest["training"]["zero_shot"] == ["ferry"]
    assert manifest["prior"]["ferry"][0] == 1
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "No training passage carries ferry: zero-shot, ranked by the codebook's words, never raised." in card


def test_a_saved_prior_is_what_is_loaded(trained: Path, tmp_path: Path) -> None:
    fresh = train_new(write_project(tmp_path / "project"))
    loaded = load_model(trained / "models" / "base")
    assert loaded.digest  # and its files are in the manifest, so a spoiled one is named
    assert "prior/tfidf.safetensors" in read_json(trained / "models" / "base" / "model.json")["files"]
    assert np.array_equal(loaded.classify([OTHER, SOLD]).scores, fresh.classify([OTHER, SOLD]).scores)


def test_training_says_so(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    path = root / "labels" / "codebook.toml"
    path.write_text(path.read_text(encoding="utf-8") + NEW, encoding="utf-8")
    said = invoke(root, "train", "base").output
    assert "no training passage carries ferry: the model cannot raise it, only rank by the codebook (zero-shot)" in said


def test_the_report_marks_it_and_its_figures_are_not_firm(trained: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(trained, tmp_path / "project"))
    added = [{"id": f"s{k}", "text": f"{SOLD} {WORDS[k]}", "document": "sold", "narratives": ["ferry"]} for k in range(12)]
    write_lines(root / "labels" / "more.jsonl", *added)
    with (root / "labels" / "splits.csv").open("a", encoding="utf-8") as file:
        file.write("sold,test\n")
    evaluation = evaluate_run(Project(root), "base")
    rows = {row.id: row for row in evaluation.narratives}
    assert (rows["ferry"].zero_shot, rows["ferry"].thin, rows["ferry"].firm) == (True, False, False)
    assert not rows["toll"].zero_shot
    assert rows["ferry"].average_precision == 1
    assert evaluation.overall["macro_f1_firm"].value is None  # the others are thin
    assert "zero-shot" in evaluation.rules
    assert invoke(root, "report", "base").exit_code == 0
    folder = root / "experiments" / "base"
    assert "| ferry *zero-shot* |" in (folder / "report.md").read_text(encoding="utf-8")
    assert '<em class="thin">zero-shot</em><span class="soft id">ferry' in (folder / "report.html").read_text(encoding="utf-8")


def test_a_codebook_alone_gives_a_ranking(tmp_path: Path) -> None:
    """Nobody has found anything yet: passages were read, none carries a narrative."""
    root = write_project(tmp_path / "project")
    path = root / "labels" / "passages.jsonl"
    lines = [json.loads(line) | {"narratives": []} for line in path.read_text(encoding="utf-8").splitlines()]
    write_lines(path, *lines)
    model = train_new(root)
    readings = model.classify([OTHER, SOLD])
    assert readings.scores[1, 2] > readings.scores[0, 2]
    assert not readings.raised.any()


def test_enough_labels_need_no_help() -> None:
    texts = [f"toll {k}" if k % 2 else f"plain {k}" for k in range(2 * FEW)]
    y = np.array([[k % 2 == 1] for k in range(2 * FEW)])
    assert fit_prior(texts, y, make_narratives("The toll"), np.full((4, 1), 0.5, dtype=np.float32)) is None


@settings(deadline=None)
@given(few=st.integers(1, FEW - 1))
def test_the_more_labels_the_less_the_codebook_weighs(few: int) -> None:
    texts = [f"the toll is high {k}" if k < few else f"plain word {k * k}" for k in range(FEW + few)]
    y = np.array([[k < few, False] for k in range(len(texts))])
    prior = fit_prior(texts, y, make_narratives("The toll is high", "Winter"), np.full((4, 2), 0.5, dtype=np.float32))
    assert prior is not None
    assert prior.weights.tolist() == [STRENGTH / (STRENGTH + few), 1]


def test_few_labels_are_left_alone_where_the_codebooks_words_tell_nothing() -> None:
    """As where the codebook is in another language than the passages."""
    texts = ["мост закрыт", "паром ушёл", "мост открыт", "рынок полон"]
    y = np.array([[True], [False], [True], [False]])
    assert fit_prior(texts, y, make_narratives("The bridge"), np.full((4, 1), 0.5, dtype=np.float32)) is None


def test_the_codebook_lifts_what_few_labels_have_not_shown(toy_texts: Toy) -> None:
    scores = np.full((3, 1), 0.1, dtype=np.float32)
    classifier = TfidfClassifier(min_df=1).fit(toy_texts.texts, toy_texts.y[:, :1])
    likeness = TfidfClassifier(min_df=1).fit(["ferry tariff", "teacher lesson"], np.zeros((2, 1), dtype=np.bool_))
    likeness.take_coefficients(likeness.scorer_.vectorise(["ferry tariff"]).T / 2, np.zeros(1))
    prior = Prior(likeness, np.array([0]), np.array([0.5]), np.array([8.0]), np.array([-4.0]))
    mixed = prior.mix(scores, ["ferry tariff", "teacher", ""])
    assert mixed[0] > scores[0] > max(mixed[1], mixed[2])
    assert Guided(classifier, None).predict_proba(["a"]) == classifier.predict_proba(["a"])


@settings(deadline=None)
@given(texts=st.lists(st.text("abc é.", max_size=30), min_size=1, max_size=4))
def test_vectors_are_those_that_are_scored(texts: list[str]) -> None:
    classifier = TfidfClassifier(min_df=1).fit(["ab cab", "bé a. ca"], np.array([[True, False], [False, True]]))
    scorer = classifier.scorer_
    assert scorer.vectorise(texts) @ classifier.recall().coef + classifier.recall().intercept == pytest.approx(
        scorer.score(texts), abs=1e-5
    )


@pytest.mark.parametrize("run", ["tfidf", "transformer"])
def test_reading_needs_no_torch(project: Path, run: str) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    path = project / "labels" / "codebook.toml"
    path.write_text(path.read_text(encoding="utf-8") + NEW, encoding="utf-8")
    assert train_run(Project(project), run, lambda _: None).prior is not None
    code = (
        "import sys\nfrom pathlib import Path\nfrom narratives.models import load_model\n"
        f"load_model(Path({str(project / 'models' / run)!r})).classify(['a ferry'])\n"
        "print([name for name in ('torch', 'sklearn', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
