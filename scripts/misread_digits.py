"""Draw the digits of the 404 page: two fours and a nought that a network takes for something else.

The network is like that of Part I, with dropout and a training of its own, on one thread. Of the
test digits that it misreads it draws those of which it is surest, into `_includes/misread.html`.

Run: .venv/bin/python scripts/misread_digits.py
"""

from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812  # the field's own name
from torch import Tensor, nn
from torchvision import datasets

ROOT = Path(__file__).resolve().parents[1]
"""The repository."""

SHADES = 5
"""Levels of grey in the drawing."""


def prepare(digits: Tensor) -> Tensor:
    """Bytes, (N, 28, 28), as the network's numbers, (N, 784)."""
    return (digits.flatten(1) / 255 - 0.13) / 0.31


def trained() -> nn.Module:
    """Train a network like that of Part I, for five epochs."""
    torch.manual_seed(0)
    seen = datasets.MNIST("data", train=True, download=True)
    images, labels = prepare(seen.data[:50_000]), seen.targets[:50_000]
    network = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.1), nn.Linear(512, 10))
    optimizer = torch.optim.Adam(network.parameters(), lr=4e-3, fused=True)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, total_iters=5 * 391)
    for _ in range(5):
        for batch in torch.split(torch.randperm(50_000), 128):
            loss = F.cross_entropy(network(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def paths(image: Tensor, left: int) -> str:
    """An image, (28, 28) bytes, as runs of pixels in a few shades, `left` pixels to the right."""
    shades = (image.float() / 255 * SHADES).round().int().tolist()
    drawn = ""
    for shade in range(1, SHADES + 1):
        runs = "".join(
            f"M{left + column} {row}h1"
            for row, line in enumerate(shades)
            for column, found in enumerate(line)
            if found == shade
        )
        drawn += f'<path opacity="{shade / SHADES:g}" d="{runs}"/>'
    return drawn


def main() -> None:
    """Find the digits, and write the drawing and what they were taken for."""
    torch.set_num_threads(1)
    network = trained()
    digits = datasets.MNIST("data", train=False, download=True)
    with torch.inference_mode():
        sure, answers = network(prepare(digits.data)).softmax(dim=1).max(dim=1)
    wrong = answers != digits.targets
    fours, noughts = (
        (sure * (wrong & (digits.targets == digit))).argsort(descending=True).tolist()
        for digit in (4, 0)
    )
    places = [fours[0], noughts[0], fours[1]]
    drawing = "".join(paths(digits.data[place], 28 * i) for i, place in enumerate(places))
    one, two, three = (int(answers[place]) for place in places)
    (ROOT / "_includes/misread.html").write_text(
        "{%- comment -%} Made by scripts/misread_digits.py. {%- endcomment -%}\n"
        '<svg class="not-found-digits" viewBox="0 0 84 28" role="img" '
        'aria-label="404, handwritten"><g stroke="currentColor" shape-rendering="crispEdges" '
        'transform="translate(0 .5)">'
        f"{drawing}</g></svg>\n"
        f"<p>A network like that of Part I takes these test digits for {one}, {two} and {three}, "
        "and is sure of it.</p>\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
