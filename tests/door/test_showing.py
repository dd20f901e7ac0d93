"""What results say of themselves where they are printed, and what `compare` says to whom it cannot serve."""

from pathlib import Path

import pytest

import narratives


@pytest.fixture
def part(trams: Path) -> narratives.Part:
    """The test passages of the starter project."""
    return narratives.Project(trams).corpus.part("test")


def test_a_comparison_is_printed_as_a_sentence(part: narratives.Part) -> None:
    perfect = narratives.evaluate(part, {passage.id: passage.narratives for passage in part}, name="perfect")
    silent = narratives.evaluate(part, {passage.id: [] for passage in part}, name="silent")
    shown = repr(narratives.compare(silent, perfect))
    assert shown.startswith("<Comparison: perfect against silent, micro F1 +1.00 (")
    assert "): better;" in shown
    assert len(shown) < 400
    assert "no narrative of which a difference is sure" in repr(narratives.compare(perfect, perfect))


def test_compare_says_how_runs_become_results(part: narratives.Part) -> None:
    result = narratives.evaluate(part, {passage.id: [] for passage in part})
    with pytest.raises(TypeError, match=r"not a str; of a run: Project\(\.\.\.\)\.evaluate\('tfidf'\)"):
        narratives.compare(result, "tfidf")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not a list"):
        narratives.compare([], result)  # type: ignore[arg-type]
