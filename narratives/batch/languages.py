"""What the model's own test says of the language of each text: untested, failed, or nothing to say."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from narratives.batch.items import Item
from narratives.data import UNKNOWN
from narratives.models import Answers
from narratives.texts import FAILED, FOREIGN, UNTESTED

LANGUAGE_NOTES = {"foreign": FOREIGN, "untested": UNTESTED, "failed": FAILED}  # counted by language


def silence_failed(items: Sequence[Item], answers: Answers) -> Answers:
    """The answers with nothing raised in texts of languages in which the model failed its test; their scores stay."""
    failed = np.array([item.language_note == FAILED for item in items], dtype=np.bool_)
    if not failed.any():
        return answers
    words = answers.words and [{} if hit else carried for hit, carried in zip(failed, answers.words, strict=True)]
    return replace(
        answers,
        raised=answers.raised & ~failed[:, None],
        stances=np.where(failed[:, None], np.int8(UNKNOWN), answers.stances),
        words=words,
    )
