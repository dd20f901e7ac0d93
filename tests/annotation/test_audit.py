"""`narratives labels audit`: planted errors are found, decided ones are not asked again, the review comes back."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.examples import CODEBOOK, invoke, problems_of, snapshot, write_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from narratives.annotation import audit as module
from narratives.annotation.audit import FLOOR, LEAST, Audit, audit_labels, find_errors, find_faint
from narratives.project.project import Project

TOPICS: dict[str | None, list[str]] = {
    "toll": ["bridge", "barrier", "ferry", "tariff"],
    "school": ["teacher", "lesson", "pupil", "exam"],
    None: ["garden", "winter", "letter", "engine"],
}
WORDS = [a + b for a in ("mar", "tin", "sol", "pek", "dra") for b in ("ket", "ver", "mon", "lis", "gate", "ruth")]


def make_passages() -> list[dict[str, Any]]:
    rng = random.Random(3)
    passages: list[dict[str, Any]] = []
    for k in range(60):
        id_ = list(TOPICS)[k % 3]
        words = rng.sample(WORDS, 8) + rng.sample(TOPICS[id_], 3)
        rng.shuffle(words)
        labels = {id_: "asserts"} if id_ else {}
        passages.append({"id": f"p{k:02}", "text": " ".join(words), "document": f"d{k:02}", "narratives": labels})
    return passages


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """60 passages of which three are labelled wrongly: p00 has lost its label, p01 another's, p02 one too many."""
    passages = make_passages()
    passages[0]["narratives"] = {}
    passages[1]["narratives"] = {"toll": "asserts"}
    passages[2]["narratives"] = {"school": "reports"}
    write_lines(tmp_path / "labels" / "codebook.toml", *CODEBOOK.splitlines())
    write_lines(tmp_path / "labels" / "passages.jsonl", *passages)
    splits = [f"d{k:02},{'train' if k < 45 else 'test'}" for k in range(60)]
    write_lines(tmp_path / "labels" / "splits.csv", "document,split", *splits)
    return tmp_path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def audit(root: Path, review: Path | None = None) -> Audit:
    return audit_labels(Project(root), review)


def test_planted_errors_stand_at_the_top_of_the_review(planted: Path) -> None:
    found = audit(planted)
    records = read(Path(found.review))
    assert {record["id"] for record in records[:3]} == {"p00", "p01", "p02"}
    doubts = [record["doubt"] for record in records]
    assert doubts == sorted(doubts, reverse=True)
    swapped = next(record for record in records if record["id"] == "p01")
    assert [side["narratives"] for side in swapped["sides"][:2]] == [{"toll": "asserts"}, {"school": None}]
    assert all("scores" in why for why in swapped["review"])


def test_what_a_person_decides_comes_back_and_is_not_asked_again(planted: Path) -> None:
    before = snapshot(planted)
    assert invoke(planted, "labels", "audit").exit_code == 1
    review = planted / "labels" / "review" / "audit.jsonl"
    records = read(review)
    invoke(planted, "labels", "import", review)
    assert snapshot(planted)["labels/passages.jsonl"] == before["labels/passages.jsonl"]  # nothing decided, nothing changed
    for record in records:
        record["decision"] = {"p00": {"toll": "reports"}, "p01": 2}.get(record["id"], 1)
    write_lines(review, *records)
    assert invoke(planted, "labels", "import", review).exit_code == 0
    labels = {one["id"]: one["narratives"] for one in read(planted / "labels" / "passages.jsonl")}
    assert labels["p00"] == {"toll": "reports"}
    assert labels["p01"] == {"school": None}
    assert labels["p02"] == {"school": "reports"}
    decided = {record["id"] for record in records}
    again = audit(planted)
    assert decided.isdisjoint(record["id"] for record in again.records)
    assert read(review) == records  # a later audit writes beside what was decided
    if again.records:
        assert again.review.endswith("audit-2.jsonl")


