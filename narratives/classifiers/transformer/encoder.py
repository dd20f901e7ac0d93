"""Find a pretrained encoder: one that an installed package carries, a local folder, or a model hub's id."""

from pathlib import Path
from typing import Any

from narratives.classifiers.transformer.packaged import PACKAGED, find_packaged
from narratives.errors import UserError, at
from narratives.files import sha256

_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model")
_THINNING = ("attention_probs_dropout_prob", "attention_dropout")  # as configurations call the dropout of attention
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5", ".msgpack", ".joblib")


def find_encoder(name: str) -> Path | None:
    """The folder of a packaged or local encoder; `None` where `name` can only be a hub id."""
    if name in PACKAGED:
        return find_packaged(name)
    folder = Path(name).expanduser()
    if folder.is_dir():
        if pickled := next((file.name for file in sorted(folder.iterdir()) if file.suffix in _PICKLED), None):
            reason = "pickled weights can run code; keep model.safetensors alone, and move this file out of the folder"
            raise UserError(at(folder / pickled, None, reason))
        for file in ("config.json", "model.safetensors"):
            if not (folder / file).is_file():
                raise UserError(at(folder, None, f"no {file} in it; an encoder folder holds config, tokenizer and weights"))
        if not any((folder / file).is_file() for file in _TOKENIZERS):  # the library would make up an empty one
            raise UserError(at(folder, None, "no tokenizer in it; an encoder folder holds config, tokenizer and weights"))
        return folder
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise UserError(at(name, None, "no such encoder folder; check 'encoder' in the config"))
    return None


def load_encoder(name: str) -> tuple[Any, Any]:
    """The tokenizer and the pretrained model of an encoder, in float32; safetensors only, never pickle.

    Without dropout on its attention: the fused kernels of CPUs know none, and training takes a fifth longer with it.
    """
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    quieten()
    folder = find_encoder(name)
    source, local = (str(folder), True) if folder else (name, False)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=local, trust_remote_code=False)
        config = AutoConfig.from_pretrained(source, local_files_only=local, trust_remote_code=False)
        for setting in _THINNING:
            if hasattr(config, setting):
                setattr(config, setting, 0.0)
        options = {"config": config, "local_files_only": local, "trust_remote_code": False, "use_safetensors": True}
        model, loaded = AutoModel.from_pretrained(source, **options, output_loading_info=True)
        if lacking := [key for key in loaded["missing_keys"] if not key.startswith("pooler.")]:  # the pooler is not used
            raise ValueError(f"its weights lack {min(lacking)}")  # the library would leave it random
    except (OSError, ValueError, SafetensorError) as error:
        if folder:
            raise UserError(at(folder, None, f"the encoder cannot be loaded: {first_line(error)}")) from None
        names = ", ".join(PACKAGED)
        raise UserError(
            f"encoder '{name}' cannot be had: it is no folder here, and the model hub did not give it "
            f"({first_line(error)}); offline, set encoder to a local folder or to: {names}"
        ) from None
    return tokenizer, model.float()  # weights may lie in 16 bits, which is too coarse to train in


def identify_encoder(name: str) -> str:
    """What tells an encoder's weights from others: a digest, or where it is a hub id nothing."""
    if name in PACKAGED:
        return PACKAGED[name].digest
    folder = find_encoder(name)
    return sha256(folder / "model.safetensors") if folder else ""


def first_line(error: Exception) -> str:
    """The first sentence of a library's error, which may run over many lines."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(". ")[:200]


def quieten() -> None:
    """Keep the library's own bars and notices off the terminal: the progress shown is ours."""
    import datasets
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    datasets.disable_progress_bars()
