"""Writes model.onnx (int8) and model.json, and compares their scores with fp32.

python export.py --model FILE.pt --dev DIR [--dev DIR] --out models-quantized/drums --version 1.0
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from dump import Dump  # noqa: E402
from int8_onnx import Graph, write_model  # noqa: E402
from model import BINS, DrumModel  # noqa: E402
from score import Scorer  # noqa: E402
from train import predict, tensors  # noqa: E402


def load(file: Path) -> tuple[DrumModel, dict]:
    saved = torch.load(file, weights_only=False)
    model = DrumModel(*saved["sizes"])
    model.load_state_dict(saved["state"])
    model.eval()
    return model, saved


def graph_of(model: DrumModel, context: int, class_features: int, classes: int, int8: bool):
    """The same computation; the last layer stays fp32 (31 columns: its noise is what thresholds would feel)."""
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    graph = Graph("drums")

    def linear(x: str, layer: str, exact: bool = False) -> str:
        weight, bias = weights[f"{layer}.weight"], weights[f"{layer}.bias"]
        if exact or not int8:
            return graph.linear_fp32(x, weight, bias)
        return graph.linear_int8(graph.quantized(x), weight, bias)

    slot = graph.op("Relu", linear(graph.input("context", ["rows", context]), "first"))
    slot = graph.op("Relu", linear(slot, "second"))
    slot = graph.op("Unsqueeze", linear(slot, "third"), graph.constant(np.array([1], np.int64)))
    each = linear(graph.input("classes", ["rows", classes, class_features]), "per_class")
    each = graph.op("Add", each, graph.constant(weights["embedding"]))
    each = graph.op("Relu", graph.op("Add", each, slot))
    each = graph.op("Relu", linear(each, "joint"))
    graph.output(linear(each, "out", exact=True), "hits", ["rows", classes, 1 + BINS])
    return graph.model()


def run_by_row(onnx_bytes: bytes, dump: Dump) -> np.ndarray:
    """As on the box: one slot at a time, since quantization looks at the whole input."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx_bytes, settings, providers=["CPUExecutionProvider"])
    out = np.empty((dump.rows, dump.classes, 1 + BINS), np.float32)
    for start in range(0, dump.rows, 4096):
        rows = np.arange(start, min(dump.rows, start + 4096))
        context, classes = (x.numpy() for x in tensors(dump, rows))
        for i in range(len(rows)):
            out[start + i] = session.run(None, {"context": context[i : i + 1], "classes": classes[i : i + 1]})[0][0]
    return out


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--dev", type=Path, action="append", default=[])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--version", default="1")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, saved = load(options.model)
    context, class_features, classes = saved["sizes"][:3]
    int8 = graph_of(model, context, class_features, classes, int8=True)
    metrics = {}
    for folder in options.dev:
        dev = Dump(folder)
        scorer = Scorer(dev)
        exact = scorer.at_budget(predict(model, dev), 5)
        small = scorer.at_budget(run_by_row(int8.SerializeToString(), dev), 5)
        print(f"{folder.name}: fp32 {exact}\n{' ' * len(folder.name)}  int8 {small}", flush=True)
        metrics[folder.name] = {
            kind: {"r20": round(score.recall20, 2), "p20": round(score.precision20, 2), "falsePer100": round(score.false, 2)}
            for kind, score in (("fp32", exact), ("int8", small))
        }
    write_model(options.out, int8, {
        "name": "drums",
        "version": options.version,
        "features": {"version": saved["feature_version"]},
        "parameters": sum(p.numel() for p in model.parameters()),
        "metrics": metrics,
    })


if __name__ == "__main__":
    main()
