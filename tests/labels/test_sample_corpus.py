"""What the data card says of the sample corpus, and what its passages may never hold."""

import re
from collections import Counter
from pathlib import Path
from statistics import median

import pytest

from narratives.annotation.check import LabelReport, check_labels
from narratives.data import Passage, Stance
from narratives.project.project import Project
from narratives.texts.similarity import near_duplicates

ROOT = Project(Path(__file__).parents[2])


@pytest.fixture(scope="module")
def passages() -> list[Passage]:
    return ROOT.corpus.passages


@pytest.fixture(scope="module")
def report() -> LabelReport:
    return check_labels(ROOT)


def test_the_labels_are_clean_and_every_document_has_its_split(report: LabelReport) -> None:
    assert (report.findings, report.unassigned, report.unlabelled) == ([], 0, 0)


def test_there_is_enough_of_everything(report: LabelReport) -> None:
    assert report.passages >= 7000
    assert report.passages - report.none <= 0.4 * report.passages  # most paragraphs of real texts carry nothing
    assert report.several >= 250
    assert len(report.support) == 28
    for narrative in report.support:
        assert narrative.total >= 110, narrative
        assert min(narrative.stances[stance] for stance in Stance) >= 8, narrative
        assert narrative.splits["test"] >= 10, narrative


def test_each_stance_is_a_fifth_of_the_labels_and_each_hard_case_has_sixty(passages: list[Passage]) -> None:
    stances = Counter(stance for passage in passages for stance in (passage.narratives or {}).values())
    unsettled = stances.pop(None)  # where the second reader saw another stance than the writer
    assert unsettled <= 20
    assert set(stances) == set(Stance)
    assert min(stances.values()) >= stances.total() / 5
    cases = Counter(passage.extras["case"] for passage in passages if "case" in passage.extras)
    assert len(cases) == 10
    assert min(cases.values()) >= 60


def test_lengths_and_registers_are_those_of_real_texts(passages: list[Passage]) -> None:
    words = [len(passage.text.split()) for passage in passages]
    assert 8 <= min(words) <= max(words) <= 230
    assert 60 <= median(words) <= 90
    registers = Counter(passage.source for passage in passages)
    assert registers["analysis"] + registers["wire"] >= len(passages) / 2


def test_no_passage_nearly_repeats_one_of_another_document(passages: list[Passage]) -> None:
    pairs = near_duplicates([passage.text for passage in passages])
    across = [
        (passages[p.first], passages[p.second]) for p in pairs if passages[p.first].document != passages[p.second].document
    ]
    letters = {"s016-4", "r04016-3"}  # two letters to the Security Council, both trained on, end in its formula
    assert [{a.id, b.id} for a, b in across] == [letters]


def test_no_passage_holds_a_link_or_a_contact(passages: list[Passage]) -> None:
    contact = re.compile(r"https?://|www\.|\bt\.me\b|@\w|\+\d[\d -]{5,}")
    assert [passage.id for passage in passages if contact.search(passage.text)] == []


def test_dates_fit_the_task(passages: list[Passage]) -> None:
    dates = [str(passage.extras["date"]) for passage in passages]
    assert "2011-01" <= min(dates) <= max(dates) <= "2026-06"
