"""Reports of the made-up task: two runs with every part filled, and texts that try to break out of their place."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from helpers.scored import CODEBOOK, answer, evaluate, predict

from narratives.data import Codebook
from narratives.evaluation.breakdowns import Slice, StanceScore
from narratives.evaluation.comparison import Comparison, compare
from narratives.evaluation.evaluation import Evaluation, Level
from narratives.evaluation.figures import Figure
from narratives.evaluation.objectives import ObjectiveScore
from narratives.labels.checks import FamilyResult

HOSTILE = """<script>alert(1)</script> "><img src=x onerror='alert(2)'> | `</td>` &lt; http://example.org/x"""


class Page(HTMLParser):
    """What a browser would see: elements, their attributes, and the text that it would show or run."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.inside: dict[str, str] = {"script": "", "style": ""}
        self._open = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in self.inside:
            self.inside[self._open] += data
        else:
            self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def two_runs(codebook: Codebook = CODEBOOK, **about: Any) -> tuple[list[Evaluation], Comparison]:
    """Evaluations of a better and a worse run, and their comparison."""
    answers = [answer(predict(wrong=0.05)), answer(predict(wrong=0.3, seed=1))]
    runs = [evaluate(answers[k], codebook, **{"run": run, **about}) for k, run in enumerate(("first", "second"))]
    return runs, compare(runs[0], answers[0], runs[1], answers[1], codebook, 200, 0)


def fill(run: Evaluation, word: str = "some") -> Evaluation:
    """The same evaluation with every part that may be empty; `word` stands wherever a text of a user can."""
    return replace(
        run,
        levels=[Level(word, run.overall, run.narratives[:3])],
        calibration={
            "bins": [
                {"low": 0.0, "high": 0.5, "n": 300, "mean": 0.1, "share": 0.05},
                {"low": 0.5, "high": 1.0, "n": 100, "mean": 0.9, "share": 0.8},
            ],
            "ece": 0.0625,
            "brier": 0.08,
        },
        slices=[Slice(word, f"{word} {k}", 40, 20 * k, 0.25 * k, 0.2 * k, 0.3 * k, 0.8, 0.7, 0.9) for k in range(3)],
        stances=[StanceScore("asserts", 30, 0.5, 0.75, 0.6), StanceScore("rebuts", 10, None, 0.0, None)],
        worst=[replace(miss, text=f"{word} {miss.text}", id=f"{word} {miss.id}") for miss in run.worst],
        behaviour=[FamilyResult("topic", "not raised", 8, 2, [f"{word} 1", "t2"]), FamilyResult(word, "raised", 4, 0, [])],
        robustness=[
            {"held out": word, "passages": 40, "micro_f1": [0.8, 0.7, 0.9], "macro_f1": [0.75, 0.6, 0.9]},
            {"held out": "later dates", "passages": 40, "micro_f1": [0.6, 0.5, 0.7], "macro_f1": [0.5, 0.4, 0.6]},
        ],
        objectives=[
            ObjectiveScore(name, name == "micro", 0.75, 0.5, figure, figure, Figure(12.5, 6.0, 20.0, 40))
            for name, figure in (("narrative", Figure(0.7, 0.6, 0.8)), ("micro", Figure(0.8, 0.7, 0.9)))
        ],
        shared_tasks={word: {"documents": 40, "f1_macro": 0.625, "f1_rare": None}},
    )


def empty(run: Evaluation) -> Evaluation:
    """The same evaluation with nothing but figures by narrative and overall."""
    nothing: Any = {"levels": [], "calibration": {}, "confusions": [], "slices": [], "stances": [], "worst": []}
    rows = [replace(row, curve=[], average_precision=None, threshold=None) for row in run.narratives]
    nothing |= {"probabilities": {}, "elsewhere": {}, "objectives": []}
    return replace(run, **nothing, behaviour=[], robustness=[], shared_tasks={}, narratives=rows)
