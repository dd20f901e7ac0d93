"""Which document trains, which tunes, which tests: `labels/splits.csv`, append-only."""

import csv
import hashlib
import io
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from narratives.data import Passage
from narratives.errors import UserError, at, did_you_mean
from narratives.files import read_text, write_text
from narratives.texts import Pair, group

SHARES = {"train": 0.65, "validation": 0.15, "test": 0.20}
_FEW = 5  # free documents from which on no split stays empty
BY_LOT = "by lot"  # in a passage's `chosen`, where `suggest` says why it was chosen
Splits = dict[str, str]  # document -> split


def read_splits(path: Path) -> Splits:
    """The split of each document; empty where the file is not there yet. `UserError` lists every bad line."""
    if not path.exists():
        return {}
    reader = csv.reader(io.StringIO(read_text(path)))
    try:
        lines = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise UserError(at(path, reader.line_num, f"broken CSV: {error}")) from None
    problems = []
    if not lines or lines[0] != (1, ["document", "split"]):
        problems.append(at(path, 1, "the first line must be: document,split"))
    splits: Splits = {}
    for line, row in lines[1:]:
        if len(row) != 2:
            problems.append(at(path, line, f"{len(row)} fields; write document,split"))
        elif row[1] not in SHARES:
            problems.append(at(path, line, f"unknown split '{row[1]}'{did_you_mean(row[1], SHARES)}"))
        elif splits.setdefault(row[0], row[1]) != row[1]:
            problems.append(at(path, line, f"document '{row[0]}' is in {splits[row[0]]} already; delete one line"))
    if problems:
        raise UserError(*problems)
    return splits


def append_splits(path: Path, new: Splits) -> None:
    """Add lines for new documents."""
    write_text(path, extend_splits(path, new))


def extend_splits(path: Path, new: Splits) -> str:
    """The file's text with lines for new documents; what stands in it stays byte for byte."""
    text = path.read_bytes().decode("utf-8") if path.exists() else "document,split\n"  # as it is: with its mark, with CRLF
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(new.items())
    return text + ("" if text.endswith("\n") else "\n") + out.getvalue()


def assign_splits(passages: Sequence[Passage], pairs: Sequence[Pair], splits: Mapping[str, str], seed: int = 0) -> Splits:
    """A split for each document that has none yet.

    A document stays whole, and documents that share near-duplicate passages (`pairs`, by position in `passages`) stay
    together: a newcomer that joins a test document goes to test. Free groups are dealt out narrative by narrative, the
    rarest first, to the split that lacks it most (iterative stratification: Sechidis, Tsoumakas and Vlahavas, ECML
    2011). The answer depends on nothing but the arguments.

    Once there is a test set, one fresh document in five joins it by lot, whatever it lacks: a test set that never changes
    wears out with each decision that it is used for. The lot is drawn from the document's name, so that neither its labels
    nor its neighbours sway it.

    What `suggest` chose goes to train: such texts are harder than the usual ones, and would make a test of other texts than
    those that are monitored. What it drew by lot is dealt out like the rest. What a model labelled goes to train too.
    """
    documents = list(dict.fromkeys(passage.document for passage in passages))
    position = {document: k for k, document in enumerate(documents)}
    links = ((position[passages[p.first].document], position[passages[p.second].document]) for p in pairs)
    members: dict[int, list[str]] = defaultdict(list)
    for document, root in zip(documents, group(len(documents), links), strict=True):
        members[root].append(document)
    group_of = {document: root for root, names in members.items() for document in names}

    contents: dict[int, Counter[str]] = defaultdict(Counter)
    for passage in passages:
        contents[group_of[passage.document]].update(_strata(passage))
    total = _add_up(contents.values())
    quotas = {split: {s: n * share for s, n in total.items()} for split, share in SHARES.items()}

    suggested = {group_of[passage.document] for passage in passages if passage.extras.get("chosen", BY_LOT) != BY_LOT}
    suggested |= set(members) - {group_of[passage.document] for passage in passages if not passage.by_model}
    has_test = "test" in splits.values()
    placed: dict[int, str] = {}
    free = []
    for root, names in members.items():
        fixed = {splits[name] for name in names if name in splits}
        if fixed:  # of several, the one that must not leak into training wins
            placed[root] = next(split for split in ("test", "validation", "train") if split in fixed)
        elif root in suggested:
            placed[root] = "train"
        elif has_test and _draw_lot(names[0], seed) < SHARES["test"]:
            placed[root] = "test"
        else:
            free.append(root)
            continue
        for stratum, n in contents[root].items():
            quotas[placed[root]][stratum] -= n
    _deal_out(free, contents, quotas, placed, random.Random(seed))
    _fill_empty(free, contents, placed)
    return {name: placed[group_of[name]] for name in documents if name not in splits}


def _draw_lot(document: str, seed: int) -> float:
    """A number in [0, 1) that looks random and is always the same for a document."""
    digest = hashlib.sha256(f"{seed}:{document}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _strata(passage: Passage) -> list[str]:
    # Size counts too, so that "all" and "none" are dealt out in proportion like a narrative.
    return ["", *(["(unlabelled)"] if passage.narratives is None else passage.narratives or ["(none)"])]


def _deal_out(
    free: list[int],
    contents: Mapping[int, Counter[str]],
    quotas: dict[str, dict[str, float]],
    placed: dict[int, str],
    rng: random.Random,
) -> None:
    free = list(free)
    rng.shuffle(free)
    while free:
        remaining = _add_up(contents[root] for root in free)
        rarest = min((stratum for stratum in remaining if stratum), key=lambda stratum: (remaining[stratum], stratum))
        for root in sorted((root for root in free if contents[root][rarest]), key=lambda root: -contents[root][rarest]):
            split = max(quotas, key=lambda split: (quotas[split][rarest], quotas[split][""]))
            placed[root] = split
            for stratum, n in contents[root].items():
                quotas[split][stratum] -= n
        free = [root for root in free if root not in placed]


def _fill_empty(free: Sequence[int], contents: Mapping[int, Counter[str]], placed: dict[int, str]) -> None:
    # Large documents may fill one split so far that none is left for another, without which nothing can be tuned or tested.
    for split in SHARES:
        counts = Counter(placed.values())
        givers = [root for root in free if counts[placed[root]] > 1]
        if not counts[split] and len(free) >= _FEW and givers:
            placed[min(givers, key=lambda root: (-counts[placed[root]], contents[root][""], root))] = split


def _add_up(counters: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def split_passages(passages: Sequence[Passage], splits: Mapping[str, str], split: str) -> list[Passage]:
    """The passages of one split that somebody has labelled; in what is held out, only those that people have."""
    labelled = [p for p in passages if splits.get(p.document) == split and p.narratives is not None]
    return labelled if split == "train" else [p for p in labelled if not p.by_model]


def leaks(passages: Sequence[Passage], pairs: Sequence[Pair], splits: Mapping[str, str]) -> list[Pair]:
    """The near-duplicates that stand in different splits."""
    return [p for p in pairs if splits.get(passages[p.first].document) != splits.get(passages[p.second].document)]
