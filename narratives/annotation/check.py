"""`labels check`: everything that is wrong with the labels at once, and what there is of each narrative."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from narratives.data import Passage, Stance
from narratives.labels import SHARES, Corpus, Splits, leaks
from narratives.project import Project
from narratives.texts import Pair, near_duplicates

CUT = 10  # validation passages that carry a narrative, below which its threshold leans on the other narratives


@dataclass(frozen=True, slots=True)
class Support:
    """How often a narrative is carried, by split and by stance ("unknown" where none is given)."""

    id: str
    total: int
    splits: dict[str, int]
    stances: dict[str, int]


@dataclass(frozen=True, slots=True)
class LabelReport:
    """What `labels check` found. It is clean where `findings` is empty."""

    passages: int
    documents: int
    unlabelled: int
    none: int
    several: int
    unassigned: int  # documents that have no split yet
    further: int  # passages in no split, on which some run is tested too
    nameless: int  # passages that do not name their language
    by_model: int  # passages whose labels are a model's answer: trained on, never tested on
    uncut: dict[str, int]  # narratives with too little to set a threshold by -> validation passages that carry them
    support: list[Support]
    findings: list[str]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def check_labels(project: Project) -> LabelReport:
    """Read everything under `labels/`; `UserError` lists all problems of all files at once."""
    corpus = project.read_corpus()
    further = project.read_further(project.find_all_further(), corpus)
    return _report(corpus, list(chain.from_iterable(further.values())))


def describe_labels(report: LabelReport) -> list[str]:
    """The report as lines of text: counts, a table of support, and whether all is well."""
    lines = [
        f"{report.passages} passages in {report.documents} documents; {report.none} carry none, "
        f"{report.several} carry several, {report.unlabelled} are not labelled"
    ]
    if report.unassigned:
        lines.append(f"{report.unassigned} documents have no split yet; training assigns one")
    if report.further:
        lines.append(f"{report.further} further passages are in no split: some run is tested on them too")
    if report.nameless:
        lines.append(
            f'{report.nameless} passages name no language ("language": "en"): a model cannot tell which texts it cannot read'
        )
    if report.by_model:
        lines.append(f"{report.by_model} passages carry a model's answers: trained on, never tested on, and not counted there")
    width = max(len(support.id) for support in report.support)
    lines.append(f"{'':{width}}  total  train  valid   test  asserts reports  rebuts")
    for row in report.support:
        parts, stances = row.splits, row.stances
        lines.append(
            f"{row.id:{width}}  {row.total:5}  {parts['train']:5}  {parts['validation']:5}  {parts['test']:5}"
            f"  {stances['asserts']:7} {stances['reports']:7} {stances['rebuts']:7}"
        )
    if report.uncut:
        which = ", ".join(f"{id_} ({count})" for id_, count in report.uncut.items())
        needed = math.ceil(CUT / SHARES["validation"])
        lines.append(
            f"too little to set a threshold by, fewer than {CUT} validation passages carry them: {which}; of about {needed} "
            "labelled passages that carry a narrative, validation gets so many"
        )
    return [*lines, f"findings: {len(report.findings)}" if report.findings else "clean"]


def _report(corpus: Corpus, further: list[Passage]) -> LabelReport:
    passages, splits = corpus.passages, corpus.splits
    labels = [passage.narratives for passage in passages if passage.narratives is not None]
    documents = {passage.document for passage in passages}
    all_passages = [*passages, *further]
    all_pairs = near_duplicates([passage.text for passage in all_passages])
    pairs = [pair for pair in all_pairs if max(pair.first, pair.second) < len(passages)]
    repeated = [pair for pair in all_pairs if min(pair.first, pair.second) < len(passages) <= max(pair.first, pair.second)]
    findings = [_describe(passages, pair, splits) for pair in leaks(passages, pairs, splits)]
    findings += [_contradiction(passages, pair) for pair in pairs if _contradict(passages, pair)]
    findings += [_describe_further(all_passages, pair) for pair in repeated]
    if missing := [name for name in splits if name not in documents]:
        names = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
        fix = "delete their lines if they are gone for good, or the whole file if the labels are new"
        findings.append(f"{corpus.splits_file}: {len(missing)} documents have no passage ({names}); {fix}")
    support = [_count(id_, passages, splits) for id_ in corpus.codebook.ids]
    return LabelReport(
        passages=len(passages),
        documents=len(documents),
        unlabelled=len(passages) - len(labels),
        none=sum(not carried for carried in labels),
        several=sum(len(carried) > 1 for carried in labels),
        unassigned=sum(document not in splits for document in documents),
        further=len(further),
        nameless=sum(passage.language == "und" for passage in passages),
        by_model=sum(passage.by_model for passage in passages),
        uncut={row.id: count for row in support if (count := _expect_validation(row)) < CUT},
        support=support,
        findings=findings,
    )


def _expect_validation(support: Support) -> int:
    """Validation passages that carry a narrative, once documents without a split have got theirs."""
    return support.splits["validation"] + round(SHARES["validation"] * support.splits["unassigned"])


def _count(id_: str, passages: Sequence[Passage], splits: Splits) -> Support:
    carrying = [passage for passage in passages if passage.narratives and id_ in passage.narratives]
    places = [(splits.get(passage.document, "unassigned"), passage.by_model) for passage in carrying]
    by_split = Counter(split for split, by_model in places if split == "train" or not by_model)
    stances = Counter(str((passage.narratives or {})[id_] or "unknown") for passage in carrying)
    return Support(
        id_,
        len(carrying),
        {split: by_split[split] for split in (*SHARES, "unassigned")},
        {stance: stances[stance] for stance in (*Stance, "unknown")},
    )


def _describe(passages: Sequence[Passage], pair: Pair, splits: Splits) -> str:
    a, b = passages[pair.first], passages[pair.second]
    split_names = f"{splits.get(a.document, 'no split')} and {splits.get(b.document, 'no split')}"
    likeness = f"{pair.similarity:.0%} alike"
    return f"{b.place}: '{b.id}' nearly repeats '{a.id}' ({likeness}) in another split ({split_names}); not trained on"


def _describe_further(passages: Sequence[Passage], pair: Pair) -> str:
    old, new = passages[min(pair.first, pair.second)], passages[max(pair.first, pair.second)]
    likeness = f"{pair.similarity:.0%} alike"
    return f"{new.place}: '{new.id}' nearly repeats '{old.id}' ({likeness}, {old.place}); a further test must be new"


def _contradict(passages: Sequence[Passage], pair: Pair) -> bool:
    a, b = passages[pair.first], passages[pair.second]
    return pair.similarity == 1 and None not in (a.narratives, b.narratives) and a.narratives != b.narratives


def _contradiction(passages: Sequence[Passage], pair: Pair) -> str:
    a, b = passages[pair.first], passages[pair.second]
    return f"{b.place}: '{b.id}' has the text of '{a.id}' ({a.place}) and other labels; settle which is right and delete one"
