"""How well predictions agree with gold labels, and how two sets of predictions differ; no model is needed or seen."""

from narratives.evaluation.breakdowns import ANY, FURTHER, Confusion, Miss, Slice, find_further
from narratives.evaluation.comparison import Comparison, compare, require_same_gold
from narratives.evaluation.evaluation import About, Evaluation, Figure, NarrativeScore
from narratives.evaluation.joined import Joined, join
from narratives.evaluation.rulings import Rival
from narratives.evaluation.scoring import score
from narratives.evaluation.shared_tasks import SHARED_TASKS
from narratives.evaluation.verdict import HOLD, PROMOTE, TOLERANCE, Verdict, reach_verdict

__all__ = [
    "ANY",
    "FURTHER",
    "HOLD",
    "PROMOTE",
    "SHARED_TASKS",
    "TOLERANCE",
    "About",
    "Comparison",
    "Confusion",
    "Evaluation",
    "Figure",
    "Joined",
    "Miss",
    "NarrativeScore",
    "Rival",
    "Slice",
    "Verdict",
    "compare",
    "find_further",
    "join",
    "reach_verdict",
    "require_same_gold",
    "score",
]
