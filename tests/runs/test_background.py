"""Unlabelled texts of a feed: learned as carrying nothing, never measured on what was learned, kept under an alarm budget."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from helpers.examples import invoke, problems_of, write_lines
from helpers.toy import TOPICS, Toy
from hypothesis import given
from hypothesis import strategies as st

from narratives.metrics.shares import highest_share
from narratives.models.cuts import Examples
from narratives.models.folder import load_model
from narratives.models.thresholds import cap_alarms, decide
from narratives.project.project import Project
from narratives.runs.background import SHARES, deal_background, describe_alarms, read_background
from narratives.runs.train import train_run

PLAIN = "wheat harvest market clinic road convoy meeting winter price water lamp carpet oven radio letter"


def feed(n: int, seed: int = 0) -> list[str]:
    """Texts about nothing that anybody labelled, no two alike."""
    rng = random.Random(seed)
    return [" ".join([*rng.choices(PLAIN.split(), k=12), str(rng.random())]) for _ in range(n)]


def configure(root: Path, *lines: str) -> None:
    path = root / "experiments" / "tfidf" / "config.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\n" + "\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def fed(project: Path) -> Path:
    """A project with two hundred texts of a feed in labels/background/."""
    (project / "labels" / "background").mkdir()
    write_lines(project / "labels" / "background" / "feed.jsonl", *({"text": text} for text in feed(200)))
    return project


def test_background_is_learned_tuned_on_and_measured_apart(fed: Path) -> None:
    model = train_run(Project(fed), "tfidf", lambda _: None)
    counts = model.training["background"]
    assert counts["learned"] + counts["tuned"] + counts["set_aside"] + counts["measured"] == 200
    assert counts["measured"] == round(200 * SHARES["measure"])
    assert load_model(fed / "models" / "tfidf").training["background"] == counts


def test_without_background_the_report_says_that_alarms_are_not_known(project: Path) -> None:
    assert invoke(project, "run", "tfidf").exit_code == 0
    assert "false alarm in your feed is not known" in (project / "experiments" / "tfidf" / "report.md").read_text("utf-8")


def test_with_background_the_report_gives_alarms_with_their_interval(fed: Path) -> None:
    assert invoke(fed, "run", "tfidf").exit_code == 0
    report = (fed / "experiments" / "tfidf" / "report.md").read_text("utf-8")
    assert "Of 100 background texts that it neither learned nor was tuned on, it raises something in" in report


def test_the_report_shows_what_other_thresholds_would_have_given(fed: Path) -> None:
    assert invoke(fed, "run", "tfidf").exit_code == 0
    folder = fed / "experiments" / "tfidf"
    report = (folder / "report.md").read_text("utf-8")
    rows = [
        line for line in report.partition("## What the thresholds are for")[2].partition("\n## ")[0].splitlines() if "|" in line
    ]
    assert [row.split("|")[1].strip() for row in rows[2:]] == [
        "each narrative by itself, chosen",
        "all answers together",
        "a budget of alarms",
    ]
    evaluation = json.loads((folder / "evaluation.json").read_text("utf-8"))
    chosen = evaluation["objectives"][0]
    assert {name: chosen[name] for name in ("micro_f1", "macro_f1")} == {
        name: evaluation["overall"][name] for name in ("micro_f1", "macro_f1")
    }
    assert "each of these scored by a model that saw neither its document" in evaluation["rules"]["thresholds"]


@pytest.mark.parametrize("objective", ["micro", "alarms"])
def test_thresholds_serve_what_the_config_asks_for(fed: Path, objective: str) -> None:
    configure(fed, f'[thresholds]\nobjective = "{objective}"\nmax_alarms = 0.1')
    model = train_run(Project(fed), "tfidf", lambda _: None)
    assert model.tuning is not None
    assert model.thresholds.tolist() == pytest.approx(model.tuning.choices[objective].thresholds)
    assert model.tuning.choices[objective] != model.tuning.choices["narrative"]
    assert invoke(fed, "evaluate", "tfidf").exit_code == 0
    evaluation = json.loads((fed / "experiments" / "tfidf" / "evaluation.json").read_text("utf-8"))
    chosen = [row["name"] for row in evaluation["objectives"] if row["chosen"]]
    assert chosen == [objective]


def test_a_budget_to_spend_needs_texts_to_count_alarms_in(project: Path) -> None:
    configure(project, '[thresholds]\nobjective = "alarms"\nmax_alarms = 0.1')
    result = invoke(project, "train", "tfidf")
    assert result.exit_code == 2 and "no background texts to count alarms in" in result.output
    assert not (project / "models" / "tfidf").exists()


def test_other_thresholds_are_a_reason_to_train_anew(fed: Path) -> None:
    assert invoke(fed, "run", "tfidf").exit_code == 0
    configure(fed, "[thresholds]\nmax_alarms = 0.5")
    assert "--force trains all the same" not in invoke(fed, "retrain", "tfidf", "--dry-run").output


def test_no_text_is_in_two_parts(toy_texts: Toy) -> None:
    train = Examples(texts=toy_texts.texts, gold=toy_texts.y)
    background = deal_background(feed(90), train, list(TOPICS), 600)
    parts = [*background.learn, *background.tune, *background.measure, *(text for text, _, _ in background.aside)]
    assert len(parts) == len(set(parts)) == 90


def test_texts_that_carry_something_are_set_aside_and_offered_for_labelling(fed: Path, toy_texts: Toy) -> None:
    planted = [f"{text} {k}" for k, text in enumerate(toy_texts.texts[:12]) if toy_texts.y[k].any()]
    write_lines(fed / "labels" / "background" / "more.jsonl", *({"text": text} for text in planted))
    train_run(Project(fed), "tfidf", lambda _: None)
    path = fed / "experiments" / "tfidf" / "background-suspects.jsonl"
    suspects = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert suspects
    assert {suspect["text"] for suspect in suspects} <= set(planted)
    assert all(suspect["narratives"] is None and "may carry" in suspect["chosen"] for suspect in suspects)
    result = invoke(fed, "labels", "import", path)
    assert result.exit_code == 0, result.output


def test_the_lot_decides_which_texts_are_drawn_not_their_order(tmp_path: Path) -> None:
    texts = feed(40)
    for name, order in (("a", texts), ("b", texts[::-1])):
        write_lines(tmp_path / f"{name}.jsonl", *({"text": text} for text in order))
    drawn = [read_background([tmp_path / f"{name}.jsonl"], 3, most=10) for name in ("a", "b")]
    assert drawn[0] == drawn[1] and len(drawn[0]) == 10


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (['[training]\nbackground = ["nowhere/*.jsonl"]'], "matches 'nowhere/*.jsonl'; mend the pattern, or take it out"),
        (['[training]\nbackground = "feed.jsonl"'], "'background' must be patterns of files"),
        (["[thresholds]\nmax_alarms = 2"], "'max_alarms' is a share: above 0, at most 1"),
        (["[thresholds]\nmax_alarms = 0"], "'max_alarms' is a share: above 0, at most 1"),
    ],
)
def test_a_mistake_in_the_config_is_one_line(project: Path, lines: list[str], problem: str) -> None:
    configure(project, *lines)
    [told] = problems_of(lambda: Project(project).read_config("tfidf"))
    assert problem in told and "config.toml:" in told


def test_a_background_file_without_texts_is_refused(project: Path) -> None:
    write_lines(project / "feed.jsonl", {"body": "a text"})
    configure(project, '[training]\nbackground = ["feed.jsonl"]')
    result = invoke(project, "train", "tfidf")
    assert result.exit_code == 2 and "background needs a field or column 'text'" in result.output


def test_other_background_is_a_reason_to_train_anew(fed: Path) -> None:
    assert invoke(fed, "run", "tfidf").exit_code == 0
    assert "--force trains all the same" in invoke(fed, "retrain", "tfidf").output
    write_lines(fed / "labels" / "background" / "feed.jsonl", *({"text": text} for text in feed(150, seed=1)))
    assert "--force trains all the same" not in invoke(fed, "retrain", "tfidf", "--dry-run").output


@given(st.integers(1, 400), st.floats(0.005, 0.5), st.integers(0, 2**32 - 1))
def test_the_budget_holds_with_its_confidence_and_thresholds_never_fall(n: int, most: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.beta(0.3, 2, (n, 3)).astype(np.float32)
    before = rng.uniform(0.05, 0.6, 3)
    after = cap_alarms(before, scores, most)
    assert (after >= before - 1e-12).all() and (after <= 1).all()
    alarms = int(decide(scores, after).any(1).sum())
    assert alarms == 0 or highest_share(alarms, n) <= most
    if highest_share(int(decide(scores, before).any(1).sum()), n) <= most:
        assert np.array_equal(before, after)


def test_a_budget_without_background_is_refused(project: Path) -> None:
    configure(project, "[thresholds]\nmax_alarms = 0.1")
    result = invoke(project, "train", "tfidf")
    assert result.exit_code == 2 and "or leave max_alarms out" in result.output


def test_one_of_several_files_without_texts_is_refused(tmp_path: Path) -> None:
    good, bad = write_lines(tmp_path / "a.jsonl", {"text": "a text"}), write_lines(tmp_path / "b.jsonl", {"body": "another"})
    [problem] = problems_of(lambda: read_background([good, bad], 0))
    assert problem == f"{bad}: no texts in it; background needs a field or column 'text'"


def test_of_too_few_texts_no_rate_is_told() -> None:
    counts = {"measured": 0, "alarms": 0, "narratives": {}}
    assert describe_alarms({"background": counts}).startswith("How often it raises a false alarm in your feed is not known")
