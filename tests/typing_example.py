"""A program that uses everything that is public: `mypy --strict` passes on it, and a test runs it in a small project."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narratives
from narratives.testing import check_classifier


@dataclass
class Margins(narratives.SklearnClassifier):
    """A pipeline of scikit-learn with a setting."""

    C: float = narratives.setting(1.0, least=1e-6)

    def make_pipeline(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline
        from sklearn.svm import LinearSVC

        return make_pipeline(TfidfVectorizer(), LinearSVC(C=self.C, random_state=self.seed))


def tell_best(model: narratives.Model, text: str) -> str:
    """The narrative that scores highest."""
    answers: narratives.Answers = model.classify([text])
    prediction: narratives.Prediction = answers[0]
    return max(prediction.scores, key=lambda id_: prediction.scores[id_])


def use_everything(root: str) -> dict[str, Any]:
    """Train, classify, explain, evaluate, compare and suggest; what came out."""
    project = narratives.Project(root)
    model = project.train("tfidf")
    corpus: narratives.Corpus = project.corpus
    codebook: narratives.Codebook = corpus.codebook
    part: narratives.Part = corpus.part("test")
    gold: list[narratives.Passage] = list(part)
    first: narratives.Narrative = codebook.narratives[0]

    answers = narratives.load_model(Path(root) / "models" / "tfidf").classify(part.texts, part.ids)
    raised: set[str] = {id_ for prediction in answers for id_ in prediction.narratives}
    stances: list[narratives.Stance] = [stance for prediction in answers for stance in prediction.stances.values()]
    words: list[tuple[int, int, float]] = model.explain(part.texts[0], first.id)

    result: narratives.Result = narratives.evaluate(part, answers, name="answers")
    own = narratives.evaluate(part, {passage.id: list(passage.narratives or {}) for passage in gold}, name="own")
    typed = narratives.evaluate(gold, list(answers), codebook=narratives.read_codebook(f"{root}/labels/codebook.toml"))
    figure: narratives.Figure = result.micro_f1
    comparison: narratives.Comparison = narratives.compare(result, own, margin=0.02)
    suggestions: list[narratives.Suggestion] = project.suggest(f"{root}/feeds", n=3)
    try:
        project.evaluate("no such run")
    except narratives.UserError as error:
        refusal = error.problems[0]

    sample = narratives.field.draw(root, f"{root}/answers", design=narratives.field.Design(n=4, name="monday"))
    measured = narratives.field.report(root, "monday")
    level: narratives.Figure | None = measured.anything.prevalence
    try:
        narratives.field.trends(root, "monday")
    except narratives.UserError as error:
        alone = error.problems[0]

    classifier: narratives.Classifier = Margins(C=10.0)
    check_classifier(Margins)
    return {
        "best": tell_best(model, part.texts[0]),
        "raised": raised,
        "stances": stances,
        "words": words,
        "micro F1": str(figure),
        "same": typed.micro_f1 == figure == project.evaluate("tfidf").micro_f1,
        "verdict": comparison.narratives[first.id].verdict,
        "suggested": [suggestion.chosen for suggestion in suggestions],
        "refusal": refusal,
        "drawn": (len(sample.texts), measured.texts, level, alone),
        "seed": classifier.seed,
        "page": result.write_report(f"{root}/report"),
        "columns": result.to_arrow().column_names,
    }
