"""A model's card: what it is, what it was taught, what it must not be taken for."""

import json

from narratives.classifiers import hyperparameters
from narratives.models.model import Model
from narratives.texts import NONE


def write_card(model: Model) -> str:
    """The text of a model's README.md."""
    settings = json.dumps(hyperparameters(model.classifier), ensure_ascii=False)
    return f"""# Model `{model.run}`

Classifier `{model.classifier_name}`, {settings}.

Speaks codebook `{model.codebook.name}` {model.codebook.version} ({len(model.codebook.ids)} narratives,
digest `{model.codebook.digest[:12]}`). Trained on {model.training.get("train", "?")} passages.

{_tell_tuning(model)} Scores of a narrative with fewer than
ten positives among those lean on the other narratives' curve: read them as an order only.
{_tell_languages(model)}{_tell_inference(model)}{_tell_cascade(model)}{_tell_prior(model)}
It tells which narratives a passage carries. It does not tell whether a claim is true, nor who wrote the text.
How far to trust it: `experiments/{model.run}/report.html`. The figures there hold for texts like those it was
tested on; label a hundred of your own before you rely on it elsewhere.
"""


def _tell_tuning(model: Model) -> str:
    if model.tuning is None:
        return f"Scores were calibrated and thresholds set on {model.training.get('validation', '?')} validation passages."
    return f"{model.tuning.describe()} {model.tuning.describe_objective()}"


def _tell_inference(model: Model) -> str:
    return f"\nOn a CPU, {model.inference.describe()}.\n" if model.inference else ""


def _tell_cascade(model: Model) -> str:
    if model.cascade is None:
        return ""
    kept = ' Rows with `stage` "first" are its answers: nothing is raised, and the scores are its own.' if model.first else ""
    outcome = model.cascade.describe()
    return f"\n{outcome[0].upper()}{outcome[1:]}.{kept}\n"


def _tell_languages(model: Model) -> str:
    readable = model.readable
    if readable is None:
        return "\nIts training passages do not name their language, so what it can read is not known.\n"
    counts = {code: n for code, n in model.training["languages"].items() if code != NONE}
    taught = ", ".join(f"{code} ({n} passages)" for code, n in counts.items())
    further = sorted(readable - counts.keys())
    more = f" Its encoder reads {', '.join(further)} too." if further else ""
    return f"\nTaught in {taught}.{more} Answers to texts in other languages mean little.\n"


def _tell_prior(model: Model) -> str:
    if model.prior is None:
        return ""
    never = model.prior.find_zero_shot(model.codebook.ids)
    few = [id_ for id_ in model.prior.to_json(model.codebook.ids) if id_ not in never]
    sentences = [f"No training passage carries {', '.join(never)}: zero-shot, ranked by the codebook's words, never raised."]
    helped = [f"Few carry {', '.join(few)}: the codebook's words help to rank them."]
    return "\n" + "\n".join(sentences * bool(never) + helped * bool(few)) + "\n"
