"""Search small networks for Part IV, by successive halving; takes about ten minutes.

    OMP_NUM_THREADS=1 .venv/bin/python scripts/small_networks.py

prints the table that `mnist_post.deployment.tried` holds. Judged on validation digits alone. In
each class of size the better half of the settings goes on to a longer training.
"""

from itertools import product

import torch
from torch import nn
from torch.utils.data import TensorDataset

from mnist_post.basics import count_parameters, fit, load_digits, normalise, split_by_writer
from mnist_post.comparison import Jitter
from mnist_post.deployment.small import SmallCNN

Shape = tuple[tuple[int, ...], bool, bool]
Setting = tuple[tuple[int, ...], bool, bool, float]

PLAIN = [(2, 4, 6, 8), (3, 6, 8, 8), (3, 6, 8, 12), (4, 8, 10, 12), (4, 8, 12, 16)]
PLAIN += [(6, 10, 14, 16), (6, 12, 16, 16), (8, 12, 20, 20)]
FLAT = [(2, 4, 6, 6), (3, 6, 8, 8), (4, 8, 10, 12), (6, 12, 16, 16)]
SEPARABLE = [(4, 8, 16, 24), (8, 16, 24, 32), (8, 16, 32, 48), (12, 24, 48, 64)]
SHAPES: list[Shape] = [(channels, False, True) for channels in PLAIN]
SHAPES += [(channels, False, False) for channels in FLAT]
SHAPES += [(channels, True, True) for channels in SEPARABLE]
"""Channels, separable or not, averaged at the end or not."""

RATES = (1e-2, 2e-2)
ROUNDS = ((1, 1), (2, 1), (3, 2))
"""Epochs and seeds of each round."""

CLASSES = (1_000, 2_000, 4_000, 6_000, 8_000)
"""Upper ends of the classes of size, in parameters."""


def build(setting: Setting) -> SmallCNN:
    """Build the network of a setting."""
    channels, separable, average, _ = setting
    return SmallCNN(channels, separable=separable, average=average)


def score(
    setting: Setting, digits: tuple[TensorDataset, TensorDataset], epochs: int, seed: int
) -> float:
    """Train once; return the accuracy on validation digits."""
    torch.manual_seed(seed)
    history = fit(nn.Sequential(Jitter(), build(setting)), *digits, epochs=epochs, lr=setting[-1])
    return history[-1][1].accuracy


def size_class(setting: Setting) -> int:
    """Return which class of size a setting is in."""
    size = count_parameters(build(setting))
    return next(place for place, end in enumerate(CLASSES) if size < end)


def better_half(scores: dict[Setting, float]) -> list[Setting]:
    """Return the better half of each class of size, at least one of it."""
    kept: list[Setting] = []
    for place in range(len(CLASSES)):
        own = [setting for setting in scores if size_class(setting) == place]
        own.sort(key=lambda setting: -scores[setting])
        kept += own[: (len(own) + 1) // 2]
    return kept


def main() -> None:
    """Search, and print a row per training."""
    torch.set_num_threads(1)
    training, validation = split_by_writer(load_digits("data", train=True))
    mean, std = training.tensors[0].mean().item(), training.tensors[0].std().item()
    cpu = torch.device("cpu")
    digits = (normalise(training, mean, std, cpu), normalise(validation, mean, std, cpu))
    settings: list[Setting] = [(*shape, lr) for shape, lr in product(SHAPES, RATES)]
    for epochs, seeds in ROUNDS:
        scores = {}
        for setting in settings:
            runs = [score(setting, digits, epochs, seed) for seed in range(seeds)]
            scores[setting] = sum(runs) / len(runs)
            row = (*setting, count_parameters(build(setting)), epochs)
            print(f"    {(*row, *(round(100 * run, 2) for run in runs))},", flush=True)
        settings = better_half(scores)


if __name__ == "__main__":
    main()
