"""Trains the pitched model on what dump-pitched.ts wrote.

    python train_pitched.py --train DIR... --dev DIR... --out DIR [--epochs N] [--threads N] [--seed N]

Writes OUT/weights.pt (averaged weights) and prints scores on the dev dumps: recall within 20 ms at 3 and 5 false notes per
100 notes, as a share of all notes of a role. The threshold is picked on the scored set, so that nets are compared fairly.
"""
import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

WIDTHS = (144, 112)
LAG_WIDTH = 24
HEADS = 6
HIGHEST_SCORE = 12
#: Deviations are predicted in units of 20 ms.
UNIT_MS = 20.0
TIMING_WEIGHT = 0.05


class PitchedNet(nn.Module):
    """Weighs the lags, then judges candidates one by one in the context of their slot.

    Gives for each candidate a logit, its deviation and the logarithm of the deviation's spread.
    """

    def __init__(self, sizes):
        super().__init__()
        self.lag_hidden = nn.Linear(sizes["lag"], LAG_WIDTH)
        self.lag_score = nn.Linear(LAG_WIDTH, HEADS)
        self.silence = nn.Parameter(torch.zeros(HEADS))
        self.context = nn.Linear(sizes["context"], WIDTHS[0])
        self.candidate = nn.Linear(sizes["candidate"], WIDTHS[0], bias=False)
        self.votes = nn.Linear(2 * HEADS, WIDTHS[0], bias=False)
        self.hidden = nn.Linear(WIDTHS[0], WIDTHS[1])
        self.out = nn.Linear(WIDTHS[1], 3)

    def weigh(self, lags):
        """slots x lags x features -> what each head thinks each lag is worth; the rest of 1 is silence's."""
        scores = self.lag_score(torch.relu(self.lag_hidden(lags)))
        scores = scores - 30 * (1 - lags[..., :1])
        worth = torch.exp(scores.clamp(max=HIGHEST_SCORE))
        return worth / (worth.sum(-2, keepdim=True) + torch.exp(self.silence))

    def forward(self, context, lags, candidate, hits, of):
        """`of`: the slot (row of context and lags) that each candidate belongs to."""
        weights = self.weigh(lags)
        votes = torch.bmm(hits.unsqueeze(1), weights[of]).squeeze(1)
        told = torch.cat([votes, torch.log(votes + 0.01) / 4], -1)
        first = torch.relu(self.context(context)[of] + self.candidate(candidate) + self.votes(told))
        return self.out(torch.relu(self.hidden(first)))


class Dump:
    def __init__(self, folder):
        folder = Path(folder)
        info = json.loads((folder / "parts.json").read_text())
        self.sizes = info["sizes"]
        self.parts = info["parts"]
        size = self.sizes
        self.context = np.fromfile(folder / "context.i8", np.int8).reshape(-1, size["context"])
        self.lags = np.fromfile(folder / "lags.i8", np.int8).reshape(-1, size["lags"], size["lag"])
        self.rows = np.fromfile(folder / "candidates.i8", np.int8).reshape(-1, size["candidate"])
        self.hits = np.fromfile(folder / "hits.bits", np.uint8).reshape(len(self.rows), -1)
        labels = np.fromfile(folder / "labels.i16", np.int16).reshape(-1, 4)
        self.slot = labels[:, 0].astype(np.int64) | (labels[:, 1].astype(np.int64) << 15)
        self.hit = labels[:, 2].astype(np.float32)
        self.deviation = labels[:, 3].astype(np.float32) * 0.01
        self.part = np.fromfile(folder / "slots.i32", np.int32).reshape(-1, 2)[:, 0]
        #: The first row of each slot, and the end of the last.
        self.starts = np.searchsorted(self.slot, np.arange(len(self.context) + 1))

    def batch(self, slots):
        """The rows of some slots, as the net takes them."""
        first, end = self.starts[slots], self.starts[slots + 1]
        count = end - first
        of = np.repeat(np.arange(len(slots)), count)
        rows = np.arange(count.sum()) + np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
        hits = np.unpackbits(self.hits[rows], axis=1, count=self.sizes["lags"], bitorder="little")
        real = lambda values: torch.from_numpy(values).float() / 127
        return (real(self.context[slots]), real(self.lags[slots]), real(self.rows[rows]),
                torch.from_numpy(hits).float(), torch.from_numpy(of)), rows


def within(log_spread):
    """Probability of a logistic distribution to lie within 20 ms of its mean."""
    return np.tanh(0.5 * np.exp(-log_spread))


def outputs(net, dump, batch=2048):
    result = np.empty((len(dump.rows), 3), np.float32)
    with torch.no_grad():
        for start in range(0, len(dump.context), batch):
            inputs, rows = dump.batch(np.arange(start, min(start + batch, len(dump.context))))
            result[rows] = net(*inputs).numpy()
    return result


def recall_at(score, hit, error_ms, notes, budget):
    """Share of notes predicted within 20 ms when at most `budget` false ones are played for each true note."""
    order = np.argsort(-score, kind="stable")
    false = np.cumsum(1 - hit[order])
    good = np.cumsum(hit[order] * (np.abs(error_ms[order]) <= 20))
    allowed = np.searchsorted(false, budget * notes, side="right")
    return 100 * good[allowed - 1] / notes if allowed else 0.0


