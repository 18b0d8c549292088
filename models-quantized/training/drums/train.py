"""Trains the drum model on a dump: python train.py --dump DIR [--dump DIR] --dev DIR [--dev DIR] --out FILE.pt."""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from dump import Dump, joined
from model import BIN_MS, BINS, DrumModel
from score import Scorer

TIMING_WEIGHT = 0.015
TIMING_SD_MS = 4.0
AVERAGE = 0.995
# Of dull slots so many are learnt from, and weigh as all.
DULL_SHARE = 0.25
DULL_VOTE = 8


def soft_bins() -> torch.Tensor:
    """Targets by label code: a bell around the true time."""
    off = (torch.arange(256).float() - 128) * 0.5
    middles = (torch.arange(BINS) + 0.5 - BINS / 2) * BIN_MS
    bell = torch.exp(-((off[:, None] - middles) ** 2) / (2 * TIMING_SD_MS**2))
    return bell / bell.sum(1, keepdim=True).clamp(min=1e-12)


def tensors(dump: Dump, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.from_numpy(dump.features[rows]).float().mul_(1 / 127)
    return x[:, : dump.context], x[:, dump.context :].reshape(len(rows), dump.classes, dump.class_features)


def dull(dump: Dump) -> np.ndarray:
    """Slots in which nothing was played and for which hardly anything votes: most of them say the same."""
    votes = dump.features[:, dump.context :].reshape(dump.rows, dump.classes, dump.class_features)[:, :, :5]
    return (votes.max((1, 2)) < DULL_VOTE) & ~dump.hits().any(1)


def predict(model: DrumModel, dump: Dump) -> np.ndarray:
    model.eval()
    out = []
    with torch.no_grad():
        for start in range(0, dump.rows, 4096):
            rows = np.arange(start, min(dump.rows, start + 4096))
            out.append(model(*tensors(dump, rows)).numpy())
    model.train()
    return np.concatenate(out)


def go_on_from(model: DrumModel, file: Path) -> None:
    state = model.state_dict()
    for name, before in torch.load(file, weights_only=False)["state"].items():
        fresh = torch.zeros_like(state[name])
        fresh[tuple(slice(0, size) for size in before.shape)] = before
        state[name] = fresh
    model.load_state_dict(state)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--dump", type=Path, action="append", required=True)
    parser.add_argument("--dev", type=Path, action="append", default=[])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--head", type=int, default=64)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--timing", type=float, default=TIMING_WEIGHT)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", type=Path, help="a model to go on from; features that it did not have begin at zero")
    parser.add_argument("--limit", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    random = np.random.default_rng(options.seed)

    dump = joined([Dump(folder) for folder in options.dump])
    devs = [(folder.name, Dump(folder)) for folder in options.dev]
    scorers = [(name, dev, Scorer(dev)) for name, dev in devs]
    model = DrumModel(dump.context, dump.class_features, dump.classes, options.width, options.head)
    if options.start:
        go_on_from(model, options.start)
    average = DrumModel(dump.context, dump.class_features, dump.classes, options.width, options.head)
    average.load_state_dict(model.state_dict())
    print(f"{dump.rows} slots, {sum(p.numel() for p in model.parameters())} parameters", flush=True)

    is_dull = dull(dump)
    weights = torch.from_numpy(np.where(is_dull, 1 / DULL_SHARE, 1).astype(np.float32))
    rows_used = np.nonzero(~is_dull | (random.random(dump.rows) < DULL_SHARE))[0]
    print(f"{100 * is_dull.mean():.0f} % dull; {len(rows_used)} slots to learn from", flush=True)
    if options.limit:
        rows_used = random.choice(rows_used, min(len(rows_used), options.limit), replace=False)
    steps = int(options.epochs * len(rows_used) / options.batch)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, options.rate, total_steps=steps + 1, pct_start=0.05, anneal_strategy="cos"
    )
    bins = soft_bins()
    started = time.time()
    order = np.empty(0, np.int64)
    losses = []
    for step in range(steps):
        if len(order) < options.batch:
            order = np.concatenate([order, random.permutation(rows_used)])
        rows, order = np.sort(order[: options.batch]), order[options.batch :]
        context, classes = tensors(dump, rows)
        labels = torch.from_numpy(dump.labels[rows])
        hit = labels > 0
        if options.dropout:
            context = F.dropout(context, options.dropout)
        out = model(context, classes)
        cost = F.binary_cross_entropy_with_logits(out[..., 0], hit.float(), reduction="none")
        content = (cost.mean(1) * weights[rows]).mean()
        timed = out[hit]
        goal = bins[labels[hit].long()]
        timing = -(goal * F.log_softmax(timed[:, 1:], -1)).sum(-1).mean() if len(goal) else out.sum() * 0
        loss = content + options.timing * timing
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            # A short memory first, so that the average forgets where it began.
            keep = min(AVERAGE, (1 + step) / (10 + step))
            for mean, now in zip(average.parameters(), model.parameters()):
                mean.lerp_(now, 1 - keep)
        losses.append((content.item(), timing.item()))
        if step % 1000 == 999 or step == steps - 1:
            recent = np.mean(losses[-500:], 0)
            print(f"step {step + 1}/{steps}  {time.time() - started:.0f} s  content {recent[0]:.4f}  timing {recent[1]:.3f}", flush=True)
        if step % max(1, steps // 4) == steps // 4 - 1 or step == steps - 1:
            for name, dev, scorer in scorers:
                print(f"   {name}: {scorer.at_budget(predict(average, dev), 5)}", flush=True)
            torch.save({"state": average.state_dict(), "options": vars(options), "feature_version": dump.feature_version,
                        "sizes": [dump.context, dump.class_features, dump.classes, options.width, options.head]}, options.out)


if __name__ == "__main__":
    main()
