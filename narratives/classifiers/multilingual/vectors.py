"""A frozen encoder: each text as one vector, computed by ONNX Runtime, in int8 where that changes little."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.multilingual.table import WordTable, set_words_apart
from narratives.classifiers.multilingual.vocabulary import cut_vocabulary
from narratives.classifiers.transformer.onnx import FastNetwork
from narratives.classifiers.transformer.tokens import cut_windows, find_window, read_tokenizer
from narratives.data import Texts
from narratives.errors import UserError, at

NETWORK, WORDS, TOKENIZER = "vectors.onnx", "words.safetensors", "tokenizer.json"
LEAST_COSINE = 0.98  # between a text's vector in int8 and its exact one, in the sample that agrees least
_LONGEST = 20_000  # characters of a text that are read: windows are far shorter
_AHEAD = 4  # texts that wait for each thread
_SAMPLES = 24  # texts that the forms of the network are compared on, beside the sentences below
_MAX_LENGTH = 512
_SENTENCES = (  # of whatever language the training texts are, int8 must hold in these too
    "The minister met the delegation on Sunday, but nothing was signed.",
    "التقى الوزير الوفد يوم الأحد، لكن لم يوقَّع شيء.",
    "وزیر روز یکشنبه با هیئت دیدار کرد، اما چیزی امضا نشد.",
    "Министр встретился с делегацией в воскресенье, но ничего не подписали.",
    "Bakan pazar günü heyetle görüştü, ama hiçbir şey imzalanmadı.",
    "وزیر نے اتوار کو وفد سے ملاقات کی، مگر کسی چیز پر دستخط نہیں ہوئے۔",
    "وزیر د یکشنبې په ورځ له پلاوي سره وکتل، خو هېڅ شی لاسلیک نه شو.",
    "Vazir yakshanba kuni delegatsiya bilan uchrashdi, ammo hech narsa imzolanmadi.",
    "Вазир якшанба куни делегация билан учрашди, аммо ҳеч нарса имзоланмади.",
    "Вазир рӯзи якшанбе бо ҳайат мулоқот кард, аммо чизе имзо нашуд.",
)


@dataclass(frozen=True, slots=True)
class VectorNetwork:
    """Gives a text the mean of its windows' vectors, made 1 long: alone, so that its bits depend on nothing else."""

    network: FastNetwork

    @property
    def form(self) -> str:
        """How the weights are held, such as "int8"."""
        return self.network.form

    @property
    def width(self) -> int:
        """Dimensions of a vector."""
        return self.network.outputs

    def encode(self, texts: Texts, threads: int = 1) -> Iterator[NDArray[np.float32]]:
        """For each text its unit vector (width,); with the same bits on any number of threads."""
        windows = (self.network.cut(_take_valid(text)) for text in texts)
        if threads == 1:
            yield from map(self._average, windows)
            return
        pool, ahead = ThreadPoolExecutor(threads), deque[Future[NDArray[np.float32]]]()
        try:
            for each in windows:
                ahead.append(pool.submit(self._average, each))
                if len(ahead) > _AHEAD * threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _average(self, windows: list[list[int]]) -> NDArray[np.float32]:
        return normalise(self.network.compute(windows).mean(0))

    def save(self, folder: Path) -> None:
        """Write network and tokenizer: who has the folder needs no package that carries the encoder."""
        self.network.save(folder / NETWORK)
        self.network.tokenizer.save(str(folder / TOKENIZER))
        if isinstance(self.network.words, WordTable):
            self.network.words.save(folder / WORDS)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The saved network; `UserError` where the folder was written with the encoder of before."""
        if not (folder / NETWORK).is_file():
            reason = "was trained with an encoder that is gone from this version; train it again: narratives train RUN"
            raise UserError(at(folder, None, reason))
        words = WordTable.open(folder / WORDS) if (folder / WORDS).is_file() else None  # older ones hold them themselves
        network = FastNetwork.open(folder / NETWORK, None, words)  # first: while it is read it takes twice its size
        tokenizer = read_tokenizer(folder / TOKENIZER)
        if words and tokenizer.get_vocab_size() > words.rows.shape[0]:
            raise ValueError("the tokenizer has more words than their table")
        return cls(replace(network, tokenizer=tokenizer))


def make_network(encoder: str, samples: Texts) -> VectorNetwork:
    """The network of a packaged encoder, a local folder or a hub id, in the fastest form whose vectors hardly differ.

    Judged by `samples`, some of the texts that it is to read, and by a sentence in ten languages. `UserError` where the encoder
    cannot be had, or not be computed in this way.
    """
    import torch

    from narratives.classifiers.transformer.encoder import load_encoder
    from narratives.classifiers.transformer.network import PooledEncoder
    from narratives.classifiers.transformer.onnx_export import ExportError, make_forms

    tokenizer, model = load_encoder(encoder)
    tokens, rows = cut_vocabulary(tokenizer.backend_tokenizer, samples)
    table = model.get_input_embeddings().weight.detach()
    model.set_input_embeddings(torch.nn.Embedding.from_pretrained(table[rows] if len(rows) < len(table) else table))
    network = PooledEncoder(model).eval()
    longest = find_window(model.config, _MAX_LENGTH)
    texts = [*samples[:: -(-len(samples) // _SAMPLES)], *_SENTENCES]
    with torch.inference_mode():
        exact = [network(torch.tensor([cut_windows(text, tokens, longest)[0]]))[0].numpy() for text in texts]
    try:
        forms = make_forms(network, int(model.config.hidden_size), longest, tokens, texts)
        return VectorNetwork(set_words_apart(_choose_form(forms, texts, exact)))
    except ExportError as error:
        raise UserError(f"encoder '{encoder}' cannot be computed by ONNX Runtime: {error}") from None


def _choose_form(forms: Iterator[FastNetwork], texts: Texts, exact: list[NDArray[np.float32]]) -> FastNetwork:
    """The first form that agrees on all texts; the last, which is the exact network, is taken in any case."""
    for form in forms:
        cosines = [float(normalise(form(text)[0]) @ vector) for text, vector in zip(texts, exact, strict=True)]
        if min(cosines) >= LEAST_COSINE:
            break
    return form


def _take_valid(text: str) -> str:
    """What is read of a text: its beginning, without halves of characters, which are more than a tokenizer takes."""
    return text[:_LONGEST].encode("utf-8", "replace").decode()


def normalise(vector: NDArray[Any]) -> NDArray[np.float32]:
    """A vector of the same direction, 1 long; zeros stay zeros."""
    return (vector / max(float(np.sqrt(np.einsum("d,d->", vector, vector))), 1e-12)).astype(np.float32)
