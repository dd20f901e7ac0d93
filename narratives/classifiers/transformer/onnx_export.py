"""Write a network as ONNX: in float32, and with the weights of its encoder in int8."""

import tempfile
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from narratives.classifiers.transformer.encoder import first_line
from narratives.classifiers.transformer.onnx import IDS, FastNetwork, make_session
from narratives.classifiers.transformer.tokens import cut_windows
from narratives.data import Texts

_OPSET = 17
_SMOOTHING = 0.7  # how much of a channel's range moves from the activations, which are quantised coarsely, to the weights


class ExportError(Exception):
    """The network cannot be written as ONNX; the message says why."""


def make_forms(network: Any, outputs: int, max_length: int, tokenizer: Any, samples: Texts) -> Iterator[FastNetwork]:
    """The network in all its forms, the fastest first and the safest last; `samples` are texts of the usual kind.

    `outputs` is how many values it gives for a window: a logit for each narrative, or a vector's dimensions.
    """
    try:
        exact = export_network(network, outputs, max_length)
        windows = [ids for text in samples for ids in cut_windows(text, tokenizer, max_length)]
        for narrow_only in (False, True):
            yield FastNetwork.open(quantise(exact, windows, narrow_only).SerializeToString(), tokenizer)
        yield FastNetwork.open(exact.SerializeToString(), tokenizer)
    except Exception as error:  # an encoder of another make can fail in many ways here, and torch computes it all the same
        raise ExportError(first_line(error)) from error


def export_network(network: Any, outputs: int, max_length: int) -> Any:
    """The network in float32 as an `onnx.ModelProto` that reads one window of any length without padding."""
    import onnx
    import torch

    network = deepcopy(network).cpu().eval()
    example = torch.ones((1, 9), dtype=torch.long)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that tracing is the older way: the newer one needs a further package
        path = Path(folder) / "network.onnx"
        torch.onnx.export(
            network,
            (example,),
            str(path),
            input_names=[IDS],
            output_names=["logits"],
            dynamic_axes={IDS: {1: "length"}},
            opset_version=_OPSET,
            dynamo=False,
        )
        model = onnx.load(path)
    _describe(model, form="float32", outputs=outputs, max_length=max_length)
    return model


def quantise(model: Any, samples: Sequence[Sequence[int]], narrow_only: bool) -> Any:
    """A copy with the weights of its linear layers in int8, a scale for each output; the head stays in float.

    The vectors of words are in int8 too, a scale for each: that changes them by less than a hundredth, and of an encoder of
    many languages they are most of the weights.

    Activations become int8 as they come, with one scale for a whole window, so a few large ones would leave the rest with
    few steps. Two remedies. A layer's inputs are divided by a factor for each channel, its weights multiplied by it
    (SmoothQuant: Xiao et al., ICML 2023, equation 4); the ranges are those in `samples`, windows of token ids. In layers
    with more inputs than outputs the large values lie in single tokens instead: each token is divided by its largest
    value, and its output multiplied by it. With `narrow_only` those layers, the more sensitive ones, stay in float.
    """
    import onnx
    from onnx import helper, numpy_helper

    quantised = onnx.ModelProto()
    quantised.CopyFrom(model)
    graph = quantised.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    products = [node for node in graph.node if node.op_type == "MatMul" and node.name.startswith("/encoder/")]
    layers = [node for node in products if node.input[1] in tensors]
    weights = {node.name: numpy_helper.to_array(tensors[node.input[1]]) for node in layers}
    wide = {name for name, weight in weights.items() if len(weight) > weight.shape[1]}
    ranges = _find_ranges(model, sorted({node.input[0] for node in layers if node.name not in wide}), samples)
    draft = _Draft(factors=_find_factors(layers, weights, ranges))
    for node in graph.node:
        if node.op_type == "Gather" and node.input[0] in tensors and node.input[1] == IDS:
            draft.add_words(node, numpy_helper.to_array(tensors[node.input[0]]))
        elif node.name not in weights or (narrow_only and node.name in wide):
            draft.nodes.append(node)
        else:
            draft.add_layer(node, weights[node.name], by_row=node.name in wide)
    del graph.node[:]
    graph.node.extend(draft.nodes)
    used = {name for node in draft.nodes for name in node.input}
    initializers = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(initializers + [numpy_helper.from_array(array, name) for name, array in draft.arrays.items()])
    quantised.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    _describe(quantised, form="int8, some layers float32" if narrow_only else "int8")
    return quantised


