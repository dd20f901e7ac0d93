"""Who is measured. Each loads the same weights and gives a score or a decision for every narrative of every text.

What `run` does is timed, tokenising included; what `decide` does is not.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

Texts = list[str]
Loaded = tuple[Callable[[Texts], Any], Callable[[Any], Any]]  # texts to answers; answers to decisions (texts, narratives)
TOKENS = 512  # tokens that the encoder reads; every contender but narratives cuts longer texts off there


@dataclass(frozen=True, slots=True)
class Contender:
    """A name, the group it is compared in, the module it needs, and how it is loaded from the prepared folder."""

    name: str
    group: str  # transformer | tfidf
    needs: str
    load: Callable[[Path], Loaded]
    remembers: bool = False  # what it worked out for earlier texts: it is loaded anew before each run, while no clock runs


def load_narratives(work: Path, group: str, plain: bool = False) -> Loaded:
    """Scores, decisions and spans, as `narratives classify` works them out before it writes them; `plain`: with torch."""
    from narratives.models.folder import load_model

    model: Any = load_model(Path(json.loads((work / "models.json").read_text(encoding="utf-8"))[group]))
    if plain:
        model.classifier.fast_ = None
    return model.classify, lambda answers: answers.raised


def load_pipeline(work: Path, batch_size: int) -> Loaded:
    """`transformers.pipeline("text-classification")` over the encoder, the mean of its token vectors, and the head."""
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedModel, pipeline
    from transformers.modeling_outputs import SequenceClassifierOutput

    head = np.load(work / "head.npz")

    class Pooled(PreTrainedModel):
        """The trained network under the library's own base class, which a pipeline asks for."""

        config_class = AutoConfig

        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.encoder = AutoModel.from_pretrained(work / "encoder")
            self.head = torch.nn.Linear(config.hidden_size, config.num_labels)
            self.head.load_state_dict({name: torch.from_numpy(head[name]) for name in ("weight", "bias")})

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
            hidden = self.encoder(input_ids, attention_mask).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            return SequenceClassifierOutput(logits=self.head((hidden * mask).sum(1) / mask.sum(1)))

    config = AutoConfig.from_pretrained(work / "encoder", num_labels=len(head["bias"]))
    tokenizer = AutoTokenizer.from_pretrained(work / "encoder")
    classify = pipeline("text-classification", model=Pooled(config).eval(), tokenizer=tokenizer, device="cpu")

    def run(texts: Texts) -> Any:
        return classify(
            texts, batch_size=batch_size, top_k=None, function_to_apply="sigmoid", truncation=True, max_length=TOKENS
        )

    def decide(answers: Any) -> Any:
        scores = np.zeros((len(answers), config.num_labels))
        for row, answer in enumerate(answers):
            for label in answer:
                scores[row, config.label2id[label["label"]]] = label["score"]
        return scores >= head["thresholds"]

    return run, decide


def load_sentence_transformers(work: Path) -> Loaded:
    """`SentenceTransformer.encode` as it comes, then the head with numpy."""
    head = np.load(work / "head.npz")
    body = load_body(work)

    def run(texts: Texts) -> Any:
        return share(body.encode(texts, show_progress_bar=False) @ head["weight"].T + head["bias"])

    return run, lambda scores: scores >= head["thresholds"]


def load_setfit(work: Path) -> Loaded:
    """`SetFitModel.predict` with a differentiable head; it cuts at 0.5, so the thresholds go into the head's biases."""
    import torch
    from setfit import SetFitHead, SetFitModel

    head = np.load(work / "head.npz")
    weight, bias = head["weight"], head["bias"] - np.log(head["thresholds"] / (1 - head["thresholds"]))
    layer = SetFitHead(in_features=weight.shape[1], out_features=len(bias), multitarget=True, device="cpu")
    layer.linear.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
    model = SetFitModel(model_body=load_body(work), model_head=layer.eval(), multi_target_strategy="one-vs-rest")
    return lambda texts: model.predict(texts, show_progress_bar=False), lambda answers: np.asarray(answers) > 0


def load_body(work: Path) -> Any:
    """The fine-tuned encoder, mean-pooled, as sentence-transformers and SetFit hold it."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer

    encoder = Transformer(str(work / "encoder"), max_seq_length=TOKENS)
    return SentenceTransformer(modules=[encoder, Pooling(encoder.get_word_embedding_dimension(), "mean")], device="cpu")


def load_scikit_learn(work: Path) -> Loaded:
    """The same two `TfidfVectorizer`s in a `FeatureUnion`, then one linear model of all narratives."""
    import skops.io
    from sklearn.linear_model import LogisticRegression

    state = skops.io.load(work / "scikit-learn.skops", trusted=[])
    linear = LogisticRegression()
    linear.coef_, linear.intercept_ = state["coef"].T, state["intercept"]
    linear.classes_ = np.arange(len(linear.intercept_))

    def run(texts: Texts) -> Any:
        return share(linear.decision_function(state["vectorizer"].transform(texts)))

    return run, lambda scores: scores >= state["thresholds"]


def load_fasttext(work: Path) -> Loaded:
    """A fastText model of the same passages, one-vs-all."""
    import fasttext

    model = fasttext.load_model(str(work / "fasttext.bin"))
    thresholds = np.load(work / "fasttext.npy")

    return partial(ask_fasttext, model), lambda answers: fasttext_scores(answers, len(thresholds)) >= thresholds


def ask_fasttext(model: Any, texts: Texts) -> Any:
    """Score and label, best first, for every label of every text.

    `model.f.predict` is what `model.predict` calls; that itself breaks down on numpy 2, and its form for lists repeats scores.
    """
    return [model.f.predict(one_line(text), -1, 0.0, "strict") for text in texts]


def fasttext_scores(answers: Any, narratives: int) -> Any:
    """Its answers as scores (texts, narratives)."""
    scores = np.zeros((len(answers), narratives + 1))  # the last label says that there is none
    for row, answer in enumerate(answers):
        for score, label in answer:
            scores[row, int(label.removeprefix("__label__"))] = score
    return scores[:, :-1]


def one_line(text: str) -> str:
    """A line, which is what fastText takes for a text."""
    return " ".join(text.split()) + "\n"


def share(odds: Any) -> Any:
    """Log-odds as shares."""
    from scipy.special import expit

    return expit(odds)


CONTENDERS = [
    Contender("narratives", "transformer", "narratives", lambda work: load_narratives(work, "transformer")),
    Contender("narratives, plain torch", "transformer", "torch", lambda work: load_narratives(work, "transformer", True)),
    Contender("transformers pipeline, batch 32", "transformer", "transformers", lambda work: load_pipeline(work, 32)),
    Contender("transformers pipeline, batch 1", "transformer", "transformers", lambda work: load_pipeline(work, 1)),
    Contender("sentence-transformers + head", "transformer", "sentence_transformers", load_sentence_transformers),
    Contender("SetFit", "transformer", "setfit", load_setfit),
    Contender("narratives tfidf", "tfidf", "narratives", lambda work: load_narratives(work, "tfidf"), True),
    Contender("scikit-learn", "tfidf", "sklearn", load_scikit_learn),
    Contender("fastText", "tfidf", "fasttext", load_fasttext),
]
