"""The rungs of Part V's ladder, each a change of the one before."""

from mnist_post.fast.racing import Rung

# isort: split
# region ladder
from dataclasses import replace
from itertools import product
from typing import Any

# Each line changes the rung before it.
CHANGES: list[dict[str, Any]] = [
    {"name": "digits in memory", "in_memory": True},
    {"name": "fused optimiser", "fused": True},
    {"name": "channels last", "channels_last": True},
    {"name": "one-cycle schedule", "one_cycle": True, "lr": 5e-3, "epochs": 1},
    {"name": "batches of 128", "batch": 128, "lr": 1e-2},
    {"name": "label smoothing", "smoothing": 0.2},
    {"name": "no dropout", "dropout": 0.0},
    {"name": "shorter schedule", "epochs": 0.6},
    {"name": "bfloat16", "bfloat16": True},
    {"name": "torch.compile", "compiled": True},
]

LADDER = [Rung()]
for change in CHANGES:
    LADDER.append(replace(LADDER[-1], **change))
# Another race: to 99.0, from the plain loop, and from the last rung before compiling.
FARTHER = [
    replace(LADDER[0], name="plain loop to 99.0", target=99.0),
    replace(LADDER[-2], name="bfloat16 to 99.0", target=99.0, epochs=2, smoothing=0.1),
]
# On a GPU, to 99.0: what was searched through, the setting that was chosen, and the
# same without Python between the operations of a step.
SEARCH = [
    replace(FARTHER[1], name=f"{size} {lr} {epochs}", batch=size, lr=lr, epochs=epochs)
    for size, lr, epochs in product((256, 512, 1024), (0.01, 0.02, 0.04), (2, 3))
]
LARGE = replace(SEARCH[9], name="large batch to 99.0")
ON_A_GPU = [LARGE, replace(LARGE, name="one launch to 99.0", one_launch=True)]

# endregion
