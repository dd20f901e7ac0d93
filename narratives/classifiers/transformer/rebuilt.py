"""An encoder that was exported for ONNX Runtime, made into an ordinary folder again: config, tokenizer, weights."""

from pathlib import Path
from shutil import copyfile

from narratives.errors import UserError

_BESIDE = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
_PRODUCT = "/MatMul"  # ends the name of a node that multiplies by a layer's weights


def rebuild_encoder(source: Path, folder: Path) -> None:
    """Write config, tokenizer and weights of `MODEL/onnx/model.onnx` into an existing folder; float32, bit for bit.

    An export keeps what it does not fold under the names of the network. The weights of linear layers it turns round and
    names by number; the nodes that multiply by them still say whose they are. `UserError` where the `onnx` package lacks.
    """
    try:
        import onnx
    except ImportError:
        raise UserError(
            "this encoder is made from an ONNX file, for which onnx is needed; run: pip install '.[fast]'"
        ) from None
    from onnx.numpy_helper import to_array
    from safetensors.numpy import save_file

    graph = onnx.load(str(source)).graph
    arrays = {tensor.name: to_array(tensor) for tensor in graph.initializer}
    weights = {name: array for name, array in arrays.items() if "::" not in name and name.endswith((".weight", ".bias"))}
    for node in graph.node:
        factors = [name for name in node.input if name in arrays]
        if node.op_type == "MatMul" and node.name.endswith(_PRODUCT) and factors:
            layer = node.name.removesuffix(_PRODUCT).strip("/").replace("/", ".")
            weights[f"{layer}.weight"] = arrays[factors[0]].T.copy()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    for name in _BESIDE:
        copyfile(source.parents[1] / name, folder / name)
