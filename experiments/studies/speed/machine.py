"""What the machine can do, and what the model asks of it."""

import json
import os
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from worker import pin

Product = Callable[[], Any]

SIZES = (512, 1024)  # rows and columns of the matrices whose product is timed
SHOWN = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def describe() -> dict[str, Any]:
    """Cores and the instruction sets that matter here; no names."""
    info = Path("/proc/cpuinfo")
    flags = info.read_text(encoding="utf-8").split("flags")[1].split("\n")[0].split() if info.is_file() else []
    return {"cores": os.cpu_count(), "instructions": [name for name in SHOWN if name in flags]}


def measure_peak() -> dict[str, dict[str, float]]:
    """Operations a second, in thousand millions, of one thread multiplying square matrices, by number format and library.

    No library alone tells the peak: some leave a processor's widest instructions unused if another maker built it.
    """
    found: dict[str, dict[str, float]] = {"float32": {}, "int8": {}}
    for library in (_multiply_with_torch, _multiply_with_numpy, _multiply_with_onnxruntime):
        for size in SIZES:
            for form, product in library(size).items():
                name = library.__name__.removeprefix("_multiply_with_")
                found[form][name] = max(found[form].get(name, 0), 2 * size**3 / _time(product) / 1e9)
    return found


def _multiply_with_torch(size: int) -> dict[str, Product]:
    import torch

    torch.set_num_threads(1)
    square = torch.randn(size, size)
    whole = torch.randint(-128, 127, (size, size), dtype=torch.int8)
    return {"float32": lambda: square @ square, "int8": lambda: torch._int_mm(whole, whole)}


def _multiply_with_numpy(size: int) -> dict[str, Product]:
    square = np.random.default_rng(0).random((size, size), dtype=np.float32)
    return {"float32": lambda: square @ square}


def _multiply_with_onnxruntime(size: int) -> dict[str, Product]:
    if find_spec("onnx") is None or find_spec("onnxruntime") is None:
        return {}
    draw = np.random.default_rng(0)
    square = draw.random((size, size), dtype=np.float32)
    whole = draw.integers(-128, 127, (size, size), dtype=np.int8)
    return {
        "float32": _make_product("MatMul", square, square),
        "int8": _make_product("MatMulInteger", whole.view(np.uint8), whole),
    }


def _make_product(operator: str, left: Any, right: Any) -> Product:
    """An ONNX Runtime session that multiplies by a constant, as a network's layer does."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    kinds = {"MatMul": (TensorProto.FLOAT, TensorProto.FLOAT), "MatMulInteger": (TensorProto.UINT8, TensorProto.INT32)}
    ends = [helper.make_tensor_value_info(name, kind, left.shape) for name, kind in zip("ac", kinds[operator], strict=True)]
    node = helper.make_node(operator, ["a", "b"], ["c"])
    graph = helper.make_graph([node], "product", ends[:1], ends[1:], [numpy_helper.from_array(right, "b")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"a": left})


def _time(product: Product, repeats: int = 10) -> float:
    product()
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        product()
        best = min(best, time.process_time() - start)
    return best


def operations(config: dict[str, Any], lengths: list[int]) -> float:
    """Additions and multiplications that an encoder of the BERT kind needs for texts of these lengths, without padding.

    For each layer and token: four h x h maps, two of h x i, and the token's scores against all others, twice n x h.
    """
    h, i, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    return 2.0 * layers * sum(n * (4 * h * h + 2 * h * i) + 2 * n * n * h for n in lengths)


if __name__ == "__main__":
    pin(1)
    print(json.dumps(measure_peak()), file=sys.stdout)
