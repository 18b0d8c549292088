"""Graphs of int8 layers that run fast one row at a time: DynamicQuantizeLinear, MatMulInteger, a scale for each column.

Weights are unsigned around 128: products of unsigned bytes don't saturate on processors without VNNI.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


class Graph:
    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, shape: list) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def output(self, value: str, name: str, shape: list) -> None:
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes):
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def quantized(self, x: str) -> tuple[str, str, str]:
        return tuple(self.op("DynamicQuantizeLinear", x, outputs=3))

    def linear_int8(self, quantized: tuple[str, str, str], weight: np.ndarray, bias: np.ndarray | None) -> str:
        """`weight` as PyTorch has it: [out, in]."""
        values, scale, zero = quantized
        columns = np.maximum(np.abs(weight).max(1), 1e-8) / 127
        steps = np.clip(np.round(weight / columns[:, None]), -127, 127)
        stored = (steps + 128).astype(np.uint8).T.copy()
        product = self.op("MatMulInteger", values, self.constant(stored), zero, self.constant(np.array(128, np.uint8)))
        scales = self.op("Mul", scale, self.constant(columns.astype(np.float32)))
        y = self.op("Mul", self.op("Cast", product, to=TensorProto.FLOAT), scales)
        return y if bias is None else self.op("Add", y, self.constant(bias.astype(np.float32)))

    def linear_fp32(self, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
        y = self.op("MatMul", x, self.constant(weight.T.astype(np.float32).copy()))
        return self.op("Add", y, self.constant(bias.astype(np.float32)))

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="jam.togthr")
        model.ir_version = 8
        onnx.checker.check_model(model, full_check=True)
        return model


def write_model(folder: Path, model: onnx.ModelProto, description: dict) -> None:
    """model.onnx, and model.json with what is in it."""
    folder.mkdir(parents=True, exist_ok=True)
    data = model.SerializeToString(deterministic=True)
    (folder / "model.onnx").write_bytes(data)

    def tensors(values):
        return [
            {
                "name": v.name,
                "shape": [d.dim_value if d.HasField("dim_value") else -1 for d in v.type.tensor_type.shape.dim],
                "type": "float32",
            }
            for v in values
        ]

    described = {
        **description,
        "inputs": tensors(model.graph.input),
        "outputs": tensors(model.graph.output),
        "file": "model.onnx",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    (folder / "model.json").write_text(json.dumps(described, indent=2) + "\n")
