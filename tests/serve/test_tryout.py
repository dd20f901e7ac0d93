"""What the page Try shows of a model's answer, alone and beside that of another model."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.served import send, serving

from narratives.serve.answering.shelf import Served, Shelf
from narratives.serve.tryout.page import LONGEST
from narratives.serve.tryout.reading import make_reading

TEXT = "market tekram toll arketmarket"


@pytest.fixture
def served(root: Path) -> Served:
    return Shelf([root / "models" / "base"]).get("")


@pytest.fixture
def row(root: Path) -> Any:
    with serving(root) as client:
        answers = client.post("/api/classify", json={"text": TEXT, "explain": True}, headers={"accept": "application/jsonl"})
    return json.loads(answers.text)


def test_a_claim_is_shown_with_the_threshold_that_it_passed(root: Path, served: Served, row: Any) -> None:
    [claim] = make_reading(served, row, TEXT).claims
    assert claim.score == row["scores"]["toll"] >= claim.threshold == served.model.thresholds[0]
    with serving(root) as client:
        assert f"raised from {claim.threshold:.2f}" in send(client, "/", text=TEXT).text


def test_what_a_model_beside_it_raises_is_shown_whatever_its_score(served: Served, row: Any) -> None:
    silent = {**row, "narratives": {}, "scores": dict.fromkeys(row["scores"], 0.0)}
    assert make_reading(served, silent, TEXT).close == []
    [close] = make_reading(served, silent, TEXT, elsewhere={"toll", "unknown here"}).close
    assert (close.narrative.id, close.score) == ("toll", 0.0)


def test_a_text_that_is_too_long_is_refused_and_never_cut(root: Path) -> None:
    with serving(root) as client:
        assert "maxlength" not in client.get("/").text
        answer = send(client, "/", text="a " * LONGEST)
        assert answer.status_code == 413
        assert "narratives classify" in answer.text
