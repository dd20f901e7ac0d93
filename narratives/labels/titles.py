"""What people call a narrative: its id, its title, either with other white space or case, or at the end of a path."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

OTHER = ("other", "none", "(none)")  # in a hierarchy: none of the narratives below, or none at all
PATHS = (" > ", "\\")  # how programs for qualitative work write a code below another
COLONS = (": ",)  # how SemEval writes it


def fold_name(word: str) -> str:
    """What two names must share to count as the same: all but case, white space and signs that nobody sees."""
    visible = "".join(sign for sign in unicodedata.normalize("NFKC", word) if unicodedata.category(sign) != "Cf")
    return " ".join(visible.casefold().split())


def fold_names(names: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Folded name -> id, of pairs of a name and its id; names that stand for two ids are left out."""
    owners: dict[str, set[str]] = defaultdict(set)
    for name, id_ in names:
        owners[fold_name(name)].add(id_)
    return {name: next(iter(ids)) for name, ids in owners.items() if len(ids) == 1}


def list_endings(word: str, steps: Sequence[str]) -> Iterator[str]:
    """What stands after each step of a path such as `Opponents > The toll robs us`, the longest first; not the word itself."""
    cuts = {match.end() for step in steps for match in re.finditer(re.escape(step), word)}
    for cut in sorted(cuts):
        if word[cut:].strip():
            yield word[cut:].strip()