def scores(dump, result):
    """By role: recall with the net's timing and with none, at 3 and 5 false notes per 100; and with lag votes alone."""
    roles = np.array([part["role"] for part in dump.parts])
    notes = np.array([part["notes"] for part in dump.parts])
    row_part = dump.part[dump.slot]
    likely = 1 / (1 + np.exp(-result[:, 0]))
    # As the box ranks them: what is gained for what it may cost.
    rank = np.log(likely * within(result[:, 2]) / np.maximum(1 - likely, 0.01))
    votes = dump.rows[:, 0].astype(np.float32)
    told = {}
    for role in ("bass", "harmony", "melody"):
        chosen = [index for index in range(len(roles)) if roles[index] == role]
        if not chosen:
            continue
        each = []
        for part in chosen:
            mask = row_part == part
            n = notes[part]
            hit, deviation = dump.hit[mask], dump.deviation[mask]
            error = deviation - result[mask, 1] * UNIT_MS
            each.append([
                recall_at(rank[mask], hit, error, n, 0.03),
                recall_at(rank[mask], hit, error, n, 0.05),
                recall_at(rank[mask], hit, error, n, 0.10),
                recall_at(rank[mask], hit, deviation, n, 0.05),
                recall_at(votes[mask], hit, deviation, n, 0.05),
            ])
        mask = np.isin(row_part, chosen)
        n = notes[chosen].sum()
        error = dump.deviation[mask] - result[mask, 1] * UNIT_MS
        pooled = [recall_at(rank[mask], dump.hit[mask], error, n, b) for b in (0.03, 0.05)]
        pooled.append(recall_at(votes[mask], dump.hit[mask], dump.deviation[mask], n, 0.05))
        ceiling = 100 * (dump.hit[mask] * (np.abs(error) <= 20)).sum() / n
        told[role] = {"median": np.median(each, axis=0).round(1).tolist(), "pooled": np.round(pooled, 1).tolist(),
                      "ceiling": round(float(ceiling), 1), "parts": len(chosen)}
    return told


def loss_of(result, hit, deviation):
    judged = nn.functional.binary_cross_entropy_with_logits(result[:, 0], hit)
    log_spread = result[:, 2].clamp(-4, 2)
    z = (deviation / UNIT_MS - result[:, 1]) / torch.exp(log_spread)
    timing = z.abs() + 2 * nn.functional.softplus(-z.abs()) + log_spread
    near = hit * (deviation.abs() < 60)
    return judged + TIMING_WEIGHT * (timing * near).sum() / near.sum().clamp(min=1), judged


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--train", nargs="+", required=True)
    options.add_argument("--dev", nargs="*", default=[])
    options.add_argument("--out", required=True)
    options.add_argument("--epochs", type=float, default=3)
    options.add_argument("--batch", type=int, default=768)
    options.add_argument("--rate", type=float, default=2e-3)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--seed", type=int, default=1)
    args = options.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    random = np.random.default_rng(args.seed)
    dumps = [Dump(folder) for folder in args.train]
    slots = np.cumsum([0] + [len(dump.context) for dump in dumps])
    rows = sum(len(dump.rows) for dump in dumps)
    print(f"{rows} candidates, {slots[-1]} slots", flush=True)
    sizes = dumps[0].sizes
    net, average = PitchedNet(sizes), PitchedNet(sizes)
    print(sum(p.numel() for p in net.parameters()), "parameters")
    average.load_state_dict(net.state_dict())
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=1e-3)
    began = time.time()
    running = 0.0
    batches: list = []
    steps = int(args.epochs * sum(len(dump.context) // args.batch for dump in dumps))
    for step in range(steps):
        if not batches:
            # A batch is of one set: sets take turns as often as they are large.
            for number, dump in enumerate(dumps):
                order = random.permutation(len(dump.context))
                full = len(order) // args.batch * args.batch
                batches += [(number, np.sort(part)) for part in order[:full].reshape(-1, args.batch)]
            random.shuffle(batches)
        number, chosen = batches.pop()
        dump = dumps[number]
        for group in optimizer.param_groups:
            group["lr"] = args.rate * min(1, (step + 1) / 200) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        inputs, picked = dump.batch(chosen)
        loss, judged = loss_of(net(*inputs), torch.from_numpy(dump.hit[picked]), torch.from_numpy(dump.deviation[picked]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += 0.01 * (judged.item() - running) if running else judged.item()
        with torch.no_grad():
            keep = min(0.995, step / (step + 10))
            for mine, theirs in zip(average.parameters(), net.parameters()):
                mine.mul_(keep).add_(theirs, alpha=1 - keep)
        if step % 200 == 199:
            print(f"step {step + 1}/{steps} loss {running:.4f} {time.time() - began:.0f} s", flush=True)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    torch.save({"sizes": sizes, "state": average.state_dict()}, out / "weights.pt")
    print("median over parts: recall at 3, 5, 10 false; at 5 without timing; lag vote at 5. pooled: at 3, 5; lag vote at 5")
    for folder in args.dev:
        dump = Dump(folder)
        for role, told in scores(dump, outputs(average, dump)).items():
            print(Path(folder).name, role, json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
