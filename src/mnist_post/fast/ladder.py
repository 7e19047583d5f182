"""The rungs of Part V's ladder, each a change of the one before."""

from mnist_post.fast.racing import Rung

# isort: split
# region ladder
from dataclasses import replace
from typing import Any

CHANGES: list[dict[str, Any]] = [
    {"name": "digits in memory", "in_memory": True},
    {"name": "fused optimiser", "fused": True},
    {"name": "channels last", "channels_last": True},
    {"name": "batches of 128", "batch": 128},
    {"name": "one-cycle schedule", "one_cycle": True, "lr": 1e-2, "epochs": 1},
    {"name": "label smoothing", "smoothing": 0.1},
    {"name": "no dropout", "dropout": 0.0},
    {"name": "a shorter schedule", "epochs": 0.75},
    {"name": "bfloat16", "bfloat16": True},
    {"name": "torch.compile", "compiled": True},
]

LADDER = [Rung()]
for change in CHANGES:
    LADDER.append(replace(LADDER[-1], **change))

# endregion