@dataclass(slots=True)
class _Draft:
    """The nodes and tensors of a graph whose linear layers compute in int8."""

    factors: dict[str, NDArray[np.float32]]  # by the name of a layer's input
    nodes: list[Any] = field(default_factory=list)
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)  # layers that read the same tensor share what is made of it

    def __post_init__(self) -> None:
        self.arrays["least"] = np.float32(1e-12).reshape(1)  # a token may be all zeros

    def add(self, operator: str, inputs: list[str], *outputs: str, **attributes: Any) -> str:
        """Append a node; the name of its first output."""
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, outputs, name=outputs[0], **attributes))
        return outputs[0]

    def add_layer(self, node: Any, weight: NDArray[np.float32], by_row: bool) -> None:
        """A linear layer in int8: each token divided by its largest value (`by_row`), or each channel by its factor."""
        source, product = node.input[0], node.output[0]
        parts = [f"{source}.{'rows' if by_row else 'channels'}.{part}" for part in ("int8", "scale", "zero")]
        if parts[0] not in self.finished:
            self.finished.add(parts[0])
            even = self._divide_rows(source) if by_row else self._divide_channels(source)
            self.add("DynamicQuantizeLinear", [even], *parts)
        weight = weight if by_row else weight * self.factors[source][:, None]
        scale = np.maximum(np.abs(weight).max(0), 1e-12) / 127
        self.arrays[f"{node.name}.int8"] = np.round(weight / scale).astype(np.int8)
        self.arrays[f"{node.name}.scale"] = scale.astype(np.float32)
        inputs = [parts[0], f"{node.name}.int8", parts[1], f"{node.name}.scale", parts[2]]
        output = f"{product}.even" if by_row else product
        self.add("MatMulIntegerToFloat", inputs, output, domain="com.microsoft")
        if by_row:
            self.add("Mul", [output, f"{source}.largest"], product)

    def add_words(self, node: Any, table: NDArray[np.float32]) -> None:
        """The vector of each token, from a table of them in int8."""
        words, output = node.input[0], node.output[0]
        scale = np.maximum(np.abs(table).max(1, keepdims=True), 1e-12) / 127
        self.arrays[f"{words}.int8"] = np.round(table / scale).astype(np.int8)
        self.arrays[f"{words}.scale"] = scale.astype(np.float32)
        steps = self.add("Gather", [f"{words}.int8", IDS], f"{output}.int8")
        numbers = self.add("Cast", [steps], f"{output}.steps", to=1)  # onnx.TensorProto.FLOAT
        self.add("Mul", [numbers, self.add("Gather", [f"{words}.scale", IDS], f"{output}.scale")], output)

    def _divide_rows(self, source: str) -> str:
        size = self.add("ReduceMax", [self.add("Abs", [source], f"{source}.size")], f"{source}.row", axes=[-1])
        return self.add("Div", [source, self.add("Max", [size, "least"], f"{source}.largest")], f"{source}.even")

    def _divide_channels(self, source: str) -> str:
        self.arrays[f"{source}.factor"] = 1 / self.factors[source]
        return self.add("Mul", [source, f"{source}.factor"], f"{source}.smooth")


def _find_ranges(model: Any, names: Sequence[str], samples: Sequence[Sequence[int]]) -> dict[str, NDArray[np.float32]]:
    """The largest absolute value of each channel of the tensors named, over all samples."""
    import onnx
    from onnx import helper

    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    probe.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = make_session(probe.SerializeToString())
    ranges: dict[str, NDArray[np.float32]] = {}
    for ids in samples:
        for name, values in zip(names, session.run(list(names), {IDS: np.array([ids], dtype=np.int64)}), strict=True):
            largest = np.abs(values).reshape(-1, values.shape[-1]).max(0)
            ranges[name] = np.maximum(ranges.get(name, largest), largest)
    return ranges


def _find_factors(
    layers: Sequence[Any], weights: dict[str, NDArray[np.float32]], ranges: dict[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """A factor for each channel of each tensor, its geometric mean 1; layers that read the same tensor share it."""
    readers = defaultdict(list)
    for node in layers:
        readers[node.input[0]].append(np.abs(weights[node.name]).max(1))
    factors = {}
    for name, values in ranges.items():
        log = _SMOOTHING * np.log(np.maximum(values, 1e-5)) - (1 - _SMOOTHING) * np.log(
            np.maximum(np.max(readers[name], 0), 1e-5)
        )
        factors[name] = np.exp(log - log.mean()).astype(np.float32)
    return factors


def _describe(model: Any, **facts: object) -> None:
    """Write facts into the model's metadata, over those of the same name."""
    from onnx import helper

    metadata = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(model, {**metadata, **{key: str(value) for key, value in facts.items()}})
