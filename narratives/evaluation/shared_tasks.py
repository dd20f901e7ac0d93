"""The figures of shared tasks and benchmarks by name, so that a figure can be set beside a paper's.

Both tasks count "carries none" as one more label (`Other`, `0_0_0`), and so does this module.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from narratives.data import Codebook, Matrix
from narratives.evaluation.joined import Joined
from narratives.labels import close_ancestors, find_depths, find_families
from narratives.metrics import count, macro_f1, micro_f1, samples_f1

TaskFigures = dict[str, float | None]  # `None` where undefined

CARDS_SUPPORT = 3  # passages that a label needs in the gold to count in `cards`


def score_semeval2025_task10(answers: Joined, codebook: Codebook) -> TaskFigures:
    """SemEval-2025 Task 10, subtask 2 (narrative classification): F1 of each document, its mean and deviation.

    Definition. A document has fine labels (sub-narratives) and coarse ones (narratives). F1 is taken between the gold
    and predicted labels of one document, then averaged over documents; the deviation is that over documents (divided by
    n). "F1 samples", of the fine labels, ranks the systems. "F1 macro coarse" is the very same average of the coarse
    labels, not an average over labels, whatever its name suggests. A document without a narrative has the label
    `Other` on both levels: right, it counts 1, and missed or raised beside the truth it costs what any label does. An
    empty prediction counts 0.

    Source. `subtask2_scorer.py` and the README of the task's data (https://propaganda.math.unipd.it/semeval2025task10),
    `subtask2_subnarratives.txt` for `Other`, the leaderboard for the names of the columns.

    Here. Fine labels are the codebook's narratives, coarse ones their top-most parents or, where the codebook has no
    parents, their families. A parent carried without any of its children is the task's "narrative: Other"; beside a child
    it says nothing new and is left out, so that it does not matter whether parents are written out. Labels of passages
    of one document are put together.

    Where it differs. The scorer pairs the two files by the order of their lines (it checks only that the ids are the
    same); here they are joined by id. No narrative predicted means `Other`, so it is right where there is none. A
    document that the gold gives `Other` beside a narrative, or "narrative: Other" beside another child of that narrative,
    cannot be said in this form.
    """
    levels = find_levels(codebook)
    gold, predicted = (_drop_parents(labels, codebook) for labels in (answers.gold, answers.predicted))
    figures: TaskFigures = {"documents": len(set(answers.documents))}
    for name, level in (("f1_macro_coarse", levels[0]), ("f1_samples_fine", levels[-1])):
        matrices = (_label(_merge(labels, answers.documents), level) for labels in (gold, predicted))
        of_document = samples_f1(*matrices)
        figures[name] = round(float(of_document.mean()), 4)
        figures[f"{name}_sd"] = round(float(of_document.std()), 4)
    return figures


def score_cards(answers: Joined, codebook: Codebook) -> TaskFigures:
    """CARDS, claims of climate contrarians: macro F1 over the labels with a support of at least 3, level by level.

    Definition. Labels are cut to a level of the taxonomy (1: super-claims such as 4; 2: 4_1; 3: 4_1_3). Labels that fewer
    than 3 passages of the gold carry are dropped from gold and predictions alike; a false alarm for them costs nothing.
    Macro F1 is the mean over the rest, `0_0_0` (no claim) included: it is the largest and easiest label, so the figure
    is higher than one over claims alone. Micro F1 and samples F1 are of the same labels. In samples F1 a passage that
    the dropping leaves without any label on both sides counts 0.

    Source. `generate_report.py` and `metrics.py` of https://github.com/project-c3ds/cards-2pO-paper, the code beside Coan,
    Malla, Nanko, Kattrup, Roberts, Cook and Boussalis, "Large language model reveals an increase in climate contrarian
    speech in the United States Congress" (Communications Sustainability, 2025, doi 10.1038/s44458-025-00029-z). The cards
    of the C3DS models print level 1 with "min_support >= 3". The first CARDS paper (Coan, Boussalis, Cook and Nanko,
    Scientific Reports 11, 2021, doi 10.1038/s41598-021-01714-4, table 2) has one label a paragraph, a macro average as
    well, and no such floor: its figures and those of Augmented CARDS (Rojas et al., Communications Earth & Environment,
    2024, doi 10.1038/s43247-024-01573-7) are comparable only where every label reaches a support of 3.

    Here. Level 1 holds the top-most parents, the last level the narratives; a codebook without parents has two levels,
    families and narratives. A parent is a label of its own on lower levels where none of its children is carried, as
    4_0_0 is. A passage that carries no narrative has the label "no claim".

    Where it differs. An empty prediction means "no claim"; there it is an answer that could not be read, and counts as
    none at all. Parents beside their children are left out on both sides, as in `metrics.py` (`generate_report.py`
    takes them as they come). Passages are joined by id.
    """
    gold, predicted = (_drop_parents(labels, codebook) for labels in (answers.gold, answers.predicted))
    figures: TaskFigures = {"passages": len(answers.passages)}
    for number, level in enumerate(find_levels(codebook), start=1):
        carried, raised = _label(gold, level), _label(predicted, level)
        frequent = carried.sum(0) >= CARDS_SUPPORT
        carried, raised = carried[:, frequent], raised[:, frequent]
        counts = count(carried, raised, axis=0)
        scores = {
            "macro_f1": macro_f1(counts),
            "micro_f1": micro_f1(counts),
            "samples_f1": np.where((carried | raised).any(1), samples_f1(carried, raised), 0.0).mean(),
        }
        figures[f"level_{number}_labels"] = int(frequent.sum())
        for name, value in scores.items():
            figures[f"level_{number}_{name}"] = round(float(value), 4) if frequent.any() else None
    return figures


SHARED_TASKS: dict[str, Callable[[Joined, Codebook], TaskFigures]] = {
    "semeval2025-task10": score_semeval2025_task10,
    "cards": score_cards,
}


def find_levels(codebook: Codebook) -> list[NDArray[np.int64]]:
    """For each level, the coarsest first, the number of the label that each narrative counts as: shape (narratives,)."""
    if not any(narrative.parent for narrative in codebook.narratives):
        families = find_families(codebook)
        owners = np.array([families.index(narrative.family) for narrative in codebook.narratives])
        return [owners, np.arange(len(owners))]
    line = close_ancestors(np.eye(len(codebook.ids), dtype=np.bool_), codebook)  # of each narrative: itself, its parents
    depths = find_depths(codebook)
    return [
        (line & (depths == np.minimum(level, depths)[:, None])).argmax(1)  # who has no ancestor so deep stands for itself
        for level in range(int(depths.max()) + 1)
    ]


def _drop_parents(labels: Matrix, codebook: Codebook) -> Matrix:
    """Labels (rows, narratives) without those that another narrative of the row has as a parent."""
    line = close_ancestors(np.eye(len(codebook.ids), dtype=np.bool_), codebook)
    np.fill_diagonal(line, False)
    return np.stack([labels[:, k] & ~labels[:, line[:, k]].any(1) for k in range(len(codebook.ids))], axis=1)


def _merge(labels: Matrix, documents: Sequence[str]) -> Matrix:
    """Labels by document, shape (documents, narratives): carried where one of its passages does."""
    _, owner = np.unique(np.asarray(documents), return_inverse=True)
    return np.stack([np.bincount(owner, weights=column) > 0 for column in labels.T], axis=1)


def _label(labels: Matrix, level: NDArray[np.int64]) -> Matrix:
    """Labels of one level, shape (rows, labels + 1); the last column says that the row carries none."""
    return np.stack([*(labels[:, level == number].any(1) for number in np.unique(level)), ~labels.any(1)], axis=1)
