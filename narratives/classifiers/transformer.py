"""A fine-tuned encoder with one sigmoid output for each narrative."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers import Progress, Scores, Targets, Texts, hyperparameters, setting
from narratives.classifiers.fast import FastNetwork, can_run
from narratives.classifiers.tokens import cut_windows, read_tokenizer
from narratives.odds import to_share

_WEIGHTS = "weights.safetensors"
_FAST = "fast.onnx"
_TOKENIZER = "encoder/tokenizer.json"
_BUDGET = 4096  # tokens in a batch on a GPU, padding included


@dataclass
class TransformerClassifier:
    """Fine-tune all layers of an encoder and a linear head on the mean of its token vectors."""

    encoder: str = "all-MiniLM-L6-v2"  # a packaged encoder, a local folder, or a model hub's id
    max_length: int = setting(512, least=16)  # tokens in a window; longer texts are read in several, and the best score counts
    epochs: int = setting(10, least=1)
    patience: int = setting(3, least=1)  # stop after this many epochs without a better validation score
    batch_size: int = setting(16, least=1)
    learning_rate: float = 3e-4
    head_learning_rate: float = 3e-3
    weight_decay: float = 0.01
    warmup: float = setting(0.1, least=0, most=1)  # share of the steps in which the learning rate rises
    dropout: float = setting(0.1, least=0, most=0.9)
    max_class_weight: float = setting(4.0, least=1)  # a positive never weighs more than this many negatives
    freeze_embeddings: bool = True  # the word vectors: half the parameters, and few labels move them for the better
    bf16: bool = True  # where the CPU or GPU computes in it
    seed: int = 0
    network_: Any = field(default=None, init=False, repr=False)
    tokenizer_: Any = field(default=None, init=False, repr=False)
    fast_: Any = field(default=None, init=False, repr=False)  # computes the scores in place of `network_`
    folder_: Any = field(default=None, init=False, repr=False)  # from which network and tokenizer are loaded when needed

    def fit(
        self,
        texts: Texts,
        y: Targets,
        *,
        validation: tuple[Texts, Targets] | None = None,
        progress: Progress | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Fine-tune; with `validation` keep the best epoch by average precision, without it the last."""
        import torch

        from narratives.classifiers.batches import tokenise
        from narratives.classifiers.encoder import load_encoder
        from narratives.classifiers.network import PooledClassifier, choose_device
        from narratives.classifiers.training import Schedule, describe, train_network

        torch.manual_seed(self.seed)
        self.fast_ = None
        self.tokenizer_, encoder = load_encoder(self.encoder)
        self.network_ = PooledClassifier(encoder, y.shape[1], self.dropout).to(choose_device())
        with torch.no_grad():  # start from each narrative's share: the first epochs need not learn that it is rare
            self.network_.head.bias.copy_(torch.from_numpy(y.mean(0)).clamp(1e-4, 1 - 1e-4).logit())
        encoder.get_input_embeddings().requires_grad_(not self.freeze_embeddings)
        schedule = Schedule(
            epochs=self.epochs,
            patience=self.patience if validation else self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            head_learning_rate=self.head_learning_rate,
            weight_decay=self.weight_decay,
            warmup=self.warmup,
            max_class_weight=self.max_class_weight,
            bf16=self.bf16,
            seed=self.seed,
        )
        train_network(
            self.network_,
            tokenise(texts, self.tokenizer_, self._window()),
            y,
            self.tokenizer_.pad_token_id,
            schedule,
            (lambda _: _rate(self.predict_proba(validation[0]), validation[1])) if validation else None,
            fingerprint=describe(hyperparameters(self), (texts, y), *([validation] if validation else [])),
            progress=progress,
            checkpoint=checkpoint,
        )
        return self

    @property
    def inference(self) -> str:
        """What computes the scores."""
        return f"onnxruntime {self.fast_.form}" if self.fast_ else "torch"

    def speed_up(self, samples: Texts, accept: Callable[[str], bool]) -> str:
        """Take the first form of the network in ONNX Runtime that `accept` takes."""
        if lacking := [package for package in ("onnx", "onnxruntime") if find_spec(package) is None]:
            return f"{' and '.join(lacking)} not installed; to compute faster: pip install '.[fast]'"
        from narratives.classifiers.export import ExportError, make_forms

        try:
            for form in make_forms(self.network_, self._window(), self.tokenizer_.backend_tokenizer, samples):
                self.fast_ = form
                if accept(self.inference):
                    return ""
        except ExportError as error:
            self.fast_ = None
            return f"the encoder cannot be exported: {error}"
        self.fast_ = None
        return ""

    def predict_proba(self, texts: Texts, *, progress: Progress | None = None) -> Scores:
        """Scores of shape (texts, narratives); of a text in several windows, the highest.

        On a CPU a window is computed alone, without padding, so that its score has the same bits whatever else is read.
        """
        if self.fast_ is None:
            self._load_network()
            if next(self.network_.parameters()).is_cuda:
                return self._predict_in_batches(texts, progress)
        compute = self.fast_ or self._compute
        narratives = self.fast_.narratives if self.fast_ else self.network_.head.out_features
        scores = np.zeros((len(texts), narratives), dtype=np.float32)
        for k, text in enumerate(texts):
            scores[k] = to_share(compute(text).max(0))
            if progress:
                progress(k + 1, len(texts), "texts")
        return scores

    def save(self, folder: Path) -> None:
        """Weights as safetensors; the encoder's configuration and tokenizer as JSON in `encoder/`; the fast form as ONNX."""
        from narratives.classifiers.network import write_tensors

        self._load_network()
        write_tensors(self.network_.state_dict(), folder / _WEIGHTS)
        self.network_.encoder.config.save_pretrained(folder / "encoder")
        self.tokenizer_.save_pretrained(folder / "encoder")
        if self.fast_:
            self.fast_.save(folder / _FAST)

    @classmethod
    def load(cls, folder: Path, hyperparameters: Mapping[str, Any]) -> Self:
        """The fast form where it was saved and can run; else the network."""
        classifier = cls(**hyperparameters)
        classifier.folder_ = folder
        if (folder / _FAST).is_file() and can_run():
            classifier.fast_ = FastNetwork.open(folder / _FAST, read_tokenizer(folder / _TOKENIZER))
        else:
            classifier._load_network()
        return classifier

    def _load_network(self) -> None:
        """Rebuild the network, unless it is there, and fill in every weight from the file: none is ever left random."""
        if self.network_ is not None:
            return
        from safetensors.torch import load_file
        from transformers import AutoConfig, AutoModel, AutoTokenizer

        from narratives.classifiers.encoder import quieten
        from narratives.classifiers.network import PooledClassifier, choose_device

        quieten()
        weights = load_file(self.folder_ / _WEIGHTS)
        config = AutoConfig.from_pretrained(self.folder_ / "encoder", local_files_only=True)
        network = PooledClassifier(AutoModel.from_config(config), len(weights["head.bias"]), self.dropout)
        network.load_state_dict(weights, strict=True)
        self.network_ = network.to(choose_device())
        self.tokenizer_ = AutoTokenizer.from_pretrained(self.folder_ / "encoder", local_files_only=True)

    def _compute(self, text: str) -> NDArray[np.float32]:
        """Logits of shape (windows, narratives), by torch on a CPU."""
        import torch

        self.network_.eval()
        windows = cut_windows(text, self.tokenizer_.backend_tokenizer, self._window())
        with torch.inference_mode():
            return torch.cat([self.network_(torch.tensor([ids])) for ids in windows]).numpy()

    def _predict_in_batches(self, texts: Texts, progress: Progress | None) -> Scores:
        """Scores by torch on a GPU, which is fast only with many windows at once."""
        import torch

        from narratives.classifiers.batches import batches_by_length, padded, tokenise

        scores = np.zeros((len(texts), self.network_.head.out_features), dtype=np.float32)
        if not len(texts):
            return scores
        windows = tokenise(texts, self.tokenizer_, self._window())
        owners = np.asarray(windows["text"][:])
        batches = batches_by_length(windows["length"][:], _BUDGET)
        device = next(self.network_.parameters()).device
        self.network_.eval()
        done = 0
        with torch.inference_mode():
            for rows, (ids, mask) in zip(batches, padded(windows, batches, self.tokenizer_.pad_token_id, device), strict=True):
                part = torch.sigmoid(self.network_(ids, mask)).float().cpu().numpy()
                np.maximum.at(scores, owners[rows], part)
                done += len(rows)
                if progress:
                    progress(done, len(owners), "windows")
        return scores

    def _window(self) -> int:
        config = self.network_.encoder.config
        positions = getattr(config, "max_position_embeddings", self.max_length)
        if config.model_type in ("roberta", "xlm-roberta", "camembert", "mpnet"):  # these count positions from padding on
            positions -= 2
        return min(self.max_length, int(positions))


def _rate(scores: Scores, y: Targets) -> float:
    """Average precision over all decisions: it needs no thresholds, which are tuned only afterwards."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(y.ravel(), scores.ravel())) if y.any() else 0.0
