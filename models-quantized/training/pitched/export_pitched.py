"""Writes model.onnx (int8) and model.json from trained weights, and scores fp32 and int8 on dev dumps.

    python export_pitched.py --weights DIR/weights.pt --dev DIR... --out models-quantized/pitched --version 1

Weights are int8 with a scale for each output; activations are quantized while it runs (DynamicQuantizeLinear,
MatMulInteger). The same weights and dumps give the same files.
"""
import argparse
import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from train_pitched import Dump, PitchedNet, outputs, scores

OPSET = 17


def graph_of(net, sizes):
    state = {name: value.numpy() for name, value in net.state_dict().items()}
    constants = [
        numpy_helper.from_array(np.ascontiguousarray(state[name].T if state[name].ndim == 2 else state[name]), name)
        for name in sorted(state)
    ]
    node = helper.make_node
    nodes = [
        node("MatMul", ["context", "context.weight"], ["from_context"]),
        node("Add", ["from_context", "context.bias"], ["with_bias"]),
        node("MatMul", ["candidates", "candidate.weight"], ["from_candidates"]),
        node("Add", ["from_candidates", "with_bias"], ["first"]),
        node("Relu", ["first"], ["first_active"]),
        node("MatMul", ["first_active", "hidden.weight"], ["second"]),
        node("Add", ["second", "hidden.bias"], ["second_biased"]),
        node("Relu", ["second_biased"], ["second_active"]),
        node("MatMul", ["second_active", "out.weight"], ["third"]),
        node("Add", ["third", "out.bias"], ["judged"]),
    ]
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "pitched",
        [
            tensor("context", TensorProto.FLOAT, [1, sizes["context"]]),
            tensor("candidates", TensorProto.FLOAT, ["rows", sizes["candidate"]]),
        ],
        [tensor("judged", TensorProto.FLOAT, ["rows", 3])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="jam.togthr")
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def run_onnx(path, dump, wanted):
    """Slot by slot, as the box asks: dynamic quantization depends on what is asked together."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options)
    result = np.zeros((len(dump.rows), 3), np.float32)
    ends = np.flatnonzero(np.diff(dump.slot)) + 1
    starts = np.concatenate([[0], ends])
    ends = np.concatenate([ends, [len(dump.slot)]])
    for start, end in zip(starts, ends):
        if not wanted[start]:
            continue
        context = dump.context[dump.slot[start]:dump.slot[start] + 1].astype(np.float32) / 127
        rows = dump.rows[start:end].astype(np.float32) / 127
        result[start:end] = session.run(None, {"context": context, "candidates": rows})[0]
    return result


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--weights", required=True)
    options.add_argument("--dev", nargs="*", default=[])
    options.add_argument("--out", required=True)
    options.add_argument("--version", default="1")
    options.add_argument("--name", default="pitched")
    args = options.parse_args()
    torch.set_num_threads(1)
    stored = torch.load(args.weights, weights_only=True)
    sizes = stored["sizes"]
    net = PitchedNet(sizes["context"], sizes["candidate"])
    net.load_state_dict(stored["state"])
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "fp32.onnx"
        onnx.save(graph_of(net, sizes), str(whole))
        quantize_dynamic(str(whole), str(out / "model.onnx"), per_channel=True, weight_type=QuantType.QInt8)
    metrics = {}
    for folder in args.dev:
        dump = Dump(folder)
        name = Path(folder).name
        everything = np.ones(len(dump.rows), bool)
        metrics[name] = {"fp32": scores(dump, outputs(net, dump)),
                         "int8": scores(dump, run_onnx(out / "model.onnx", dump, everything))}
        print(name, json.dumps(metrics[name]), flush=True)
    weights = (out / "model.onnx").read_bytes()
    manifest = {
        "name": args.name,
        "version": args.version,
        "features": {"version": sizes["version"], "sizes": {"context": sizes["context"], "candidate": sizes["candidate"]}},
        "file": "model.onnx",
        "inputs": [
            {"name": "context", "shape": [1, sizes["context"]], "type": "float32"},
            {"name": "candidates", "shape": [-1, sizes["candidate"]], "type": "float32"},
        ],
        "outputs": [{"name": "judged", "shape": [-1, 3], "type": "float32"}],
        "bytes": len(weights),
        "sha256": hashlib.sha256(weights).hexdigest(),
        "parameters": sum(p.numel() for p in net.parameters()),
        "metrics": metrics,
    }
    (out / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(len(weights), "bytes", manifest["sha256"])


if __name__ == "__main__":
    main()
