"""`model.json`: what a model says of itself, and whether that can be true."""

import hashlib
import json
from pathlib import Path
from typing import Any

from narratives.errors import UserError, at, did_you_mean
from narratives.files import read_json, sha256
from narratives.models.schema import find_fault

FORMAT = 4
MANIFEST = "model.json"
TESTED_FILE = "tested.json"  # figures of the model's test, written after it was saved; nothing is computed from them


def read_manifest(folder: Path, check_files: bool = True) -> dict[str, Any]:
    """What a model says of itself, in `model.json`; `UserError` where that, or a file it names, is not as it was saved.

    A manifest that was written by somebody else's program may agree with its digest and still make no sense: it is refused,
    and so is a file that it does not name, which nobody vouches for.
    """
    path = folder / MANIFEST
    if not path.is_file():
        trained = [neighbour.parent.name for neighbour in sorted(folder.parent.glob(f"*/{MANIFEST}"))]
        hint = did_you_mean(folder.name, trained) if trained else ""
        raise UserError(at(path, None, f"no such model; train it first: narratives train {folder.name}{hint}"))
    again = f"restore it or train again: narratives train {folder.name}"
    try:
        manifest = read_json(path)
    except (RecursionError, ValueError):  # nested without end, or a number of thousands of digits
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("format_version") != FORMAT:
        raise UserError(at(path, None, f"not a model of format {FORMAT}; {again}"))
    digest = manifest.pop("digest", None)
    if digest != digest_manifest(manifest):
        raise UserError(at(path, None, f"altered since the model was saved (sha256 differs); {again}"))
    if fault := find_fault(manifest):
        raise UserError(at(path, None, f"{fault}; {again}"))
    if check_files:
        _check_files(folder, manifest["files"], again)
    return {**manifest, "digest": digest}


def digest_manifest(manifest: dict[str, Any]) -> str:
    """SHA-256 of a manifest without its own digest."""
    return hashlib.sha256(json.dumps(manifest).encode()).hexdigest()


def _check_files(folder: Path, files: dict[str, str], again: str) -> None:
    for name, expected in files.items():
        file = folder / name
        if not file.resolve().is_relative_to(folder.resolve()):
            raise UserError(at(folder / MANIFEST, None, f"names a file outside of the model's folder: {name}; {again}"))
        if not file.is_file():
            raise UserError(at(file, None, f"missing; {again}"))
        if sha256(file) != expected:
            raise UserError(at(file, None, f"altered or cut short since the model was saved (sha256 differs); {again}"))
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if file.is_file() and name not in files and name not in (MANIFEST, TESTED_FILE) and not file.name.startswith("."):
            raise UserError(at(file, None, f"{MANIFEST} does not name this file; take it out of the model's folder"))
