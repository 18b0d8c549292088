"""Writes model.onnx (int8) and model.json from trained weights, and scores fp32 and int8 on dev dumps.

    python export_pitched.py --weights DIR/weights.pt --dev DIR... --out models-quantized/pitched --version 1

Weights are int8 with a scale for each output; activations are quantized while it runs (DynamicQuantizeLinear,
MatMulInteger). The same weights and dumps give the same files.
"""
import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from int8_onnx import Graph, write_model  # noqa: E402
from train_pitched import HEADS, HIGHEST_SCORE, Dump, PitchedNet, outputs, scores  # noqa: E402


def graph_of(net, sizes):
    """Weighing the lags is little work and stays fp32, as does the last layer: its noise is what thresholds would feel."""
    state = {name: value.numpy() for name, value in net.state_dict().items()}
    graph = Graph("pitched")
    number = lambda value: graph.constant(np.array(value, np.float32))
    context = graph.input("context", [1, sizes["context"]])
    lags = graph.input("lags", [sizes["lags"], sizes["lag"]])
    candidates = graph.input("candidates", ["rows", sizes["candidate"]])
    hits = graph.input("hits", ["rows", sizes["lags"]])

    told = graph.op("Relu", graph.linear_fp32(lags, state["lag_hidden.weight"], state["lag_hidden.bias"]))
    score = graph.linear_fp32(told, state["lag_score.weight"], state["lag_score.bias"])
    # Lags that are not there score 30 less: their first number is 0.
    there = np.zeros((HEADS, sizes["lag"]), np.float32)
    there[:, 0] = 30
    score = graph.op("Add", score, graph.linear_fp32(lags, there, np.full(HEADS, -30, np.float32)))
    worth = graph.op("Exp", graph.op("Clip", score, number(-100), number(HIGHEST_SCORE)))
    everything = graph.op("ReduceSum", worth, graph.constant(np.array([0], np.int64)), keepdims=1)
    everything = graph.op("Add", everything, graph.constant(np.exp(state["silence"])))
    votes = graph.op("MatMul", hits, graph.op("Div", worth, everything))
    logs = graph.op("Mul", graph.op("Log", graph.op("Add", votes, number(0.01))), number(0.25))
    votes = graph.op("Concat", votes, logs, axis=1)

    int8 = lambda x, layer, bias: graph.linear_int8(graph.quantized(x), state[f"{layer}.weight"], bias)
    first = graph.op("Add", int8(context, "context", state["context.bias"]), int8(candidates, "candidate", None))
    votes = graph.linear_fp32(votes, state["votes.weight"], np.zeros(len(state["votes.weight"]), np.float32))
    first = graph.op("Relu", graph.op("Add", first, votes))
    second = graph.op("Relu", int8(first, "hidden", state["hidden.bias"]))
    graph.output(graph.linear_fp32(second, state["out.weight"], state["out.bias"]), "judged", ["rows", 3])
    return graph.model()


def run_onnx(model, dump):
    """Slot by slot, as the box asks: dynamic quantization depends on what is asked together."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    result = np.zeros((len(dump.rows), 3), np.float32)
    for slot in range(len(dump.context)):
        (context, lags, rows, hits, _), places = dump.batch(np.array([slot]))
        asked = {"context": context, "lags": lags[0], "candidates": rows, "hits": hits}
        result[places] = session.run(None, {name: value.numpy() for name, value in asked.items()})[0]
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
    net = PitchedNet(sizes)
    net.load_state_dict(stored["state"])
    model = graph_of(net, sizes)
    metrics = {}
    for folder in args.dev:
        dump = Dump(folder)
        name = Path(folder).name
        metrics[name] = {"fp32": scores(dump, outputs(net, dump)),
                         "int8": scores(dump, run_onnx(model.SerializeToString(), dump))}
        print(name, json.dumps(metrics[name]), flush=True)
    write_model(Path(args.out), model, {
        "name": args.name,
        "version": args.version,
        "features": {"version": sizes["version"], "sizes": {name: sizes[name] for name in ("context", "lags", "lag", "candidate")}},
        "parameters": sum(p.numel() for p in net.parameters()),
        "metrics": metrics,
    })


if __name__ == "__main__":
    main()
