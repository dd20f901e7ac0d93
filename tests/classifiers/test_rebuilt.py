"""An encoder that lies in a package as an export for ONNX Runtime becomes a folder again, with the weights that it had."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from narratives.classifiers.transformer.encoder import find_encoder, load_encoder
from narratives.classifiers.transformer.packaged import PACKAGED, Packaged
from narratives.errors import UserError
from narratives.files import sha256


def export(encoder: Path, folder: Path) -> Path:
    """An ONNX file as exports are written: weights of linear layers turned round under numbers, all others by their names."""
    weights = {name: array for name, array in load_file(encoder / "model.safetensors").items() if "pooler" not in name}
    tensors, nodes = [], []
    for number, (name, array) in enumerate(weights.items()):
        if array.ndim == 2 and "embeddings" not in name:
            given = f"onnx::MatMul_{number}"
            tensors.append(numpy_helper.from_array(np.ascontiguousarray(array.T), given))
            place = name.removesuffix(".weight")
            for index in range(9):
                place = place.replace(f"layer.{index}.", f"layer.{index}/")
            head, _, tail = place.rpartition("/")
            node = "/".join(["", *head.split(".", 1), *tail.split("."), "MatMul"])
            nodes.append(helper.make_node("MatMul", ["x", given], [f"y{number}"], name=node))
        else:
            tensors.append(numpy_helper.from_array(array, name))
    tensors.append(numpy_helper.from_array(np.array([3], dtype=np.int64), "onnx::Reshape_1"))
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)], [], tensors)
    path = folder / "onnx" / "model.onnx"
    path.parent.mkdir(parents=True)
    onnx.save(helper.make_model(graph), str(path))
    for file in encoder.iterdir():
        if file.suffix in (".json", ".txt"):
            shutil.copyfile(file, folder / file.name)
    for name in ("special_tokens_map.json", "vocab.txt"):
        if not (folder / name).exists():
            (folder / name).write_text("{}" if name.endswith("json") else "", encoding="utf-8")
    return path


@pytest.fixture
def cache(tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache but for an installed package of npm's, in which 'toy' is a packaged encoder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "narratives" / "npm" / "node_modules" / "@somebody" / "models" / "toy"
    digest = sha256(export(tiny_encoder, folder))
    monkeypatch.setitem(PACKAGED, "toy", Packaged(digest, "@somebody/models@1.0.2", export="toy/onnx/model.onnx"))
    return tmp_path / "narratives"


def problem() -> str:
    with pytest.raises(UserError) as caught:
        find_encoder("toy")
    [line] = caught.value.problems
    return line


def test_it_has_every_weight_that_was_exported(cache: Path, tiny_encoder: Path) -> None:
    tokenizer, model = load_encoder("toy")
    weights = load_file(tiny_encoder / "model.safetensors")
    rebuilt = {name: tensor.numpy() for name, tensor in model.state_dict().items() if "pooler" not in name}
    assert rebuilt.keys() == {name for name in weights if "pooler" not in name}
    assert all(np.array_equal(array, weights[name]) for name, array in rebuilt.items())
    assert tokenizer.pad_token_id is not None


def test_it_is_made_once_and_refused_where_it_has_changed(cache: Path) -> None:
    folder = find_encoder("toy")
    assert folder == cache / "toy"
    shutil.rmtree(cache / "npm")
    assert find_encoder("toy") == folder
    (folder / "config.json").write_text("{}", encoding="utf-8")
    install = f"npm install --prefix {cache / 'npm'} @somebody/models@1.0.2"
    reason = f"has changed since it was made (sha256 differs); delete the folder, and run: {install}"
    assert problem() == f"{folder / 'config.json'}: {reason}"


def test_another_file_than_the_published_one_is_refused(cache: Path) -> None:
    [path] = (cache / "npm").rglob("model.onnx")
    path.write_bytes(path.read_bytes() + b" ")
    assert problem().startswith(f"{path}: not the published file (sha256 differs); delete it, and run: npm install --prefix ")
    assert not (cache / "toy").exists()


def test_where_it_is_not_installed_the_command_is_told(cache: Path) -> None:
    shutil.rmtree(cache / "npm")
    assert problem() == f"encoder 'toy' is not installed; run: npm install --prefix {cache / 'npm'} @somebody/models@1.0.2"
