"""How well predictions agree with gold labels, and how two sets of predictions differ; no model is needed or seen."""

from narratives.evaluation.breakdowns import ANY, LANGUAGE, Confusion, Miss, Slice, StanceScore
from narratives.evaluation.comparison import Comparison, compare, require_same_gold
from narratives.evaluation.elsewhere import ALARMS
from narratives.evaluation.evaluation import About, Evaluation, NarrativeScore
from narratives.evaluation.figures import THIN, Figure, make_share
from narratives.evaluation.joined import Joined, join
from narratives.evaluation.languages import FURTHER, TWINS, find_further, find_languages
from narratives.evaluation.objectives import Alternative, ObjectiveScore
from narratives.evaluation.rulings import Rival
from narratives.evaluation.scoring import score
from narratives.evaluation.shared_tasks import SHARED_TASKS
from narratives.evaluation.tested import ModelTest, read_tested, write_tested
from narratives.evaluation.verdict import HOLD, PROMOTE, TOLERANCE, Verdict, reach_verdict

__all__ = [
    "ALARMS",
    "ANY",
    "FURTHER",
    "HOLD",
    "LANGUAGE",
    "PROMOTE",
    "SHARED_TASKS",
    "THIN",
    "TOLERANCE",
    "TWINS",
    "About",
    "Alternative",
    "Comparison",
    "Confusion",
    "Evaluation",
    "Figure",
    "Joined",
    "Miss",
    "ModelTest",
    "NarrativeScore",
    "ObjectiveScore",
    "Rival",
    "Slice",
    "StanceScore",
    "Verdict",
    "compare",
    "find_further",
    "find_languages",
    "join",
    "make_share",
    "reach_verdict",
    "read_tested",
    "require_same_gold",
    "score",
    "write_tested",
]
