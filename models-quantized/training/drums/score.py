"""R20: the share of true notes that are predicted within 20 ms, at a budget of false notes per 100 true ones."""

from dataclasses import dataclass

import numpy as np

from dump import Dump
from model import BIN_MS, BINS

WINDOW = 10  # bins: 20 ms each way
MATCH_MS = 60.0
LEAST_APART_MS = 45.0


def decode(out: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[.., 1 + BINS] -> probability of a hit, milliseconds from the expected time, share of time within 20 ms."""
    hit = 1 / (1 + np.exp(-out[..., 0]))
    bins = out[..., 1:]
    mass = np.exp(bins - bins.max(-1, keepdims=True))
    mass /= mass.sum(-1, keepdims=True)
    total = np.concatenate([np.zeros_like(mass[..., :1]), np.cumsum(mass, -1)], -1)
    windows = total[..., WINDOW:] - total[..., :-WINDOW]
    best = windows.argmax(-1)
    within = np.take_along_axis(windows, best[..., None], -1)[..., 0]
    middles = (np.arange(BINS) + 0.5 - BINS / 2) * BIN_MS
    moment = np.concatenate([np.zeros_like(mass[..., :1]), np.cumsum(mass * middles, -1)], -1)
    inside = moment[..., WINDOW:] - moment[..., :-WINDOW]
    mean = np.take_along_axis(inside, best[..., None], -1)[..., 0] / np.maximum(within, 1e-6)
    centre = (best + WINDOW / 2 - BINS / 2) * BIN_MS
    return hit, (centre + mean) / 2, within


@dataclass
class Score:
    recall20: float
    precision20: float
    recall30: float
    false: float
    threshold: float

    def __str__(self) -> str:
        return f"R20 {self.recall20:5.1f}  P20 {self.precision20:4.1f}  R30 {self.recall30:5.1f}  false {self.false:4.1f}"


class Scorer:
    def __init__(self, dump: Dump) -> None:
        self.dump = dump
        key = dump.truth_performance.astype(np.int64) * dump.classes + dump.truth_class
        order = np.lexsort((dump.truth_at, key))
        self.key, self.at = key[order], dump.truth_at[order]
        self.total = len(self.at)

    def candidates(self, out: np.ndarray, least: float = 0.08):
        dump = self.dump
        hit, off, within = decode(out)
        rows, classes = np.nonzero(hit > least)
        at = dump.expected[rows] + dump.centre[rows, classes] + off[rows, classes]
        p = np.clip(hit[rows, classes], 1e-6, 1 - 1e-6)
        rank = np.log(p / (1 - p)) + np.log(np.maximum(within[rows, classes], 1e-4))
        key = dump.performance[rows].astype(np.int64) * dump.classes + classes
        return key, at, rank

    def at_threshold(self, found, threshold: float) -> tuple[Score, np.ndarray, np.ndarray]:
        key, at, rank = found
        keep = rank > threshold
        key, at, rank = key[keep], at[keep], rank[keep]
        order = np.lexsort((at, key))
        key, at, rank = key[order], at[order], rank[order]
        # The better one of two that are too near one another.
        good = np.ones(len(at), bool)
        for i in range(1, len(at)):
            if key[i] == key[i - 1] and at[i] - at[i - 1] < LEAST_APART_MS and good[i - 1]:
                good[i - 1 if rank[i] > rank[i - 1] else i] = False
        key, at = key[good], at[good]
        error = match(key, at, self.key, self.at)
        matched = np.abs(error)
        within20 = int((matched <= 20).sum())
        n = max(1, len(at))
        score = Score(
            100 * within20 / self.total,
            100 * within20 / n,
            100 * int((matched <= 30).sum()) / self.total,
            100 * int((matched > MATCH_MS).sum()) / self.total,
            threshold,
        )
        return score, key, error

    def at_budget(self, out: np.ndarray, budget: float) -> Score:
        found = self.candidates(out)
        low, high = -3.0, 6.0
        best = self.at_threshold(found, high)[0]
        for _ in range(12):
            middle = (low + high) / 2
            score = self.at_threshold(found, middle)[0]
            if score.false <= budget:
                high, best = middle, score
            else:
                low = middle
        return best

    def per_performance(self, out: np.ndarray, threshold: float) -> np.ndarray:
        """R20 of each performance."""
        _, key, error = self.at_threshold(self.candidates(out), threshold)
        performance = key // self.dump.classes
        n = len(self.dump.names)
        hits = np.bincount(performance[np.abs(error) <= 20], minlength=n)
        notes = np.bincount(self.dump.truth_performance, minlength=n)
        return 100 * hits / np.maximum(1, notes)


def match(key, at, true_key, true_at) -> np.ndarray:
    """Nearest first, one to one, by key; the error in ms of each, infinity for what matches nothing."""
    big = 1e10
    error = np.full(len(at), np.inf)
    position = key * big + at
    truth = true_key * big + true_at
    taken = np.zeros(len(truth), bool)
    pairs = []
    start = np.searchsorted(truth, position - MATCH_MS)
    end = np.searchsorted(truth, position + MATCH_MS)
    for step in range(int((end - start).max(initial=0))):
        index = start + step
        here = np.nonzero(index < end)[0]
        pairs.append(np.stack([here, index[here]], 1))
    if not pairs:
        return error
    pairs = np.concatenate(pairs)
    distance = at[pairs[:, 0]] - true_at[pairs[:, 1]]
    # Pairs that nobody else competes for are settled at once.
    used = np.zeros(len(at), bool)
    for p in np.argsort(np.abs(distance), kind="stable"):
        i, j = pairs[p]
        if used[i] or taken[j]:
            continue
        used[i] = True
        taken[j] = True
        error[i] = distance[p]
    return error
