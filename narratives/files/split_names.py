"""The words of other programs for the parts of a data set that train, tune and test."""

_WORDS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation"}
_WORDS |= {"dev": "validation", "development": "validation", "test": "test", "testing": "test"}


def find_split(name: object) -> str:
    """The split that a word stands for, such as `dev`; empty where it is none."""
    return _WORDS.get(str(name).strip().casefold(), "")
