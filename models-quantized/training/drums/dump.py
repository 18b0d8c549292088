"""Reads what dump-drums.ts wrote."""

import json
from pathlib import Path

import numpy as np


class Dump:
    def __init__(self, folder: Path, in_memory: bool = True) -> None:
        facts = json.loads((folder / "dump.json").read_text())
        self.context = facts["context"]
        self.classes = facts["classes"]
        self.class_features = facts["classFeatures"]
        self.feature_version = facts["featureVersion"]
        self.names = facts["names"]
        self.rows = facts["rows"]
        width = self.context + self.classes * self.class_features
        self.features = np.memmap(folder / "features.i8", np.int8, "r", shape=(self.rows, width))
        if in_memory:
            self.features = np.array(self.features)
        self.labels = np.fromfile(folder / "labels.u8", np.uint8).reshape(self.rows, self.classes)
        slots = np.fromfile(folder / "slots.f64", np.float64).reshape(self.rows, 2 + self.classes)
        self.performance = slots[:, 0].astype(np.int32)
        self.expected = slots[:, 1] / 1e3
        self.centre = (slots[:, 2:] / 1e3).astype(np.float32)
        truth = np.fromfile(folder / "truth.f64", np.float64).reshape(-1, 4)
        self.truth_performance = truth[:, 0].astype(np.int32)
        self.truth_at = truth[:, 1] / 1e3
        self.truth_class = truth[:, 2].astype(np.int32)

    def hits(self) -> np.ndarray:
        return self.labels > 0

    def off_ms(self) -> np.ndarray:
        """Milliseconds from the expected time; means something where there is a hit."""
        return (self.labels.astype(np.float32) - 128) * 0.5


def joined(dumps: list[Dump]) -> Dump:
    """Several dumps as one to learn from; what only scores need is that of the first."""
    first = dumps[0]
    if any((d.context, d.class_features, d.feature_version) != (first.context, first.class_features, first.feature_version) for d in dumps):
        raise ValueError("these dumps are of different features")
    if len(dumps) > 1:
        first.features = np.concatenate([d.features for d in dumps])
        first.labels = np.concatenate([d.labels for d in dumps])
        first.rows = len(first.features)
    return first