def while_auditing(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let `act` happen while scores are computed."""
    original = module.score_out_of_fold

    def score(*args: Any) -> Any:
        act()
        return original(*args)

    monkeypatch.setattr(module, "score_out_of_fold", score)


def test_what_is_corrected_during_an_audit_is_not_asked(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def correct() -> None:
        path = planted / "labels" / "passages.jsonl"
        write_lines(path, *({**row, "narratives": {"toll": None}} if row["id"] == "p00" else row for row in read(path)))

    while_auditing(monkeypatch, correct)
    listed = {record["id"] for record in audit(planted).records}
    assert "p00" not in listed and {"p01", "p02"} <= listed


def test_decisions_that_are_made_during_an_audit_are_kept(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review = Path(audit(planted).review)
    first, *others = read(review)
    decided = [{**first, "decision": 1}, *others]
    while_auditing(monkeypatch, lambda: write_lines(review, *decided))
    assert audit(planted).review.endswith("audit-2.jsonl")
    assert read(review) == decided


def test_a_codebook_that_changes_during_an_audit_ends_it(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = CODEBOOK.replace('version = "1"', 'version = "2"').splitlines()
    while_auditing(monkeypatch, lambda: write_lines(planted / "labels" / "codebook.toml", *lines))
    labels = planted / "labels"
    assert problems_of(lambda: audit(planted)) == [
        f"{labels}: the codebook was changed during the audit; give the command again"
    ]
    assert not (labels / "review").exists()


def test_no_model_judges_test_passages_nor_what_nearly_repeats_them(planted: Path) -> None:
    passages = make_passages()
    for k in (0, 1, 2, 45, 46, 47):  # the same errors in train and in test
        passages[k]["narratives"] = passages[k + 1]["narratives"]
    twin = {**passages[45], "id": "twin", "document": "twin", "text": passages[45]["text"] + " indeed"}  # with the same error
    write_lines(planted / "labels" / "passages.jsonl", *passages, twin)
    found = audit(planted)
    listed = {record["id"] for record in found.records}
    assert {"p00", "p01", "p02"} <= listed
    assert listed.isdisjoint({"twin", *(f"p{k}" for k in range(45, 60))})
    assert (found.passages, found.held_out) == (61, 16)
    assert "held out, judged by no model: 16" in invoke(planted, "labels", "audit").output


def test_a_lot_lists_test_passages_whatever_their_scores_and_none_twice(planted: Path) -> None:
    rounds = []
    for _ in range(2):
        review = invoke(planted, "labels", "audit", "--lot", "4", "--json")
        told = json.loads(review.stdout)
        drawn = [
            one["id"] for one in told["records"] if one["review"] == ["drawn by lot from the test split, whatever a model says"]
        ]
        assert (len(drawn), told["kinds"]["test passages drawn by lot"]) == (4, 4)
        assert all(int(id_[1:]) >= 45 for id_ in drawn)
        records = read(Path(told["review"]))
        write_lines(Path(told["review"]), *({**record, "decision": 1} for record in records))
        rounds.append(set(drawn))
    assert rounds[0].isdisjoint(rounds[1])


def test_documents_get_their_split_before_any_label_is_touched(planted: Path) -> None:
    fresh = [{"id": f"f{k}", "text": f"alone{k} on{k} its{k} own{k}", "document": f"f{k}", "narratives": {}} for k in range(3)]
    write_lines(planted / "labels" / "passages.jsonl", *make_passages(), *fresh)
    assert audit(planted).new_splits == 3
    splits = (planted / "labels" / "splits.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in splits[-3:]] == ["f0", "f1", "f2"]
    assert audit(planted).new_splits == 0


def test_json_says_what_was_found(planted: Path) -> None:
    result = invoke(planted, "labels", "audit", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert {"p00", "p01"} <= {record["id"] for record in told["records"]}
    assert told["passages"] == 60


def test_thin_narratives_are_not_judged_and_that_is_said(planted: Path) -> None:
    passages = [{**one, "narratives": {}} if k % 3 == 1 and k > 15 else one for k, one in enumerate(make_passages())]
    write_lines(planted / "labels" / "passages.jsonl", *passages)
    result = invoke(planted, "labels", "audit")
    assert f"not judged, fewer than {FLOOR} passages carry them: school (5)" in result.output


def test_where_a_narrative_is_learned_badly_no_label_is_held_to_be_missing_and_that_is_said(
    planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def score(passages: Any, gold: Any, *_: Any) -> Any:
        return np.tile(np.array([0.03, 0.9], dtype=np.float32), (len(passages), 1))

    monkeypatch.setattr(module, "score_out_of_fold", score)
    result = invoke(planted, "labels", "audit")
    assert f"not asked below a score of {LEAST}: toll" in result.output
    review = (planted / "labels" / "review" / "audit.jsonl").read_text(encoding="utf-8")
    assert "'school' is not carried" in review
    assert "'toll' is not carried" not in review


def test_near_duplicates_with_other_labels_are_held_against_each_other(planted: Path) -> None:
    passages = make_passages()
    twin = {**passages[0], "id": "twin", "document": "twin", "text": passages[0]["text"] + " indeed", "narratives": {}}
    write_lines(planted / "labels" / "passages.jsonl", *passages, twin)
    records = {record["id"]: record for record in audit(planted).records}
    assert any("like 'p00', which has other labels" in why for why in records["twin"]["review"])
    assert any("like 'twin'" in why for why in records["p00"]["review"])
    assert {"narratives": {"toll": "asserts"}} in records["twin"]["sides"]


def test_passages_that_a_migration_left_open_are_counted(planted: Path) -> None:
    open_ = {"id": "p05", "text": "t", "review": ["read it"], "decision": None, "sides": []}
    path = write_lines(planted / "labels" / "review" / "2.jsonl", open_, {**open_, "id": "p06", "decision": 1})
    assert audit(planted).waiting == {str(path): 1}


def test_where_the_review_may_not_go(planted: Path) -> None:
    [problem] = problems_of(lambda: audit(planted, planted / "labels" / "more.jsonl"))
    assert "would be read as passages there" in problem
    decided = write_lines(planted / "decided.jsonl", {"id": "p00", "decision": 1})
    [problem] = problems_of(lambda: audit(planted, decided))
    assert "holds decisions" in problem


def test_a_handful_of_documents_is_too_few(planted: Path) -> None:
    write_lines(planted / "labels" / "passages.jsonl", *make_passages()[:6])
    [problem] = problems_of(lambda: audit(planted))
    assert "at least 10 documents" in problem


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(24, 60))
def test_scores_that_agree_with_the_labels_raise_no_doubt(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    gold = np.arange(n)[:, None] % 2 == 0
    scores = np.where(gold, 0.9, 0.1).astype(np.float32)
    assert not find_errors(scores, gold).any()
    row = int(rng.integers(n))
    gold[row] = ~gold[row]
    assert np.flatnonzero(find_errors(scores, gold).sum(1)).tolist() == [row]
    assert not find_errors(scores, gold, floor=n).any()


def test_a_low_mean_alone_makes_no_label_missing() -> None:
    gold = np.arange(40)[:, None] < 12
    scores = np.where(gold, 0.02, 0.01).astype(np.float32)
    scores[20] = 0.03  # more than those that carry it, and next to nothing
    assert find_faint(scores, gold) == [True]
    assert not find_errors(scores, gold)[20].any()
    scores[20] = 0.4
    assert find_errors(scores, gold)[20].any()
    assert find_faint(scores, gold, floor=13) == [False]
