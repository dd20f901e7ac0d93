"""What other tools call the narratives: ids, titles, names to be renamed, each perhaps with a stance."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from narratives.data import Codebook
from narratives.errors import UserError, did_you_mean, show
from narratives.files import count_id
from narratives.labels import NONE, PATHS, STANCES, Tell, fold_name, fold_names, join_stance, list_endings, split_stance

_NONE_WORDS = {"none", "no", "nothing", "none of these", "none of the above", "no narrative", "no narratives", "no label"}
_NONE_WORDS |= {"neutral", "other", "n", "-", "not applicable", "irrelevant", "clean", "normal", "non"}
_NEGATED = re.compile(r"(not|no|non|un|anti)[ _:-]|!", re.IGNORECASE)  # near to what it denies
_STEPS = (": ", ":", "::", "/", " / ", " - ")  # what people write between a family and a narrative of it


@dataclass(frozen=True, slots=True)
class Names:
    """Looks labels up. `renames` says what a name that the codebook lacks stands for."""

    ids: tuple[str, ...]
    titles: Mapping[str, str]  # title -> id; a title that two narratives share is not in it
    renames: Mapping[str, str]
    met: set[str] = field(default_factory=set)  # the renames that were of use
    folded: Mapping[str, str] = field(default_factory=dict)  # name without case and odd white space -> id or rename

    def find(self, word: str) -> str | None:
        """`id`, `id:stance` or `(none)` for a label; `None` where the codebook knows no such label.

        A name counts whatever its case and white space, and at the end of a path as tools write it (`Critics > Toll`).
        """
        if word in self.renames:
            self.met.add(word)
            word = self.renames[word]
        if word == NONE or word in self.ids:
            return word
        if word in self.titles:
            return self.titles[word]
        name, stance = split_stance(word)
        if stance is not None:
            label = self.find(name)
            return join_stance(label, stance) if label in self.ids else None
        for ending in (word, *list_endings(word, PATHS)):
            if label := self.folded.get(fold_name(ending)):
                return self.find(label)
        return None

    def narrative(self, word: str) -> str | None:
        """The id of the narrative that a label names, whatever the stance."""
        label = self.find(word)
        return None if label in (None, NONE) else split_stance(str(label))[0]

    def resolve(self, value: Any, tell: Tell) -> Any:
        """Labels with every name replaced by its id: a list or an object becomes an object, all else is left as it is."""
        if isinstance(value, list):
            pairs: Iterable[tuple[Any, Any]] = [(word, None) for word in value]
        elif isinstance(value, dict):
            pairs = value.items()
        else:
            return value
        labels: dict[str, Any] = {}
        says_none = False
        for word, given_stance in pairs:
            word = str(word) if isinstance(word, bool) else count_id(word)
            if not isinstance(word, str) or not word.strip():
                tell(f"a label must be a text, not {json.dumps(word, default=str)[:40]}; take it out")
                continue
            label = self.find(word)
            if label is None:
                tell(self.explain_unknown(word))
                continue
            says_none |= label == NONE
            if label == NONE:
                continue
            id_, named = split_stance(label)
            stances = [stance for stance in (labels.get(id_), named, given_stance) if stance is not None]
            if any(stance != stances[0] for stance in stances):
                tell(f"'{id_}' has two stances, {' and '.join(map(str, stances))}; keep one")
            labels[id_] = stances[0] if stances else None
        if says_none and labels:
            tell(f"'{NONE}' stands beside {', '.join(labels)}; keep one of them")
        return labels

    def explain_unknown(self, word: str) -> str:
        """That the codebook knows no such label, and the option that renames it."""
        shown = show(word)
        if fold_name(word) in _NONE_WORDS:
            return f"unknown label '{shown}'; if it says that nothing is carried: {_map(shown, NONE)}"
        near = get_close_matches(word, [*self.ids, *self.titles], n=1, cutoff=0.6)
        if _NEGATED.match(word):
            return (
                f"unknown label '{shown}'; if it says that nothing is carried: {_map(shown, NONE)}, else: {_map(shown, 'ID')}"
            )
        if near:
            return f"unknown label '{shown}'; did you mean '{show(near[0])}'? {_map(shown, self.titles.get(near[0], near[0]))}"
        return f"unknown label '{shown}'{did_you_mean(word, self.ids)}; rename it: {_map(shown, 'ID')}"


def _map(old: str, new: str) -> str:
    return f"--map '{old}={new}'" if "'" not in old else f"--map {shlex.quote(f'{old}={new}')}"


def make_names(codebook: Codebook, renames: Iterable[str] = ()) -> Names:
    """The names of a codebook, and renames written as `OLD=NEW`; `UserError` lists those that lead nowhere."""
    titles = [narrative.title for narrative in codebook.narratives]
    unique = {n.title: n.id for n in codebook.narratives if titles.count(n.title) == 1}
    plain = Names(codebook.ids, unique, {})
    table: dict[str, str] = {}
    problems = []
    for rename in renames:
        old, _, new = rename.rpartition("=")
        if not old:
            problems.append(f"--map {rename}: write OLD=NEW")
        elif plain.find(new) is None:
            stances = f"; a stance is one of {', '.join(STANCES)}" if ":" in new else ""
            problems.append(f"--map {rename}: unknown narrative '{new}'{did_you_mean(new, codebook.ids)}{stances}")
        elif table.setdefault(old, new) != new:
            problems.append(f"--map {rename}: '{old}' was renamed to '{table[old]}' already; keep one")
    if problems:
        raise UserError(*problems)
    names = [(name, n.id) for n in codebook.narratives for name in (n.id, n.title)]
    names += [(f"{n.family}{step}{name}", n.id) for n in codebook.narratives for name in (n.id, n.title) for step in _STEPS]
    folded = fold_names([(NONE, NONE), *names, *((old, old) for old in table)])
    return Names(codebook.ids, unique, table, folded=folded)
