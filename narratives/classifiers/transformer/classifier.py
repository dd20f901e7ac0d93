"""A fine-tuned encoder with one sigmoid output for each narrative."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.interface import hyperparameters, setting
from narratives.classifiers.odds import to_share
from narratives.classifiers.transformer.onnx import FastNetwork, can_run
from narratives.classifiers.transformer.tokens import cut_windows, find_window, read_tokenizer
from narratives.data import Scores, Targets, Texts
from narratives.progress import Progress

_WEIGHTS = "weights.safetensors"
_FAST = "fast.onnx"
_TOKENIZER = "encoder/tokenizer.json"
_CPU_BUDGET = 1024  # tokens in a batch on a CPU, padding included: more do not fit its caches
_GPU = "gpu"  # in the header of the weights: how a GPU computes the scores, if validation took that
_SPAN = "span"  # there, too: how many tokens a narrative is looked for in; older models know none


@dataclass
class TransformerClassifier:
    """Fine-tune the upper layers of an encoder, and for each narrative what it looks at in a text and makes of that."""

    encoder: str = "all-MiniLM-L6-v2"  # a packaged encoder, a local folder, or a model hub's id
    max_length: int = setting(512, least=16)  # tokens in a window; longer texts are read in several, and the best score counts
    epochs: int = setting(8, least=1)
    patience: int = setting(3, least=1)  # stop after this many epochs without a better validation score
    batch_size: int = setting(16, least=1)
    learning_rate: float = 3e-4
    head_learning_rate: float = 3e-3
    weight_decay: float = 0.01
    warmup: float = setting(0.1, least=0, most=1)  # share of the steps in which the learning rate rises
    dropout: float = setting(0.1, least=0, most=0.9)
    max_class_weight: float = setting(4.0, least=1)  # a positive never weighs more than this many negatives
    pooling: str = setting("span", among=("span", "attention", "mean"))  # how the vectors of a window's tokens become one
    frozen: float = setting(0.7, least=0, most=0.95)  # share of the layers, the lowest, that stay as pretrained; 0: all learn
    bf16: bool = True  # where the CPU or GPU computes in it
    seed: int = 0
    network_: Any = field(default=None, init=False, repr=False)
    tokenizer_: Any = field(default=None, init=False, repr=False)
    fast_: Any = field(default=None, init=False, repr=False)  # computes the scores in place of `network_`
    bf16_: Any = field(default=None, init=False, repr=False)  # whether a GPU may compute the scores in it
    halved_: Any = field(default=None, init=False, repr=False)  # `network_` in bf16, made on a GPU when needed
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

        from narratives.classifiers.transformer.batches import tokenise
        from narratives.classifiers.transformer.encoder import load_encoder
        from narratives.classifiers.transformer.network import SPAN, PooledClassifier, choose_device, freeze, keep_freed_memory
        from narratives.classifiers.transformer.training import Checkpoint, Schedule, fingerprint, train_network

        keep_freed_memory()
        torch.manual_seed(self.seed)
        self.fast_ = self.bf16_ = self.halved_ = None
        self.tokenizer_, encoder = load_encoder(self.encoder)
        attends, span = self.pooling != "mean", SPAN if self.pooling == "span" else 0
        self.network_ = PooledClassifier(encoder, y.shape[1], self.dropout, attends=attends, span=span).to(choose_device())
        self.network_.expect(torch.from_numpy(y.mean(0)))
        freeze(encoder, self.frozen)
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
        data = [(texts, y), *([validation] if validation else [])]
        train_network(
            self.network_,
            tokenise(texts, self.tokenizer_, self._window()),
            y,
            self.tokenizer_.pad_token_id,
            schedule,
            (lambda _: self._rate_epoch(*validation)) if validation else None,
            progress=progress,
            checkpoint=Checkpoint(checkpoint, fingerprint(hyperparameters(self), *data)) if checkpoint else None,
        )
        return self

    @property
    def inference(self) -> str:
        """What computes the scores."""
        if self.fast_:
            return f"onnxruntime {self.fast_.form}"
        if self._is_on_gpu():
            return "torch cuda bf16" if self._takes_bf16() else "torch cuda"
        return "torch"

    def speed_up(self, samples: Texts, accept: Callable[[str], bool]) -> str:
        """On a GPU take bf16 if `accept` does; then the first form of the network in ONNX Runtime that it takes."""
        self.bf16_ = self.bf16
        if not (self._is_on_gpu() and self._takes_bf16() and accept(self.inference)):
            self.bf16_ = self.halved_ = None
        if lacking := [package for package in ("onnx", "onnxruntime") if find_spec(package) is None]:
            return f"{' and '.join(lacking)} not installed; to compute faster: pip install '.[fast]'"
        from narratives.classifiers.transformer.onnx_export import ExportError, make_forms

        outputs, tokenizer = self.network_.head.out_features, self.tokenizer_.backend_tokenizer
        try:
            for form in make_forms(self.network_, outputs, self._window(), tokenizer, samples):
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
            if self._is_on_gpu():
                return self._predict_in_batches(texts, progress)
        compute = self.fast_ or self._compute
        narratives = self.fast_.outputs if self.fast_ else self.network_.head.out_features
        scores = np.zeros((len(texts), narratives), dtype=np.float32)
        for k, text in enumerate(texts):
            scores[k] = to_share(compute(text).max(0))
            if progress:
                progress(k + 1, len(texts), "texts")
        return scores

    def save(self, folder: Path) -> None:
        """Weights as safetensors; the encoder's configuration and tokenizer as JSON in `encoder/`; the fast form as ONNX."""
        from narratives.classifiers.transformer.network import write_tensors

        self._load_network()
        notes = {_SPAN: str(self.network_.span)} | ({_GPU: "bf16"} if self.bf16_ else {})
        write_tensors(self.network_.state_dict(), folder / _WEIGHTS, notes)
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
        from safetensors import safe_open
        from transformers import AutoConfig, AutoModel, AutoTokenizer

        from narratives.classifiers.transformer.encoder import quieten
        from narratives.classifiers.transformer.network import PooledClassifier, choose_device

        quieten()
        with safe_open(self.folder_ / _WEIGHTS, framework="pt") as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            notes = file.metadata() or {}
        self.bf16_ = notes.get(_GPU) == "bf16"
        if spoilt := next((name for name, tensor in weights.items() if not tensor.isfinite().all()), None):
            raise ValueError(f"'{spoilt}' holds what is no number")
        folder = self.folder_ / "encoder"
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        encoder, attends = AutoModel.from_config(config, trust_remote_code=False), "attention.weight" in weights
        outputs, span = len(weights["head.bias"]), int(notes.get(_SPAN, 0))
        network = PooledClassifier(encoder, outputs, self.dropout, attends=attends, span=span)  # older ones average
        network.load_state_dict(weights, strict=True)
        self.network_ = network.to(choose_device())
        self.tokenizer_ = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)

    def _compute(self, text: str) -> NDArray[np.float32]:
        """Logits of shape (windows, narratives), by torch on a CPU."""
        import torch

        self.network_.eval()
        windows = cut_windows(text, self.tokenizer_.backend_tokenizer, self._window())
        with torch.inference_mode():
            return torch.cat([self.network_(torch.tensor([ids])) for ids in windows]).numpy()

    def _predict_in_batches(self, texts: Texts, progress: Progress | None) -> Scores:
        """Scores by torch on a GPU, in bf16 where validation took that."""
        from narratives.classifiers.transformer.gpu import score_in_batches
        from narratives.classifiers.transformer.network import halve

        network = self.network_
        if self._takes_bf16():
            network = self.halved_ = self.halved_ or halve(network)
        tokenizer, padding = self.tokenizer_.backend_tokenizer, self.tokenizer_.pad_token_id
        return score_in_batches(network, texts, tokenizer, self._window(), padding, progress=progress)

    def _rate_epoch(self, texts: Texts, y: Targets) -> float:
        """Average precision over all decisions: it needs no thresholds, which are tuned only afterwards.

        In batches and as training computes, which is faster than `predict_proba`; digits that differ rank hardly otherwise.
        """
        import torch
        from sklearn.metrics import average_precision_score

        from narratives.classifiers.transformer.gpu import BUDGET, score_in_batches
        from narratives.classifiers.transformer.network import has_bf16

        device = next(self.network_.parameters()).device
        tokenizer, padding = self.tokenizer_.backend_tokenizer, self.tokenizer_.pad_token_id
        budget = BUDGET if device.type == "cuda" else _CPU_BUDGET
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=self.bf16 and has_bf16(device)):
            scores = score_in_batches(self.network_, texts, tokenizer, self._window(), padding, budget=budget)
        return float(average_precision_score(y.ravel(), scores[:, : y.shape[1]].ravel())) if y.any() else 0.0

    def _is_on_gpu(self) -> bool:
        return self.network_ is not None and next(self.network_.parameters()).is_cuda

    def _takes_bf16(self) -> bool:
        """Whether the scores may be computed in bf16, and this GPU can."""
        from narratives.classifiers.transformer.network import has_bf16

        return bool(self.bf16_) and has_bf16(next(self.network_.parameters()).device)

    def _window(self) -> int:
        return find_window(self.network_.encoder.config, self.max_length)
