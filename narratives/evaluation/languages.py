"""How a model does on test passages that are in no split, and in each language."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from narratives.evaluation.breakdowns import LANGUAGE, Slice, score_slice
from narratives.evaluation.joined import Joined
from narratives.metrics import find_owners

FURTHER = "further test"  # the axis of files in no split
TWINS = "translated twins"  # the axis of passages that say the same in several languages
_TWIN = "twin"  # a passage's own field: the id of the test passage that it is a translation of


def find_further(answers: Joined, files: Mapping[str, str]) -> list[Slice]:
    """Micro F1 on further test passages, by file and the languages in it; `files` says where each id stands."""
    units = np.array([files[passage.id] for passage in answers.passages])
    languages = np.array([passage.language for passage in answers.passages])
    owners = find_owners(answers.documents)
    slices = []
    for file in dict.fromkeys(files.values()):
        spoken = sorted(set(languages[units == file]))
        for language in spoken:
            name = file if len(spoken) == 1 else f"{file}, {language}"
            slices.append(score_slice(FURTHER, name, (units == file) & (languages == language), answers, owners))
    return slices


def find_languages(answers: Joined, further: Joined) -> list[Slice]:
    """Micro F1 in each language, of the split and the further passages together; of translated twins also by themselves.

    Twins of other languages are compared with the passages of the split that they are translations of, and all languages
    with the same ones: those that are there in every language.
    """
    both = _add(answers, further)
    owners = find_owners(both.documents)
    languages = np.array([passage.language for passage in both.passages])
    slices = [score_slice(LANGUAGE, language, languages == language, both, owners) for language in sorted(set(languages))]
    originals = _find_originals(both)
    spoken = sorted({language for original, language in zip(originals, languages, strict=True) if original})
    by_language = {code: {original for original in originals[languages == code] if original} for code in spoken}
    shared = set.intersection(*by_language.values()) if by_language else set()
    twins = np.array([original in shared for original in originals])
    return slices + [
        score_slice(TWINS, language, twins & (languages == language), both, owners) for language in spoken if twins.any()
    ]


def _find_originals(answers: Joined) -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    """For each passage the id of the one that it translates, its own where it is translated, or nothing."""
    twins = [str(passage.extras.get(_TWIN, "")) for passage in answers.passages]
    translated = {id_ for id_ in twins if id_}
    own = [passage.id if passage.id in translated else "" for passage in answers.passages]
    return np.array([twin or id_ for twin, id_ in zip(twins, own, strict=True)], dtype=object)


def _add(first: Joined, second: Joined) -> Joined:
    arrays = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in ("gold", "predicted", "gold_stances", "predicted_stances")
    }
    return replace(first, passages=[*first.passages, *second.passages], scores=None, **arrays)
