"""A model and what it learned, in the ids of today: where a narrative was only renamed, it is still the same."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from narratives.models import Lesson, Model
from narratives.progress import Say


def rename_model(model: Model, renames: Mapping[str, str], say: Say) -> Model:
    """The model with other ids for its narratives; its answers and its digest stay what they were."""
    say(f"renamed since the incumbent was trained: {', '.join(f'{old} -> {new}' for old, new in renames.items())}")
    narratives = tuple(
        replace(
            narrative,
            id=renames.get(narrative.id, narrative.id),
            parent=None if narrative.parent is None else renames.get(narrative.parent, narrative.parent),
        )
        for narrative in model.codebook.narratives
    )
    return replace(model, codebook=replace(model.codebook, narratives=narratives))


def rename_lessons(lessons: Sequence[Lesson], renames: Mapping[str, str]) -> list[Lesson]:
    """The lessons with labels in the ids of today."""
    return [
        replace(lesson, narratives={renames.get(id_, id_): stance for id_, stance in sorted(lesson.narratives.items())})
        for lesson in lessons
    ]
