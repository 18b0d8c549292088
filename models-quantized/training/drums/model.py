"""The drum model: a slot's context and ten rows of class features in, a logit and timing bins for each class out."""

import torch
from torch import nn

BINS = 30
BIN_MS = 4.0


class DrumModel(nn.Module):
    def __init__(self, context: int, class_features: int, classes: int, width: int = 128, head: int = 64) -> None:
        super().__init__()
        self.first = nn.Linear(context, width)
        self.second = nn.Linear(width, width)
        self.third = nn.Linear(width, head)
        self.per_class = nn.Linear(class_features, head)
        self.embedding = nn.Parameter(torch.randn(classes, head) * 0.1)
        self.joint = nn.Linear(head, head)
        self.out = nn.Linear(head, 1 + BINS)
        with torch.no_grad():
            self.out.bias[0] = -4.0

    def forward(self, context: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """[rows, CONTEXT], [rows, 10, CLASS_FEATURES] -> [rows, 10, 1 + BINS]."""
        slot = torch.relu(self.first(context))
        slot = torch.relu(self.second(slot))
        slot = self.third(slot)
        each = torch.relu(slot.unsqueeze(-2) + self.per_class(classes) + self.embedding)
        each = torch.relu(self.joint(each))
        return self.out(each)
